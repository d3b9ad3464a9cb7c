"""The way to a provider: names with several addresses, TLS, and proxies. On both event loops."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from penstock.core.target import Origin, Timeouts
from penstock.wire.connect import Address
from tests.path.wire.calling import Caller, origin_of
from tests.path.wire.certificates import Authority
from tests.path.wire.proxy import Proxy
from tests.path.wire.raw import RawProvider, Visit, answering, sized
from tests.path.wire.serving import LOOPS
from tests.support.waiting import until

GOOD = sized(b'{"id": 1}')
UNREACHABLE = ("unreachable", 502, True)
"""Nothing has been sent, so it may be sent again."""

loops = pytest.mark.parametrize("loop", LOOPS)


@pytest.fixture
def provider() -> Iterator[RawProvider]:
    with RawProvider(answering(GOOD)) as running:
        yield running


@pytest.fixture
def refused() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return int(gone.getsockname()[1])


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        time.sleep(0.05)
        probe = socket.socket()
        probe.settimeout(0.2)
        try:
            probe.connect(full.getsockname())
            pytest.skip("skipped: a full queue does not keep connections waiting here")
        except TimeoutError:
            yield full.getsockname()[1]
        finally:
            for one in (probe, *waiting):
                one.close()


def found(*ports: int, family: int = socket.AF_INET) -> Callable[[str, int], Awaitable[Sequence[Address]]]:
    """A name service that knows one name, with these ports of this machine for its addresses."""

    async def resolve(host: str, _port: int) -> Sequence[Address]:
        assert host == "provider.test"
        return [(family, ("127.0.0.1", port)) for port in ports]

    return resolve


NAMED = Origin(secure=False, host="provider.test", port=80)


# --- addresses ----------------------------------------------------------------------------------------------------


@loops
def test_an_address_that_refuses_gives_way_to_the_next(loop: str, provider: RawProvider, refused: int) -> None:
    """At once, and only the one that answers is used."""
    with Caller(loop, resolve=found(refused, refused, provider.port)) as caller:
        began = time.perf_counter()
        assert caller.fetch(NAMED).body == b'{"id": 1}'
        assert time.perf_counter() - began < 5
    assert len(provider.visits) == 1


@loops
def test_an_address_that_is_silent_is_overtaken(loop: str, provider: RawProvider, deaf: int) -> None:
    """After a quarter of a second the next one is tried beside it."""
    with Caller(loop, resolve=found(deaf, provider.port)) as caller:
        began = time.perf_counter()
        assert caller.fetch(NAMED).body == b'{"id": 1}'
        assert 0.2 < time.perf_counter() - began < 8


@loops
def test_the_first_address_is_the_only_one_that_is_asked_if_it_answers(loop: str, provider: RawProvider) -> None:
    """The others are spared."""
    with RawProvider(answering(GOOD)) as spare, Caller(loop, resolve=found(provider.port, spare.port)) as caller:
        assert caller.fetch(NAMED).body == b'{"id": 1}'
        time.sleep(0.3)
        assert (len(provider.visits), len(spare.visits)) == (1, 0)


@loops
def test_localhost_is_both_of_its_addresses(loop: str, provider: RawProvider) -> None:
    """A provider that listens on IPv4 alone is found although the name's first address is IPv6."""

    async def resolve(_host: str, port: int) -> Sequence[Address]:
        return [(socket.AF_INET6, ("::1", port, 0, 0)), (socket.AF_INET, ("127.0.0.1", port))]

    with Caller(loop, resolve=resolve) as caller:
        assert caller.fetch(Origin(secure=False, host="localhost", port=provider.port)).body == b'{"id": 1}'


@loops
def test_an_ipv6_address_is_written_and_reached(loop: str) -> None:
    """In brackets on the wire, without them on the way."""
    with RawProvider(answering(GOOD), host="::1") as provider, Caller(loop) as caller:
        assert caller.fetch(provider).body == b'{"id": 1}'
        assert provider.requests[0].header("host") == f"[::1]:{provider.port}".encode()


@loops
def test_nobody_there_is_a_502_that_may_be_repeated(loop: str, refused: int) -> None:
    """All addresses refuse, the name has none, or it can't be looked up."""

    async def unknown(_host: str, _port: int) -> Sequence[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def unspeakable(host: str, _port: int) -> Sequence[Address]:
        host.encode("idna")
        raise AssertionError

    for resolve in (found(refused, refused), found(), unknown):
        with Caller(loop, resolve=resolve) as caller:
            assert caller.fetch(NAMED).told == UNREACHABLE
    with Caller(loop, resolve=unspeakable) as caller:
        assert caller.fetch(Origin(secure=False, host="a" * 64 + ".test", port=80)).told == UNREACHABLE


@loops
def test_the_connect_deadline_covers_all_of_the_way(loop: str, deaf: int) -> None:
    """The name, every address, and a TLS handshake that never ends."""

    async def slow(_host: str, _port: int) -> Sequence[Address]:
        await asyncio.sleep(30)
        return []

    async def mute(visit: Visit) -> None:
        await visit.left()

    def told(caller: Caller, origin: Origin) -> None:
        began = time.perf_counter()
        assert caller.fetch(origin, Timeouts(connect=0.3)).told == UNREACHABLE
        assert 0.25 < time.perf_counter() - began < 20

    for resolve in (slow, found(deaf, deaf)):
        with Caller(loop, resolve=resolve) as caller:
            told(caller, NAMED)
    with Caller(loop) as caller, RawProvider(mute) as silent:
        told(caller, Origin(secure=True, host="127.0.0.1", port=silent.port))
        until(lambda: silent.visits[0].left_at is not None)


@loops
def test_a_caller_that_goes_away_while_connecting_leaves_nothing_open(loop: str) -> None:
    """In the middle of the handshake the connection is given up."""

    async def mute(visit: Visit) -> None:
        await visit.left()

    with Caller(loop) as caller, RawProvider(mute) as silent:
        assert caller.fetch(Origin(secure=True, host="127.0.0.1", port=silent.port), patience=0.1).given_up
        until(lambda: silent.visits[0].left_at is not None)


# --- TLS ----------------------------------------------------------------------------------------------------------


@loops
def test_a_certificate_is_verified_against_the_authorities_and_the_name(loop: str, tmp_path: Path) -> None:
    """Unknown authority or wrong name: not a byte of the request is sent. With the authority's file it works, twice."""
    authority = Authority(tmp_path)
    with RawProvider(answering(GOOD), tls=authority.server()) as provider:
        origin = origin_of(provider)
        with Caller(loop) as stranger:
            assert stranger.fetch(origin).told == UNREACHABLE
        other = Origin(secure=True, host="provider.test", port=provider.port)
        files = {origin: str(authority.file), other: str(authority.file)}
        with Caller(loop, authorities=files, resolve=found(provider.port)) as misled:
            assert misled.fetch(other).told == UNREACHABLE
        assert provider.requests == []
        with Caller(loop, authorities=files) as caller:
            assert [caller.fetch(origin).body for _ in range(2)] == [b'{"id": 1}'] * 2
            assert caller.trouble == []
        assert len(provider.visits[-1].requests) == 2


@loops
@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["plain HTTP", "nothing"])
def test_a_server_that_speaks_no_tls_is_a_502(loop: str, said: bytes) -> None:
    """Whatever it says instead."""

    async def script(visit: Visit) -> None:
        await visit.some()
        await visit.send(said)

    with Caller(loop) as caller, RawProvider(script) as provider:
        assert caller.fetch(Origin(secure=True, host="127.0.0.1", port=provider.port)).told == UNREACHABLE


@loops
@pytest.mark.parametrize("size", [100, 400_000])
def test_answers_of_any_size_come_through_tls(loop: str, tmp_path: Path, size: int) -> None:
    """Records and reads do not fall together."""
    authority = Authority(tmp_path)
    provider = RawProvider(answering(sized(b"x" * size)), tls=authority.server())
    with provider, Caller(loop, authorities={origin_of(provider): str(authority.file)}) as caller:
        assert [len(caller.fetch(provider).body) for _ in range(3)] == [size] * 3
    assert len(provider.visits) == 1


# --- proxies ------------------------------------------------------------------------------------------------------


def through(proxy: RawProvider) -> Callable[[Origin], str]:
    return lambda _: f"http://127.0.0.1:{proxy.port}"


@loops
@pytest.mark.parametrize("secure", [False, True])
def test_a_provider_behind_a_proxy(loop: str, secure: bool, tmp_path: Path) -> None:
    """CONNECT with credentials, then the provider's own TLS; the name is the proxy's to look up, not ours."""
    authority = Authority(tmp_path) if secure else None
    with RawProvider(answering(GOOD), tls=authority and authority.server()) as provider, Proxy() as proxy:
        origin = Origin(secure=secure, host="localhost", port=provider.port)
        caller = Caller(
            loop,
            authorities={origin: str(authority.file)} if authority else {},
            proxy_for=lambda _: f"http://me:p%20w@127.0.0.1:{proxy.port}",
        )
        with caller:
            assert [caller.fetch(origin).body for _ in range(2)] == [b'{"id": 1}'] * 2
        assert len(proxy.visits) == 1
        assert proxy.asked[0].startswith(
            f"CONNECT localhost:{provider.port} HTTP/1.1\r\nHost: localhost:{provider.port}".encode()
        )
        assert provider.requests[0].header("proxy-authorization") is None


@loops
def test_a_proxy_that_refuses_is_a_502_and_nothing_goes_around_it(loop: str, refused: int) -> None:
    """Wrong credentials, a proxy that closes, one that talks without end, and one that is not there."""

    async def closing(visit: Visit) -> None:
        await visit.head()

    async def talking(visit: Visit) -> None:
        await visit.head()
        await visit.send(*[b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100] * 200)

    with RawProvider(answering(GOOD)) as provider:
        for proxy in (Proxy(), RawProvider(closing), RawProvider(talking)):
            with proxy, Caller(loop, proxy_for=through(proxy)) as caller:
                assert caller.fetch(provider).told == UNREACHABLE
        with Caller(loop, proxy_for=lambda _: f"http://127.0.0.1:{refused}") as caller:
            assert caller.fetch(provider).told == UNREACHABLE
        assert provider.visits == []
