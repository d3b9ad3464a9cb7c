"""``penstock db check`` and ``migrate``: what is told of a database, and what is done to it, on both kinds."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from penstock.core.caller import Secret
from penstock.stores.ledger import Ledger
from penstock.stores.migrations import HEAD
from penstock.stores.site import Site
from tests.support.books import AT, entry
from tests.support.command import invoke
from tests.support.migrations import migrate
from tests.support.rollups import agree

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def told(*arguments: str, **environment: str) -> tuple[int, dict[str, object]]:
    found = invoke("db", *arguments, "--json", env=environment)
    return found.exit_code, json.loads(found.stdout)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def setting(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment that names the database."""
    if request.param == "sqlite":
        return {}
    return {"PENSTOCK_DATABASE": request.getfixturevalue("empty_url")}


def test_a_database_is_made_checked_and_brought_up_to_date(setting: dict[str, str], tmp_path: Path) -> None:
    """To look is not to make; what is older is told, what is whole is left alone, what is broken is not mended."""
    site = Site(tmp_path / "data", Secret(setting["PENSTOCK_DATABASE"]) if setting else None)
    code, found = told("check", **setting)
    assert (code, found["schema"], found["usable"]) == (1, None, False)
    assert not (tmp_path / "data").exists()
    assert told("migrate", **setting) == (0, {"database": site.name, "before": None, "after": HEAD})
    assert told("check", **setting)[1] | {"what": ""} == {
        "database": site.name, "schema": HEAD, "expected": HEAD, "usable": True, "what": "",
    }  # fmt: skip
    migrate(site, "0009", back=True)
    code, found = told("check", **setting)
    assert (code, found["schema"]) == (1, "0009")
    assert told("migrate", **setting)[1] == {"database": site.name, "before": "0009", "after": HEAD}
    engine = site.connect()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE entries DROP COLUMN rulings"))
    engine.dispose()
    code, found = told("check", **setting)
    assert code == 1
    assert "lacks entries.rulings" in str(found["what"])
    refused = invoke("db", "migrate", env=setting)
    assert refused.exit_code == 3
    assert "lacks entries.rulings" in refused.stderr


def test_sums_that_a_release_before_did_not_keep_are_made(tmp_path: Path) -> None:
    """By a command of their own, and by the migration itself where it is asked for."""
    site = Site(tmp_path / "data")
    engine = site.open()
    Ledger(engine).append([entry(number, at=AT - number * 86_400) for number in range(40)])
    engine.dispose()
    assert invoke("db", "sum").stdout == "No sum is missing.\n"
    migrate(site, "0015", back=True)
    found = invoke("db", "sum")
    assert (found.exit_code, found.stdout) == (0, "Summed up 40 days.\n")
    assert invoke("db", "sum").stdout == "No sum is missing.\n"
    migrate(site, "0015", back=True)
    assert invoke("db", "migrate").exit_code == 0
    assert invoke("db", "sum").stdout == "No sum is missing.\n"
    engine = site.connect()
    agree(engine)
    engine.dispose()


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    """By every command that needs it, in one sentence and with the exit code of what can't be reached."""
    away = "postgresql://penstock:hunter2@127.0.0.1:1/penstock"
    for command in (("db", "check"), ("db", "migrate"), ("keys", "list"), ("usage",), ("vault", "list")):
        found = invoke(*command, env={"PENSTOCK_DATABASE": away})
        assert (found.exit_code, "postgresql://127.0.0.1:1/penstock" in found.stderr) == (3, True), found.output
        assert "hunter2" not in found.output
    found = invoke("doctor", env={"PENSTOCK_DATABASE": away})
    assert "does the server run, and let this user in?" in found.output
    assert "hunter2" not in found.output
    found = invoke("backup", "copy", env={"PENSTOCK_DATABASE": away})
    assert (found.exit_code, "pg_dump" in found.stderr, "hunter2" in found.output) == (2, True, False)


def test_the_doctor_looks_at_a_server(database_url: str) -> None:
    """Which it is, whether it is whole, and what is in it."""
    setting = {"PENSTOCK_DATABASE": database_url}
    assert invoke("keys", "create", "--name", "laptop", env=setting).exit_code == 0
    (found,) = (one for one in json.loads(invoke("doctor", "--json", env=setting).stdout)["findings"]
                if one["about"] == "database")  # fmt: skip
    assert found["state"] == "good"
    assert f"schema {HEAD}" in found["what"]
    assert "1 keys" in found["what"]
    assert "hunter2" not in invoke("config", "show", env=setting).output
