"""Requests that were recorded, as the law of prefixes looks at them: what is put into each, and which extends which."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from penstock.app import DIALECTS
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement, Speaking
from penstock.routes import match
from tests.laws.prefix.extending import VIEWS, Seen
from tests.support.corpus import recorded

WORDS = "Answer first. Leave out what nobody asked for; keep «numbers»."
"""No letter of it is escaped in JSON."""
SET = (Placement.FIRST, Placement.LAST)


@dataclass(frozen=True)
class Spoken:
    """A dialect's way to be spoken to, on one of its routes."""

    speaking: Speaking
    route: Match
    messages: str
    """The member that holds the conversation."""


def spoken(dialect: str, path: str, messages: str) -> Spoken:
    return Spoken(DIALECTS[dialect].speaking, match(RequestHead("POST", path.encode(), ())), messages)


SPOKEN = {
    "anthropic": spoken("anthropic", "/v1/messages", "messages"),
    "gemini": spoken("gemini", "/gemini/v1beta/models/gemini-3-flash:generateContent", "contents"),
    "openai-chat": spoken("openai", "/v1/chat/completions", "messages"),
    "openai-responses": spoken("openai", "/v1/responses", "input"),
}


@dataclass(frozen=True)
class Request:
    """A request in one dialect, and what becomes of it."""

    protocol: str
    body: bytes

    @cached_property
    def seen(self) -> Seen:
        """As law 3 looks at it."""
        return VIEWS[self.protocol](json.loads(self.body))

    @cached_property
    def opening(self) -> Opening | None:
        """As the dialect reads it."""
        return self.way.speaking.opening(self.way.route, self.body)

    @property
    def way(self) -> Spoken:
        return SPOKEN[self.protocol]

    @cached_property
    def placed(self) -> Placement:
        """What AUTO means for it."""
        return self.way.speaking.placed(self.way.route, self.body)

    @cached_property
    def steered(self) -> "dict[Placement, Request]":
        """With the words in it, by place; none where there is no place for them."""
        edited = {
            place: self.way.speaking.steered(self.way.route, self.body, WORDS, place)
            for place in (*SET, Placement.AUTO)
        }
        return {place: Request(self.protocol, body) for place, body in edited.items() if body is not None}

    def raw(self, name: str) -> Any:
        """A member as it is written: a list's elements, or any other value."""
        value = msgspec.json.decode(self.body, type=dict[str, msgspec.Raw]).get(name, msgspec.Raw(b""))
        listed = bytes(value).startswith(b"[")
        return [bytes(one) for one in msgspec.json.decode(value, type=list[msgspec.Raw])] if listed else bytes(value)


def recorded_requests(protocol: str) -> Iterator[Request]:
    for exchange in recorded():
        if exchange.protocol != protocol or exchange.response_only:
            continue
        request = Request(protocol, bytes(exchange.request_body))
        try:
            if request.seen.messages:
                yield request
        except (KeyError, TypeError, AttributeError):
            # Another operation's body, or a string that stands for a message.
            continue


def extending_pairs(requests: list[Request]) -> Iterator[tuple[Request, Request]]:
    """Every pair of which the second extends the first by at least a message."""
    begun: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        begun[json.dumps([request.seen.system, request.seen.messages], sort_keys=True)].append(request)
    for request in requests:
        for length in range(1, len(request.seen.messages)):
            shorter = json.dumps([request.seen.system, request.seen.messages[:length]], sort_keys=True)
            yield from ((one, request) for one in begun.get(shorter, ()) if request.seen.extends(one.seen))


def longest_pairs(protocol: str) -> Iterator[tuple[Request, Request]]:
    """Pairs of recorded requests; of many that begin alike, every one with the longest before it is enough."""
    latest: dict[bytes, tuple[Request, Request]] = {}
    for earlier, later in extending_pairs(list(recorded_requests(protocol))):
        latest[later.body] = (earlier, later)
    yield from latest.values()
