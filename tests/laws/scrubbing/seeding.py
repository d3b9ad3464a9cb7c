"""Requests with private values put among their words, and what a gateway would send on of them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

import msgspec

from penstock.assembly.scrubbing import rules_of
from penstock.config.settings import Settings
from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.finding import Matter
from penstock.core.head import RequestHead
from penstock.core.legible import legible
from penstock.core.mask import Masks
from penstock.core.route import Match
from penstock.core.text import Edit, Reading, Text, placed, spliced
from penstock.order import RESTORING, WALKING
from penstock.policies.scrub import Scrub
from tests.support.private_values import RULES, Private

TOKEN = re.compile(r"[A-Z]{2,8}_[b-df-hj-km-np-tv-z2-9]{10}")


UNSEEDED = {Matter.NAME, Matter.IDENTIFIER, Matter.CREDENTIAL}
"""Where nobody writes sentences; and what is given to the provider for its own use goes out as it is."""


def gateway(secret: bytes = b"of this installation", **settings: Any) -> Scrub:
    """Scrubbing as the composition root makes it."""
    known = msgspec.convert({"scrub": {"wanted": True, "seconds": 60, **RULES, **settings}}, Settings)
    return Scrub(WALKING, RESTORING, rules_of(known), secret, lambda answer: answer, lambda: lambda: False)


@dataclass(frozen=True)
class Sent:
    """What goes out, and what may come back."""

    body: bytes
    masks: Masks | None
    exchange: Exchange


def sent(scrub: Scrub, match: Match, body: bytes, key: KeyProfile | None = None) -> Sent:
    """The request on its way; FaultError for one that is refused."""
    caller = Caller(key or KeyProfile("k1", "test"))
    exchange = Exchange("x", RequestHead("POST", b"/", ()), match, 0.0, caller=caller, bytes_in=len(body))
    exchange.document = Document(body, body)
    exchange.document.facts()
    masks = scrub.mask(exchange)
    return Sent(exchange.document.raw, masks, exchange)


Written = Callable[[Private, Random], str]


def plainly(one: Private, dice: Random) -> str:
    """As people write."""
    return one.said


def somehow(one: Private, dice: Random) -> str:
    """Also as programs do: in the query of an address, in brackets, in quotes."""
    if one.kind in {"email", "iban", "customer"} and dice.random() < 0.3:
        return f"https://shop.kolbenfeld.de/find?who={quote(one.value, safe='')}&x=1"
    form = dice.choice(("{}", "({})", '"{}"', "<{}>", "{}.", "{}\n"))
    return form.format(one.said)


def seeded(
    match: Match, body: bytes, values: Sequence[Private], dice: Random, write: Written = somehow
) -> bytes | None:
    """The request with each value somewhere among its words; None where it has none that may change."""
    walking = WALKING[match.route.dialect]
    text = legible(body)
    places: list[tuple[int, bytes, Text]] = []
    for block in walking.blocks(match, text):
        piece = text[block.start : block.end]
        reading: Reading = walking.texts(match, block, piece)
        if not reading.sealed:
            places += [
                (block.start, piece, one) for one in reading.texts if not one.number and one.matter not in UNSEEDED
            ]
    if not places:
        return None
    chosen: dict[tuple[int, int], tuple[bytes, list[Edit]]] = {}
    for one in values:
        start, piece, place = dice.choice(places)
        at = dice.choice([0, len(place.value), *(found.start() for found in re.finditer(r"\s", place.value))])
        edits = chosen.setdefault((start, len(piece)), (piece, []))[1]
        if not any(edit.text == place and edit.start == at for edit in edits):
            edits.append(Edit(place, at, at, f" {write(one, dice)} "))
    splices = sorted(
        (start + first, start + last, put)
        for (start, _), (piece, edits) in chosen.items()
        for first, last, put in placed(piece, edits)
    )
    return spliced(body, splices)
