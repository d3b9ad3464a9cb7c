"""Law 3: when a request extends an earlier one, so does what is sent on, whatever of ours was put into both.

Judged over every pair of recorded requests of which one extends the other, and over made-up conversations cut at every
turn. The place is fixed at the earlier request, as it is in a conversation that goes on.
"""

import json
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.terseness import Placement
from tests.laws.prefix.conversations import CONVERSATIONS, Conversation, written
from tests.laws.prefix.extending import inserted
from tests.laws.prefix.requests import SET, SPOKEN, WORDS, Request, extending_pairs, recorded_requests


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
