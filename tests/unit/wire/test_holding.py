"""An upload while policies look at it: held whole, or given back so that it streams through as if nobody had looked."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.wire.holding import held
from penstock.wire.incoming import Incoming

LIMIT = 1000


class Line:
    """A client's connection that notes whether it is read."""

    writable, peer, reading = True, "127.0.0.1", True

    def send(self, data: bytes) -> None: ...

    def finished(self, incoming: Incoming) -> None: ...

    def abort(self) -> None: ...

    def hold_body(self) -> None:
        self.reading = False

    def release_body(self) -> None:
        self.reading = True


class Taken:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.data = b""
        self.ends = 0

    def write(self, data: bytes) -> None:
        self.data += data

    def end(self) -> None:
        self.ends += 1

    def fail(self, error: FaultError) -> None:
        raise error


class Looking:
    """Says what it was told to say, once it has seen so many bytes."""

    def __init__(self, says: bool | None, after: int, *, refuses: bool = False) -> None:
        self.says = says
        self.after = after
        self.refuses = refuses
        self.seen = b""
        self.outgrew = False

    def see(self, data: bytes) -> bool | None:
        self.seen += data
        return self.says if len(self.seen) > self.after else None

    def outgrown(self) -> None:
        self.outgrew = True
        if self.refuses:
            raise refuse(FaultKind.TOO_LARGE, "Too large to be looked through.")


async def arrive(
    looks: Sequence[Looking], pieces: Sequence[bytes], *, announced: bool, early: int
) -> tuple[bytes | None, bytes, int]:
    """What is held of a body, or else what streams through in the end, and how often that ends."""
    length = sum(map(len, pieces))
    framing = (b"content-length", b"%d" % length) if announced else (b"transfer-encoding", b"chunked")
    line, taken = Line(), Taken()
    incoming = Incoming(RequestHead("POST", b"/", (framing,)), line, started=0.0, keep_alive=True, chunkable=True)
    for piece in pieces[:early]:
        incoming.body_received(piece)
    holding = asyncio.ensure_future(held(incoming, looks, LIMIT))
    await asyncio.sleep(0)
    for at, piece in enumerate(pieces[early:]):
        incoming.body_received(piece)
        if at % 2:
            await asyncio.sleep(0)
    if len(pieces) % 2:
        await asyncio.sleep(0)
    incoming.body_ended()
    whole = await holding
    if whole is None:
        incoming.stream_body(taken, 1 << 30)
    return whole, taken.data, taken.ends


LOOKS = st.lists(st.tuples(st.sampled_from([True, False, None]), st.integers(0, 1200)), min_size=1, max_size=3)


@given(looks=LOOKS, pieces=st.lists(st.binary(min_size=1, max_size=300), max_size=8), announced=st.booleans(),
       early=st.integers(0, 3))  # fmt: skip
def test_nothing_of_a_body_is_lost(
    looks: list[tuple[bool | None, int]], pieces: list[bytes], announced: bool, early: int
) -> None:
    """However it is cut and whoever looks: it is held where one wants it and it is not too long, else it streams
    through, once, in order and to its end; each look sees a beginning of it."""
    body = b"".join(pieces)
    made = [Looking(says, after) for says, after in looks]
    whole, streamed, ends = asyncio.run(arrive(made, pieces, announced=announced, early=early))
    wanted = [one for one in made if one.says and len(body) > one.after]
    # A look may have its say with the very piece that makes it too long.
    if wanted and len(body) <= LIMIT:
        assert whole == body
    else:
        assert (whole, streamed, ends) == (None, body, 1)
    assert all(body.startswith(one.seen) for one in made)
    assert not any(one.outgrew for one in made if len(body) <= LIMIT or (one.says is False and one.after == 0))


@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_long_is_told_to_who_wanted_it(announced: bool) -> None:
    """And to who might have; not to who did not. Any of them may refuse it."""
    pieces = [b"x" * 400] * 4
    wants, waits, lets = Looking(True, 0), Looking(None, 0), Looking(False, 0)
    whole, streamed, _ = asyncio.run(arrive([wants, waits, lets], pieces, announced=announced, early=0))
    assert (whole, len(streamed)) == (None, 1600)
    assert [one.outgrew for one in (wants, waits, lets)] == [True, True, False]
    assert len(wants.seen) == 400
    with pytest.raises(FaultError, match="looked through"):
        asyncio.run(arrive([Looking(True, 0, refuses=True)], pieces, announced=announced, early=0))


def test_a_client_waits_until_what_it_sends_is_wanted_again() -> None:
    """Between the last look and the provider nothing more is read."""

    async def one() -> None:
        line, taken = Line(), Taken()
        head = RequestHead("POST", b"/", ((b"content-length", b"9000"),))
        incoming = Incoming(head, line, started=0.0, keep_alive=True, chunkable=True)
        holding = asyncio.ensure_future(held(incoming, [Looking(False, 0)], LIMIT))
        await asyncio.sleep(0)
        incoming.body_received(b"a")
        assert await holding is None
        assert not line.reading
        incoming.stream_body(taken, 1 << 30)
        assert (line.reading, taken.data) == (True, b"a")

    asyncio.run(one())


def test_a_body_that_breaks_off_is_a_fault() -> None:
    """Whoever looked: half of it is not held, and nothing is sent."""

    async def one() -> None:
        head = RequestHead("POST", b"/", ((b"content-length", b"9"),))
        incoming = Incoming(head, Line(), started=0.0, keep_alive=True, chunkable=True)
        holding = asyncio.ensure_future(held(incoming, [Looking(True, 0)], LIMIT))
        await asyncio.sleep(0)
        incoming.body_received(b"a")
        incoming.body_failed(refuse(FaultKind.MALFORMED, "Broken.").fault)
        with pytest.raises(FaultError, match="Broken"):
            await holding

    asyncio.run(one())
