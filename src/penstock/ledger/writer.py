"""Moves finished exchanges from the journal into the database: in batches, in a thread of its own, each once.

The path never waits for it. While the database is locked, gone or full, segments stay and are tried again; a writer
that is far behind reads them back from their files, so memory stays bounded. A segment is deleted after its entries
are committed, never before.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from penstock.core.books import BooksError
from penstock.core.entry import Entry
from penstock.ledger.journal import Journal
from penstock.ledger.recovery import AT_ONCE, Books, Killed, killed, recover
from penstock.ledger.segment import Segment

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.5
"""Between two looks at the journal: how far reports are behind while all is well."""
LONGEST_WAIT_SECONDS = 8.0
RECOVERY_SECONDS = 5.0
"""Between two looks for other processes' journals: a worker that died is in the books this soon."""
STUCK_SEGMENTS = 8
"""So many are kept for the sake of exchanges under way; with more, these are written down anew in one."""


class WriterState(msgspec.Struct, frozen=True, kw_only=True):
    """What the writer says of itself, for metrics and ``doctor``."""

    stored: int
    """Entries that went into the database since the process began."""
    waiting: int
    """Entries in memory that are to go there."""
    waiting_bytes: int
    """Of the journal, to be read back for more of them."""
    behind: float
    """Seconds since the database had everything."""
    error: str
    """Why it does not take anything, in words; empty while all is well."""
    failing_for: float
    """Seconds since then; 0 while all is well."""


class _Heard:
    """The books, and whoever hears what goes into them."""

    def __init__(self, books: Books, hear: Callable[[Sequence[Entry]], None]) -> None:
        self._books = books
        self._hear = hear

    def append(self, entries: Sequence[Entry]) -> None:
        """Told when they are in."""
        self._books.append(entries)
        self._hear(entries)


class Writer:
    """A context manager: at its end a last attempt is made to bring everything into the database."""

    def __init__(
        self,
        journal: Journal,
        books: Books,
        *,
        ending: Killed = killed,
        period: float = PERIOD_SECONDS,
        found: Callable[[Sequence[Entry]], None] | None = None,
    ) -> None:
        """``found`` hears of what dead processes left, once it is in the books."""
        self._journal = journal
        self._books = books
        self._rescued: Books = books if found is None else _Heard(books, found)
        self.recovered = threading.Event()
        """What was left before this process began is in the books, or somebody else is at it."""
        self._ending = ending
        self._period = period
        self._stored = 0
        self._whole_at = time.monotonic()
        self._error, self._failing_since = "", 0.0
        self._recover_at = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="books", daemon=True)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def state(self) -> WriterState:
        """How it is; may be asked from any thread."""
        kept = self._journal.kept()
        waiting, unread = sum(segment.waiting for segment in kept), sum(segment.unread for segment in kept)
        now = time.monotonic()
        return WriterState(
            stored=self._stored,
            waiting=waiting,
            waiting_bytes=unread,
            behind=now - self._whole_at if waiting or unread else 0.0,
            error=self._error,
            failing_for=now - self._failing_since if self._error else 0.0,
        )

    def _run(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            went_well = self._attempt(self._work)
            wait = self._period if went_well else min(LONGEST_WAIT_SECONDS, max(wait, self._period) * 2)
        self._attempt(self._store)
        self._attempt(self._rescue)

    def _work(self) -> None:
        self._store()
        if time.monotonic() >= self._recover_at:
            recover(self._journal.folder, self._rescued, self._ending)
            self.recovered.set()
            self._recover_at = time.monotonic() + RECOVERY_SECONDS

    def _attempt(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except BooksError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"{error.strerror}: {error.filename}")
        except Exception as bug:  # a thread that ends on a bug would leave the books open without a word
            if not self._error:
                log.error("a bug in writing the books", exc_info=bug)
            self._fail(f"a bug: {type(bug).__name__}")
        else:
            if self._error:
                log.warning("the books are written again; they failed with: %s", self._error)
            self._error = ""
        return not self._error

    def _store(self) -> None:
        for segment in self._journal.kept():
            while entries := segment.take(AT_ONCE):
                self._books.append(entries)
                self._stored += len(entries)
                segment.taken()
        self._whole_at = time.monotonic()
        self._tidy([segment for segment in self._journal.kept() if segment.sealed and not segment.pending])

    def _tidy(self, done: Sequence[Segment]) -> None:
        for segment in done:
            if not segment.open:
                self._journal.release(segment)
        stuck = [segment for segment in done if segment.open]
        if len(stuck) > STUCK_SEGMENTS or any(segment.gone for segment in stuck):
            self._journal.carry(stuck)

    def _rescue(self) -> None:
        """The process ends, and no file could be written: what is in memory alone goes straight into the database."""
        held = iter(self._journal.held_entries())
        while some := list(islice(held, AT_ONCE)):
            self._books.append(some)
        self._journal.forget_held()

    def _fail(self, words: str) -> None:
        if not self._error:
            self._failing_since = time.monotonic()
            log.error("the books cannot be written, entries stay in the journal: %s", words)
        self._error = words
