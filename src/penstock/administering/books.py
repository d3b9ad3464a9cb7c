"""Acts that read the books: what was used, exchange by exchange or in sums, and which levels are suspended."""

import datetime
import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal, get_type_hints

import msgspec
from msgspec import Meta

from penstock.administering.acting import Act, Actor, Most, Page, Role, paged
from penstock.administering.checking import maybe
from penstock.administering.errors import ConflictError, InvalidError, NotFoundError, together
from penstock.administering.house import House
from penstock.core.books import By, Filter, LogLine, UsageRow, total
from penstock.core.entry import Entry, Opened
from penstock.core.usage import Share, Usage
from penstock.stores.audit import Change
from penstock.stores.reports import Reports
from penstock.stores.suspensions import Suspension, Suspensions

_ALL = frozenset((Role.OWNER, Role.ADMIN, Role.LEAD, Role.VIEWER))
_CHANGERS = frozenset((Role.OWNER, Role.ADMIN))
_STATUS = re.compile(r"([1-5])xx|[1-5]\d\d")

Group = Literal["day", "key", "team", "user", "model", "provider", "status"]


_Moment = Annotated[datetime.datetime, Meta(extra_json_schema={"format": "date-time"})]


class Choice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which exchanges; what is left out does not matter."""

    since: _Moment | None = None
    """Those that began then or later; with a time zone, such as `2026-11-01T00:00:00Z`."""
    until: _Moment | None = None
    """Those that began before."""
    key: str | None = None
    """A key's id or name."""
    team: str | None = None
    user: str | None = None
    """Whose key it was then."""
    provider: str | None = None
    model: str | None = None
    """As it was asked for, or as it answered."""
    status: Annotated[str, Meta(extra_json_schema={"pattern": f"^(?:{_STATUS.pattern})$"})] | None = None
    """Such as `429` or `5xx`."""
    outcome: str | None = None
    """`served`, `refused`, `failed`, `abandoned`, `cut` or `killed`."""


class AskUsage(Choice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sums over exchanges."""

    by: tuple[Group, ...] = ("model",)
    """What to group by; nothing: one sum over all."""


class ListExchanges(Choice, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exchanges, the newest first."""

    most: Most = 100
    after: tuple[int, str] | None = None


class NamedExchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One exchange."""

    exchange: str
    """Its id, as answers carry it in `X-Penstock-Exchange-Id`."""


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """One group of exchanges; money in whole micro-dollars at list prices."""

    group: dict[str, str]
    """What was grouped by, each with its value; a key's is its id."""
    key_name: str
    exchanges: int
    not_served: int
    tokens: int
    usage: Usage
    cost: int
    """Of those that have a price."""
    unpriced: int
    """Exchanges without a price."""
    estimated: int
    """Exchanges whose counters are estimates, at least in part."""
    estimated_tokens: int
    estimated_cost: int


class Rounded(msgspec.Struct, frozen=True):
    """A span of whole hours."""

    since: datetime.datetime | None
    until: datetime.datetime | None


class UsageReport(msgspec.Struct, frozen=True):
    """What was used."""

    rows: tuple[Sum, ...]
    total: Sum
    rounded: Rounded | None = None
    """The span that the sums are about, where it is not the one that was asked for: single exchanges at its ends have
    been pruned, and only sums of whole hours are known."""


class ListSuspensions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All suspensions, those that were lifted too."""


class Lift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A suspension to be taken out of force."""

    key: str
    """The key's id or name."""
    model: str
    intensity: Literal["lite", "full", "ultra"]


_OPENED = tuple(name for name in Opened.__struct_fields__ if name not in {"at", "terseness"})
_CLOSED = tuple(
    name for name in Entry.__struct_fields__ if name not in {"opened", "consumption", "scrubbed", "rulings"}
)
_TYPES = {**get_type_hints(Opened), **get_type_hints(Entry)}

Exchange = msgspec.defstruct(
    "Exchange",
    [
        ("at", float),
        *((name, _TYPES[name]) for name in (*_OPENED, *_CLOSED)),
        ("source", str),
        ("usage_missing", bool),
        ("shares", tuple[Share, ...]),
        ("terseness", dict[str, object] | None),
        ("scrubbed", dict[str, object] | None),
        ("rulings", list[dict[str, object]]),
    ],
    frozen=True,
    module=__name__,
)
"""Everything that the books hold of one exchange: the fields of ``Opened`` and ``Entry``, by their names, money in
micro-dollars."""


def usage(house: House, actor: Actor, wanted: AskUsage) -> UsageReport:
    """Sum what was used."""
    _check(house, wanted)
    by = tuple(By(one) for one in dict.fromkeys(wanted.by))
    which = _filter(actor, wanted)
    found = Reports(house.store.engine).report(by, which)
    span = found.since, found.until
    rounded = None if span == (which.since, which.until) else Rounded(*map(_stamped, span))
    return UsageReport(tuple(_sum(by, row) for row in found.rows), _sum((), total(found.rows)), rounded)


def listed(house: House, actor: Actor, wanted: ListExchanges) -> Page[LogLine]:
    """List exchanges."""
    _check(house, wanted)
    which, reports = _filter(actor, wanted), Reports(house.store.engine)

    def found(most: int) -> Sequence[LogLine]:
        return reports.older(which, wanted.after, most=most)

    return paged(wanted.most, found, lambda last: (round(last.at * 1e3), last.id))


def show(house: House, actor: Actor, wanted: NamedExchange) -> msgspec.Struct:
    """Show all that the books hold of an exchange; never a word of what was asked or answered."""
    found = Reports(house.store.engine).entry(wanted.exchange)
    confined = actor.confined()
    if found is None or (confined is not None and found.opened.team != confined):
        words = f"The books hold no exchange {wanted.exchange!r}; it may be on its way into them for a second."
        raise NotFoundError(words, "exchange")
    return _exchange(found)


def _exchange(entry: Entry) -> msgspec.Struct:
    opened, told = entry.opened, entry.consumption
    return Exchange(
        at=opened.at,
        **{name: getattr(opened, name) for name in _OPENED},
        **{name: getattr(entry, name) for name in _CLOSED},
        source=told.source.value,
        usage_missing=told.missing,
        shares=told.shares,
        terseness=_fields(opened.terseness),
        scrubbed=_fields(entry.scrubbed),
        rulings=[msgspec.structs.asdict(one) for one in entry.rulings],
    )


def _fields(value: msgspec.Struct | None) -> dict[str, object] | None:
    return None if value is None else msgspec.structs.asdict(value)


def suspended(house: House, actor: Actor, wanted: ListSuspensions) -> Page[Suspension]:
    """List the levels of terser answers that new conversations did not get."""
    del actor, wanted
    return Page(tuple(Suspensions(house.store.engine).rows()))


def lift(house: House, actor: Actor, wanted: Lift) -> Page[Suspension]:
    """Take a suspension out of force; what was measured before is not held against the level again."""
    with house.changing(actor) as (on, note):
        lifted = Suspensions(house.store.engine).lift(wanted.key, wanted.model, wanted.intensity, on)
        if not lifted:
            raise ConflictError("No such level is suspended now.")
        for one in lifted:
            note(Change("suspensions.lift", "suspension", one.key, one.key_name, one.level, None))
    return Page(tuple(lifted))


def _filter(actor: Actor, wanted: Choice) -> Filter:
    team, confined = wanted.team, actor.confined()
    if confined is not None:
        if team not in {None, confined}:
            raise NotFoundError(f"There is no team {team!r}.", "team")
        team = confined
    return Filter(
        since=None if wanted.since is None else wanted.since.timestamp(),
        until=None if wanted.until is None else wanted.until.timestamp(),
        key=wanted.key,
        team=team,
        owner=wanted.user,
        provider=wanted.provider,
        model=wanted.model,
        status=None if wanted.status is None else _statuses(wanted.status),
        outcome=wanted.outcome,
    )


def _stamped(moment: float | None) -> datetime.datetime | None:
    return None if moment is None else datetime.datetime.fromtimestamp(moment, datetime.UTC)


def _check(house: House, wanted: Choice) -> None:
    del house
    together(
        partial(maybe, _check_moment, "since", wanted.since),
        partial(maybe, _check_moment, "until", wanted.until),
        partial(maybe, _statuses, wanted.status),
    )


def _check_moment(field: str, value: datetime.datetime) -> None:
    if value.tzinfo is None:
        raise InvalidError("It has no time zone; write a Z behind it for UTC.", field)


def _statuses(text: str) -> tuple[int, int]:
    found = _STATUS.fullmatch(text)
    if found is None:
        raise InvalidError("Write a status like 429, or a class like 5xx.", "status")
    return (int(found[1]) * 100, int(found[1]) * 100 + 99) if found[1] else (int(text), int(text))


def _sum(by: tuple[By, ...], row: UsageRow) -> Sum:
    return Sum(
        group={one.value: value for one, value in zip(by, row.group, strict=True)},
        key_name=row.key_name,
        exchanges=row.exchanges,
        not_served=row.not_served,
        tokens=row.tokens,
        usage=row.usage,
        cost=row.cost,
        unpriced=row.unpriced,
        estimated=row.estimated,
        estimated_tokens=row.estimated_tokens,
        estimated_cost=row.estimated_cost,
    )


ACTS = (
    Act("usage.report", AskUsage, UsageReport, _ALL, usage, writes=False, check=_check),
    Act("exchanges.list", ListExchanges, Page[LogLine], _ALL, listed, writes=False, check=_check),
    Act("exchanges.show", NamedExchange, Exchange, _ALL, show, writes=False),
    Act("suspensions.list", ListSuspensions, Page[Suspension], _ALL - {Role.LEAD}, suspended, writes=False),
    Act("suspensions.lift", Lift, Page[Suspension], _CHANGERS, lift),
)
