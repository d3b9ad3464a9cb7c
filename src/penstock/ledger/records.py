"""How records stand in a journal file, and how they are read back, whatever has become of the file.

A record is a CRC-32 and a length, four bytes each, and a MessagePack payload; the checksum covers length and payload.
After the last record come zeros. What cannot be read whole ends the reading and is never guessed at.
"""

import re
import struct
import zlib
from collections.abc import Iterator

import msgspec

from penstock.core.entry import Entry, Opened

Record = Opened | Entry

MAGIC = b"PNSTKJ1\n"
SUFFIX = ".journal"
LENGTH_AT = 4
"""Where a record's length begins, after its checksum; a *frame* is a record from here on."""
PAYLOAD_AT = 8
CHECKSUM = struct.Struct("<I")

_HEAD = struct.Struct("<II")
_DECODE = msgspec.msgpack.Decoder(Record).decode
_TAG = re.compile(rb"\xa1[oe]")
_INTEGER_MOST = 2**63 - 1


def frame(record: Record) -> bytes:
    """A record as ``Segment.put`` takes it."""
    try:
        payload = msgspec.msgpack.encode(record)
    except (UnicodeEncodeError, OverflowError):
        payload = msgspec.msgpack.encode(tamed(record))
    return CHECKSUM.pack(len(payload)) + payload


def read(data: bytes | memoryview, start: int = len(MAGIC)) -> Iterator[tuple[int, Record]]:
    """The records from ``start`` on, each with the offset after it, up to the end or the first that is not whole."""
    view = memoryview(data)
    while start + PAYLOAD_AT <= len(view):
        checksum, length = _HEAD.unpack_from(view, start)
        end = start + PAYLOAD_AT + length
        if length == 0 or end > len(view) or zlib.crc32(view[start + LENGTH_AT : end]) != checksum:
            return
        try:
            record = _DECODE(view[start + PAYLOAD_AT : end])
        except msgspec.DecodeError:
            return
        yield end, record
        start = end


def replay(data: bytes | memoryview) -> Iterator[Record]:
    """A segment's records up to the end or the first that is not whole; never raises, whatever the bytes are."""
    if data[: len(MAGIC)] == MAGIC:
        for _, record in read(data):
            yield record


def ended_cleanly(data: bytes) -> bool:
    """Nothing was lost but the one record, if any, in whose writing the process was killed."""
    if data[: len(MAGIC)] != MAGIC:
        return not data.strip(b"\0")
    end = len(MAGIC)
    for end, _ in read(data):  # noqa: B007 - the last end is asked for
        pass
    rest = data[end:].rstrip(b"\0")
    if len(rest) <= LENGTH_AT or len(data) - end < PAYLOAD_AT:
        return True
    (length,) = CHECKSUM.unpack_from(data, end + LENGTH_AT)
    # The copy of a record goes forward: one that is there to its last byte was whole once.
    cut_short = len(rest) < PAYLOAD_AT + length
    return cut_short and not any(_stands(data, end + found.start()) for found in _TAG.finditer(rest))


def _stands(data: bytes, tag: int) -> bool:
    """Whether a whole record has its tag here; a short array's head takes one byte before it, a longer one's three."""
    starts = (tag - PAYLOAD_AT - 1, tag - PAYLOAD_AT - 3)
    return any(start >= len(MAGIC) and next(read(data, start), None) is not None for start in starts)


def tamed(record: Record) -> Record:
    """The same record without what no file and no database takes: half characters, numbers beyond 64 bits."""
    found: Record = msgspec.convert(_tame(msgspec.to_builtins(record)), Record)
    return found


def _tame(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case bool():
            return value
        case int():
            return max(-_INTEGER_MOST, min(value, _INTEGER_MOST))
        case dict():
            return {name: _tame(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_tame(inner) for inner in value]
        case _:
            return value
