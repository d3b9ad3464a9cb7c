"""What a process left behind that is not there any more: its journal goes into the database, and is deleted then.

A segment whose lock can be had has no owner. One process at a time does this, and takes a dead one's segments all
together or not at all: an exchange may have been opened in one and closed in another. Whatever is interrupted here is
done again next time; the database takes each entry once.
"""

import contextlib
import fcntl
import itertools
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from penstock.core.entry import Entry, Opened
from penstock.core.usage import Consumption
from penstock.ledger.records import SUFFIX, ended_cleanly, replay

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Entries in one transaction."""
TORN = ".torn"
_LOCK = "recovery.lock"
_NAME = re.compile(rf"([0-9a-f]{{20}})-[0-9]{{8}}{re.escape(SUFFIX)}")
# Between its making and its locking a file looks like a dead process's: microseconds, so this is long enough.
_UNLOCKED_SECONDS = 10.0
_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.05


class Books(Protocol):
    """Where entries go in the end."""

    def append(self, entries: Sequence[Entry]) -> None:
        """All of them or none; those that are there already stay as they are. BooksError when it can't be done now."""


Killed = Callable[[Opened], Entry]
"""Makes the entry of an exchange that its process did not survive."""


class Recovered(msgspec.Struct, frozen=True):
    """What was found."""

    processes: int = 0
    entries: int = 0
    """Closed entries; most of them are in the database already where a process lived long."""
    killed: int = 0
    """Exchanges that were under way."""


def killed(opened: Opened) -> Entry:
    """The entry of an exchange whose end nobody saw: what it used is unknown."""
    return Entry(
        opened=opened,
        outcome="killed",
        status=0,
        fault="",
        blame="gateway",
        consumption=Consumption(missing=True),
        price="",
        cost=0,
        bytes_out=0,
        first_byte=0.0,
        duration=0.0,
        overhead=0.0,
    )


def recover(folder: Path, books: Books, ending: Killed = killed) -> Recovered | None:
    """Bring what dead processes left in ``folder`` into the books; None while another process is at it."""
    with contextlib.ExitStack() as undo:
        lock = _locked(folder / _LOCK, os.O_CREAT) if folder.is_dir() else None
        if lock is None:
            return None
        undo.callback(os.close, lock)
        found: list[Recovered] = []
        failed: list[OSError] = []
        for paths in by_process(folder):
            try:
                found.append(_take_over(paths, books, ending))
            except OSError as error:
                # One file that can't be read is no reason to leave other processes' exchanges out of the books.
                failed.append(error)
        if failed:
            raise failed[0]
        _sweep(folder)
    return Recovered(*(sum(column) for column in zip(*(msgspec.structs.astuple(one) for one in found), strict=True)))


def settle(folder: Path, books: Books, ending: Killed = killed) -> Recovered:
    """Before a report: bring in what no living process will. Waits a moment for another process that is at it."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while folder.is_dir() and time.monotonic() < until:
        found = recover(folder, books, ending)
        if found is not None:
            return found
        time.sleep(_POLL_SECONDS)
    return Recovered()


def living(folder: Path) -> bool:
    """Whether a process is there that keeps its journal in ``folder``."""
    for paths in by_process(folder) if folder.is_dir() else ():
        for path in paths:
            descriptor = _locked(path)
            if descriptor is not None:
                os.close(descriptor)
            elif path.exists():
                return True
    return False


def by_process(folder: Path) -> Iterator[Sequence[Path]]:
    """The segments of each process that wrote into ``folder``, in the order in which it wrote them."""
    named = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    for _, paths in itertools.groupby(named, key=lambda path: path.name.partition("-")[0]):
        yield list(paths)


def _take_over(paths: Sequence[Path], books: Books, ending: Killed) -> Recovered:
    with contextlib.ExitStack() as undo:
        for path in paths:
            descriptor = _locked(path)
            if descriptor is None:
                return Recovered()
            undo.callback(os.close, descriptor)
        under_way: dict[str, Opened] = {}
        entries = 0
        for path in paths:
            for some in _in_batches(closed(path.read_bytes(), under_way)):
                books.append(some)
                entries += len(some)
        for some in _in_batches(map(ending, under_way.values())):
            books.append(some)
        for path in paths:
            _put_away(path)
    if entries or under_way:
        log.info("took over a journal: %d entries, %d exchanges under way when it ended", entries, len(under_way))
    return Recovered(1, entries, len(under_way))


def closed(data: bytes, under_way: dict[str, Opened]) -> Iterator[Entry]:
    """The entries of one segment; ``under_way`` gains what is opened in it and loses what is closed."""
    for record in replay(data):
        if isinstance(record, Opened):
            under_way[record.id] = record
        else:
            under_way.pop(record.opened.id, None)
            yield record


def _in_batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    source = iter(entries)
    while some := list(itertools.islice(source, AT_ONCE)):
        yield some


def _put_away(path: Path) -> None:
    if ended_cleanly(path.read_bytes()):
        path.unlink()
        return
    # Something stands behind the last record that can be read; whoever wants to look for it finds it.
    path.rename(path.with_name(path.name + TORN))
    log.warning("a journal is torn, what was readable is in the books, the rest is kept in %s", path.name + TORN)


def _sweep(folder: Path) -> None:
    """Segments that a dead process had made ready and never used."""
    for path in folder.glob(f".*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _UNLOCKED_SECONDS and (descriptor := _locked(path)) is not None:
                path.unlink()
                os.close(descriptor)


def _locked(path: Path, flags: int = 0) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    if not os.fstat(descriptor).st_nlink:
        os.close(descriptor)
        return None
    return descriptor
