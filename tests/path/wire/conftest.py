"""What the room's tests share: a listener on each of the two event loops."""

from collections.abc import Iterator

import pytest

from tests.path.wire.raw import RawClient
from tests.path.wire.serving import LOOPS, Served


@pytest.fixture(scope="module", params=LOOPS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A listener with short times, for all tests of a module."""
    times = {"head_seconds": 0.4, "body_stall_seconds": 0.4, "keepalive_seconds": 0.6, "linger_seconds": 0.5}
    with Served(request.param, head_bytes=4096, header_count=20, **times) as running:
        yield running
        assert running.trouble == []


@pytest.fixture
def client(served: Served) -> Iterator[RawClient]:
    """A fresh connection to it; its notes begin anew."""
    served.requests.clear()
    served.begun.clear()
    served.left.clear()
    with RawClient(*served.address) as connected:
        yield connected
