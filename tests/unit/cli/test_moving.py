"""``penstock db move``: from a file to a real server, whole or not at all."""

import json
from pathlib import Path

import pytest

from penstock.core.caller import Secret
from penstock.ledger.journal import FOLDER, Journal
from penstock.stores import moving
from penstock.stores.ledger import Ledger
from penstock.stores.moving import Moving, opened_target
from penstock.stores.reports import Reports
from penstock.stores.server import open_server
from penstock.stores.site import Site
from tests.support.books import AT, entry, used
from tests.support.command import invoke
from tests.support.postgres import Server
from tests.support.rollups import agree

pytestmark = pytest.mark.slow

COUNT = moving.AT_ONCE + 100


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with keys, and with exchanges of three days."""
    monkeypatch.chdir(tmp_path)
    assert invoke("keys", "create", "laptop", "--owner", "ada").exit_code == 0
    engine = Site(Path("data")).open()
    some = [entry(number, at=AT - number % 3 * 86_400, cost=number, owner="ada") for number in range(COUNT)]
    odd = entry("odd", client="nul\0 here", cost=None, consumption=used(input=2**50, tools=(("web_search", 2),)))
    Ledger(engine).append([*some, odd, entry("b", batch="b1")])
    engine.dispose()
    return tmp_path


def test_everything_is_there_and_goes_on_from_there(source: Path, empty_url: str) -> None:
    """Entries, sums, keys: reports say the same, and what comes next gets the next number."""
    found = invoke("db", "move", "--to", empty_url)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith("Moved ")
    assert "both databases agree" in found.stdout
    assert "hunter2" not in found.stdout + found.stderr
    old, new = Site(Path("data")).open(), Site(Path("data"), Secret(empty_url)).open()
    assert Reports(new).usage([]) == Reports(old).usage([])
    assert Reports(new).after(0, most=COUNT).lines == Reports(old).after(0, most=COUNT).lines
    agree(new)
    Ledger(new).append([entry("next"), entry(1, at=AT - 86_400)])
    lines = Reports(new).after(0, most=2 * COUNT).lines
    assert (len(lines), lines[-1].id) == (COUNT + 3, "next")
    moved = Reports(new).entry("odd")
    assert moved is not None
    assert moved.opened.client == "nul\ufffd here"
    old.dispose()
    new.dispose()
    Path("penstock.yaml").write_text(f"database: {empty_url}\n")
    listed = json.loads(invoke("keys", "list", "--config", "penstock.yaml", "--json").stdout)
    assert [key["name"] for key in listed] == ["laptop"]


def test_a_move_that_broke_off_goes_on_where_it_was(source: Path, empty_url: str) -> None:
    """After any step: what is there is not brought again, and until the end no gateway takes it for whole."""
    engine = Site(Path("data")).open()
    for steps in (1, 3, 5):
        target = opened_target(Secret(empty_url))
        first = Moving(engine, target, "here")
        first.begin()
        for _, _ in zip(range(steps), first.carry(), strict=False):
            pass
        target.dispose()
        with pytest.raises(RuntimeError, match="broke off"):
            open_server(Secret(empty_url))
    target = opened_target(Secret(empty_url))
    last = Moving(engine, target, "here")
    there, rest = last.begin(), sum(last.carry())
    assert there > 0
    assert there + rest == last.total()
    assert sum(one.rows for one in last.end()) == there + rest
    agree(target)
    target.dispose()
    engine.dispose()


def test_what_differs_is_not_taken_for_whole(source: Path, empty_url: str) -> None:
    """One row that somebody changed on the way."""
    engine = Site(Path("data")).open()
    target = opened_target(Secret(empty_url))
    one = Moving(engine, target, "here")
    one.begin()
    assert sum(one.carry()) > COUNT
    with target.begin() as connection:
        connection.exec_driver_sql("UPDATE entries SET cost = cost + 1 WHERE id = '7'")
    with pytest.raises(moving.MoveError, match="entries differs"):
        one.end()
    target.dispose()
    engine.dispose()


@pytest.mark.parametrize("what", ["a table of another program", "a gateway's own", "another's move"])
def test_no_database_that_is_used_is_touched(source: Path, empty_url: str, postgres: Server, what: str) -> None:
    """It says what is there, and changes nothing."""
    name = empty_url.rpartition("/")[2]
    match what:
        case "a table of another program":
            postgres.sql("CREATE TABLE invoices (number int)", name)
        case "a gateway's own":
            site = Site(Path("other"), Secret(empty_url))
            engine = site.open()
            Ledger(engine).append([entry("there")])
            engine.dispose()
        case _:
            old = Site(Path("data")).open()
            target = opened_target(Secret(empty_url))
            Moving(old, target, "elsewhere").begin()
            target.dispose()
            old.dispose()
    counted = (
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    before = postgres.sql(counted, name)
    found = invoke("db", "move", "--to", empty_url)
    assert found.exit_code == 2
    words = {"a table of another program": "invoices", "a gateway's own": "entries", "another's move": "elsewhere"}
    assert words[what] in found.stderr
    assert postgres.sql(counted, name) == before


def test_it_waits_for_the_gateway_to_be_stopped(source: Path, empty_url: str) -> None:
    """What it would write meanwhile would be missing."""
    with Journal(Path("data") / FOLDER):
        found = invoke("db", "move", "--to", empty_url)
    assert found.exit_code == 2
    assert "stop it" in found.stderr


def test_nobody_else_writes_to_the_old_one_meanwhile(source: Path, empty_url: str) -> None:
    """All that is read is of one moment."""
    engine, other = Site(Path("data")).open(), Site(Path("data")).open()
    target = opened_target(Secret(empty_url))
    one = Moving(engine, target, "here")
    one.begin()
    steps = one.carry()
    next(steps)
    with other.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with pytest.raises(Exception, match="locked"):
            connection.exec_driver_sql("DELETE FROM entries")
    for _ in steps:
        pass
    one.end()
    for some in (engine, other, target):
        some.dispose()
