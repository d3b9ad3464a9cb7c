"""Law 3 for those who read requests block by block: what a longer request adds comes behind what was there before."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.text import Line
from tests.laws.prefix.conversations import CONVERSATIONS, Conversation, written
from tests.laws.prefix.requests import SPOKEN, Request, longest_pairs
from tests.support.walked import walked

pytestmark = pytest.mark.slow

Told = tuple[object, ...]


def lines(request: Request) -> dict[Line, list[Told]]:
    """What each block says, by its line. A text may be written as a string or as a list of one, members in any order;
    functions of the old form are no tools for the law's own view of a request."""
    found: dict[Line, list[Told]] = {line: [] for line in (Line.HEAD, Line.TOOLS, Line.TURNS)}
    for seen in walked(request.way.route, request.body):
        if seen.block.line is not Line.APART and seen.block.kind != "function":
            reading = seen.reading
            texts = sorted((text.matter.value, text.value) for text in reading.texts)
            found[seen.block.line].append((texts, [one.sort for one in reading.attached], reading.sealed))
    return found


def judge(earlier: Request, later: Request) -> None:
    """In each line of the later request the blocks of the earlier one come first, in their order."""
    after = lines(later)
    for line, blocks in lines(earlier).items():
        assert after[line][: len(blocks)] == blocks
    assert lines(earlier)[Line.TURNS]


@pytest.mark.parametrize("protocol", SPOKEN)
def test_recorded_conversations_grow_at_the_end(protocol: str) -> None:
    """Blocks of a recorded request are the first of every recorded request that extends it."""
    found = list(longest_pairs(protocol))
    assert len(found) > 100
    for earlier, later in found:
        judge(earlier, later)


@pytest.mark.parametrize("protocol", SPOKEN)
@given(conversation=CONVERSATIONS, chance=st.randoms(use_true_random=False))
def test_made_up_conversations_grow_at_the_end(protocol: str, conversation: Conversation, chance: Random) -> None:
    """Also where tools are added, marks move and members change places."""
    requests = [
        Request(protocol, written(conversation, turn, protocol, chance)) for turn in range(len(conversation.turns))
    ]
    for earlier, later in pairwise(requests):
        judge(earlier, later)
