"""A journal file that something has happened to is read up to where it happened, and no further."""

import zlib
from itertools import accumulate

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.entry import Entry
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.ledger.records import CHECKSUM, LENGTH_AT, MAGIC, Record, ended_cleanly, frame, replay
from tests.support.books import entry, opened, used

RECORDS: list[Record] = [opened(1), opened(2, model="ä" * 99), entry(1), opened(3), entry(3), entry(2, cost=None)]


def written(record: Record) -> bytes:
    framed = frame(record)
    return CHECKSUM.pack(zlib.crc32(framed)) + framed


PIECES = [written(record) for record in RECORDS]
ENDS = [len(MAGIC) + end for end in accumulate(map(len, PIECES))]
WHOLE = MAGIC + b"".join(PIECES) + bytes(4096)


def whole_before(at: int) -> list[Record]:
    """The records that end at or before this byte."""
    return [record for record, end in zip(RECORDS, ENDS, strict=True) if end <= at]


def test_what_was_written_is_read_back() -> None:
    """Every record, every field, in order; the zeros behind them are no record and no damage."""
    assert list(replay(WHOLE)) == RECORDS
    assert ended_cleanly(WHOLE)


def test_a_record_of_a_release_before_is_read() -> None:
    """Fields that have been added since have their defaults: an upgrade finds journals that it did not write."""
    whole = entry(
        "x", owner="ada", terseness=Terseness(Arm.TREATED, "default", Intensity.FULL, later=True, reasked=True)
    )
    told = msgspec.to_builtins(whole)
    del told[1][-1]
    del told[1][-1][-1]
    opened = msgspec.convert(told, Entry).opened
    assert opened.terseness == Terseness(Arm.TREATED, "default", Intensity.FULL, later=True)
    assert opened.owner == ""


def test_a_file_cut_at_any_byte_gives_the_records_before_the_cut() -> None:
    """Whether the rest is missing or was never written."""
    for at in range(ENDS[-1] + 1):
        expected = whole_before(at) if at >= len(MAGIC) else []
        assert list(replay(WHOLE[:at])) == expected
        assert list(replay(WHOLE[:at] + bytes(len(WHOLE) - at))) == expected


@given(st.integers(0, ENDS[-1] - 1), st.integers(1, 255))
def test_a_byte_that_flipped_ends_the_reading_at_its_record(at: int, change: int) -> None:
    """Nothing that was not written is ever read, and the damage shows."""
    damaged = bytearray(WHOLE)
    damaged[at] ^= change
    assert list(replay(damaged)) == (whole_before(at) if at >= len(MAGIC) else [])
    # In the very last record a flipped length looks like a record that was cut short.
    assert at >= ENDS[-2] or not ended_cleanly(bytes(damaged))


def test_a_record_cut_short_by_a_kill_is_no_damage() -> None:
    """The process died while it wrote; whoever heard of that record never existed."""
    for at in range(ENDS[-2], ENDS[-1]):
        assert ended_cleanly(WHOLE[:at] + bytes(4096))


def test_a_length_that_flipped_is_damage_where_records_stand_behind_it() -> None:
    """It looks like a record that was cut short; what was whole behind it is lost, and that shows."""
    for begins in [len(MAGIC), *ENDS[:-2]]:
        damaged = bytearray(WHOLE)
        damaged[begins + LENGTH_AT + 2] ^= 0x7F
        assert not ended_cleanly(bytes(damaged))


def of_a_release_before(record: Record) -> bytes:
    """The record with as many fields as it had when they still fitted into a short array."""
    payload = msgspec.msgpack.encode(["e", *msgspec.to_builtins(record)[1:13]])
    framed = CHECKSUM.pack(len(payload)) + payload
    return CHECKSUM.pack(zlib.crc32(framed)) + framed


@pytest.mark.parametrize("behind", [written(opened(4)), written(entry(1)), of_a_release_before(entry(1))], ids=len)
def test_any_one_record_behind_the_damage_tells_of_it(behind: bytes) -> None:
    """An opened exchange, a finished one, and one that an earlier release wrote, whose array has a shorter head."""
    damaged = bytearray(MAGIC + PIECES[0] + behind)
    assert len(list(replay(damaged))) == 2
    damaged[len(MAGIC) + LENGTH_AT + 2] ^= 0x7F
    assert list(replay(damaged)) == []
    assert not ended_cleanly(bytes(damaged) + bytes(64))
    assert ended_cleanly(MAGIC + damaged[len(MAGIC) : -len(behind)] + bytes(64))


@pytest.mark.parametrize("data", [b"", bytes(9), MAGIC, MAGIC + bytes(9)])
def test_a_file_in_which_nothing_was_written_is_whole(data: bytes) -> None:
    """Its process died before it could write, or had nothing to write."""
    assert ended_cleanly(data)


@pytest.mark.parametrize("data", [b"X", b" \n\t ", b"X\0\0", b"\0X", MAGIC[:-1]])
def test_a_file_that_begins_in_another_way_is_damaged(data: bytes) -> None:
    """Whatever the bytes are, if only they are not zeros."""
    assert not ended_cleanly(data)


def test_damage_in_the_last_record_shows_whatever_it_ends_with() -> None:
    """Only zeros are room; a text that ends in letters is there to its last byte."""
    damaged = bytearray(MAGIC + PIECES[0] + written(opened(9, owner="adaXXXX")))
    damaged[-20] ^= 1
    assert list(replay(damaged)) == RECORDS[:1]
    assert not ended_cleanly(bytes(damaged) + bytes(64))


# Also with what a record's payload begins with, which is looked for.
NOISE = st.lists(st.binary(max_size=20) | st.sampled_from([b"\xa1e", b"\xa1o"]), max_size=12).map(b"".join)


@given(NOISE, st.booleans())
def test_noise_is_no_record(noise: bytes, begins_well: bool) -> None:
    """Reading never raises, whatever stands in the file, nor does the look for what was lost."""
    data = MAGIC * begins_well + noise
    assert list(replay(data)) == []
    assert ended_cleanly(data) in {True, False}


def test_a_sound_record_of_an_unknown_kind_ends_the_reading() -> None:
    """A later release may write what this one cannot read: it is left alone, not skipped over."""
    payload = b"\x92\xa1z\x01"
    strange = CHECKSUM.pack(len(payload)) + payload
    data = MAGIC + PIECES[0] + CHECKSUM.pack(zlib.crc32(strange)) + strange + PIECES[1]
    assert list(replay(data)) == RECORDS[:1]
    assert not ended_cleanly(data)


def test_what_no_file_takes_is_replaced() -> None:
    """Half a surrogate pair or a number beyond 64 bits must not keep an exchange out of the books."""
    strange = entry(1, model="\ud800", bytes_out=2**70, cost=-(2**70), stream=False, consumption=used("\udfff"))
    (read,) = replay(MAGIC + written(strange))
    assert read == entry(1, model="?", bytes_out=2**63 - 1, cost=1 - 2**63, stream=False, consumption=used("?"))


def test_a_frame_is_what_its_checksum_covers() -> None:
    """Length and payload: a length that was torn cannot lead astray."""
    assert CHECKSUM.unpack_from(frame(RECORDS[0]))[0] == len(frame(RECORDS[0])) - LENGTH_AT
