"""One file of the journal: preallocated, mapped into memory, appended to by one thread and emptied by another.

What is written into the mapping belongs to the kernel at once and outlives a killed process without any system call.
The file is allocated before it is mapped: a full disk shows when a segment is made, never as SIGBUS when it is written.
The lock on it says that its owner lives. Nothing here knows a clock, a thread or a database.
"""

import contextlib
import errno
import fcntl
import mmap
import os
import zlib
from collections import deque
from pathlib import Path

from penstock.core.entry import Entry, Opened
from penstock.ledger.records import CHECKSUM, LENGTH_AT, MAGIC, Record, read

# A file system that knows neither preallocation nor shared mappings: the record is written with a system call instead.
_NO_MAPPING = {errno.EINVAL, errno.ENODEV, errno.ENOSYS, errno.EOPNOTSUPP}
# Linux 5.14, linux/mman.h: makes the pages writable ahead of the first write. Elsewhere each page faults once.
_MADV_POPULATE_WRITE = 23
# The interpreter stands still while the kernel populates; a slice takes well under a tenth of a millisecond.
_POPULATE_BYTES = 256 * 1024


class Segment:
    """A segment that this process writes. One thread appends, another takes entries out and, at last, deletes it."""

    __slots__ = ("_flying", "_read", "at", "descriptor", "fresh", "gone", "limit", "open", "path", "sealed", "view")

    def __init__(self, path: Path, descriptor: int, mapped: mmap.mmap | None) -> None:
        self.path = path
        self.descriptor = descriptor
        self.view = mapped
        self.at = len(MAGIC)
        self.limit = 0 if mapped is None else len(mapped)
        """Up to here ``put`` may write without asking; 0 where each record needs more than a copy."""
        self.open: dict[str, Opened] = {}
        """The exchanges opened here that nothing has closed yet."""
        self.fresh: deque[Entry] | None = deque()
        """The entries written here that are not in the database; None: they are read from the file, to keep fewer."""
        self.sealed = False
        self.gone = False
        """Somebody has deleted the file, or it failed: nothing may be added, and what is open belongs elsewhere."""
        self._flying: list[Entry] = []
        self._read = len(MAGIC)

    @classmethod
    def create(cls, path: Path, size: int, *, mapped: bool) -> "Segment":
        """A new, empty, locked segment at ``path``; OSError when the disk has no room or no file may be made."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            view = _mapping(descriptor, size) if mapped else None
            _write_all(descriptor, MAGIC, 0)
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return cls(path, descriptor, view)

    def publish(self, path: Path) -> None:
        """From now on the file stands at ``path``."""
        self.path = self.path.rename(path)

    def put(self, frame: bytes | bytearray) -> None:
        """Add a record: its checksum and then ``frame``, which begins with its length. The caller has seen to room."""
        view, at = self.view, self.at
        end = at + LENGTH_AT + len(frame)
        if view is None:
            _write_all(self.descriptor, CHECKSUM.pack(zlib.crc32(frame)) + frame, at)
        else:
            CHECKSUM.pack_into(view, at, zlib.crc32(frame))
            view[at + LENGTH_AT : end] = frame
        self.at = end

    def has_room(self, frame: bytes | bytearray, size: int) -> bool:
        """Whether the record fits, into a segment of ``size`` bytes where it is not mapped."""
        most = size if self.view is None else len(self.view)
        return not self.gone and self.at + LENGTH_AT + len(frame) <= most

    def allow(self) -> None:
        """Let records be written without asking, as far as the mapping goes."""
        self.limit = 0 if self.view is None or self.gone else len(self.view)

    def populate(self) -> None:
        """Make all pages writable now, so that no record waits for one later."""
        if self.view is None:
            return
        with contextlib.suppress(OSError):
            for start in range(0, len(self.view), _POPULATE_BYTES):
                self.view.madvise(_MADV_POPULATE_WRITE, start, min(_POPULATE_BYTES, len(self.view) - start))

    def synchronize(self) -> None:
        """Wait until the disk has everything."""
        os.fdatasync(self.descriptor)

    def note(self, record: Record) -> None:
        """Remember a record that has been put here."""
        if isinstance(record, Opened):
            self.open[record.id] = record
        elif self.fresh is not None:
            self.fresh.append(record)

    def take(self, most: int) -> list[Entry]:
        """Up to ``most`` entries that are not in the database yet; the same ones until ``taken``."""
        fresh = self.fresh
        if self._flying:
            return self._flying
        if fresh is None:
            self._flying = self._from_file(most)
        else:
            while fresh and len(self._flying) < most:
                self._flying.append(fresh.popleft())
        return self._flying

    def taken(self) -> None:
        """What ``take`` gave is in the database."""
        self._flying = []

    @property
    def pending(self) -> bool:
        """Some entries of this segment are not in the database."""
        return bool(self._flying or (self._read < self.at if self.fresh is None else self.fresh))

    @property
    def waiting(self) -> int:
        """Entries in memory that are not in the database."""
        return len(self._flying) + len(self.fresh or ())

    @property
    def unread(self) -> int:
        """Bytes to be read back for more of them."""
        return self.at - self._read if self.fresh is None else 0

    def unmap(self) -> None:
        """Nothing more will be written."""
        if self.view is not None:
            self.view.close()
            self.view = None

    def close(self, *, delete: bool) -> None:
        """Let go of the file; with ``delete`` it was all in the database."""
        if delete:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
        self.unmap()
        os.close(self.descriptor)

    def _from_file(self, most: int) -> list[Entry]:
        # By descriptor and not by name: it also reads a file that somebody has deleted.
        data = os.pread(self.descriptor, self.at - self._read, self._read)
        found: list[Entry] = []
        start = self._read
        for end, record in read(data, 0):
            self._read = start + end
            if isinstance(record, Entry):
                found.append(record)
                if len(found) == most:
                    break
        return found


def _mapping(descriptor: int, size: int) -> mmap.mmap | None:
    try:
        os.posix_fallocate(descriptor, 0, size)
        return mmap.mmap(descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    except OSError as error:
        if error.errno not in _NO_MAPPING:
            raise
        os.ftruncate(descriptor, 0)
        return None


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    written = os.pwrite(descriptor, data, at)
    if written != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
