"""Sums of the books by hour and by day: kept by whoever appends entries, in the very transaction that does.

Each entry is in four sums: of its hour and of its day, of its key and of all keys together. The last are few however
many keys there are, and most questions are about them. What a sum is about (whose, which model, how it ended) is a
*subject* with a number, so that rows are narrow. Entries that go later take nothing out of the sums.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Insert, func, select

from penstock.core.usage import COUNTERS
from penstock.stores.schema import rollup_subjects, rollup_tools, rollups
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


class Kind(IntEnum):
    """What a sum is of."""

    HOUR_OF_ALL = 0
    HOUR_OF_KEY = 1
    DAY_OF_ALL = 2
    DAY_OF_KEY = 3


class Rollups:
    """The sums of one database, as far as they are written. For one thread."""

    def __init__(self, engine: Engine, always: Sequence[str], seldom: Sequence[str]) -> None:
        """``always`` are the columns of usual rows, with ``seldom`` of unusual ones. In usual rows the latter are 0."""
        self._numbers: dict[Subject, int] = {}
        self._insert = functools.partial(inserting, engine)
        lesser, greater = (func.least, func.greatest) if on_server(engine) else (func.min, func.max)
        summed = [name for name in SUMMED if name in always]
        summed += [name for name in SUMMED if name in seldom]
        self._columns = ("kind", "start", "subject", "exchanges", *summed, "last")
        self._adding = _adding(self._insert(rollups), self._columns[3:-1], lesser, greater)
        self._calling = _adding(self._insert(rollup_tools), ("calls",), lesser, greater)
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
        self._numbers.clear()

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
        sums += [0] * (len(self._columns) - 4 - len(sums))
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
        number = self._known(connection, {subject for _, _, subject in spread})
        # In the order of the keys: it is the order in which they stand, and in which others lock them.
        rows = sorted((kind, start, number[one], *map(_fit, values)) for (kind, start, one), values in spread.items())
        connection.execute(self._adding, [dict(zip(self._columns, row, strict=True)) for row in rows])
        if tools:
            names = ("kind", "start", "subject", "tool", "calls")
            calling = sorted(
                (kind, start, number[one], *called)
                for (kind, start, one), calls in tools.items()
                for called in calls.items()
            )
            connection.execute(self._calling, [dict(zip(names, row, strict=True)) for row in calling])

    def _known(self, connection: Connection, wanted: set[Subject]) -> Mapping[Subject, int]:
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


def _places(hour: int, subject: Subject) -> Iterator[Place]:
    everyone = ("",) * len(WHOSE) + subject[len(WHOSE) :]
    yield Kind.HOUR_OF_ALL, hour, everyone
    yield Kind.HOUR_OF_KEY, hour, subject
    yield Kind.DAY_OF_ALL, hour // HOURS_IN_DAY, everyone
    yield Kind.DAY_OF_KEY, hour // HOURS_IN_DAY, subject


def _together(values: Sequence[int], others: Sequence[int]) -> list[int]:
    found = [one + other for one, other in zip(values, others, strict=True)]
    found[-1] = max(values[-1], others[-1])
    return found


def _call(calls: dict[str, int], others: Iterable[tuple[str, int]]) -> None:
    for name, count in others:
        calls[name] = calls.get(name, 0) + count


def _fit(value: int) -> int:
    return min(value, MOST) if value > 0 else 0


def _adding(statement: Any, names: Sequence[str], lesser: Any, greater: Any) -> Insert:
    """Puts a row in, or adds it to the one that is there."""
    table, new = statement.table, statement.excluded
    columns: dict[str, ColumnElement[int]] = {
        name: lesser(table.c[name], MOST - new[name]) + new[name] for name in names
    }
    if "last" in table.c:
        columns["last"] = greater(table.c.last, new["last"])
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=columns)  # type: ignore[no-any-return]
