"""``penstock backup``: whole while others write, private, and honest about what it lacks."""

import contextlib
import json
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from penstock.core.caller import digest
from penstock.ledger.journal import Journal
from penstock.stores.database import open_database
from penstock.stores.keys import KeyStore
from penstock.stores.ledger import Ledger
from tests.support.books import entry, opened
from tests.support.command import invoke

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_copy_is_consistent_while_keys_are_made() -> None:
    """Every key in the copy has its secret, though a writer was at work all the time."""
    invoke("keys", "create", "first")
    stop = threading.Event()

    def write() -> None:
        store = KeyStore(Path("data"))
        number = 0
        while not stop.is_set():
            store.create(f"key {number}", prefix="pk_")
            number += 1
        store.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        results = [invoke("backup", f"copy-{number}", "--json") for number in range(3)]
    finally:
        stop.set()
        writer.join()
    assert [found.exit_code for found in results] == [0, 0, 0]
    for found in results:
        rows = json.loads(found.stdout)["rows"]
        assert rows["keys"] == rows["key_secrets"] >= 1


def test_a_restored_copy_knows_the_keys_with_the_pepper_only() -> None:
    """With secrets the copy is a data folder that works; without, it says that its keys need the pepper."""
    key = invoke("keys", "create", "laptop").stdout.strip()
    whole, bare = invoke("backup", "whole", "--with-secrets"), invoke("backup", "bare")
    assert (whole.exit_code, bare.exit_code) == (0, 0)
    assert "--with-secrets" in bare.stderr
    assert "--with-secrets" not in whole.stderr
    assert not (Path("bare") / "pepper").exists()
    store = KeyStore(Path("whole"))
    assert store.profiles()[digest(store.pepper, key)].name == "laptop"
    store.close()


def test_others_can_read_nothing_of_it() -> None:
    """The folder and each file are the owner's alone."""
    invoke("keys", "create", "laptop")
    invoke("backup", "copy", "--with-secrets")
    assert stat.S_IMODE(Path("copy").stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path("copy").iterdir()} == {
        "penstock.db": 0o600,
        "pepper": 0o600,
        "backup.json": 0o600,
    }


def test_verify_finds_what_is_not_what_was_copied() -> None:
    """A changed byte, a lost file, a damaged list: exit code 1 or 3, and a whole one is 0."""
    invoke("keys", "create", "laptop")
    invoke("backup", "copy")
    path = Path("copy/penstock.db")
    content = path.read_bytes()
    assert invoke("backup", "--verify", "copy").exit_code == 0
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert invoke("backup", "--verify", "copy").exit_code == 1
    path.unlink()
    assert invoke("backup", "--verify", "copy").exit_code == 3
    path.write_bytes(content)
    Path("copy/backup.json").write_text("[]")
    assert invoke("backup", "--verify", "copy").exit_code == 1


def test_an_earlier_backup_is_never_written_over() -> None:
    """A folder that holds anything is refused, and keeps what it holds."""
    invoke("keys", "create", "laptop")
    Path("copy").mkdir()
    Path("copy/other").write_text("mine")
    found = invoke("backup", "copy")
    assert (found.exit_code, "name a new folder" in found.stderr) == (2, True)
    assert [path.name for path in Path("copy").iterdir()] == ["other"]


def test_what_only_the_journal_holds_is_in_the_copy() -> None:
    """Restored, the copy tells of every exchange that was over, once; the gateway's own files stay as they were."""
    invoke("keys", "create", "laptop")
    engine = open_database(Path("data/penstock.db"))
    stored, fresh, left, hanging = (entry(name) for name in ("stored", "fresh", "left", "hanging"))
    Ledger(engine).append([stored])
    with Journal(Path("data/journal")) as dead:
        dead.opened(left.opened)
        dead.closed(left)
        dead.opened(hanging.opened)
    with Journal(Path("data/journal")) as living:
        for one in (stored, fresh):
            living.opened(one.opened)
            living.closed(one)
        living.opened(opened("under-way"))
        # Of a name that begins with a dot is the segment that the journal has ready: its thread may be making it.
        there = (path for path in Path("data").rglob("[!.]*") if path.is_file())
        files = [path for path in there if path.suffix != ".db-shm"]
        before = [path.read_bytes() for path in files]
        found = invoke("backup", "copy", "--with-secrets", "--json")
        after = [path.read_bytes() for path in files]
    assert (found.exit_code, json.loads(found.stdout)["rows"]["entries"]) == (0, 4)
    assert after == before
    engine.dispose()
    Path("data").rename("lost")
    Path("copy").rename("data")
    told = {line["id"]: line["outcome"] for line in map(json.loads, invoke("log", "--json").stdout.splitlines())}
    assert told == {"stored": "served", "fresh": "served", "left": "served", "hanging": "killed"}


def test_a_copy_of_another_release_stays_as_it_is() -> None:
    """A database that this release would migrate is copied as it is, and what the copy lacks is said."""
    invoke("keys", "create", "laptop")
    with contextlib.closing(sqlite3.connect("data/penstock.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        connection.commit()
    with Journal(Path("data/journal")) as living:
        one = entry("fresh")
        living.opened(one.opened)
        living.closed(one)
        found = invoke("backup", "copy", "--json")
    assert (found.exit_code, json.loads(found.stdout)["schema"]) == (0, "0003")
    assert "what only the journal holds is not in this copy" in found.stderr
