"""Database and journal in trouble: requests go on, the books are whole afterwards, and the log and the doctor tell."""

import contextlib
import resource
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.path.books.scene import (
    Clients,
    Upstream,
    configuration,
    doctor,
    entries,
    journals,
    reconcile,
    said,
    served,
)
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.waiting import until

Trouble = Callable[[Gateway], contextlib.AbstractContextManager[str]]

STOPPED = "the books cannot be written, entries stay in the journal: "
AGAIN = "the books are written again"


@contextlib.contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """Something is mounted on the folder meanwhile; needs a superuser, and skips the test where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", *arguments, str(folder)], capture_output=True).returncode:
        pytest.skip("skipped: mounting needs a superuser")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on a small disk."""
    path = folder / "filler"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


@contextlib.contextmanager
def locked(gateway: Gateway) -> Iterator[str]:
    """Another program holds the database."""
    path = gateway.folder / "data" / "penstock.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield "database is locked"
        database.execute("ROLLBACK")


@contextlib.contextmanager
def limited(gateway: Gateway) -> Iterator[str]:
    """The kernel lets no file of the gateway's grow any more, as with a quota."""
    size = (gateway.folder / "data" / "penstock.db-wal").stat().st_size
    before = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    yield "disk I/O error"
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def full(gateway: Gateway) -> Iterator[str]:
    """The disk is full."""
    filler = fill(gateway.folder / "data")
    yield "database or disk is full"
    filler.unlink()


@contextlib.contextmanager
def gone(gateway: Gateway) -> Iterator[str]:
    """Somebody has moved the database away."""
    names = list((gateway.folder / "data").glob("penstock.db*"))
    for name in names:
        name.rename(name.with_name(f"away-{name.name}"))
    yield "the database file is gone"
    for name in names:
        name.with_name(f"away-{name.name}").rename(name)


TOLD = {
    locked: ("database", "takes no writes: database is locked"),
    gone: ("database", "is gone, though a gateway has run here"),
    full: ("data", "0.0 GB free"),
    limited: ("books", "the database takes no entries"),
}


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [(locked, 0), pytest.param(locked, 60, marks=pytest.mark.long), (gone, 0), (full, 0), (limited, 0)],
    ids=["locked", "locked for a minute", "gone", "on a full disk", "not allowed to grow"],
)
def test_the_database_takes_nothing(tmp_path: Path, trouble: Trouble, seconds: float) -> None:
    """Nobody waits for it and nobody is refused; the log says when it begins and ends, and nothing is missing after."""
    upstream, disk = Upstream(), contextlib.ExitStack()
    if trouble is full:
        disk.enter_context(mounted(tmp_path / "data", "-t", "tmpfs", "-o", "size=16m", "tmpfs"))
    with disk, Provider(upstream) as provider, Clients(20, pause=0.02) as clients:
        with Gateway(configuration(provider), tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: len(entries(tmp_path)) > 20)
            assert doctor(gateway)["books", "good"] == "the gateway that runs writes them"
            with trouble(gateway) as words:
                before, began = served(clients), time.monotonic()
                until(lambda: said(gateway, STOPPED + words))
                found = doctor(gateway)
                about, what = TOLD[trouble]
                assert what in found[about, "problem"]
                assert "the database takes no entries" in found["books", "problem"]
                until(lambda: time.monotonic() - began >= seconds, seconds + 1)
                during = served(clients) - before
            until(lambda: said(gateway, AGAIN), 30)
            until(lambda: ("books", "good") in doctor(gateway))
            clients.turn_to(None)
            until(clients.quiet)
            assert gateway.stop() == 0
        assert (said(gateway, STOPPED), said(gateway, AGAIN)) == (1, 1)
        found = reconcile(tmp_path, clients, upstream)
    assert during > 50
    assert set(clients.ended.values()) == {200, 401}
    assert clients.slowest < 5
    assert clients.broken == set()
    print(f"{trouble.__name__}: {during} served meanwhile, the slowest in {clients.slowest:.2f} s; {dict(found)}")


def test_a_database_that_was_deleted(tmp_path: Path) -> None:
    """What it had is lost with it; what came after waits in the journal, and the next start's database has it."""
    upstream = Upstream()
    with Provider(upstream) as provider, Clients(20, pause=0.02) as clients:
        with Gateway(configuration(provider), tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: len(entries(tmp_path)) > 20)
            for path in (tmp_path / "data").glob("penstock.db*"):
                path.unlink()
            until(lambda: said(gateway, STOPPED + "the database file is gone"))
            before = set(upstream.counted)
            until(lambda: served(clients) > len(before) + 50)
            clients.turn_to(None)
            until(clients.quiet)
            assert gateway.stop() == 0
        assert journals(tmp_path)
        after = upstream.counted.keys() - before
        with Gateway(configuration(provider), tmp_path):
            until(lambda: after <= {row.trace for row in entries(tmp_path)})
        assert journals(tmp_path) == []
    found = [row for row in entries(tmp_path) if row.trace in after]
    assert len(found) == len(after)
    assert set(clients.ended.values()) == {200, 401}


Prepared = Callable[[Path], contextlib.AbstractContextManager[None]]
Blocking = Callable[[Path], contextlib.AbstractContextManager[str]]


def as_it_is(_: Path) -> contextlib.AbstractContextManager[None]:
    """Needs nothing."""
    return contextlib.nullcontext()


@contextlib.contextmanager
def blocked(folder: Path) -> Iterator[str]:
    """A file stands where the folder should be."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.write_text("in the way")
    yield "File exists"
    folder.unlink()


def small(folder: Path) -> contextlib.AbstractContextManager[None]:
    """A disk of its own."""
    return mounted(folder, "-t", "tmpfs", "-o", "size=6m,mode=700", "tmpfs")


@contextlib.contextmanager
def crowded(folder: Path) -> Iterator[str]:
    """The disk is full."""
    filler = fill(folder)
    yield "No space left on device"
    filler.unlink()


def bound(folder: Path) -> contextlib.AbstractContextManager[None]:
    """A file system of its own, though not a disk."""
    return mounted(folder, "--bind", str(folder))


@contextlib.contextmanager
def frozen(folder: Path) -> Iterator[str]:
    """The file system is read-only."""
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    yield "Read-only file system"
    subprocess.run(["mount", "-o", "remount,bind,rw", str(folder)], check=True)


HELD = "the journal cannot be written, records are held in memory: "
WELL = "the journal is written again"
REFUSED, TAKEN = "new requests are answered 503", "new requests are taken again"


@pytest.mark.parametrize(
    ("prepared", "trouble", "told", "from_the_start"),
    [
        (as_it_is, blocked, "is no folder", True),
        (as_it_is, blocked, "is no folder", False),
        # In the middle the segment in use has its room: that shows with the next one, four megabytes later.
        (small, crowded, "0 MB free", True),
        (bound, frozen, "is read-only", True),
    ],
    ids=["a file in its place", "its folder deleted in the middle", "on a full disk", "read-only"],
)
def test_the_journal_takes_nothing(
    tmp_path: Path, prepared: Prepared, trouble: Blocking, told: str, *, from_the_start: bool
) -> None:
    """Up to the bound requests go on, past it they are answered 503; then all goes on, and nothing is missing."""
    upstream, folder, stack = Upstream(), tmp_path / "data" / "journal", contextlib.ExitStack()
    config = {"journal": {"hold_records": 600}}
    with prepared(folder), Provider(upstream) as provider, Clients(20, pause=0.02) as clients, stack:
        words = stack.enter_context(trouble(folder)) if from_the_start else ""
        with Gateway(configuration(provider, **config), tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: served(clients) > 50)
            words = words or stack.enter_context(trouble(folder))
            until(lambda: said(gateway, HELD + words))
            until(lambda: 503 in clients.ended.values())
            found = doctor(gateway)
            assert told in found["journal", "problem"]
            assert "NEW REQUESTS ARE ANSWERED 503" in found["books", "problem"]
            before = served(clients)
            assert before > 150
            stack.close()
            until(lambda: said(gateway, WELL))
            until(lambda: served(clients) > before + 50)
            until(lambda: ("books", "good") in doctor(gateway))
            clients.turn_to(None)
            until(clients.quiet)
            assert gateway.stop() == 0
        assert [said(gateway, line) for line in (HELD, REFUSED, TAKEN, WELL)] == [1, 1, 1, 1]
        assert journals(tmp_path) == []
    found = reconcile(tmp_path, clients, upstream)
    assert set(clients.ended.values()) == {200, 401, 503}
    print(f"{trouble.__name__}: {before} served before the first 503; {dict(found)}")


def test_a_gateway_that_stops_in_trouble_saves_what_it_holds(tmp_path: Path) -> None:
    """No journal could be written from its start to its end, and nothing is missing in the books."""
    upstream = Upstream()
    with blocked(tmp_path / "data" / "journal"), Provider(upstream) as provider, Clients(20, pause=0.02) as clients:
        with Gateway(configuration(provider), tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: served(clients) > 100)
            assert entries(tmp_path) == []
            clients.turn_to(None)
            until(clients.quiet)
            assert gateway.stop() == 0
        reconcile(tmp_path, clients, upstream)
    assert set(clients.ended.values()) == {200, 401}
