"""Streams under way when their quota runs out: ended in their dialect's own way, or let finish."""

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.path.content.scene import CHAT, GEMINI_STREAM, MESSAGES, RESPONSES
from tests.path.content.scene import question as asked
from tests.path.content.streams import STREAMS, text_of
from tests.path.limits.scene import scene
from tests.support.provider import Pause, Received, Scripted, stream_answer

WORD = "some words that are said to whoever listens to them for long enough "
TARGETS = [MESSAGES, CHAT, RESPONSES, GEMINI_STREAM]
ERRORS = {MESSAGES: b"billing_error", CHAT: b"insufficient_quota", RESPONSES: b"insufficient_quota"}
TOLD = b"is used up until 20"


def talking(target: str, *, tool: bool = False) -> Any:
    def script(request: Received) -> Scripted:
        frames = STREAMS[target]([WORD] * 300, tool=tool)
        return stream_answer(*(piece for frame in frames for piece in (frame, Pause(0.001))))

    return script


def used_up(folder: Path, target: str) -> int:
    """What a stream used by the books' account, which its quota of 150 tokens ended."""
    folder.mkdir()
    with scene(folder, ["150 output tokens per day, cut"], talking(target)) as scened:
        got = scened.ask(asked(target, "talk", stream=True), target)
        assert got.status == 200
        said, _, ending = got.body.rpartition(WORD.encode())
        assert 0 < said.count(WORD.encode()) < 250
        assert b"The quota of 150 output tokens per day of the key 'test' " + TOLD in ending
        assert ERRORS.get(target, b"") in ending
        for ended in (b"message_stop", b"[DONE]", b"response.completed", b"finishReason"):
            assert ended not in ending
        # Nothing is left that a next one could begin with: it is refused before its provider hears of it.
        again = scened.ask(asked(target, "talk", stream=True), target)
        assert (again.status, len(scened.sent)) == (429, 1)
        assert b"is used up until 20" in again.body
    with closing(sqlite3.connect(folder / "data" / "penstock.db")) as database:
        outcome, fault, used = database.execute(
            "SELECT outcome, fault, output FROM entries WHERE status = 200"
        ).fetchone()
    assert (outcome, fault) == ("cut", "exhausted")
    assert isinstance(used, int)
    return used


@pytest.mark.parametrize("target", TARGETS)
def test_a_stream_is_cut_when_its_quota_is_used_up(tmp_path: Path, target: str) -> None:
    """It ends with the dialect's own error, which says why; the books say that it was cut, and what it used.

    By its own estimate it is over by one event at most, and never under. What came with that event counts, too: on a
    busy machine that can be all the rest, so the best of some tries is looked at.
    """
    tries = (used_up(tmp_path / str(number), target) for number in range(5))
    assert any(0 <= used - 150 <= 40 for used in itertools.takewhile(lambda used: used >= 150, tries))


def test_a_call_of_a_tool_is_never_completed_by_a_cut(tmp_path: Path) -> None:
    """Its arguments stay open, so nobody runs it."""
    with scene(tmp_path, ["50 output tokens per day, cut"], talking(MESSAGES, tool=True)) as scened:
        got = scened.ask(asked(MESSAGES, "talk", stream=True))
    assert b"event: error" in got.body
    assert b"content_block_stop" not in got.body


def test_a_stream_finishes_where_its_quota_says_so(tmp_path: Path) -> None:
    """The default: what it used beyond stands in the way of the next."""
    with scene(tmp_path, ["5 output tokens per day"], talking(MESSAGES)) as scened:
        got = scened.ask(asked(MESSAGES, "talk", stream=True))
        assert text_of(got.body).count(WORD) == 300
        refused = scened.ask(asked(MESSAGES, "talk", stream=True))
        assert refused.status == 429
        assert json.loads(refused.body)["error"]["type"] == "billing_error"
