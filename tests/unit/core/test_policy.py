"""What several visits make of a stream's frames together."""

import asyncio
from collections.abc import Awaitable

from penstock.core.exchange import Visit
from penstock.core.head import ResponseHead
from penstock.core.policy import flushed, holding, of_bytes, rewriting, rewritten_only, watched


class Marking(Visit):
    rewrites = True

    def __init__(self, mark: bytes) -> None:
        self._mark = mark

    def rewrite(self, frames: bytes) -> bytes:
        return frames + self._mark

    def flush(self) -> bytes:
        return b" kept" + self._mark


def test_the_innermost_rewrites_first() -> None:
    """As on every way out; who does not rewrite is not asked."""
    rewrite = rewriting([Marking(b" outer"), Visit(), Marking(b" inner")])
    assert rewrite is not None
    assert rewrite(b"frames") == b"frames inner outer"
    alone = rewriting([Visit(), Marking(b" alone")])
    assert alone is not None
    assert alone(b"frames") == b"frames alone"
    assert rewriting([Visit()]) is None


def test_what_is_kept_back_is_rewritten_by_those_around() -> None:
    """At a stream's end each gives what it has kept, the innermost first; who does not rewrite is not asked."""
    assert flushed([Marking(b" outer"), Visit(), Marking(b" inner")]) == b" kept inner outer kept outer"
    assert flushed([Visit()]) == b""


class Holding(Visit):
    holds = True


def test_who_rewrites_wants_the_whole_of_what_does_not_pass_in_pieces() -> None:
    """An error in place of a stream is no frame: whoever would have rewritten the frames gets it whole."""
    visits = [Holding(), Visit(), Marking(b"")]
    assert holding(visits, passes=True) == visits[:1]
    assert holding(visits, passes=False) == [visits[2], visits[0]]
    assert rewritten_only(visits[1:])
    assert not rewritten_only(visits)
    assert not rewritten_only([Visit()])


class Piecewise(Visit):
    in_pieces = True


def test_only_a_whole_plain_good_answer_of_bytes_is_rewritten() -> None:
    """A part of one, an error and a compressed one stay as they are."""
    visits = [Visit(), Piecewise()]
    answers = [
        ResponseHead(200, ()),
        ResponseHead(200, ((b"content-encoding", b"identity"),)),
        ResponseHead(200, ((b"content-encoding", b"gzip"),)),
        ResponseHead(206, ()),
        ResponseHead(404, ()),
    ]
    assert [len(of_bytes(visits, head)) for head in answers] == [1, 1, 0, 0, 0]
    assert of_bytes(visits, answers[0]) == [visits[1]]


def test_all_that_watch_see_the_frames_and_are_waited_for() -> None:
    """In turn; where nobody wants to be waited for, or watches, there is nothing to wait for."""
    seen: list[tuple[str, bytes]] = []

    def quick(frames: bytes) -> None:
        seen.append(("quick", frames))

    def slow(frames: bytes) -> Awaitable[None]:
        async def wait() -> None:
            seen.append(("waited", frames))

        return wait()

    assert watched([]) is None
    assert watched([quick]) is quick
    both, three = watched([quick, quick]), watched([slow, quick, slow])
    assert both is not None
    assert three is not None
    assert both(b"1") is None
    waiting = three(b"2")
    assert waiting is not None
    asyncio.run(_until(waiting))
    assert seen == [("quick", b"1"), ("quick", b"1"), ("quick", b"2"), ("waited", b"2"), ("waited", b"2")]


async def _until(waiting: Awaitable[None]) -> None:
    await waiting
