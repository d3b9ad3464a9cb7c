"""Writes finished exchanges into the database of record, each once, and makes entries of rows again.

Called by one thread per process, never on the path. A batch of entries is one transaction: all of it or nothing.
The results of a provider's batch may be fetched again and again; what they used counts once.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, bindparam, insert, literal_column, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from penstock.core.books import BooksError
from penstock.core.entry import Entry, Opened
from penstock.core.ruling import Ruling
from penstock.core.scrubbed import Scrubbed
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.core.usage import COUNTERS, Consumption, Share, Source, Usage
from penstock.stores.schema import batches, entries

_CLOSED_AS_THEY_ARE = ("outcome", "status", "fault", "blame", "price", "cost", "bytes_out", "batch")

_OPENED = tuple(name for name in Opened.__struct_fields__ if name != "terseness")

_ALWAYS = (
    *_OPENED,
    *("outcome", "status", "price", "cost", "bytes_out", "first_byte", "duration", "overhead"),
    *("source", "served", "tier", "input", "cache_write_5m", "cache_read", "output", "reasoning"),
)
_SELDOM: Mapping[str, str] = {
    **dict.fromkeys(("fault", "blame", "batch"), "''"),
    **dict.fromkeys(("input_audio", "input_image", "cache_write_1h", "output_audio", "output_image", "missing"), "0"),
    **dict.fromkeys(("tools", "shares"), "NULL"),
    **dict.fromkeys(("intensity", "arm", "reason", "rules", "beginning", "kind"), "NULL"),
    **dict.fromkeys(("with_tools", "added", "holdout", "later", "reasked"), "NULL"),
    **dict.fromkeys(("ending", "scrubbed", "rulings"), "NULL"),
}
"""What hardly any entry has, and what stands there otherwise, in SQL: each value that is handed over takes its time."""

Row = tuple[str | int | None, ...]

ROWS_AT_ONCE = 100
"""In one statement; SQLite takes 32,766 values."""

_USAGE = msgspec.json.Decoder(Usage)
_SHARES = msgspec.json.Decoder(tuple[Share, ...])
_TOOLS = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_SCRUBBED = msgspec.json.Decoder(Scrubbed)
_RULINGS = msgspec.json.Decoder(tuple[Ruling, ...])
_ENCODE = msgspec.json.Encoder().encode
_NOTHING = Share(None, Usage())
# What an integer column holds. Only a provider that counts nonsense gets there.
_INTEGER_MOST = 2**63 - 1
_UNDECIDED: Row = (None,) * 11
_USUAL: Row = ("", "", "", 0, 0, 0, 0, 0, 0, None, None, *_UNDECIDED, None, None, None)


class Ledger:
    """The books' side of one database."""

    def __init__(self, engine: Engine, counted: Callable[[Entry], None] | None = None) -> None:
        """``counted`` hears of each exchange that tells of a batch, with what had not been counted of it before."""
        self._engine = engine
        self._counted = counted
        self._writing = engine.execution_options(writes=True)
        self._file = _identity(engine)
        self._usual = _Insertion(engine, _ALWAYS, _SELDOM)
        self._unusual = _Insertion(engine, (*_ALWAYS, *_SELDOM), {})

    def append(self, closed: Sequence[Entry]) -> None:
        """All of them or none; those that are there already stay as they are. BooksError when it can't be done now."""
        self._must_be_there()
        batches_told: list[Entry] = []
        try:
            with self._writing.begin() as connection:
                usual: list[Row] = []
                unusual: list[Row] = []
                for one in closed:
                    counted = one
                    if one.batch:
                        counted = _once(connection, one)
                        batches_told.append(counted)
                    always, seldom = row(counted)
                    if seldom == _USUAL:
                        usual.append(always)
                    else:
                        unusual.append(always + seldom)
                self._usual.carry_out(connection, usual)
                self._unusual.carry_out(connection, unusual)
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None
        # A file that was deleted meanwhile has taken the rows along.
        self._must_be_there()
        if self._counted is not None:
            for one in batches_told:
                self._counted(one)

    def _must_be_there(self) -> None:
        found = _identity(self._engine)
        if found is None:
            raise BooksError("the database file is gone")
        if found != self._file:
            # Restored from a backup, say: connections still lead to the file that was there before.
            self._engine.dispose()
            self._file = found
            raise BooksError("the database file is another one than before")


class _Insertion:
    """Puts rows of some columns into the books, in one statement for as many as possible.

    The driver gives Python's lock away and takes it back once per statement, each time beside a busy event loop: a
    hundred rows at once cost a third of what they cost one by one.
    """

    def __init__(self, engine: Engine, given: Sequence[str], constant: Mapping[str, str]) -> None:
        values: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in given} | {
            name: literal_column(constant[name]) for name in constant
        }
        statement = sqlite.insert(entries).values(values).on_conflict_do_nothing(index_elements=["id"])
        # Compiled once and handed to the driver as it is: SQLAlchemy would look at every value of every row.
        compiled = statement.compile(dialect=engine.dialect)
        self._one = str(compiled)
        self._many = re.sub(r"(?<=VALUES )(\([^()]*\))", lambda found: ", ".join([found[1]] * ROWS_AT_ONCE), self._one)
        self._arranged = itemgetter(*map(given.index, compiled.positiontup or ()))

    def carry_out(self, connection: Connection, rows: Sequence[Row]) -> None:
        """``rows`` in the order of the given columns."""
        try:
            self._write(connection, rows)
        except OverflowError:
            # None of the statement that failed has been carried out; what came before it stands already.
            self._write(connection, [tuple(map(_capped, one)) for one in rows])

    def _write(self, connection: Connection, rows: Sequence[Row]) -> None:
        whole = len(rows) - len(rows) % ROWS_AT_ONCE
        for start in range(0, whole, ROWS_AT_ONCE):
            some = tuple(chain.from_iterable(map(self._arranged, rows[start : start + ROWS_AT_ONCE])))
            connection.exec_driver_sql(self._many, some)
        if whole < len(rows):
            connection.exec_driver_sql(self._one, list(map(self._arranged, rows[whole:])))


def row(entry: Entry) -> tuple[Row, Row]:
    """An entry's columns: those of ``_ALWAYS``, and those of ``_SELDOM``. Made for every exchange, so written out for
    speed; the driver takes a whole number in a third of the time that a truth value takes."""
    opened, consumption = entry.opened, entry.consumption
    shares = consumption.shares
    last = shares[-1] if shares else _NOTHING
    usage = last.usage if len(shares) < 2 else consumption.usage
    always = (
        opened.id,
        round(opened.at * 1e3),
        opened.tenant,
        opened.key,
        opened.key_name,
        opened.team,
        opened.provider,
        opened.credential,
        opened.dialect,
        opened.operation,
        opened.model,
        1 if opened.stream else 0,
        opened.client,
        opened.conversation,
        opened.trace,
        opened.bytes_in,
        entry.outcome,
        entry.status,
        entry.price,
        entry.cost,
        entry.bytes_out,
        round(entry.first_byte * 1e6),
        round(entry.duration * 1e6),
        round(entry.overhead * 1e6),
        consumption.source.value,
        last.model or "",
        last.tier,
        usage.input,
        usage.cache_write_5m,
        usage.cache_read,
        usage.output,
        usage.reasoning,
    )
    seldom = (
        entry.fault,
        entry.blame,
        entry.batch,
        usage.input_audio,
        usage.input_image,
        usage.cache_write_1h,
        usage.output_audio,
        usage.output_image,
        1 if consumption.missing else 0,
        _ENCODE(usage.tools).decode() if usage.tools else None,
        _ENCODE(shares).decode() if len(shares) > 1 else None,
        *(_UNDECIDED if opened.terseness is None else _decided(opened.terseness)),
        entry.ending or None,
        None if entry.scrubbed is None else _ENCODE(entry.scrubbed).decode(),
        _ENCODE(entry.rulings).decode() if entry.rulings else None,
    )
    return always, seldom


def _decided(terseness: Terseness) -> Row:
    return (
        terseness.intensity.value,
        terseness.arm.value,
        terseness.reason,
        terseness.rules,
        terseness.conversation,
        terseness.group,
        1 if terseness.tools else 0,
        terseness.added,
        terseness.holdout,
        1 if terseness.later else 0,
        1 if terseness.reasked else 0,
    )


def entry_of(values: RowMapping) -> Entry:
    """The entry that a row of ``entries`` was made of; times to the millisecond and microsecond."""
    opened = {name: values[name] for name in _OPENED}
    return Entry(
        Opened(**{**opened, "at": values["at"] / 1e3}, terseness=_terseness(values)),
        consumption=Consumption(_shares(values), Source(values["source"]), values["missing"]),
        first_byte=values["first_byte"] / 1e6,
        duration=values["duration"] / 1e6,
        overhead=values["overhead"] / 1e6,
        ending=values["ending"] or "",
        scrubbed=None if values["scrubbed"] is None else _SCRUBBED.decode(values["scrubbed"]),
        rulings=() if values["rulings"] is None else _RULINGS.decode(values["rulings"]),
        **{name: values[name] for name in _CLOSED_AS_THEY_ARE},
    )


def _terseness(values: RowMapping) -> Terseness | None:
    if values["arm"] is None:
        return None
    return Terseness(
        Arm(values["arm"]),
        values["reason"],
        Intensity(values["intensity"]),
        values["rules"],
        values["beginning"],
        values["kind"],
        values["with_tools"],
        values["added"],
        values["holdout"],
        values["later"],
        bool(values["reasked"]),
    )


def words(error: SQLAlchemyError) -> str:
    """The driver's own words: they name tables and columns. Statement and values stand apart, and are left out."""
    return str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else type(error).__name__


def _shares(values: RowMapping) -> tuple[Share, ...]:
    if values["shares"] is not None:
        return _SHARES.decode(values["shares"])
    counters = {name: values[name] for name in COUNTERS}
    tools = () if values["tools"] is None else _TOOLS.decode(values["tools"])
    if not (values["served"] or tools or any(counters.values())):
        return ()
    return (Share(values["served"] or None, Usage(**counters, tools=tools), values["tier"]),)


def _once(connection: Connection, entry: Entry) -> Entry:
    """The entry with what the books have not counted of its batch yet: nothing, unless an earlier fetch broke off."""
    if connection.execute(select(entries.c.id).where(entries.c.id == entry.opened.id)).first() is not None:
        return entry
    mine = (batches.c.provider == entry.opened.provider) & (batches.c.batch == entry.batch)
    counted = connection.execute(select(batches.c.usage, batches.c.cost).where(mine)).first()
    used = entry.consumption.usage
    if counted is None:
        key = {"provider": entry.opened.provider, "batch": entry.batch}
        connection.execute(insert(batches).values(**key, usage=_ENCODE(used).decode(), cost=entry.cost))
        return entry
    before = _USAGE.decode(counted.usage)
    rest = _beyond(used, before)
    cost: int | None = 0
    if rest != Usage():
        cost = None if entry.cost is None or counted.cost is None else max(0, entry.cost - counted.cost)
        total = None if cost is None else counted.cost + cost
        connection.execute(update(batches).where(mine).values(usage=_ENCODE(before + rest).decode(), cost=total))
    last = entry.consumption.shares[-1] if entry.consumption.shares else _NOTHING
    shares = (Share(last.model, rest, last.tier),)
    consumption = msgspec.structs.replace(entry.consumption, shares=shares)
    return msgspec.structs.replace(entry, consumption=consumption, cost=cost)


def _beyond(used: Usage, counted: Usage) -> Usage:
    """What ``used`` has more of, counter by counter."""
    counts = {name: max(0, getattr(used, name) - getattr(counted, name)) for name in COUNTERS}
    before = dict(counted.tools)
    tools = tuple((name, calls - before.get(name, 0)) for name, calls in used.tools if calls > before.get(name, 0))
    return Usage(**counts, tools=tools)


def _capped(value: str | int | None) -> str | int | None:
    return max(-_INTEGER_MOST, min(value, _INTEGER_MOST)) if type(value) is int else value


def _identity(engine: Engine) -> tuple[int, int] | None:
    try:
        found = os.stat(engine.url.database or "")
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
