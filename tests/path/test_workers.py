"""Several processes on one address: they share the load, and come and go without losing a request."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.path.reloading import answer, provided, said
from tests.support.client import ask
from tests.support.gateway import KEY, Gateway
from tests.support.load import STREAM, UNARY, Load, request
from tests.support.provider import Provider
from tests.support.waiting import until


def workers(gateway: Gateway) -> list[int]:
    """The processes that the gateway has started."""
    return [int(pid) for pid in Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def connections(pid: int) -> int:
    """How many sockets a process has open. Its other files may close while they are listed: the books' thread works."""
    return sum(link.startswith("socket:") for entry in Path(f"/proc/{pid}/fd").iterdir() for link in pointed(entry))


def pointed(entry: Path) -> list[str]:
    try:
        return [os.readlink(entry)]
    except FileNotFoundError:
        return []


def config(provider: Provider, count: int = 4) -> dict[str, Any]:
    return provided({"base_url": provider.base_url, "auth": "none"}, workers=count)


def connected(gateway: Gateway, count: int) -> list[socket.socket]:
    """Connections, each of which has been served once and is kept."""
    found = [socket.create_connection((gateway.host, gateway.port), 60) for _ in range(count)]
    for one in found:
        asked(one, "not-a-key")
    return found


def asked(connection: socket.socket, key: str) -> int:
    """The status that a request over a kept connection gets."""
    connection.sendall(request(UNARY, key))
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65536)
    head, _, body = head.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return int(head.split(b" ", 2)[1])


def test_the_load_is_spread_over_all(tmp_path: Path) -> None:
    """Of 200 connections each of four workers takes a fair share, and the parent none."""
    with Provider(answer) as provider, Gateway(config(provider), tmp_path) as gateway:
        pids = workers(gateway)
        assert len(pids) == 4
        before = {pid: connections(pid) for pid in [*pids, gateway.pid]}
        kept = connected(gateway, 200)
        shares = [connections(pid) - before[pid] for pid in pids]
        assert sum(shares) == 200
        assert min(shares) > 200 / 4 / 2.5
        assert connections(gateway.pid) == before[gateway.pid]
        for one in kept:
            one.close()


def test_one_worker_is_no_parent_and_child(tmp_path: Path) -> None:
    """With one worker the process that was started is the one that serves."""
    with Provider(answer) as provider, Gateway(config(provider, 1), tmp_path) as gateway:
        assert workers(gateway) == []
        assert ask(gateway).status == 200


def penstock(gateway: Gateway, *arguments: str) -> str:
    command = [sys.executable, "-m", "penstock", *arguments, "--config", str(gateway.folder / "penstock.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=gateway.folder)
    return done.stdout


def test_a_worker_that_dies_is_replaced_and_loses_no_waiting_connection(tmp_path: Path) -> None:
    """Connections that come while a worker is dead wait for its successor; none is refused."""
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        victim, other = workers(gateway)
        os.kill(victim, signal.SIGKILL)
        until(lambda: not alive(victim))
        assert [ask(gateway).status for _ in range(20)] == [200] * 20
        pids = workers(gateway)
        assert len(pids) == 2
        assert other in pids
        assert said(gateway, "worker 0 ended (SIGKILL); another starts in 0.1 s") == 1


def test_a_graceful_restart_drops_nothing(tmp_path: Path) -> None:
    """All workers are replaced while clients ask and streams run: all are answered, and streams end whole."""
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        before = set(workers(gateway))
        with Load(gateway, asking=6, streams=8, pause=0.01) as load:
            until(lambda: len(load.statuses) > 50)
            os.kill(gateway.pid, signal.SIGUSR2)
            until(lambda: said(gateway, "all workers have been replaced"), 30)
            seen = len(load.statuses)
            until(lambda: len(load.statuses) > seen + 50)
        assert load.failures == []
        assert set(load.statuses) == {200}
        assert [body.count(b"event: ping") for body in load.ended] == [100] * 8
        until(lambda: len(workers(gateway)) == 2)
        assert not before & set(workers(gateway))


def test_who_listened_to_a_stream_may_ask_on_after_a_restart(tmp_path: Path) -> None:
    """The stream's head came before the restart and could not say that its connection would be closed."""
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        before = set(workers(gateway))
        listening = [socket.create_connection((gateway.host, gateway.port), 60) for _ in range(8)]
        for one in listening:
            one.sendall(request(STREAM))
        until(lambda: len(provider.received) == 8)
        os.kill(gateway.pid, signal.SIGUSR2)
        until(lambda: said(gateway, "all workers have been replaced"), 30)
        for one in listening:
            heard = b""
            while not heard.endswith(b"\r\n0\r\n\r\n"):
                heard += one.recv(65536)
            assert heard.count(b"event: ping") == 100
            assert asked(one, KEY) == 200
        until(lambda: not before & set(workers(gateway)))
        for one in listening:
            assert one.recv(100) == b""
            one.close()


def test_a_restart_into_a_mistake_is_given_up(tmp_path: Path) -> None:
    """Workers are not replaced by ones that could not start: the mistake is told and the old ones go on."""
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        before = workers(gateway)
        with (tmp_path / "penstock.yaml").open("a") as file:
            file.write("lisen: x\n")
        os.kill(gateway.pid, signal.SIGUSR2)
        until(lambda: said(gateway, "the restart was given up"))
        assert workers(gateway) == before
        assert ask(gateway).status == 200


def refused(gateway: Gateway) -> bool:
    try:
        ask(gateway)
    except ConnectionError:
        return True
    return False


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """No worker is left behind on the address, but running streams come to their end first."""
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        pids = workers(gateway)
        with Load(gateway, asking=0, streams=4) as load:
            until(lambda: len(provider.received) == 4)
            os.kill(gateway.pid, signal.SIGKILL)
            until(lambda: refused(gateway))
        assert [body.count(b"event: ping") for body in load.ended] == [100] * 4
        until(lambda: not any(alive(pid) for pid in pids))


def test_all_stop_with_their_parent(tmp_path: Path) -> None:
    """Told to stop, the parent lets all streams end, leaves no process behind, and ends well."""
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        pids = workers(gateway)
        with Load(gateway, asking=0, streams=4) as load:
            until(lambda: len(provider.received) == 4)
            assert gateway.stop() == 0
        assert [body.count(b"event: ping") for body in load.ended] == [100] * 4
        assert load.failures == []
        assert not any(alive(pid) for pid in pids)


def test_an_address_that_is_taken_is_not_shared(tmp_path: Path) -> None:
    """A second gateway on the same address is refused, though workers share theirs with each other."""
    (tmp_path / "second").mkdir()
    with Provider(answer) as provider, Gateway(config(provider, 2), tmp_path) as gateway:
        second = {**config(provider, 2), "listen": f"{gateway.host}:{gateway.port}"}
        with pytest.raises(RuntimeError, match="can't listen on"), Gateway(second, tmp_path / "second"):
            pass
        assert ask(gateway).status == 200


@pytest.mark.parametrize("count", [1, 2])
def test_a_load_balancer_is_told_before_the_end(tmp_path: Path, count: int) -> None:
    """Within the notice that was asked for, /readyz says 503 and requests are served as before."""
    with Provider(answer) as provider:
        noticed = {**config(provider, count), "limits": {"notice_seconds": 1.5}}
        with Gateway(noticed, tmp_path) as gateway:
            assert ask(gateway, "/readyz", None, method="GET").status == 200
            os.kill(gateway.pid, signal.SIGTERM)
            until(lambda: ask(gateway, "/readyz", None, method="GET").status == 503)
            assert ask(gateway, "/healthz", None, method="GET").status == 200
            assert ask(gateway).status == 200


@pytest.mark.long
@pytest.mark.timeout(300)
def test_four_workers_cost_little_more_than_one() -> None:
    """With books, a request takes at most 1.15 times the processor time that it takes at four gateways apart."""
    command = [sys.executable, "-m", "bench.workers", "--books", "--check"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "four workers cost" in done.stdout
