"""Whatever a client sends: never a hang, never a traceback; valid answers, or the end of the connection."""

from collections.abc import Iterator

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.grammar import CUTS, REQUESTS
from tests.path.wire.raw import RawClient, split
from tests.path.wire.serving import LOOPS, Served

QUICK = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
DEEP = settings(QUICK, max_examples=5_000, derandomize=False)


@pytest.fixture(scope="module", params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    times = {"head_seconds": 0.3, "body_stall_seconds": 0.3, "keepalive_seconds": 0.3, "linger_seconds": 0.3}
    with Served(request.param, head_bytes=4096, header_count=20, **times) as running:
        yield running


def check(served: Served, sent: bytes, cuts: list[int], *, leave: bool) -> None:
    """Send it in these pieces; then either leave in the middle, or read to the end."""
    served.trouble.clear()
    with RawClient(*served.address, timeout=4) as client:
        try:
            client.send(*split(sent, cuts))
            if not leave:
                # The client's own end makes the gateway end at once, instead of after each of its deadlines.
                heard = read_what_comes(client)
                assert_answers(heard)
        except ConnectionError:
            pass
    assert served.run(_alive()) == "alive"
    assert served.trouble == []


async def _alive() -> str:
    return "alive"


def read_what_comes(client: RawClient) -> bytes:
    """All that the gateway sends until it closes; a connection that stays open beyond all deadlines fails."""
    while client.more():
        pass
    return client.heard


def assert_answers(heard: bytes) -> None:
    """Only whole answers, by the rules of an implementation that shares no code with ours, one after another."""
    while heard:
        machine = h11.Connection(h11.CLIENT)
        machine.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
        machine.send(h11.EndOfMessage())
        machine.receive_data(heard)
        status = 0
        while not isinstance(event := machine.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                # An answer to HEAD has no body; h11 was told of a GET, because nobody knows what was sent.
                assert b"\r\n\r\n" in heard, heard
                return
            assert not isinstance(event, h11.ConnectionClosed | h11.PAUSED), heard
            status = getattr(event, "status_code", status)
        assert 200 <= status < 600
        heard = bytes(machine.trailing_data[0])


@QUICK
@given(sent=REQUESTS, cuts=CUTS, leave=st.booleans())
def test_a_listener_takes_anything(served: Served, sent: bytes, cuts: list[int], leave: bool) -> None:
    """Requests nearly right, quite wrong or not at all, in any pieces."""
    check(served, sent, cuts, leave=leave)


@pytest.mark.long
@pytest.mark.timeout(3600)
@DEEP
@given(sent=REQUESTS | st.binary(max_size=2000), cuts=CUTS, leave=st.booleans())
def test_a_listener_takes_anything_at_length(served: Served, sent: bytes, cuts: list[int], leave: bool) -> None:
    """The same, many thousand times."""
    check(served, sent, cuts, leave=leave)
