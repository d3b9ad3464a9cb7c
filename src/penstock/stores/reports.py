"""Asks the books: sums by group, lines of the log, one exchange, last uses, models without a price.

Reads only, from any thread or process, beside writers that are at work. Sums are whole numbers from end to end.
"""

import contextlib
import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, case, func, literal, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import EVERYTHING, BooksError, By, Filter, Lines, LogLine, UnpricedModel, UsageRow, total
from penstock.core.entry import Entry
from penstock.core.usage import COUNTERS, Usage
from penstock.stores import summing
from penstock.stores.ledger import entry_of, words
from penstock.stores.schema import entries
from penstock.stores.turns import on_server, reading

_DAY_MILLISECONDS = 86_400_000
ID_LENGTH = 28
"""Of an exchange's id: twelve digits of its time, in milliseconds, and sixteen more."""
_EPOCH = datetime.date(1970, 1, 1)
_TOOLS = msgspec.json.Decoder(tuple[tuple[str, int], ...])

_MODEL = case((entries.c.served != "", entries.c.served), else_=entries.c.model)
_GROUPS: Mapping[By, ColumnElement[int] | ColumnElement[str]] = {
    By.DAY: entries.c.at // _DAY_MILLISECONDS,
    By.KEY: entries.c.key,
    By.TEAM: entries.c.team,
    By.USER: entries.c.owner,
    By.MODEL: _MODEL,
    By.PROVIDER: entries.c.provider,
    By.STATUS: entries.c.status,
}
_INPUT: ColumnElement[int] = sum(
    (entries.c[name] for name in COUNTERS if name.startswith(("input", "cache"))), literal(0)
)
_OUTPUT: ColumnElement[int] = sum(
    (entries.c[name] for name in COUNTERS if not name.startswith(("input", "cache"))), literal(0)
)
_LINE = (
    entries.c.number,
    *(entries.c[name] for name in ("id", "key", "key_name", "team", "provider", "operation", "model", "served")),
    *(entries.c[name] for name in ("stream", "status", "outcome", "fault", "source", "cost")),
    entries.c.at,
    entries.c.first_byte,
    entries.c.duration,
    _INPUT.label("total_input"),
    _OUTPUT.label("total_output"),
)


class Reports:
    """Answers from one database. Each raises BooksError when it cannot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)

    def usage(self, by: Sequence[By], which: Filter = EVERYTHING) -> Sequence[UsageRow]:
        """Sums per group, ordered by the groups' values; one row without any group when nothing is grouped by."""
        groups = [_GROUPS[one].label(f"group_{one.value}") for one in by]
        found: dict[tuple[int | str, ...], UsageRow] = {}
        with self._reading() as connection:
            span = summing.taken_apart(which, connection.execute(select(func.min(entries.c.at))).scalar())
            for stretch in span.whole:
                called = _called(connection.execute(summing.tools(by, which, stretch)))
                _add(found, connection.execute(summing.sums(by, which, stretch)), by, called)
            for ragged in span.ragged:
                columns: list[ColumnElement[Any]] = [*groups, *_sums()]
                chosen = [*_within(*ragged), *summing.about(which, entries)]
                summed = select(*columns).where(*chosen).group_by(*groups)
                _add(found, connection.execute(summed), by, _tools(connection, groups, chosen))
        return [found[group] for group in sorted(found)]

    def span(self) -> tuple[float, float] | None:
        """When the first and the last exchange in the books began, in seconds since the epoch; None without any."""
        with self._reading() as connection:
            # Two short looks into an index; together in one query they would be a walk over all of it.
            first = connection.execute(select(func.min(entries.c.at))).scalar()
            last = connection.execute(select(func.max(entries.c.at))).scalar()
            return None if first is None or last is None else (first / 1e3, last / 1e3)

    def newest(self, which: Filter = EVERYTHING, *, most: int) -> Lines:
        """The latest exchanges, newest first."""
        with self._reading() as connection:
            query = select(*_LINE).where(*where(which)).order_by(entries.c.at.desc(), entries.c.number.desc())
            return Lines(_lines(connection, query.limit(most)), _cursor(connection))

    def older(self, which: Filter, before: tuple[int, str] | None, *, most: int) -> Sequence[LogLine]:
        """Exchanges, newest first, from behind this one: its time in milliseconds, and its id."""
        at, name = entries.c.at, entries.c.id
        query = select(*_LINE).where(*where(which)).order_by(at.desc(), name.desc())
        if before is not None:
            query = query.where(at <= before[0], (at < before[0]) | (name < before[1]))
        with self._reading() as connection:
            return _lines(connection, query.limit(most))

    def after(self, cursor: int, which: Filter = EVERYTHING, *, most: int) -> Lines:
        """What has come into the books since, in the order in which it came: nothing is left out or told twice.

        SQLite has one writer at a time, and on PostgreSQL those of the books take turns: who sees a number sees every
        lower one.
        """
        with self._reading() as connection:
            query = select(*_LINE).where(entries.c.number > cursor, *where(which)).order_by(entries.c.number)
            rows = connection.execute(query.limit(most)).all()
            last = rows[-1].number if len(rows) == most else _cursor(connection)
            return Lines(tuple(map(_line, rows)), max(cursor, last))

    def entry(self, name: str) -> Entry | None:
        """Everything of one exchange."""
        with self._reading() as connection:
            query = select(entries).where(entries.c.id == name)
            near = _about_then(name) if on_server(self._engine) else None
            # An id begins with its time: on PostgreSQL that leads to its day, where else every day would be asked.
            found = None if near is None else connection.execute(query.where(near)).mappings().first()
            found = found or connection.execute(query).mappings().first()
            return None if found is None else entry_of(found)

    def last_used(self, keys: Sequence[str]) -> Mapping[str, float]:
        """When each of these keys was used last, by its identity; never used ones are left out."""
        with self._reading() as connection:
            # One short look into an index for each: to group the whole table would take longer with every row.
            latest = ((key, select(func.max(entries.c.at)).where(entries.c.key == key)) for key in keys)
            found = ((key, connection.execute(query).scalar()) for key, query in latest)
            return {key: at / 1e3 for key, at in found if at is not None}

    def unpriced(self, which: Filter = EVERYTHING) -> Sequence[UnpricedModel]:
        """The models that were used without a price, the most used first."""
        with self._reading() as connection:
            found: dict[tuple[str, str], UnpricedModel] = {}
            span = summing.taken_apart(which, connection.execute(select(func.min(entries.c.at))).scalar())
            queries = [summing.unpriced(which, stretch) for stretch in span.whole]
            queries += [_unpriced([*_within(*ragged), *summing.about(which, entries)]) for ragged in span.ragged]
            for query in queries:
                for provider, model, exchanges, tokens, last in connection.execute(query):
                    before = found.get((provider, model))
                    found[provider, model] = UnpricedModel(
                        provider=provider,
                        model=model,
                        exchanges=exchanges + (before.exchanges if before else 0),
                        tokens=int(tokens) + (before.tokens if before else 0),
                        last=max(last / 1e3, before.last if before else 0.0),
                    )
        return sorted(found.values(), key=lambda one: (-one.exchanges, one.provider, one.model))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        # One transaction: all that an answer is made of is from the same moment.
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None


def _sums() -> Sequence[ColumnElement[int]]:
    estimated = entries.c.source == "estimated"
    counted = func.count().label("exchanges")
    named = func.max(entries.c.key_name).label("key_name")
    sums = {
        **{name: entries.c[name] for name in COUNTERS},
        "not_served": case((entries.c.outcome != "served", 1), else_=0),
        "cost": func.coalesce(entries.c.cost, 0),
        "unpriced": case((entries.c.cost.is_(None), 1), else_=0),
        "estimated": case((estimated, 1), else_=0),
        "estimated_tokens": case((estimated, _INPUT + _OUTPUT), else_=0),
        "estimated_cost": case((estimated, func.coalesce(entries.c.cost, 0)), else_=0),
    }
    return [counted, named, *(func.sum(value).label(f"sum_{name}") for name, value in sums.items())]


_SUMMED = ("not_served", "cost", "unpriced", "estimated", "estimated_tokens", "estimated_cost")


def _add(
    found: dict[tuple[int | str, ...], UsageRow],
    rows: Iterable[Row[Any]],
    by: Sequence[By],
    called: Mapping[tuple[int | str, ...], tuple[tuple[str, int], ...]],
) -> None:
    for row in rows:
        if not row.exchanges:
            continue
        group = tuple(row[: len(by)])
        told = _usage_row(row, by, called.get(group, ()))
        if (before := found.get(group)) is not None:
            names = max(before.key_name, told.key_name)
            told = msgspec.structs.replace(total([before, told]), group=told.group, key_name=names)
        found[group] = told


def _usage_row(row: Row[Any], by: Sequence[By], tools: tuple[tuple[str, int], ...]) -> UsageRow:
    sums = {name: int(getattr(row, f"sum_{name}")) for name in (*COUNTERS, *_SUMMED)}
    return UsageRow(
        group=tuple(_shown(one, value) for one, value in zip(by, row, strict=False)),
        key_name=str(row.key_name) if By.KEY in by else "",
        exchanges=row.exchanges,
        usage=Usage(**{name: sums[name] for name in COUNTERS}, tools=tools),
        **{name: sums[name] for name in _SUMMED},
    )


def _shown(by: By, value: int | str) -> str:
    return str(_EPOCH + datetime.timedelta(days=int(value))) if by is By.DAY else str(value)


def _called(rows: Iterable[Row[Any]]) -> Mapping[tuple[int | str, ...], tuple[tuple[str, int], ...]]:
    found: dict[tuple[int | str, ...], dict[str, int]] = {}
    for row in rows:
        found.setdefault(tuple(row[:-2]), {})[row.tool] = int(row.calls)
    return {group: tuple(sorted(counted.items())) for group, counted in found.items()}


def _tools(
    connection: Connection,
    groups: Sequence[ColumnElement[int] | ColumnElement[str]],
    chosen: Sequence[ColumnElement[bool]],
) -> Mapping[tuple[int | str, ...], tuple[tuple[str, int], ...]]:
    """Calls of server tools per group. Few rows have any, and the few spellings that there are come counted."""
    query = select(*groups, entries.c.tools, func.count()).where(entries.c.tools.is_not(None), *chosen)
    found: dict[tuple[int | str, ...], Counter[str]] = {}
    for *group, text, times in connection.execute(query.group_by(*groups, entries.c.tools)):
        counted = found.setdefault(tuple(group), Counter())
        for name, calls in _TOOLS.decode(text):
            counted[name] += calls * times
    return {group: tuple(sorted(counted.items())) for group, counted in found.items()}


def where(which: Filter) -> Iterator[ColumnElement[bool]]:
    if which.since is not None:
        yield entries.c.at >= round(which.since * 1e3)
    if which.until is not None:
        yield entries.c.at < round(which.until * 1e3)
    yield from summing.about(which, entries)


def _within(first: int, end: int) -> Sequence[ColumnElement[bool]]:
    return entries.c.at >= first, entries.c.at < end


def _about_then(name: str) -> ColumnElement[bool] | None:
    if len(name) != ID_LENGTH or set(name) - set("0123456789abcdef"):
        return None
    moment = int(name[:12], 16)
    return entries.c.at.between(moment - _DAY_MILLISECONDS, moment + _DAY_MILLISECONDS)


def _unpriced(chosen: Sequence[ColumnElement[bool]]) -> Select[Any]:
    groups = [entries.c.provider, _MODEL.label("model")]
    columns = [func.count(), func.sum(_INPUT + _OUTPUT), func.max(entries.c.at)]
    return select(*groups, *columns).where(entries.c.cost.is_(None), *chosen).group_by(*groups)


def _lines(connection: Connection, query: Select[tuple[int, ...]]) -> tuple[LogLine, ...]:
    return tuple(map(_line, connection.execute(query)))


def _line(row: Row[Any]) -> LogLine:
    told = dict(row._mapping)
    del told["number"]
    return LogLine(
        **{
            **told,
            "at": row.at / 1e3,
            "first_byte": row.first_byte / 1e6,
            "duration": row.duration / 1e6,
            "stream": bool(row.stream),
        }
    )


def _cursor(connection: Connection) -> int:
    return connection.execute(select(func.max(entries.c.number))).scalar() or 0
