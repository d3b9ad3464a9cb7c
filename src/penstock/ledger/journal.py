"""The journal of one process: every exchange is written down here before anything else is done with it.

``opened`` and ``closed`` are called on the event loop, for each request, and are two copies into mapped memory: no
system call, no lock, nothing to wait for. A thread of its own has the next segment ready, heals what failed, and
synchronizes where that is wanted. Records that cannot be written are held in memory, in order, up to a stated bound;
past it ``accepting`` is False. Opened after the process has forked, and used by one thread.
"""

import itertools
import logging
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from penstock.core.entry import Entry, Opened
from penstock.ledger.records import CHECKSUM, LENGTH_AT, MAGIC, PAYLOAD_AT, SUFFIX, Record, frame, tamed
from penstock.ledger.segment import Segment

log = logging.getLogger(__name__)

FOLDER = "journal"
"""The journal's name in the data folder."""
SEGMENT_BYTES = 4 * 1024 * 1024
HOLD_BYTES = 16 * 1024 * 1024
HOLD_RECORDS = 20_000
# Between two looks at what failed, at the spare segment and, with ``second``, between two synchronizations.
_TICK_SECONDS = 0.5

# What was carried over sorts before all that came after it: an exchange is opened before it is closed.
_FIRST_NUMBER = 10_000_000

Fsync = Literal["never", "second", "always"]


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says of itself, for metrics and ``doctor``."""

    accepting: bool
    """Whether new requests may come in: what they would write down has room."""
    mapped: bool
    """Records go into mapped memory; False: with a system call each, because the file system can do no better."""
    segments: int
    """Files in use."""
    open: int
    """Exchanges under way."""
    held: int
    """Records in memory that no file has yet; they would be lost with the process."""
    held_bytes: int
    error: str
    """Why they are held, in words; empty while all is well."""
    failing_for: float
    """Seconds since then; 0 while all is well."""


class Journal:
    """Appends records of exchanges. A context manager: open for as long as requests may come."""

    def __init__(
        self,
        folder: Path,
        *,
        fsync: Fsync = "never",
        hold_records: int = HOLD_RECORDS,
        hold_bytes: int = HOLD_BYTES,
        segment_bytes: int = SEGMENT_BYTES,
        mapped: bool = hasattr(os, "posix_fallocate"),
    ) -> None:
        self.folder = folder
        self.accepting = True
        """False: answer new requests with 503. What is under way may still be closed."""
        self._fsync = fsync
        self._most = hold_records, hold_bytes
        self._size = segment_bytes
        self._mapped = mapped
        self._owner = f"{time.time_ns() // 1_000_000:012x}{os.urandom(4).hex()}"
        self._numbers = itertools.count(_FIRST_NUMBER)
        self._carried_numbers = itertools.count(1)
        self._encode_into = msgspec.msgpack.Encoder().encode_into
        self._buffer = bytearray(2048)
        self._lock = threading.Lock()
        """Held by whoever does more than copy a record into the segment in use."""
        self._held: deque[Record] = deque()
        self._held_bytes = 0
        self._error, self._failing_since = "", 0.0
        self._spare: Segment | None = None
        self._kept: list[Segment] = []
        self._segment = _NOWHERE
        self._ending = threading.Event()
        self._wanted = threading.Event()
        with self._lock:
            self._heal()
        self._thread = threading.Thread(target=self._tend, name="journal", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def opened(self, record: Opened) -> None:
        """An exchange begins: before the provider is called."""
        segment = self._append(record)
        if segment is not None:
            segment.open[record.id] = record

    def closed(self, record: Entry) -> None:
        """An exchange is over: before the last byte of its answer is handed to the socket."""
        segment = self._append(record)
        if segment is not None:
            if segment.open.pop(record.opened.id, None) is None:
                self._closed_elsewhere(record)
            if segment.fresh is not None:
                segment.fresh.append(record)

    def state(self) -> JournalState:
        """How it is; may be asked from any thread."""
        kept = self.kept()
        since = self._failing_since
        return JournalState(
            accepting=self.accepting,
            mapped=self._segment.view is not None,
            segments=len(kept) + (self._spare is not None),
            open=sum(len(segment.open) for segment in kept),
            held=len(self._held),
            held_bytes=self._held_bytes,
            error=self._error,
            failing_for=time.monotonic() - since if self._error else 0.0,
        )

    def kept(self) -> Sequence[Segment]:
        """The segments that are not in the database, or that know of exchanges under way; oldest first."""
        return tuple(self._kept)

    def held_entries(self) -> Sequence[Entry]:
        """Entries that no file has, for a last attempt to bring them into the database when the process ends."""
        with self._lock:
            return [record for record in self._held if isinstance(record, Entry)]

    def forget_held(self) -> None:
        """They are in the database. What was only opened by then is over with the process, and nobody asks for it."""
        with self._lock:
            self._held.clear()
            self._held_bytes = 0

    def release(self, segment: Segment) -> None:
        """Delete a sealed segment: its entries are in the database, and none of its exchanges is under way."""
        with self._lock:
            segment.close(delete=True)
            self._kept.remove(segment)

    def carry(self, stuck: Sequence[Segment]) -> None:
        """Write down anew, in one small segment, what is still under way in ``stuck``, so that those can go."""
        frames = [(record, frame(record)) for segment in stuck for record in list(segment.open.values())]
        size = len(MAGIC) + sum(LENGTH_AT + len(framed) for _, framed in frames) + PAYLOAD_AT
        carried = self._create(size)
        for _, framed in frames:
            carried.put(framed)
        carried.open.update((record.id, record) for record, _ in frames)
        carried.sealed = True
        self._published(carried, next(self._carried_numbers))
        with self._lock:
            self._kept.insert(0, carried)
        for record, _ in frames:
            # Closed in between: the loop has found it in its old place, so it must not stay open in the new one.
            if all(segment.open.pop(record.id, None) is None for segment in stuck):
                carried.open.pop(record.id, None)
        carried.unmap()

    def close(self) -> None:
        """Let go of all files. What is not in the database stays for the next start."""
        self._ending.set()
        self._wanted.set()
        self._thread.join()
        with self._lock:
            self._heal()
            if self._held:
                log.error("the journal could not write %d records, they are lost: %s", len(self._held), self._error)
            if self._spare is not None:
                self._kept.append(self._spare)
            self._segment, self._spare = _NOWHERE, None
            for segment in self._kept:
                try:
                    segment.close(delete=not segment.pending and not segment.open)
                except OSError:
                    segment.close(delete=False)
            self._kept = []

    def _append(self, record: Record) -> Segment | None:
        buffer = self._buffer
        try:
            self._encode_into(record, buffer, LENGTH_AT)
        except (UnicodeEncodeError, OverflowError):
            # A text or number that only a mistake of ours lets in; the exchange must end in the books all the same.
            return self._append(tamed(record))
        CHECKSUM.pack_into(buffer, 0, len(buffer) - LENGTH_AT)
        segment = self._segment
        at = segment.at
        end = at + LENGTH_AT + len(buffer)
        if end > segment.limit:
            return self._append_slowly(record)
        view = segment.view
        CHECKSUM.pack_into(view, at, zlib.crc32(buffer))  # type: ignore[arg-type] # a limit means that there is a view
        view[at + LENGTH_AT : end] = buffer  # type: ignore[index] # the same
        segment.at = end
        return segment

    def _append_slowly(self, record: Record) -> Segment | None:
        with self._lock:
            if not self._held:
                try:
                    return self._write(self._buffer)
                except OSError as error:
                    self._fail(error)
                    # From here on everything waits its turn, also what would still fit.
                    self._segment.limit = 0
            self._held.append(record)
            self._held_bytes += len(self._buffer)
            self._judge()
            return None

    def _write(self, framed: bytes | bytearray) -> Segment:
        if not self._segment.has_room(framed, self._size):
            self._rotate(len(framed))
        segment = self._segment
        try:
            segment.put(framed)
            if self._fsync == "always":
                segment.synchronize()
        except OSError:
            # What stands at the end of this file is not known any more.
            segment.gone = True
            raise
        return segment

    def _rotate(self, length: int) -> None:
        following = self._following(len(MAGIC) + LENGTH_AT + length)
        if self._fsync == "always":
            following.limit = 0
        # Two segments' entries stay in memory; a writer that is further behind reads the others from their files.
        for segment in self._kept[:-1]:
            if segment.fresh:
                segment.fresh = None
        self._segment.sealed = self._segment is not _NOWHERE
        self._kept.append(following)
        self._segment = following
        self._wanted.set()

    def _following(self, least: int) -> Segment:
        if self._spare is None or least > self._size:
            return self._published(self._create(max(self._size, least)), next(self._numbers))
        spare, self._spare = self._spare, None
        return self._published(spare, next(self._numbers))

    def _create(self, size: int) -> Segment:
        # Under a name that nobody looks for, so that it can be locked before anyone takes it for a dead process's.
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self.folder / f".{self._owner}-{os.urandom(4).hex()}{SUFFIX}"
        return Segment.create(path, size, mapped=self._mapped)

    def _published(self, segment: Segment, number: int) -> Segment:
        """The same, under its own name: readers take a process's segments in the order of their numbers."""
        try:
            segment.publish(self.folder / f"{self._owner}-{number:08d}{SUFFIX}")
            if self._fsync != "never":
                _synchronize_folder(self.folder)
        except OSError:
            segment.close(delete=False)
            raise
        return segment

    def _closed_elsewhere(self, record: Entry) -> None:
        for segment in self.kept():
            if segment.open.pop(record.opened.id, None) is not None:
                return

    def _tend(self) -> None:
        while not self._ending.is_set():
            self._wanted.wait(_TICK_SECONDS)
            self._wanted.clear()
            with self._lock:
                self._look_after_files()
                if self._held or self._segment is _NOWHERE:
                    self._heal()
            self._prepare()
            if self._fsync == "second":
                self._synchronize()

    def _look_after_files(self) -> None:
        segment, spare = self._segment, self._spare
        if segment is not _NOWHERE and not os.fstat(segment.descriptor).st_nlink:
            # The loop's next record goes the slow way, and there to a new file.
            segment.gone, segment.limit = True, 0
        if spare is not None and not os.fstat(spare.descriptor).st_nlink:
            self._spare = None
            spare.close(delete=False)
        for sealed in self._kept:
            if sealed.sealed:
                sealed.unmap()

    def _prepare(self) -> None:
        if self._spare is not None or self._error:
            return
        try:
            spare = self._create(self._size)
        except OSError:
            # Told when it is needed: the segment in use may last for hours.
            return
        spare.populate()
        with self._lock:
            self._spare = spare

    def _synchronize(self) -> None:
        with self._lock:
            # Copies: the writer may let go of a segment meanwhile.
            descriptors = [os.dup(segment.descriptor) for segment in self._kept[-2:]]
        for descriptor in descriptors:
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                log.warning("the journal could not be synchronized: %s", error.strerror)
            finally:
                os.close(descriptor)

    def _heal(self) -> None:
        try:
            if self._segment is _NOWHERE:
                self._rotate(0)
            while self._held:
                record = self._held[0]
                framed = frame(record)
                segment = self._write(framed)
                self._held.popleft()
                self._held_bytes -= len(framed)
                segment.note(record)
                if isinstance(record, Entry):
                    self._closed_elsewhere(record)
            if self._fsync != "always":
                self._segment.allow()
        except OSError as error:
            self._fail(error)
        else:
            if self._error:
                log.warning("the journal is written again; it failed with: %s", self._error)
            self._error = ""
        self._judge()

    def _fail(self, error: OSError) -> None:
        words = f"{error.strerror or type(error).__name__}: {error.filename or self.folder}"
        if not self._error:
            self._failing_since = time.monotonic()
            log.error("the journal cannot be written, records are held in memory: %s", words)
        self._error = words

    def _judge(self) -> None:
        records, size = self._most
        accepting = len(self._held) < records and self._held_bytes < size
        if accepting != self.accepting:
            self.accepting = accepting
            log.error("the journal holds %d records: new requests are %s", len(self._held), _WORDS[accepting])


_NOWHERE = Segment(Path(os.devnull), -1, None)
"""Stands in for a segment while none could be made: has no room for any record."""
_NOWHERE.gone = True
_WORDS = {True: "taken again", False: "answered 503"}


def _synchronize_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
