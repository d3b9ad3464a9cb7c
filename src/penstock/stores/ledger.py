"""Writes finished exchanges into the database of record, each once, and makes entries of rows again.

Called by one thread per process, never on the path. A batch of entries is one transaction: all of it or nothing.
The results of a provider's batch may be fetched again and again; what they used counts once.
"""

import os
from collections.abc import Callable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, insert, select, update
from sqlalchemy.exc import DataError, SQLAlchemyError

from penstock.core.books import BooksError
from penstock.core.entry import Entry, Opened
from penstock.core.ruling import Ruling
from penstock.core.scrubbed import Scrubbed
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.core.usage import COUNTERS, Consumption, Share, Source, Usage
from penstock.stores.insertion import insertion
from penstock.stores.partitions import Days
from penstock.stores.refused import words
from penstock.stores.rollups import Rollups, Row
from penstock.stores.schema import batches, entries
from penstock.stores.turns import on_server, writing

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

_USAGE = msgspec.json.Decoder(Usage)
_SHARES = msgspec.json.Decoder(tuple[Share, ...])
_TOOLS = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_SCRUBBED = msgspec.json.Decoder(Scrubbed)
_RULINGS = msgspec.json.Decoder(tuple[Ruling, ...])
_ENCODE = msgspec.json.Encoder().encode
_NOTHING = Share(None, Usage())
_THERE = "SELECT id FROM entries WHERE id IN (SELECT value FROM json_each(?))"
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
        # In turn, so that numbers can be seen in the order in which they were given.
        self._writing = writing(engine, "entries")
        self._file = None if on_server(engine) else _identity(engine)
        self._usual = insertion(engine, _ALWAYS, _SELDOM)
        self._unusual = insertion(engine, (*_ALWAYS, *_SELDOM), {})
        self._rollups = Rollups(engine, _ALWAYS, tuple(_SELDOM))
        self._days = Days()

    def append(self, closed: Sequence[Entry]) -> None:
        """All of them or none; those that are there already stay as they are. BooksError when it can't be done now."""
        self._must_be_there()
        try:
            try:
                batches_told = self._append(closed, lambda row: row)
            except (OverflowError, DataError):
                # Nothing of it stands. Only a provider that counts nonsense gets here, or a client that writes it.
                self._forget()
                batches_told = self._append(closed, _fitting)
        except SQLAlchemyError as error:
            # It was taken back, and what has a number in it may have none.
            self._forget()
            raise BooksError(words(error)) from None
        # A file that was deleted meanwhile has taken the rows along.
        self._must_be_there()
        if self._counted is not None:
            for one in batches_told:
                self._counted(one)

    def _append(self, closed: Sequence[Entry], fitting: Callable[[Row], Row]) -> list[Entry]:
        """Those of batches, as they count."""
        with self._writing.begin() as connection:
            new = _new(connection, closed)
            if on_server(self._engine):
                self._days.be_there(connection, (_milliseconds(entry) for entry in new))
            return self._carry_out(connection, new, fitting)

    def _forget(self) -> None:
        """A transaction was taken back, or this is another database: what was known of it may not be so."""
        self._rollups.forget()
        self._days.forget()

    def _carry_out(self, connection: Connection, new: Sequence[Entry], fitting: Callable[[Row], Row]) -> list[Entry]:
        usual: list[Row] = []
        unusual: list[Row] = []
        batches: list[Entry] = []
        for one in new:
            counted = one
            if one.batch:
                counted = _once(connection, one)
                batches.append(counted)
            always, seldom = row(counted)
            if seldom == _USUAL:
                usual.append(fitting(always))
            else:
                unusual.append(fitting(always + seldom))
        self._usual(connection, usual)
        self._unusual(connection, unusual)
        self._rollups.add(connection, usual, unusual)
        return batches

    def _must_be_there(self) -> None:
        if on_server(self._engine):
            return
        found = _identity(self._engine)
        if found is None:
            raise BooksError("the database file is gone")
        if found != self._file:
            # Restored from a backup, say: connections still lead to the file that was there before.
            self._engine.dispose()
            self._forget()
            self._file = found
            raise BooksError("the database file is another one than before")


def row(entry: Entry) -> tuple[Row, Row]:
    """An entry's columns: those of ``_ALWAYS``, and those of ``_SELDOM``. Made for every exchange, so written out for
    speed; the driver takes a whole number in a third of the time that a truth value takes."""
    opened, consumption = entry.opened, entry.consumption
    shares = consumption.shares
    last = shares[-1] if shares else _NOTHING
    usage = last.usage if len(shares) < 2 else consumption.usage
    always = (
        opened.id,
        _milliseconds(entry),
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
        opened.owner,
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


def _shares(values: RowMapping) -> tuple[Share, ...]:
    if values["shares"] is not None:
        return _SHARES.decode(values["shares"])
    counters = {name: values[name] for name in COUNTERS}
    tools = () if values["tools"] is None else _TOOLS.decode(values["tools"])
    if not (values["served"] or tools or any(counters.values())):
        return ()
    return (Share(values["served"] or None, Usage(**counters, tools=tools), values["tier"]),)


def _new(connection: Connection, closed: Sequence[Entry]) -> Sequence[Entry]:
    """Those that are not in the books, each once. Who asks holds the lock, so none comes in meanwhile."""
    # The first telling stands.
    found = {entry.opened.id: entry for entry in reversed(closed)}
    names = dict.fromkeys(entry.opened.id for entry in closed)
    if names:
        for name in _there(connection, list(names), closed):
            del names[name]
    return [found[name] for name in names]


def _there(connection: Connection, names: Sequence[str], closed: Sequence[Entry]) -> Sequence[str]:
    if not on_server(connection.engine):
        # As one value: SQLAlchemy takes longer to make each a parameter than SQLite takes to look for it.
        return connection.exec_driver_sql(_THERE, (_ENCODE(names).decode(),)).scalars().all()
    # Of all the days' tables only these are looked into. A replayed exchange has the time that it had.
    times = [_milliseconds(entry) for entry in closed]
    there = select(entries.c.id).where(entries.c.id.in_(names), entries.c.at.between(min(times), max(times)))
    return connection.execute(there).scalars().all()


def _milliseconds(entry: Entry) -> int:
    return round(entry.opened.at * 1e3)


def _once(connection: Connection, entry: Entry) -> Entry:
    """The entry with what the books have not counted of its batch yet: nothing, unless an earlier fetch broke off."""
    batch = _capped(entry.batch)
    mine = (batches.c.provider == entry.opened.provider) & (batches.c.batch == batch)
    counted = connection.execute(select(batches.c.usage, batches.c.cost).where(mine)).first()
    used = entry.consumption.usage
    if counted is None:
        key = {"provider": entry.opened.provider, "batch": batch}
        connection.execute(insert(batches).values(**key, usage=_ENCODE(used).decode(), cost=_capped(entry.cost)))
        return entry
    before = _USAGE.decode(counted.usage)
    rest = _beyond(used, before)
    cost: int | None = 0
    if rest != Usage():
        cost = None if entry.cost is None or counted.cost is None else max(0, entry.cost - counted.cost)
        total = None if cost is None else _capped(counted.cost + cost)
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


def _fitting(values: Row) -> Row:
    return tuple(map(_capped, values))


def _capped(value: str | int | None) -> str | int | None:
    """PostgreSQL's texts hold no NUL."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return None if value is None else max(-_INTEGER_MOST, min(value, _INTEGER_MOST))


def _identity(engine: Engine) -> tuple[int, int] | None:
    try:
        found = os.stat(engine.url.database or "")
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
