"""The configuration changes while the gateway serves: it is used whole or refused, and nobody is cut off."""

import os
import re
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest

from tests.path.books.scene import entries
from tests.path.reloading import PIECES, answer, provided, rewritten, said
from tests.path.wire.certificates import Authority
from tests.path.wire.raw import at_least_once_within
from tests.support.client import ask
from tests.support.gateway import KEY, Gateway
from tests.support.load import Load
from tests.support.provider import Provider
from tests.support.waiting import until

NEW_KEY = "mt_live_canary_made_later_11111111111111111111"


@pytest.mark.parametrize("moved", [True, False], ids=["moved into place", "written over"])
def test_a_changed_file_is_used_within_a_second(tmp_path: Path, moved: bool) -> None:
    """A key that is put into the file works, and one that is taken out does not, with no signal and no restart."""
    with Provider(answer) as provider, Gateway(provided({"base_url": provider.base_url}), tmp_path) as gateway:
        assert ask(gateway, key=NEW_KEY).status == 401
        before = provided({"base_url": provider.base_url})
        config = provided({"base_url": provider.base_url, "api_key": "sk-canary-later"})

        def change() -> float:
            rewritten(gateway, before, moved=moved)
            until(lambda: ask(gateway, key=NEW_KEY).status == 401)
            rewritten(gateway, {**config, "keys": [{"name": "new", "key": NEW_KEY}]}, moved=moved)
            return until(lambda: ask(gateway, key=NEW_KEY).status == 200)

        at_least_once_within(1.5, change)
        assert ask(gateway).status == 401
        assert provider.received[-1].header("x-api-key") == "sk-canary-later"
        until(lambda: said(gateway, "changed: providers, keys"))


def test_a_file_that_was_emptied_takes_nobodys_key_away(tmp_path: Path) -> None:
    """As a full disk leaves it; what is written next is used."""
    with Provider(answer) as provider:
        config = provided({"base_url": provider.base_url, "auth": "none"})
        with Gateway(config, tmp_path) as gateway:
            (tmp_path / "penstock.yaml").write_text("")
            until(lambda: said(gateway, "is empty"))
            assert ask(gateway).status == 200
            rewritten(gateway, {**config, "keys": [{"name": "new", "key": NEW_KEY}]})
            until(lambda: ask(gateway, key=NEW_KEY).status == 200)


def test_a_mistake_is_refused_as_a_whole(tmp_path: Path) -> None:
    """Every mistake is told with its line and what to write; what was right beside them is not taken over either."""
    with Provider(answer) as provider:
        config = provided({"base_url": provider.base_url, "auth": "none"})
        with Gateway(config, tmp_path) as gateway:
            wrong = {**config, "keys": [{"name": "new", "key": NEW_KEY}], "limits": {"boddy": 1}, "workers": "many"}
            rewritten(gateway, wrong)
            until(lambda: said(gateway, "write a number like 200"))
            lines = (tmp_path / "penstock.yaml").read_text().splitlines()
            line = 1 + next(index for index, text in enumerate(lines) if "boddy" in text)
            output = "".join(gateway.output)
            assert "the configuration was not taken over; the one before stays in force." in output
            assert "The configuration has 2 mistakes:" in output
            assert re.search(
                rf"penstock.yaml:{line}:\d+: limits.boddy is not a setting\n +did you mean `body`\?", output
            )
            assert ask(gateway, key=NEW_KEY).status == 401
            assert ask(gateway).status == 200
            rewritten(gateway, {**config, "keys": [{"name": "new", "key": NEW_KEY}]})
            until(lambda: ask(gateway, key=NEW_KEY).status == 200)


def test_what_cannot_change_is_named_and_the_rest_is_taken_over(tmp_path: Path) -> None:
    """A new address or data folder needs a restart and the log says so, once; limits of the same file hold at once."""
    with Provider(answer) as provider:
        config = provided({"base_url": provider.base_url, "auth": "none"})
        with Gateway(config, tmp_path) as gateway:
            for size in (64, 48):
                rewritten(gateway, {**config, "listen": "127.0.0.1:1", "workers": 3, "limits": {"body": size}})
                os.kill(gateway.pid, signal.SIGHUP)
                until(lambda size=size: ask(gateway, body=b"{%s}" % (b" " * (size - 1))).status == 413)
            assert ask(gateway).status == 200
            assert (
                said(gateway, "a restart is needed for what has changed in: listen, workers; all else is in force") == 1
            )


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def megabytes(pid: int) -> float:
    """What of a process is in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def reload_under_load(folder: Path, count: int, *, streams: int) -> None:
    """``count`` reloads, each with other connections to the provider than before, while clients ask and streams run."""
    with Provider(answer) as provider:
        rows = [
            {"base_url": provider.base_url, "auth": "none", **more}
            for more in ({}, {"proxy": "none"}, {"timeouts": {"idle": 100}})
        ]
        with Gateway(provided(rows[0]), folder) as gateway:
            ask(gateway)
            open_before = descriptors(gateway.pid)
            done, requests, memory = 0, 1, list[float]()
            while done < count:
                with Load(gateway, asking=4, streams=streams, pause=0.02) as load:
                    for _ in range(min(count - done, 25)):
                        done += 1
                        rewritten(gateway, provided(rows[done % 3]), moved=bool(done % 2))
                        os.kill(gateway.pid, signal.SIGHUP)
                        until(lambda done=done: said(gateway, "changed: providers") >= done)
                assert load.failures == []
                assert [body.count(b"event: ping") for body in load.ended] == [PIECES] * streams
                assert set(load.statuses) == {200}
                assert len(load.statuses) >= 50
                requests += len(load.statuses) + streams
                memory.append(megabytes(gateway.pid))
            assert threads(gateway.pid) < 20
            # What the last settings opened may wait to be used again: one connection for each that asked at once.
            until(lambda: descriptors(gateway.pid) <= open_before + 4 + streams + 2)
            half = len(memory) // 2
            assert max(memory[half:]) - max(memory[:half]) < 4
            print(f"{count} reloads, {requests} requests, descriptors {open_before} to {descriptors(gateway.pid)}")
            print("memory, MB:", *(f"{one:.1f}" for one in memory))
            assert gateway.stop() == 0
            assert len(entries(folder)) == requests


def test_reloads_under_load_cut_nobody_off(tmp_path: Path) -> None:
    """Open streams come to their own end, no request fails or is missing in the books; connections of former settings
    do not stay open, and memory does not grow."""
    reload_under_load(tmp_path, 30, streams=10)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_thousand_reloads_under_load_cut_nobody_off(tmp_path: Path) -> None:
    """The same, a thousand times."""
    reload_under_load(tmp_path, 1000, streams=20)


def shown(gateway: Gateway, authority: Authority, *, version: ssl.TLSVersion) -> ssl.SSLSocket:
    """A new connection over TLS, to a certificate of this authority alone."""
    context = authority.client()
    context.maximum_version = version
    return context.wrap_socket(socket.create_connection((gateway.host, gateway.port), 60), server_hostname="localhost")


def asked_over(connection: ssl.SSLSocket) -> bytes:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    return connection.recv(4096)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_renewed_certificate_needs_no_restart(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """New connections get the new certificate, one that stands goes on; half of a renewal is refused."""
    for name in ("old", "new", "served"):
        (tmp_path / name).mkdir()
    old, new = Authority(tmp_path / "old"), Authority(tmp_path / "new")
    served = {name: tmp_path / "served" / name for name in ("certificate", "key")}
    served["certificate"].write_bytes(old.certificate.read_bytes())
    served["key"].write_bytes(old.key.read_bytes())
    config = {"listen": "127.0.0.1:0", "tls": {name: str(path) for name, path in served.items()}}
    with (
        Gateway(config, tmp_path, arguments=("--demo",)) as gateway,
        shown(gateway, old, version=version) as standing,
    ):
        assert b"200 OK" in asked_over(standing)
        served["certificate"].write_bytes(new.certificate.read_bytes())
        until(lambda: said(gateway, "tls can't be used: key_values_mismatch") or said(gateway, "key values mismatch"))
        shown(gateway, old, version=version).close()
        served["key"].write_bytes(new.key.read_bytes())
        until(lambda: said(gateway, "was read again"))
        with shown(gateway, new, version=version) as renewed:
            assert b"200 OK" in asked_over(renewed)
        with pytest.raises(ssl.SSLCertVerificationError):
            shown(gateway, old, version=version)
        assert b"200 OK" in asked_over(standing)


def test_nobody_is_told_twice_what_is_wrong(tmp_path: Path) -> None:
    """Four workers read one file: its mistakes stand in the log once, and all of them go on."""
    with Provider(answer) as provider:
        config = provided({"base_url": provider.base_url, "auth": "none"}, workers=4)
        with Gateway(config, tmp_path) as gateway:
            rewritten(gateway, {**config, "lisen": "x"})
            until(lambda: said(gateway, "did you mean `listen`?"))
            time.sleep(1)
            assert said(gateway, "did you mean `listen`?") == 1
            assert {ask(gateway, key=KEY).status for _ in range(20)} == {200}
