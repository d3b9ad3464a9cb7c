"""Asks the books: sums by group, lines of the log, one exchange, last uses, models without a price.

Reads only, from any thread or process, beside writers that are at work. Sums are whole numbers from end to end.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, case, func, literal, select

from penstock.core.books import EVERYTHING, By, Filter, Lines, LogLine, Report, UnpricedModel, UsageRow
from penstock.core.entry import Entry
from penstock.core.usage import COUNTERS
from penstock.stores import summing, whose
from penstock.stores.adding import Adding
from penstock.stores.ledger import entry_of
from penstock.stores.refused import as_books_error
from penstock.stores.rollups import HOUR_MILLISECONDS
from penstock.stores.schema import entries
from penstock.stores.turns import on_server, reading

_DAY_MILLISECONDS = 86_400_000
ID_LENGTH = 28
"""Of an exchange's id: twelve digits of its time, in milliseconds, and sixteen more."""

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
        return self.report(by, which).rows

    def report(self, by: Sequence[By], which: Filter = EVERYTHING) -> Report:
        """The same, and about which span it is, where single exchanges have gone that would tell of the one wanted."""
        adding = Adding(by)
        with self._reading() as connection:
            span = _taken_apart(connection, which)
            for stretch in (*span.whole, *map(summing.hour, span.gone)):
                adding.called(connection.execute(summing.tools(by, which, stretch)))
                narrow = stretch.days and whose.answers(by, which)
                if not (narrow and _added_by_whose(adding, connection, by, stretch)):
                    adding.add(connection.execute(summing.sums(by, which, stretch)))
            groups = [_GROUPS[one].label(f"group_{one.value}") for one in by]
            for ragged in span.ragged:
                chosen = [*_within(*ragged), *summing.about(which, entries)]
                adding.add(connection.execute(select(*groups, *_sums()).where(*chosen).group_by(*groups)))
                told = select(*groups, entries.c.tools, func.count()).where(entries.c.tools.is_not(None), *chosen)
                adding.called_in(connection.execute(told.group_by(*groups, entries.c.tools)))
        return Report(adding.rows(), *summing.rounded(which, span.gone))

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
            span = _taken_apart(connection, which)
            queries = [summing.unpriced(which, one) for one in (*span.whole, *map(summing.hour, span.gone))]
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
        with as_books_error(), self._engine.connect() as connection:
            yield connection


def _taken_apart(connection: Connection, which: Filter) -> summing.SpanParts:
    """Hours of which nothing is known at all are none that have gone."""
    first = connection.execute(select(func.min(entries.c.at))).scalar()
    span = summing.taken_apart(which, first)
    oldest = None if first is None else first // HOUR_MILLISECONDS
    if first is not None and any(ragged[0] // HOUR_MILLISECONDS == oldest for ragged in span.ragged):
        # Somebody may have been stopped in the midst of it.
        following = (first // HOUR_MILLISECONDS + 1) * HOUR_MILLISECONDS
        there = connection.execute(select(func.count()).where(*_within(first, following))).scalar_one()
        if there != connection.execute(summing.exchanges(first // HOUR_MILLISECONDS)).scalar_one():
            span = summing.taken_apart(which, following)
    gone = tuple(hour for hour in span.gone if connection.execute(summing.exchanges(hour)).scalar_one())
    return span._replace(gone=gone)


def _added_by_whose(adding: Adding, connection: Connection, by: Sequence[By], days: summing.WholeSpan) -> bool:
    """Whether the sums of whose it was tell of all exchanges of these days; else nothing of them is added."""
    parts = whose.taken_apart(by, days, whose.known(connection))
    found = [(part.sign, connection.execute(whose.sums(by, part)).all()) for part in parts]
    place = len(by)
    told = sum(sign * sum(map(itemgetter(place), rows)) for sign, rows in found)
    if told != connection.execute(whose.expected(days)).scalar_one():
        return False
    for sign, rows in found:
        adding.add(rows, sign)
    return True


def _sums() -> Sequence[ColumnElement[int]]:
    estimated = entries.c.source == "estimated"
    counted = func.count().label("exchanges")
    named = func.max(entries.c.key_name).label("key_name")
    sums = {
        "not_served": case((entries.c.outcome != "served", 1), else_=0),
        "cost": func.coalesce(entries.c.cost, 0),
        "unpriced": case((entries.c.cost.is_(None), 1), else_=0),
        "estimated": case((estimated, 1), else_=0),
        "estimated_tokens": case((estimated, _INPUT + _OUTPUT), else_=0),
        "estimated_cost": case((estimated, func.coalesce(entries.c.cost, 0)), else_=0),
    }
    each = (sums[name] if name in sums else entries.c[name] for name in summing.SUMMED)
    return [counted, named, *map(func.sum, each)]


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
