"""Scrubbing there and back, over recorded traffic: no value goes out, and each comes back to the letter.

Values of every kind with a checksum, a pattern or a list are put among the words of each recorded request. Then the
recorded answer repeats all tokens that went out, in its texts and in what it gives to tools, cut anywhere.
"""

import base64
import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from penstock.core.fault import FaultError
from penstock.core.route import Match
from penstock.dialects.placed import Streamed
from penstock.order import RESTORING
from penstock.policies.scrub import Scrub
from tests.corpus.routing import place
from tests.laws.scrubbing import repeating
from tests.laws.scrubbing.seeding import TOKEN, Sent, gateway, seeded, sent
from tests.support.corpus import Recorded, recorded
from tests.support.private_values import TOOLS_ONLY, Private, some, told_anywhere
from tests.support.walked import WALKING, route

pytestmark = pytest.mark.slow

SHARES = 2
"""Of the recordings, each a test of its own."""
SPEAKING = {"anthropic", "openai-chat", "openai-responses", "gemini"}


def exchanges(share: int, *, every: int) -> Iterator[tuple[Recorded, Match]]:
    """Recorded requests with a JSON body that holds words; of each kind at least one."""
    met: set[tuple[str, bool]] = set()
    for number, exchange in enumerate(recorded()):
        where, body = place(exchange), bytes(exchange.request_body)
        if where is None or not body.startswith(b"{"):
            continue
        found = route(where.dialect, where.path, exchange.method)
        kind = (found.route.operation, exchange.sse)
        row = WALKING[where.dialect].rows.get(found.route.operation)
        if isinstance(row, Streamed) or not WALKING[where.dialect].carries(found.route.operation):
            continue
        if number % SHARES == share and (kind not in met or exchange.dice("seeds").randrange(every) == 0):
            met.add(kind)
            yield exchange, found


# What recordings attach is not what is looked at here.
PASSING = {"attached": dict.fromkeys(("image", "audio", "pdf", "file", "elsewhere", "state", "unknown"), "allow")}


@pytest.fixture(scope="module")
def scrub() -> Scrub:
    return gateway(**PASSING)


def judge_way_out(exchange: Recorded, body: bytes, values: list[Private], found: Sent) -> dict[str, str]:
    """No value in what goes out, every other byte kept; the values by their tokens."""
    told = told_anywhere(found.body, [one.value for one in values])
    assert not told, (exchange.id, told)
    assert found.masks is not None, exchange.id
    everywhere = {**found.masks._values, **found.masks._tools}
    text, place_in = found.body.decode("utf-8", "replace"), 0
    before = body.decode("utf-8", "replace")
    pieces = re.split(f"({'|'.join(map(re.escape, everywhere))})", text)
    for number in range(1, len(pieces), 2):
        head, value = pieces[number - 1], everywhere[pieces[number]]
        assert before.startswith(head, place_in), (exchange.id, head[-60:], before[place_in : place_in + 60])
        place_in += len(head)
        place_in += next(
            (len(one) for one in spellings(value) if before.startswith(one, place_in)),
            max(0, before.find(pieces[number + 1][:40], place_in) - place_in),
        )
    assert before[place_in:] == pieces[-1], exchange.id
    return everywhere


def spellings(value: str) -> list[str]:
    """How a value may stand in a body: escaped once, or in strings in strings."""
    found = [value]
    for ascii_only in (False, True):
        one = value
        for _ in range(3):
            one = json.dumps(one, ensure_ascii=ascii_only)[1:-1]
            found.append(one)
    return sorted(found, key=len, reverse=True)


def judge_way_back(exchange: Recorded, match: Match, found: Sent, dice: Random) -> int:
    """What the answer says with tokens is, once restored, what it would say with the values; so many were in it."""
    anywhere, tools = dict(found.masks._values), {**found.masks._values, **found.masks._tools}
    tokens = dice.sample(sorted(tools), min(3, len(tools)))
    to_tools = repeating.exchanged(tools)
    changes = {"words": repeating.exchanged(anywhere), "json": to_tools, "value": to_tools}
    judge = judge_stream if exchange.sse else judge_whole
    return judge(exchange, match, found, changes, tokens, dice)


def judge_stream(
    exchange: Recorded,
    match: Match,
    found: Sent,
    changes: dict[str, repeating.Change],
    tokens: list[str],
    dice: Random,
) -> int:
    protocol = exchange.protocol
    stream = repeating.repeated(protocol, repeating.events(exchange.response_body), tokens, dice)
    lanes = RESTORING[match.route.dialect].lanes(match, found.masks)
    frames = [event.frame.encode() for event in stream]
    out = b""
    while frames:
        count = dice.randint(1, 5)
        out += lanes.frames(b"".join(frames[:count]))
        del frames[:count]
    after = repeating.events((out + lanes.rest()).decode())
    said, got = repeating.lanes(protocol, stream), repeating.lanes(protocol, after)
    assert got.keys() == said.keys(), exchange.id
    for key, (form, text) in said.items():
        assert repeating.told(got[key][1], form, str) == repeating.told(text, form, changes[form]), (exchange.id, key)
    silent, silent_after = (repeating.unplaced(repeating.silent(protocol, one)) for one in (stream, after))
    if protocol == "openai-responses":
        # Whole texts are told again in it, with their values.
        assert len(silent_after) == len(silent), exchange.id
    else:
        assert silent_after == silent, exchange.id
    return sum(text.count(token) for _, text in said.values() for token in tokens)


def judge_whole(
    exchange: Recorded,
    match: Match,
    found: Sent,
    changes: dict[str, repeating.Change],
    tokens: list[str],
    dice: Random,
) -> int:
    protocol = exchange.protocol
    try:
        answer: Any = json.loads(exchange.response_body)
    except ValueError:
        return 0
    if not isinstance(answer, dict):
        return 0
    for one in list(repeating.whole(protocol, answer)):
        said = repeating.spoken(one, tokens, dice)
        if said is not None:
            one.put(said)
    body = json.dumps(answer, ensure_ascii=dice.random() < 0.5).encode()
    got = json.loads(RESTORING[match.route.dialect].whole(match, body, found.masks))
    for before, now in zip(list(repeating.whole(protocol, answer)), list(repeating.whole(protocol, got)), strict=True):
        expected = repeating.told(before.text, before.form, changes[before.form])
        assert repeating.told(now.text, now.form, str) == expected, exchange.id
        before.put("")
        now.put("")
    assert repeating.unplaced(got) == repeating.unplaced(answer), exchange.id
    return sum(body.decode().count(token) for token in tokens)


def round_trips(scrub: Scrub, share: int, every: int) -> None:
    walked = repeated = spoke = 0
    for exchange, match in exchanges(share, every=every):
        dice = exchange.dice("private values")
        values = some(dice, 9)
        body = seeded(match, bytes(exchange.request_body), values, dice)
        if body is None:
            continue
        try:
            found = sent(scrub, match, body)
        except FaultError as refused:
            pytest.fail(f"{exchange.id} is refused: {refused}")
        judge_way_out(exchange, body, values, found)
        walked += 1
        if exchange.protocol in SPEAKING and exchange.status < 300 and exchange.response_body:
            there = judge_way_back(exchange, match, found, dice)
            spoke += 1
            repeated += there > 0
    assert walked >= 20
    assert repeated >= 0.5 * spoke


@pytest.mark.parametrize("share", range(SHARES))
def test_recorded_exchanges_there_and_back(scrub: Scrub, share: int) -> None:
    """Some of every kind of exchange."""
    round_trips(scrub, share, every=40)


@pytest.mark.long
@pytest.mark.parametrize("share", range(SHARES))
def test_every_recorded_exchange_there_and_back(scrub: Scrub, share: int) -> None:
    """All that was recorded."""
    round_trips(scrub, share, every=1)


def test_the_judge_sees_what_is_hidden() -> None:
    """A search that finds nothing would find every value masked."""
    secret = "ghp_" + "x" * 36
    for text in (
        secret,
        json.dumps({"a": json.dumps({secret: 1})}),
        f"https://x/?k={secret.replace('_', '%5F')}",
        json.dumps(["see " + base64.b64encode(f"key is {secret}".encode()).decode()]),
        json.dumps(json.dumps(secret)).replace("g", "\\u0067", 1),
    ):
        assert told_anywhere(text.encode(), [secret]) == [secret], text
    assert TOKEN.fullmatch("EMAIL_k3v9x2mw7q")
    assert {"secret"} == TOOLS_ONLY
