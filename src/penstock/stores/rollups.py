"""Sums of the books by hour and by day: kept by whoever appends entries, in the very transaction that does.

Each entry is in four sums: of its hour and of its day, of its key and of all keys together. The last are few however
many keys there are, and most questions are about them. What a sum is about (whose, which model, how it ended) is a
*subject* with a number, so that rows are narrow. Two more sums, of its day and of its month, say no more than whose it
was (``whose``): for questions about all keys. Entries that go later take nothing out of the sums.
"""

import datetime
import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Table, select

from penstock.core.usage import COUNTERS
from penstock.stores.schema import rollup_subjects, rollup_tools, rollup_whose, rollups
from penstock.stores.turns import inserting, on_server

Row = tuple[str | int | None, ...]
"""Of the books: an entry's columns."""
Subject = tuple[str | int | None, ...]
Place = tuple[int, int, Subject]
"""A sum's kind, its hour or day, and its subject."""

WHOSE = ("tenant", "key", "key_name", "team", "owner")
"""Empty in sums of all keys."""
TEXTS = (*WHOSE, "provider", "dialect", "operation", "model", "served", "outcome", "source")
SUMMED = (*COUNTERS, "cost", "bytes_in", "bytes_out", "first_byte", "duration", "overhead")

HOUR_MILLISECONDS = 3_600_000
HOURS_IN_DAY = 24
MOST = 2**56
"""No sum grows past it, so that sums of sums fit into 64 bits: only a provider that counts nonsense gets there."""
KNOWN_MOST = 20_000
"""So many subjects' numbers are kept in memory: some ten megabytes."""
_AT_ONCE = 500
_NAMED = (*TEXTS, "status")
_TOOLS = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_OUTCOME, _SOURCE, _PRICED = TEXTS.index("outcome"), TEXTS.index("source"), len(_NAMED)
_NO_MORE: Subject = (*("",) * (len(TEXTS) - len(WHOSE)), 0, 0)
_EPOCH = datetime.date(1970, 1, 1)


class SumKind(IntEnum):
    """What a sum is of."""

    HOUR_OF_ALL = 0
    HOUR_OF_KEY = 1
    DAY_OF_ALL = 2
    DAY_OF_KEY = 3


class Length(IntEnum):
    """What a sum that says no more than whose it was is of."""

    DAY = 0
    MONTH = 1


ABOUT_WHOSE = ("exchanges", "not_served", *COUNTERS, "cost", "unpriced")
ESTIMATED = ("estimated", "estimated_tokens", "estimated_cost")


class Rollups:
    """The sums of one database, as far as they are written. For one thread."""

    def __init__(self, engine: Engine, always: Sequence[str], seldom: Sequence[str]) -> None:
        """``always`` are the columns of usual rows, with ``seldom`` of unusual ones. In usual rows the latter are 0."""
        self._numbers = Numbers(engine)
        summed = [name for name in SUMMED if name in always]
        summed += [name for name in SUMMED if name in seldom]
        self._add = _adding(engine, rollups, ("exchanges", *summed, "last"))
        self._call = _adding(engine, rollup_tools, ("tool", "calls"))
        self._add_whose = _adding(engine, rollup_whose, (*ABOUT_WHOSE, *ESTIMATED))
        # Of what is summed up, with the number of exchanges before it.
        self._counters = itemgetter(*(summed.index(name) + 1 for name in COUNTERS))
        self._width = len(summed) + 1
        columns = (*always, *seldom)
        self._at = always.index("at")
        self._cost = always.index("cost")
        self._cost_summed = summed.index("cost")
        self._tools = columns.index("tools")
        self._named = itemgetter(*map(always.index, _NAMED))
        self._summed = itemgetter(*(columns.index(name) for name in summed))
        self._summed_usually = itemgetter(*(always.index(name) for name in summed if name in always))

    def forget(self) -> None:
        """A transaction was taken back, or this is another database than before: no number is known."""
        self._numbers.forget()

    def add(self, connection: Connection, usual: Sequence[Row], unusual: Sequence[Row]) -> None:
        """Rows that have just come into the books, and were not there before. ``unusual`` ones have all columns."""
        sums = self._sums(usual, self._summed_usually)
        for place, values in self._sums(unusual, self._summed).items():
            sums[place] = _together(sums[place], values) if place in sums else values
        called: dict[tuple[int, Subject], dict[str, int]] = {}
        for row in unusual:
            if (tools := row[self._tools]) is not None:
                _call(called.setdefault(self._place(row), {}), _TOOLS.decode(str(tools)))
        if sums:
            self._write(connection, sums, called)

    def _place(self, row: Row) -> tuple[int, Subject]:
        at: Any = row[self._at]
        return at // HOUR_MILLISECONDS, (*self._named(row), 0 if row[self._cost] is None else 1)

    def _sums(self, rows: Sequence[Row], summed: Callable[[Row], Row]) -> dict[tuple[int, Subject], list[int]]:
        """Exchanges, sums, and the latest time. Written for speed: it is done for every exchange."""
        apart: dict[tuple[int, Subject], list[Any]] = {}
        times: dict[tuple[int, Subject], Any] = {}
        place_of, at = self._place, self._at
        for row in rows:
            place = place_of(row)
            found = apart.get(place)
            if found is None:
                apart[place], times[place] = [summed(row)], row[at]
            else:
                found.append(summed(row))
                times[place] = max(times[place], row[at])
        return {place: self._summed_up(values, times[place]) for place, values in apart.items()}

    def _summed_up(self, values: Sequence[Sequence[int | None]], latest: int) -> list[int]:
        columns = list(zip(*values, strict=True))
        if columns[self._cost_summed][0] is None:
            columns[self._cost_summed] = (0,)
        sums = [len(values), *map(sum, columns)]
        sums += [0] * (self._width - len(sums))
        return [*sums, latest]

    def _write(
        self,
        connection: Connection,
        sums: Mapping[tuple[int, Subject], list[int]],
        called: Mapping[tuple[int, Subject], Mapping[str, int]],
    ) -> None:
        spread: dict[Place, list[int]] = {}
        for (hour, subject), values in sums.items():
            for place in _places(hour, subject):
                found = spread.get(place)
                spread[place] = values if found is None else _together(found, values)
        tools: dict[Place, dict[str, int]] = {}
        for (hour, subject), calls in called.items():
            for place in _places(hour, subject):
                _call(tools.setdefault(place, {}), calls.items())
        whose = self._whose(sums)
        number = self._numbers.known(connection, {subject for _, _, subject in (*spread, *whose)})
        # In the order of the keys: it is the order in which they stand, and in which others lock them.
        self._add(
            connection,
            sorted((kind, start, number[one], *_fit(spread[kind, start, one])) for kind, start, one in spread),
        )
        self._add_whose(
            connection, sorted((kind, start, number[one], *_fit(whose[kind, start, one])) for kind, start, one in whose)
        )
        if tools:
            calling = ((place, called) for place, calls in tools.items() for called in calls.items())
            self._call(
                connection, sorted((kind, start, number[one], *called) for (kind, start, one), called in calling)
            )

    def _whose(self, sums: Mapping[tuple[int, Subject], list[int]]) -> dict[Place, list[int]]:
        """By day and month, with no more than whose it was."""
        found: dict[Place, list[int]] = {}
        for (hour, subject), values in sums.items():
            exchanges, cost = values[0], values[self._cost_summed + 1]
            counters = self._counters(values)
            told = [
                exchanges,
                0 if subject[_OUTCOME] == "served" else exchanges,
                *counters,
                cost,
                0 if subject[_PRICED] else exchanges,
                *((exchanges, sum(counters), cost) if subject[_SOURCE] == "estimated" else (0, 0, 0)),
            ]
            day, whose = hour // HOURS_IN_DAY, narrowed(subject)
            for place in ((Length.DAY, day, whose), (Length.MONTH, month_of(day), whose)):
                there = found.get(place)
                found[place] = told if there is None else [one + other for one, other in zip(there, told, strict=True)]
        return found


class Numbers:
    """Of subjects: those that were needed of late are known. For one thread."""

    def __init__(self, engine: Engine) -> None:
        self._numbers: dict[Subject, int] = {}
        self._insert = functools.partial(inserting, engine)

    def forget(self) -> None:
        """A transaction was taken back, or this is another database than before."""
        self._numbers.clear()

    def known(self, connection: Connection, wanted: set[Subject]) -> Mapping[Subject, int]:
        """Numbers of subjects; those that are new get one."""
        if len(self._numbers) > KNOWN_MOST:
            self._numbers.clear()
        if new := {digest(subject): subject for subject in wanted if subject not in self._numbers}:
            self._look_up(connection, new)
            missing = [name for name, subject in new.items() if subject not in self._numbers]
            if missing:
                named = ("digest", *_NAMED, "priced")
                rows = [dict(zip(named, (name, *new[name]), strict=True)) for name in missing]
                connection.execute(
                    self._insert(rollup_subjects).on_conflict_do_nothing(index_elements=["digest"]), rows
                )
                self._look_up(connection, {name: new[name] for name in missing})
        return self._numbers

    def _look_up(self, connection: Connection, wanted: Mapping[bytes, Subject]) -> None:
        names = list(wanted)
        for start in range(0, len(names), _AT_ONCE):
            some = rollup_subjects.c.digest.in_(names[start : start + _AT_ONCE])
            query = select(rollup_subjects.c.digest, rollup_subjects.c.number).where(some)
            self._numbers.update((wanted[row.digest], row.number) for row in connection.execute(query))


def digest(subject: Subject) -> bytes:
    """What a subject is found by."""
    return hashlib.blake2b(msgspec.msgpack.encode(subject), digest_size=16).digest()


def narrowed(subject: Subject) -> Subject:
    """One that says whose, and no more."""
    return subject[: len(WHOSE)] + _NO_MORE


@functools.lru_cache(maxsize=64)
def month_of(day: int) -> int:
    """Since the epoch, both."""
    date = _EPOCH + datetime.timedelta(days=day)
    return (date.year - _EPOCH.year) * 12 + date.month - 1


@functools.lru_cache(maxsize=64)
def first_day(month: int) -> int:
    """Of a month since the epoch, its first day."""
    return (datetime.date(_EPOCH.year + month // 12, month % 12 + 1, 1) - _EPOCH).days


def _places(hour: int, subject: Subject) -> Iterator[Place]:
    everyone = ("",) * len(WHOSE) + subject[len(WHOSE) :]
    yield SumKind.HOUR_OF_ALL, hour, everyone
    yield SumKind.HOUR_OF_KEY, hour, subject
    yield SumKind.DAY_OF_ALL, hour // HOURS_IN_DAY, everyone
    yield SumKind.DAY_OF_KEY, hour // HOURS_IN_DAY, subject


def _together(values: Sequence[int], others: Sequence[int]) -> list[int]:
    found = [one + other for one, other in zip(values, others, strict=True)]
    found[-1] = max(values[-1], others[-1])
    return found


def _call(calls: dict[str, int], others: Iterable[tuple[str, int]]) -> None:
    for name, count in others:
        calls[name] = calls.get(name, 0) + count


def _fit(values: Sequence[int]) -> Sequence[int]:
    if max(values) <= MOST and min(values) >= 0:
        return values
    return [min(max(value, 0), MOST) for value in values]


def _adding(engine: Engine, table: Table, names: Sequence[str]) -> Callable[[Connection, Sequence[Row]], None]:
    """Puts rows in, or adds them to those that are there. The statement is our own and goes to the driver as it is:
    SQLAlchemy would look at each of their twenty values."""
    columns = ("kind", "start", "subject", *names)
    key = ", ".join(column.name for column in table.primary_key)
    lesser, greater = ("least", "greatest") if on_server(engine) else ("min", "max")
    changes = [
        f'"{name}" = {lesser}({table.name}."{name}", {MOST} - excluded."{name}") + excluded."{name}"'
        for name in names
        if name not in {"last", "tool"}
    ]
    changes += [f'"last" = {greater}({table.name}."last", excluded."last")'] * ("last" in names)
    inserting = f"INSERT INTO {table.name} ({_listed(columns)})"
    adding = f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(changes)}"
    if not on_server(engine):
        one = f"{inserting} VALUES ({', '.join('?' * len(columns))}) {adding}"
        return lambda connection, rows: _carry_out(connection, one, list(rows))
    typed = ", ".join(f'"{name}" {"text" if name == "tool" else "bigint"}' for name in columns)
    all_at_once = f"{inserting} SELECT {_listed(columns)} FROM json_to_recordset(%s::json) AS given ({typed}) {adding}"  # noqa: S608 - our own words

    def add(connection: Connection, rows: Sequence[Row]) -> None:
        told = msgspec.json.encode([dict(zip(columns, row, strict=True)) for row in rows])
        _carry_out(connection, all_at_once, (told.decode(),))

    return add


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _carry_out(connection: Connection, statement: str, values: Any) -> None:
    connection.exec_driver_sql(statement, values)
