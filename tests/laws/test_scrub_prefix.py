"""Law 3 with scrubbing on: what goes out of a request that extends an earlier one extends what went out of that.

Recorded conversations get private values among their words, each conversation the same ones at the same places. Every
other request is looked through by a gateway that has seen nothing before, as after a restart and in another process.
"""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.text import Line
from penstock.policies.scrub import Scrub
from penstock.routes import match
from tests.laws.prefix.conversations import CONVERSATIONS, Conversation, written
from tests.laws.prefix.extending import VIEWS
from tests.laws.prefix.requests import SPOKEN, longest_pairs
from tests.laws.scrubbing.seeding import TOKEN, gateway, sent
from tests.support.private_values import KINDS, told_anywhere
from tests.support.walked import walked

pytestmark = pytest.mark.slow

PASSING = {"attached": dict.fromkeys(("image", "audio", "pdf", "file", "elsewhere", "state", "unknown"), "allow")}
VALUES = [make(Random(f"{name} {number}")) for number in range(4) for name, make in KINDS.items()]
WORD = re.compile(rb" (the|to|is|a|of|for|and) (?=([A-Za-z]{2,12})\b)")


def seeded(body: bytes) -> bytes:
    """Values behind small words, by the word that follows: the same text has the same values in every request."""

    def put(found: re.Match[bytes]) -> bytes:
        chance = Random(found[2].decode())
        # A value alone, without the words that say what it is, is found where it stood with them before.
        value = chance.choice(VALUES)
        said = value.said if chance.random() < 0.7 else value.value
        return b"%b(%b) " % (found[0], said.encode()) if chance.random() < 0.2 else found[0]

    return WORD.sub(put, body)


def judge(protocol: str, bodies: list[bytes], gateways: Iterator[Scrub]) -> int:
    """So many tokens went out; each request's blocks begin with those of the request before it."""
    found = [sent(next(gateways), routes(protocol), seeded(body)).body for body in bodies]
    for earlier, later in pairwise(found):
        before, after = VIEWS[protocol](json.loads(earlier)), VIEWS[protocol](json.loads(later))
        assert after.extends(before)
    return sum(len(TOKEN.findall(one.decode("utf-8", "replace"))) for one in found)


def routes(protocol: str) -> Match:
    return SPOKEN[protocol].route


@pytest.fixture(scope="module")
def house() -> Scrub:
    return gateway(**PASSING)


def fresh(house: Scrub) -> Iterator[Scrub]:
    """One that has a memory of all conversations, and one that has none, in turn."""
    while True:
        yield house
        yield gateway(**PASSING)


def run(house: Scrub, protocol: str, every: int) -> None:
    gateways, tokens, found = fresh(house), 0, 0
    for number, (earlier, later) in enumerate(longest_pairs(protocol)):
        if number % every == 0:
            tokens += judge(protocol, [earlier.body, later.body], gateways)
            found += 1
    assert found >= 20
    assert tokens >= found


@pytest.mark.parametrize("protocol", SPOKEN)
def test_recorded_conversations(house: Scrub, protocol: str) -> None:
    """Some of them."""
    run(house, protocol, every=12)


@pytest.mark.long
@pytest.mark.parametrize("protocol", SPOKEN)
def test_all_recorded_conversations(house: Scrub, protocol: str) -> None:
    """Every one that was recorded."""
    run(house, protocol, every=1)


@pytest.mark.parametrize("protocol", SPOKEN)
@given(conversation=CONVERSATIONS, chance=st.randoms(use_true_random=False), data=st.data())
def test_made_up_conversations(
    house: Scrub, protocol: str, conversation: Conversation, chance: Random, data: Any
) -> None:
    """Values that are found in one turn stand in others with nothing said about them, and in tools that are added."""
    values = data.draw(st.lists(st.sampled_from(VALUES), min_size=2, max_size=4))
    said = [form for one in values for form in (one.said, one.value)]
    turns = [_with(turn, said, Random(f"{number} {said}")) for number, turn in enumerate(conversation.turns)]
    whole = Conversation(conversation.system, conversation.attributed, tuple(turns), conversation.style)
    bodies = [written(whole, turn, protocol, chance) for turn in range(len(turns))]
    judge(protocol, bodies, fresh(house))


def _with(turn: Any, said: list[str], chance: Random) -> Any:
    called = None if turn.called is None else {**turn.called, "path": chance.choice(said)}
    answer = f"{turn.answer} {chance.choice(said)}"
    asked = tuple(f"{one} {chance.choice(said)}." for one in turn.asked)
    return type(turn)(asked, answer, turn.thought, called, turn.tools)


def test_signed_thinking_is_never_touched(house: Scrub) -> None:
    """Not a byte of it, whatever it says; of its turn only what was known before is masked."""
    known, new = VALUES[0].value, "first.seen@kolbenfeld-later.de"
    thought = {"type": "thinking", "thinking": f"{known} or {new}?", "signature": "c2lnbmVk" * 8}
    turn = [thought, {"type": "text", "text": f"It is {known}, or {new}."}]
    messages = [{"role": "user", "content": f"Who is {known}?"}, {"role": "assistant", "content": turn},
                {"role": "user", "content": f"And {new}?"}]  # fmt: skip
    body = json.dumps({"model": "m", "max_tokens": 9, "messages": messages}).encode()
    out = json.loads(sent(house, routes("anthropic"), body).body)["messages"]
    assert out[1]["content"][0] == thought
    assert known not in out[1]["content"][1]["text"]
    assert new in out[1]["content"][1]["text"]
    assert told_anywhere(json.dumps([out[0], out[2]]).encode(), [known, new]) == []


def test_the_requests_of_a_batch_are_conversations_of_their_own(house: Scrub) -> None:
    """Each goes out as it would alone, wherever it stands in the batch."""
    where = match(RequestHead("POST", b"/v1/messages/batches", ()))
    alone = [f"card {VALUES[2].value} of {VALUES[0].value}", VALUES[2].value[:8], f"{VALUES[0].value} again"]
    params = [{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": one}]} for one in alone]
    singly = [json.loads(sent(house, routes("anthropic"), json.dumps(one).encode()).body) for one in params]
    for order in ([0, 1, 2], [2, 1, 0]):
        requests = [{"custom_id": str(one), "params": params[one]} for one in order]
        out = json.loads(sent(house, where, json.dumps({"requests": requests}).encode()).body)
        assert [one["params"] for one in out["requests"]] == [singly[one] for one in order]


def test_another_installation_has_other_tokens(house: Scrub) -> None:
    """Tokens hang on the installation's secret: the same values, and not one token alike."""
    body = json.dumps({"messages": [{"role": "user", "content": " ".join(one.said for one in VALUES)}]}).encode()
    here = sent(house, routes("anthropic"), body).body
    there = sent(gateway(b"of another", **PASSING), routes("anthropic"), body).body
    again = sent(gateway(**PASSING), routes("anthropic"), body).body
    assert again == here
    assert not set(TOKEN.findall(here.decode())) & set(TOKEN.findall(there.decode()))
    (lines,) = ([one.block.line for one in walked(routes("anthropic"), here)],)
    assert lines == [Line.TURNS]
