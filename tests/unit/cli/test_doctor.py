"""``penstock doctor``: each kind of trouble is found, named, and comes with something to do."""

import contextlib
import json
import re
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.command import invoke
from tests.support.gateway import Gateway, settings
from tests.support.provider import Provider, json_answer

pytestmark = pytest.mark.slow

LOCAL = {"local": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"}}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def doctor(*arguments: str, **config: object) -> tuple[int, dict[tuple[str, str], str]]:
    """The exit code, and what was found: (about, state) to words and action."""
    given = {"listen": "127.0.0.1:0", "providers": LOCAL, **config}
    Path("penstock.yaml").write_text(yaml.safe_dump(given))
    found = invoke("doctor", "-c", "penstock.yaml", "--json", *arguments)
    findings = json.loads(found.stdout)["findings"]
    assert all(row["action"] for row in findings if row["state"] != "good")
    return found.exit_code, {(row["about"], row["state"]): f"{row['what']}: {row['action']}" for row in findings}


def certificate(days: int, names: str = "DNS:llm.example.com") -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", str(days), "-subj", "/CN=x", "-addext", f"subjectAltName={names}",
         "-keyout", "x.key", "-out", "x.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def test_a_sound_place_has_no_problem() -> None:
    """Nothing is made on the way: there is no database, and there is none afterwards."""
    code, found = doctor()
    assert code == 0
    assert not [key for key in found if key[1] == "problem"]
    assert ("database", "good") in found
    assert not Path("data").exists()


def test_what_a_database_holds_is_told_in_words_of_operators() -> None:
    """Tables that only serve the gateway itself are none of them, nor what is not there."""
    invoke("keys", "create", "laptop")
    invoke("teams", "create", "red")
    told = doctor()[1]["database", "good"]
    assert re.fullmatch(r"sound, schema \d{4}; 1 keys, 1 teams: ", told), told


def test_a_damaged_database_is_found() -> None:
    """A page of zeros in the middle, and a file that is no database at all."""
    invoke("keys", "create", "laptop")
    path = Path("data/penstock.db")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert ("database", "good") in doctor()[1]
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x00" * 4096 + content[8192:])
    code, found = doctor()
    assert (code, "penstock backup" in found["database", "problem"]) == (1, True)
    path.write_bytes(b"words" * 1000)
    code, found = doctor()
    assert (code, "not a database" in found["database", "problem"]) == (1, True)


@pytest.mark.parametrize(("revision", "state"), [("0001", "warning"), ("9999", "problem")])
def test_a_database_of_another_release_is_told(revision: str, state: str) -> None:
    """An older one is brought up to date at the next start; a later one is not for this release."""
    invoke("keys", "create", "laptop")
    with sqlite3.connect("data/penstock.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()
    assert revision in doctor()[1]["database", state]


def test_a_database_that_is_gone_is_told() -> None:
    """Where a gateway has run there was one; a new one would have no keys."""
    invoke("keys", "create", "laptop")
    for path in Path("data").glob("penstock.db*"):
        path.unlink()
    code, found = doctor()
    assert (code, "penstock backup" in found["database", "problem"]) == (1, True)
    assert not Path("data/penstock.db").exists()


@pytest.mark.slow
def test_a_database_that_another_program_holds_is_told() -> None:
    """For longer than a gateway ever does."""
    invoke("keys", "create", "laptop")
    with contextlib.closing(sqlite3.connect("data/penstock.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        code, found = doctor()
    assert (code, "database is locked" in found["database", "problem"]) == (1, True)
    assert ("database", "problem") not in doctor()[1]


def test_a_journal_without_a_folder_is_told() -> None:
    """A file in its place keeps every record in memory."""
    Path("data").mkdir()
    Path("data/journal").write_text("in the way")
    code, found = doctor(books=True)
    assert (code, "move away what stands there" in found["journal", "problem"]) == (1, True)


@pytest.mark.slow
def test_a_gateway_that_runs_is_asked_for_its_books(tmp_path: Path) -> None:
    """Where its metrics are off it can't be, and that is no trouble; without books there is nothing to ask."""
    with Gateway(settings(**LOCAL), tmp_path) as gateway:
        address = f"{gateway.host}:{gateway.port}"
        assert "writes them" in doctor(listen=address, books=True)[1]["books", "good"]
        assert "can't be asked" in doctor(listen=address, books=True, metrics="off")[1]["books", "good"]
        assert not [about for about, _ in doctor(listen=address, books=False)[1] if about == "books"]
    with Gateway({**settings(**LOCAL), "books": False}, tmp_path) as gateway:
        assert "restarted" in doctor(listen=f"{gateway.host}:{gateway.port}", books=True)[1]["books", "warning"]


def test_secrets_that_others_can_read() -> None:
    """The pepper is a problem, a configuration with a credential in it a warning; with a variable's name it is none."""
    invoke("keys", "create", "laptop")
    Path("data/pepper").chmod(0o644)
    key = {"there": {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-0000000000000000"}}
    code, found = doctor(providers=key)
    assert (code, "/data/pepper: chmod 600" in found["secrets", "problem"]) == (1, True)
    assert "keep the value in the environment" in found["secrets", "warning"]
    Path("data/pepper").chmod(0o600)
    key["there"]["api_key"] = "${SOME_KEY}"
    assert ("secrets", "good") in doctor(providers=key)[1]


@pytest.mark.slow
def test_the_address_is_free_taken_or_ours(tmp_path: Path) -> None:
    """A gateway of ours on the address is good; anything else that holds it is a problem."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, found = doctor(listen=f"127.0.0.1:{port}")
        assert (code, "ss -ltnp" in found["address", "problem"]) == (1, True)
    assert "is free" in doctor(listen=f"127.0.0.1:{port}")[1]["address", "good"]
    folder = tmp_path / "running"
    folder.mkdir()
    with Gateway(settings(**LOCAL), folder) as gateway:
        assert "a gateway listens" in doctor(listen=f"127.0.0.1:{gateway.port}")[1]["address", "good"]


def test_certificates_are_looked_at_from_all_sides() -> None:
    """Days left, names, a public name that is not among them, and a key that belongs to another."""
    tls = {"certificate": "x.pem", "key": "x.key"}
    certificate(90)
    _, found = doctor(tls=tls)
    assert "llm.example.com" in found["certificate", "good"]
    code, found = doctor(tls=tls, public_url="https://other.example.com")
    assert (code, "change public_url" in found["certificate", "problem"]) == (1, True)
    assert ("certificate", "problem") not in doctor(tls=tls, public_url="https://LLM.example.com")[1]
    certificate(5)
    assert "renew it" in doctor(tls=tls)[1]["certificate", "warning"]
    key = Path("x.key").read_bytes()
    certificate(90)
    Path("x.key").write_bytes(key)
    code, found = doctor(tls=tls)
    assert (code, "the key that belongs to it" in found["certificate", "problem"]) == (1, True)
    assert "ingress" in doctor(listen="0.0.0.0:0")[1]["certificate", "warning"]


def test_providers_are_called_only_online() -> None:
    """Without ``--online`` nothing is sent; with it the verdict is ``providers check``'s, and clocks are compared."""
    late = json_answer(b'{"data":[]}', headers=(("date", "Sat, 01 Jan 2022 00:00:00 GMT"),))
    with Provider(lambda _: late) as provider:
        rows = {"there": {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "auth": "none"}}
        assert "--online" in doctor(providers=rows)[1]["provider there", "good"]
        assert provider.received == []
        _, found = doctor("--online", providers=rows)
        assert len(provider.received) == 1
    assert "answers, with 0 models" in found["provider there", "good"]
    assert "NTP" in found["clock", "warning"]


def test_a_table_for_people_ends_with_a_count() -> None:
    """The last line sums up."""
    Path("penstock.yaml").write_text(yaml.safe_dump({"listen": "127.0.0.1:0", "providers": LOCAL}))
    lines = invoke("doctor", "-c", "penstock.yaml").stdout.splitlines()
    assert lines[0].split() == ["about", "what", "what", "to", "do"]
    assert lines[-1].startswith("no problems, ")
