"""Law 3: when a request extends an earlier one, so does what is sent on, whatever of ours was put into both.

Judged over every pair of recorded requests of which one extends the other, and over made-up conversations cut at every
turn. The place is fixed at the earlier request, as it is in a conversation that goes on.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.app import DIALECTS
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement, Speaking
from penstock.routes import match
from tests.laws.prefix.conversations import CONVERSATIONS, Conversation, written
from tests.laws.prefix.extending import VIEWS, Seen, inserted
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


def judge_one(request: Request) -> None:
    """The words stand in it once, and all else is as the client wrote it."""
    for place, after in request.steered.items():
        put = inserted(request.body, after.body)
        assert put is not None, "something of the client's is not what it was"
        assert after.body.count(WORDS.encode()) == request.body.count(WORDS.encode()) + 1
        assert len(b"".join(put)) < 2 * len(WORDS) + 120
        judge_messages(request.raw(request.way.messages), after.raw(request.way.messages))
        assert after.raw("tools") == request.raw("tools")
        again = Request(request.protocol, after.body).steered.get(place)
        assert again is not None
        assert again.body == after.body, "put in twice"
    assert request.steered[Placement.AUTO].body == request.steered[request.placed].body
    judge_marks(request, request.steered[Placement.AUTO])


def judge_messages(before: Any, after: Any) -> None:
    """Messages keep their bytes and their order, with one of ours among them at most. Thinking stands in them: it is
    signed, and may not differ in a byte."""
    if isinstance(before, list):
        rest = iter(after)
        assert all(one in rest for one in before)
        assert len(after) <= len(before) + 1
    else:
        assert before in (after[-1] if isinstance(after, list) else after)


def judge_marks(request: Request, after: Request) -> None:
    """Unless told otherwise, words stand behind all that the client marked in its tools and its system text."""
    system = request.raw("system")
    marked = (
        [index for index, block in enumerate(system) if "cache_control" in json.loads(block)]
        if isinstance(system, list)
        else []
    )
    if marked:
        kept = marked[-1] + 1
        assert after.raw("system")[:kept] == system[:kept]
    assert after.body.count(b'"cache_control"') == request.body.count(b'"cache_control"')


def judge_pair(earlier: Request, later: Request) -> None:
    """What is sent on of the later request extends what was sent on of the earlier one."""
    assert earlier.opening is not None
    assert later.opening is not None
    assert later.opening.fingerprint == earlier.opening.fingerprint, "one conversation taken for two"
    for place in SET:
        assert later.steered[place].seen.extends(earlier.steered[place].seen), place


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


# The least number of pairs that the recordings hold: fewer, and it is not the law that holds but the search that fails.
PAIRS = {"anthropic": 700, "gemini": 2_000, "openai-chat": 2_000, "openai-responses": 600}


@pytest.mark.slow
@pytest.mark.parametrize("protocol", SPOKEN)
def test_recorded_conversations(protocol: str) -> None:
    """Every recorded request that extends another still does with words of ours in both."""
    requests = list(recorded_requests(protocol))
    pairs = list(extending_pairs(requests))
    assert len(pairs) >= PAIRS[protocol]
    for earlier, later in pairs:
        judge_pair(earlier, later)
    for request in {id(one): one for pair in pairs for one in pair}.values():
        judge_one(request)


@pytest.mark.parametrize("protocol", SPOKEN)
@given(conversation=CONVERSATIONS, chance=st.randoms(use_true_random=False))
def test_made_up_conversations(protocol: str, conversation: Conversation, chance: Random) -> None:
    """Cut at every turn, with tools that are added, marks that move and texts that are written one way or the other."""
    requests = [
        Request(protocol, written(conversation, turn, protocol, chance)) for turn in range(len(conversation.turns))
    ]
    for request in requests:
        judge_one(request)
    for earlier, later in pairwise(requests):
        assert later.seen.extends(earlier.seen)
        judge_pair(earlier, later)


def test_the_judge_sees_a_change() -> None:
    """A judge that lets everything pass would find every law kept."""
    one = Request("anthropic", b'{"system":"a","messages":[{"role":"user","content":"b"}]}')
    other = Request("anthropic", b'{"system":"c","messages":[{"role":"user","content":"b"}]}')
    assert not other.seen.extends(one.seen)
    assert inserted(b'{"a":1,"b":2}', b'{"a":1,"x":0,"b":2}') == [b'x":0,"']
    assert inserted(b'{"a":"b"}', b'{"a":["b"]}') == [b"[", b"]"]
    assert inserted(b'{"a":1,"b":2}', b'{"x":0,"a":2,"b":2}') is None
    assert inserted(b'{"a":1,"b":2}', b'{"a":1}') is None
    with pytest.raises(AssertionError, match="taken for two"):
        judge_pair(one, other)
