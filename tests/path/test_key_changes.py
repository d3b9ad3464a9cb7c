"""A key that is made, changed or revoked is so in every process within a second: in the workers of a gateway, and in
gateways that share a database, whoever changed it."""

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.path.reloading import answer, provided
from tests.path.test_workers import asked, connections, penstock, workers
from tests.support.admin import Admin
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.waiting import until

SECOND = 1.0
TRIES = 6
"""A machine under load may stop anybody for a while: one of so many changes is known in time."""

Sockets = list[socket.socket]


@contextmanager
def four_workers(provider: Provider, folder: Path, database: str | None) -> Iterator[tuple[Gateway, Sockets]]:
    """One gateway, and so many connections that each of its processes has some."""
    server = {} if database is None else {"database": database}
    row = {"base_url": provider.base_url, "auth": "none"}
    with Gateway(provided(row, workers=4, **server), folder) as gateway, ExitStack() as undo:
        pids = workers(gateway)
        assert len(pids) == 4
        before = {pid: connections(pid) for pid in pids}
        kept = [undo.enter_context(_connected(gateway)) for _ in range(40)]
        assert all(connections(pid) > before[pid] for pid in pids)
        yield gateway, kept


@contextmanager
def four_gateways(provider: Provider, folder: Path, database: str | None) -> Iterator[tuple[Gateway, Sockets]]:
    """Of one database; the first of them is where commands are given."""
    shared = {"database": database, "pepper": base64.b64encode(bytes(range(32))).decode()}
    config = provided({"base_url": provider.base_url, "auth": "none"}, **shared)
    with ExitStack() as undo:
        gateways = []
        for name in ("one", "two", "three", "four"):
            (folder / name).mkdir()
            gateways.append(undo.enter_context(Gateway(config, folder / name)))
        yield gateways[0], [undo.enter_context(_connected(gateway)) for gateway in gateways]


def _connected(gateway: Gateway) -> "closing[socket.socket]":
    found = socket.create_connection((gateway.host, gateway.port), 30)
    asked(found, "not-a-key")
    return closing(found)


@pytest.mark.parametrize(
    ("house", "on"),
    [
        (four_workers, "sqlite"),
        pytest.param(four_workers, "postgresql", marks=pytest.mark.slow),
        pytest.param(four_gateways, "postgresql", marks=pytest.mark.slow),
    ],
)
def test_a_change_is_in_force_in_every_process_within_a_second(
    house: Callable[..., AbstractContextManager[tuple[Gateway, Sockets]]],
    on: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Made and narrowed by a command, opened again and revoked by the admin API."""
    database = request.getfixturevalue("database_url") if on == "postgresql" else None
    # A path that the file system has room for as a socket's name.
    folder = tmp_path_factory.mktemp("k")
    took: dict[str, list[float]] = {"made": [], "narrowed": [], "opened": [], "revoked": []}
    with Provider(answer) as provider, house(provider, folder, database) as (gateway, kept):
        admin = Admin(gateway.folder / "data" / "admin.sock")
        for number in range(TRIES):
            name = f"guest{number}"
            key = penstock(gateway, "keys", "create", "--name", name).splitlines()[0]
            took["made"].append(_all(kept, key, 200))
            penstock(gateway, "keys", "set", name, "--model", "gpt-*")
            took["narrowed"].append(_all(kept, key, 400))
            assert admin.ask("PATCH", f"/v1/keys/{name}", {"models": []}).status == 200
            took["opened"].append(_all(kept, key, 200))
            assert admin.ask("DELETE", f"/v1/keys/{name}").status == 200
            took["revoked"].append(_all(kept, key, 401))
            if max(map(min, took.values())) < SECOND:
                return
    raise AssertionError(took)


def _all(kept: Sockets, key: str, status: int) -> float:
    """How long it takes until every connection's process says so."""
    return until(lambda: {asked(one, key) for one in kept} == {status}, 30)
