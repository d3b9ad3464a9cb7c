"""Reads sums of the books from the roll-ups: a span is taken apart into whole days, whole hours, and what is left.

What is left at the ends is less than an hour each, and is asked of the entries. Where those have gone already, the
whole hour is taken: nothing finer is known any more.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, Table, case, func, literal, select

from penstock.core.books import By, Filter
from penstock.core.usage import COUNTERS
from penstock.stores.rollups import HOUR_MILLISECONDS, HOURS_IN_DAY, SumKind
from penstock.stores.schema import rollup_subjects, rollup_tools, rollups

_OF_KEYS = {By.KEY, By.TEAM, By.USER}
_SUBJECT = rollup_subjects.c
_BY_SUBJECT: Mapping[By, ColumnElement[int] | ColumnElement[str]] = {
    By.KEY: _SUBJECT.key,
    By.TEAM: _SUBJECT.team,
    By.USER: _SUBJECT.owner,
    By.MODEL: case((_SUBJECT.served != "", _SUBJECT.served), else_=_SUBJECT.model),
    By.PROVIDER: _SUBJECT.provider,
    By.STATUS: _SUBJECT.status,
}
SUMMED = (*COUNTERS, "not_served", "cost", "unpriced", "estimated", "estimated_tokens", "estimated_cost")
"""What a report sums up beside exchanges, in the order of its rows."""


class WholeSpan(NamedTuple):
    """Whole hours, or whole days, from the first on and before the end, since the epoch; None: no bound."""

    first: int | None
    end: int | None
    days: bool = False


class SpanParts(NamedTuple):
    """A span taken apart."""

    whole: tuple[WholeSpan, ...]
    ragged: tuple[tuple[int, int], ...]
    """Milliseconds: less than an hour each, from the first on and before the second."""
    gone: tuple[int, ...] = ()
    """Hours since the epoch of which a part is wanted and only the whole is known."""


def taken_apart(which: Filter, oldest: int | None) -> SpanParts:
    """``oldest``: when the first entry began that is still there, in milliseconds; None: no entry is."""
    since = None if which.since is None else round(which.since * 1e3)
    until = None if which.until is None else round(which.until * 1e3)
    if since is not None and until is not None and until <= since:
        return SpanParts((), ())
    first, end = _up(since, HOUR_MILLISECONDS), _down(until, HOUR_MILLISECONDS)
    ragged: list[tuple[int, int]] = []
    if since is not None and until is not None and until // HOUR_MILLISECONDS < -(-since // HOUR_MILLISECONDS):
        # All of it within one hour.
        ragged.append((since, until))
    else:
        ragged += [] if since is None or first is None else [(since, first * HOUR_MILLISECONDS)]
        ragged += [] if until is None or end is None else [(end * HOUR_MILLISECONDS, until)]
    ragged = [one for one in ragged if one[0] < one[1]]
    known = tuple(one for one in ragged if oldest is not None and _hour_after(one) * HOUR_MILLISECONDS > oldest)
    gone = tuple(dict.fromkeys(_hour_after(one) - 1 for one in ragged if one not in known))
    return SpanParts(tuple(_whole(first, end)), known, gone)


def hour(start: int) -> WholeSpan:
    """A whole one, since the epoch."""
    return WholeSpan(start, start + 1)


def rounded(which: Filter, hours: Collection[int]) -> tuple[float | None, float | None]:
    """The span that an answer is about which takes these hours whole."""
    since, until = which.since, which.until
    if since is not None and (first := round(since * 1e3) // HOUR_MILLISECONDS) in hours:
        since = first * HOUR_MILLISECONDS / 1e3
    if until is not None and (last := round(until * 1e3) // HOUR_MILLISECONDS) in hours:
        until = (last + 1) * HOUR_MILLISECONDS / 1e3
    return since, until


def exchanges(start: int) -> Select[Any]:
    """Of all keys together."""
    one = rollups.c
    of_all = one.kind == int(SumKind.HOUR_OF_ALL), one.start == start
    return select(func.coalesce(func.sum(one.exchanges), 0)).where(*of_all)


def _hour_after(ragged: tuple[int, int]) -> int:
    return ragged[0] // HOUR_MILLISECONDS + 1


def _whole(first: int | None, end: int | None) -> Iterator[WholeSpan]:
    first_day, end_day = _up(first, HOURS_IN_DAY), _down(end, HOURS_IN_DAY)
    if first is not None and end is not None and end // HOURS_IN_DAY <= -(-first // HOURS_IN_DAY):
        if first < end:
            yield WholeSpan(first, end)
        return
    yield WholeSpan(first_day, end_day, days=True)
    if first is not None and first % HOURS_IN_DAY:
        yield WholeSpan(first, -(-first // HOURS_IN_DAY) * HOURS_IN_DAY)
    if end is not None and end % HOURS_IN_DAY:
        yield WholeSpan(end - end % HOURS_IN_DAY, end)


def _up(value: int | None, unit: int) -> int | None:
    return None if value is None else -(-value // unit)


def _down(value: int | None, unit: int) -> int | None:
    return None if value is None else value // unit


def sums(by: Sequence[By], which: Filter, stretch: WholeSpan) -> Select[Any]:
    """The groups, then exchanges, the latest name of the key, and the sums of ``reports``."""
    one = rollups.c
    groups = _groups(by, rollups, stretch)
    columns: list[ColumnElement[Any]] = [
        func.coalesce(func.sum(one.exchanges), 0).label("exchanges"),
        func.max(_SUBJECT.key_name).label("key_name"),
        *(func.sum(value).label(f"sum_{name}") for name, value in summed().items()),
    ]
    return _asked(rollups, [*groups, *columns], by, which, stretch).group_by(*groups)


def summed() -> Mapping[str, ColumnElement[int]]:
    """What is summed up for a report, by ``SUMMED``'s names."""
    one = rollups.c
    tokens_in = _added([name for name in COUNTERS if name.startswith(("input", "cache"))])
    tokens_out = _added([name for name in COUNTERS if not name.startswith(("input", "cache"))])
    estimated = _SUBJECT.source == "estimated"
    found = {
        "not_served": case((_SUBJECT.outcome != "served", one.exchanges), else_=0),
        "cost": one.cost,
        "unpriced": case((_SUBJECT.priced == 0, one.exchanges), else_=0),
        "estimated": case((estimated, one.exchanges), else_=0),
        "estimated_tokens": case((estimated, tokens_in + tokens_out), else_=0),
        "estimated_cost": case((estimated, one.cost), else_=0),
    }
    return {name: found[name] if name in found else one[name] for name in SUMMED}


def tools(by: Sequence[By], which: Filter, stretch: WholeSpan) -> Select[Any]:
    """The groups, then a tool's name and its calls."""
    one, groups = rollup_tools.c, _groups(by, rollup_tools, stretch)
    columns = [one.tool, func.sum(one.calls).label("calls")]
    return _asked(rollup_tools, [*groups, *columns], by, which, stretch).group_by(*groups, one.tool)


def unpriced(which: Filter, stretch: WholeSpan) -> Select[Any]:
    """Provider and model, then exchanges, tokens and the latest time."""
    one = rollups.c
    groups = [_SUBJECT.provider, _BY_SUBJECT[By.MODEL].label("model")]
    columns = [
        func.sum(one.exchanges).label("exchanges"),
        func.sum(_added(COUNTERS)).label("tokens"),
        func.max(one.last).label("last"),
    ]
    return _asked(rollups, [*groups, *columns], (), which, stretch).where(_SUBJECT.priced == 0).group_by(*groups)


def _groups(by: Sequence[By], table: Table, stretch: WholeSpan) -> list[ColumnElement[Any]]:
    return groups_of(by, table.c.start if stretch.days else table.c.start // HOURS_IN_DAY)


def groups_of(by: Sequence[By], day: ColumnElement[int]) -> list[ColumnElement[Any]]:
    """What is grouped by, of rows that are joined with what they are about."""
    return [(day if one is By.DAY else _BY_SUBJECT[one]).label(f"group_{one.value}") for one in by]


def _asked(
    table: Table, columns: Sequence[ColumnElement[Any]], by: Sequence[By], which: Filter, stretch: WholeSpan
) -> Select[Any]:
    row = table.c
    of_keys = bool(_OF_KEYS.intersection(by)) or about_keys(which)
    kinds = (SumKind.HOUR_OF_ALL, SumKind.HOUR_OF_KEY, SumKind.DAY_OF_ALL, SumKind.DAY_OF_KEY)
    chosen = [row.kind == int(kinds[2 * stretch.days + of_keys]), *about(which, rollup_subjects)]
    chosen += [] if stretch.first is None else [row.start >= stretch.first]
    chosen += [] if stretch.end is None else [row.start < stretch.end]
    if about_keys(which):
        # Few are looked for among many: their numbers lead to them.
        chosen.append(row.subject.in_(select(_SUBJECT.number).where(*about(which, rollup_subjects))))
    joined = table.join(rollup_subjects, _SUBJECT.number == row.subject)
    return select(*columns).select_from(joined).where(*chosen)


def about_keys(which: Filter) -> bool:
    """Whether it asks for whose it was: sums of all keys together do not say that."""
    return any(value is not None for value in (which.tenant, which.key, which.team, which.owner))


def _added(names: Sequence[str]) -> ColumnElement[int]:
    found: ColumnElement[int] = sum((rollups.c[name] for name in names), literal(0))
    return found


def about(which: Filter, table: FromClause) -> Iterator[ColumnElement[bool]]:
    """What a filter says but for times, of the entries or of what sums are about."""
    row = table.c
    for name in ("tenant", "team", "owner", "provider", "outcome"):
        if (value := getattr(which, name)) is not None:
            yield row[name] == value
    if which.key is not None:
        yield (row.key == which.key) | (row.key_name == which.key)
    if which.model is not None:
        yield (row.model == which.model) | (row.served == which.model)
    if which.status is not None:
        yield row.status.between(*which.status)
