"""A far store: its address, its password, its absence, its silence and its loss of memory."""

import asyncio
import datetime
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from penstock.core.counting import BEGINNING, Ask, Standing, Unanswered, Way
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import Address, address
from penstock.stores.counting.valkey_line import ValkeyLine, command
from tests.support.loop import awaited
from tests.support.valkey import ValkeyServer

pytestmark = pytest.mark.slow

ENDS = int(time.time()) + 10**6
SPAN = Ask("span", Way.SPAN, 100, 10, ends=ENDS)
RATE = Ask("rate", Way.RATE, 10, 1, ticks=6 * 10**8)
SEATS = Ask("seats", Way.SEATS, 2, 1)
ALL = (RATE, SPAN, SEATS)
AT = float(BEGINNING)
SECRET = "correct horse/battery:staple@"
QUOTED = "correct%20horse%2Fbattery%3Astaple%40"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def _opened(place: Address, **options: float | str) -> AsyncIterator[ValkeyCounters]:
    counters = ValkeyCounters(place, **options)  # type: ignore[arg-type]
    try:
        yield counters
    finally:
        await counters.close()


async def _said(server: ValkeyServer, *words: str) -> object:
    line = ValkeyLine(lambda *_: None)
    await asyncio.get_running_loop().create_unix_connection(lambda: line, str(server.socket))
    try:
        return await line.asked(command(*(word.encode() for word in words)))
    finally:
        line.abort()


async def _until_back(counters: ValkeyCounters) -> None:
    for _ in range(1000):
        if counters.health().answers and not counters.health().waiting:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(counters.health())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("valkey://localhost", Address("localhost", 6379)),
        ("valkey://cache.internal:7000/3", Address("cache.internal", 7000, database=3)),
        ("redis://[::1]:6380", Address("::1", 6380)),
        (f"rediss://ada:{QUOTED}@cache", Address("cache", 6379, tls=True, user="ada", password=SECRET)),
        (f"valkeys://:{QUOTED}@cache/1", Address("cache", 6379, tls=True, database=1, password=SECRET)),
        ("unix:///run/valkey.sock", Address(path="/run/valkey.sock")),
    ],
)
def test_addresses_are_read_as_people_write_them(url: str, told: Address) -> None:
    """As people write them; a password may hold any character, quoted."""
    assert address(url) == told


@pytest.mark.parametrize(
    "url", [f"http://:{QUOTED}@cache", f"valkey://:{QUOTED}@cache:port", f"valkey://:{QUOTED}@cache/first"]
)
def test_an_address_that_cant_be_read_is_not_quoted(url: str) -> None:
    """Its words say what is wrong, and never what stood there."""
    with pytest.raises(ValueError, match="not the address of a Valkey server") as refused:
        address(url)
    assert "horse" not in str(refused.value)
    assert refused.value.__cause__ is None


@awaited
async def test_the_password_is_in_no_text(tmp_path: Path) -> None:
    """Not in what it says of itself, and not in why it does not answer; with it, it answers."""
    server = ValkeyServer(tmp_path / "valkey", "--requirepass", SECRET)
    server.start()
    try:
        right = Address(path=str(server.socket), password=SECRET)
        async with _opened(right, deadline=5) as counters:
            assert (await counters.take("a", ALL)).refused == -1
            assert "horse" not in repr(counters.health()) + repr(right) + str(right)
        wrong = Address(path=str(server.socket), password=SECRET + "x")
        async with _opened(wrong, deadline=5) as counters:
            with pytest.raises(Unanswered) as refused:
                await counters.take("a", ALL)
            assert "horse" not in str(refused.value) + repr(counters.health())
            assert "WRONGPASS" in counters.health().words
    finally:
        server.stop()


@awaited
async def test_databases_and_prefixes_are_apart(server: ValkeyServer) -> None:
    """Two installations on one server do not see each other, by number or by prefix."""
    async with (
        _opened(Address(path=str(server.socket)), deadline=5) as one,
        _opened(Address(path=str(server.socket), database=1), deadline=5) as two,
        _opened(Address(path=str(server.socket)), prefix="other", deadline=5) as three,
    ):
        await one.take("a", ALL)
        for counters in (two, three):
            assert (await counters.standings((SEATS,)))[0].reserved == 0


@awaited
async def test_all_that_is_set_expires(server: ValkeyServer) -> None:
    """Of all the keys that a request leaves only the generation stays."""
    async with _opened(Address(path=str(server.socket)), process="one", deadline=5) as counters:
        await counters.take("a", ALL)
        await counters.take("b", ALL)
        counters.settle("b", AT, {"span": 7, "rate": 1})
        counters.settle("c", AT, {"span": 7}, ALL)
        counters.adjust("other span", ENDS, {500_000: 3})
        counters.renew(["a"])
        await counters.standings(ALL)
        keys = "local t = {} for _, k in ipairs(redis.call('KEYS', '*')) do if redis.call('TTL', k) < 0 then "
        found = await _said(server, "EVAL", keys + "table.insert(t, k) end end return table.concat(t, ' ')", "0")
        assert found == b"{penstock}:generation"
        assert await _said(server, "DBSIZE") == 9


@awaited
async def test_scripts_that_are_gone_are_sent_again(server: ValkeyServer) -> None:
    """As after a failover or a flush: nobody sees it."""
    async with _opened(address(server.url), deadline=5) as counters:
        await counters.take("a", (SPAN,))
        await _said(server, "SCRIPT", "FLUSH")
        assert (await counters.take("b", (SPAN,))).standings == (Standing(0, 20, new=True),)
        counters.settle("b", AT, {"span": 7})
        assert await counters.standings((SPAN,)) == (Standing(7, 10, new=True),)


@awaited
async def test_a_mute_server_makes_only_the_first_wait(server: ValkeyServer) -> None:
    """Whoever asks after the first deadline is told at once; when it speaks again, so do we, on the same connection."""
    async with _opened(address(server.url), deadline=0.5) as counters:
        await counters.take("a", (SPAN,))
        server.hold()
        began = time.monotonic()
        with pytest.raises(Unanswered):
            await counters.take("b", (SPAN,))
        first = time.monotonic() - began
        assert 0.49 < first < 10
        began = time.monotonic()
        for number in range(50):
            with pytest.raises(Unanswered):
                await counters.take(f"c{number}", (SPAN,))
        # Had each waited as long as the first, it would be fifty times that.
        assert time.monotonic() - began < 10 * first
        assert not counters.health().answers
        counters.settle("a", AT, {"span": 5})
        assert counters.health().waiting == 1
        server.let_go()
        await _until_back(counters)
        # The one that was asked into the silence has taken its ten, too late: they are held until the lease is over.
        assert await counters.standings((SPAN,)) == (Standing(5, 10, new=True),)
        counters.settle("b", AT, {"span": 4}, (SPAN,))
        assert await counters.standings((SPAN,)) == (Standing(9, 0, new=True),)


@awaited
async def test_settlements_wait_for_a_server_that_is_away_and_count_once(tmp_path: Path) -> None:
    """Told while it is gone, and told again: the sums are right when it is back."""
    server = ValkeyServer(tmp_path / "valkey", persistent=True)
    server.start()
    try:
        async with _opened(address(server.url), deadline=5) as counters:
            counters.renew(())
            await _until_back(counters)
            for number in range(5):
                await counters.take(f"a{number}", (SPAN,))
            server.kill()
            for number in range(5):
                counters.settle(f"a{number}", AT, {"span": number})
            counters.settle("never taken", AT, {"span": 100})
            with pytest.raises(Unanswered):
                await counters.take("b", (SPAN,))
            assert not counters.health().answers
            server.start()
            await _until_back(counters)
            counters.settle("a4", AT, {"span": 4})
            assert await counters.standings((SPAN,)) == (Standing(10, 0, new=True),)
    finally:
        server.stop()


@awaited
async def test_a_server_that_has_forgotten_all_learns_what_is_under_way(server: ValkeyServer) -> None:
    """Leases of before are held again when they are renewed, and count when they are settled."""
    async with _opened(address(server.url), deadline=5) as counters:
        counters.renew(())
        await _until_back(counters)
        await counters.take("renewed", ALL)
        await counters.take("settled", (SPAN,))
        server.kill()
        await asyncio.sleep(0.05)
        server.start()
        for _ in range(1000):
            if counters.health().answers:
                break
            await asyncio.sleep(0.02)
        assert (await counters.take("after", (SPAN,))).standings == (Standing(0, 10, new=True),)
        counters.renew(["renewed", "after"])
        counters.settle("settled", AT, {"span": 7})
        stood = await counters.standings((SPAN, SEATS))
        assert stood == (Standing(7, 20, new=True), Standing(0, 1))


@awaited
async def test_processes_that_share_it_are_known(server: ValkeyServer) -> None:
    """Each learns of the others when it renews, and of one that has left."""
    place = address(server.url)
    async with _opened(place, process="one", deadline=5) as one:
        async with _opened(place, process="two", deadline=5) as two:
            two.renew(())
            await two.standings(())
            one.renew(())
            await one.standings(())
            assert one.health().processes == 2
        one.renew(())
        await one.standings(())
        assert one.health().processes == 1


@awaited
async def test_what_goes_through_tls_goes_to_a_trusted_server_alone(
    server: ValkeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``valkeys:`` everything goes through TLS, and only to a server whose certificate is trusted."""
    _certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(str(server.socket))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, outer), pump(inner, writer), return_exceptions=True)

    listening = await asyncio.start_server(through, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        place = address(f"valkeys://127.0.0.1:{port}")
        async with _opened(place, deadline=5) as counters:
            with pytest.raises(Unanswered):
                await counters.take("a", ALL)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        async with _opened(place, deadline=5) as counters:
            assert (await counters.take("a", ALL)).refused == -1


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    import ipaddress

    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, none))
