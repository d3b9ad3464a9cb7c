"""The act that tells how quotas stand: from the counters that processes share, else from the books."""

import asyncio
import functools
import time
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path

import msgspec

from penstock.administering import keys
from penstock.administering.acting import Act, Actor, Page, Role
from penstock.administering.errors import InvalidError, NotFoundError
from penstock.administering.house import House, reading_books
from penstock.assembly import composing
from penstock.assembly.limiting import kinds
from penstock.background.reckoning import Holders, Sums, over_long
from penstock.config.settings import Settings
from penstock.core.caller import KeyProfile
from penstock.core.counting import Counters, Standing, Unanswered, Way
from penstock.core.inheriting import Heritage, Owned
from penstock.core.quota import Level, Period, Quota, Unit
from penstock.core.quota_text import said
from penstock.policies.limit.taking import Slot, held, slots
from penstock.policies.limit.terms import OperationKind
from penstock.stores.counting.sqlite import COUNTERS, SqliteCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from penstock.stores.used import Usages

_HOUR = 3600
_PATIENCE_SECONDS = 3.0
COUNTED, BOOKED, UNKNOWN = "counters", "books", "process"


class QuotaStanding(msgspec.Struct, frozen=True):
    """One quota. Amounts are in its unit: requests, tokens, micro-dollars, bytes."""

    quota: str
    """Without its options."""
    level: str
    """`key`, `user`, `team` or `installation`: of whom all requests count in it."""
    subject: str
    """Which one: a key's id, a name; empty for the installation."""
    unit: str
    limit: int
    used: int | None
    """Null: only the process that counts knows."""
    reserved: int | None
    """By requests under way; null: only the process that counts knows."""
    resets: int | None
    """Seconds since the epoch: when it begins anew, or is all there again; null: it is not a matter of time."""
    source: str
    """`counters`: as they stand now. `books`: as far as exchanges are in the books, some seconds late. `process`: it is
    counted in the gateway's own memory, and nowhere told."""


class ListQuotas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How quotas stand: all that hold for a key, or those of a team or a user; of nobody, the installation's."""

    key: str | None = None
    """A key's id or name."""
    team: str | None = None
    user: str | None = None


def listed(house: House, actor: Actor, wanted: ListQuotas) -> Page[QuotaStanding]:
    """Tell how quotas stand."""
    _check(house, wanted)
    quotas = _quotas(house, actor, wanted)
    now = time.time()
    slotted = {slot.quota: slot for slot in slots(quotas, "", OperationKind.SPENDS, now)}
    counted = _counted(house.settings, tuple(slotted.values()))
    booked: Mapping[str, int] = {} if counted else _booked(house, tuple(slotted), now, wanted)
    return Page(tuple(_told(quota, slotted.get(quota), counted, booked, now) for quota in quotas))


def _check(house: House, wanted: ListQuotas) -> None:
    del house
    asked = [name for name in ("key", "team", "user") if getattr(wanted, name) is not None]
    if len(asked) > 1:
        raise InvalidError("Ask for one of `key`, `team` and `user`.", asked[-1])


def _quotas(house: House, actor: Actor, wanted: ListQuotas) -> Sequence[Quota]:
    confined = actor.confined()
    heritage = house.store.inherited(composing.heritage(house.settings))
    if wanted.key is not None:
        key = keys.show(house, actor, keys.ShowKey(wanted.key))
        found = _profile(house, heritage, key).quotas
        own = (Level.KEY, Level.TEAM)
        return found if confined is None else tuple(quota for quota in found if quota.level in own)
    if confined is not None and wanted.team != confined:
        raise NotFoundError("A lead sees the quotas of the lead's team and of its keys.", "team")
    level = Level.TEAM if wanted.team is not None else Level.USER if wanted.user is not None else Level.INSTALLATION
    anyone = heritage.profile(Owned("", "", wanted.team, wanted.user))
    return tuple(quota for quota in anyone.quotas if quota.level is level)


def _profile(house: House, heritage: Heritage, key: keys.Key) -> KeyProfile:
    if key.in_file:
        declared = composing.declared(house.settings.keys, b"").values()
        return heritage.profile(next(owned for owned, _ in declared if owned.id == key.id))
    return heritage.profile(house.store.owned(key.id))


def _counted(settings: Settings, slotted: Sequence[Slot]) -> Mapping[Quota, Standing]:
    """From the counters that processes share, where they do and it answers."""
    counters = _shared(settings)
    if counters is None or not slotted:
        return {}
    try:
        standings = asyncio.run(_asked(counters, slotted))
    except Unanswered:
        return {}
    return {slot.quota: standing for slot, standing in zip(slotted, standings, strict=True)}


def _shared(settings: Settings) -> Counters | None:
    """Several gateways count where ``shared`` says, else in the PostgreSQL that they share; several processes of one in
    a file; one alone counts in its memory."""
    if settings.shared is not None:
        return ValkeyCounters(address(settings.shared.reveal()), deadline=_PATIENCE_SECONDS)
    if settings.database is not None:
        # Load a driver that SQLite has no use for.
        from penstock.stores.counting.postgresql import PostgresqlCounters  # noqa: PLC0415
        from penstock.stores.server import connect, named  # noqa: PLC0415

        server = settings.database
        return PostgresqlCounters(functools.partial(connect, server), named(server), deadline=_PATIENCE_SECONDS)
    path = Path(settings.data_dir) / COUNTERS
    return SqliteCounters(path, deadline=_PATIENCE_SECONDS) if settings.workers > 1 and path.exists() else None


async def _asked(counters: Counters, slotted: Sequence[Slot]) -> Sequence[Standing]:
    try:
        found = counters.standings([slot.ask for slot in slotted])
        return await found if isinstance(found, Awaitable) else found
    finally:
        closing = counters.close()
        if closing is not None:
            await closing


def _booked(house: House, quotas: Sequence[Quota], now: float, wanted: ListQuotas) -> Mapping[str, int]:
    """By counter, what the books say was used in the spans that go on now."""
    holders = Holders([KeyProfile("", "", quotas=tuple(quotas))], now)
    if not holders:
        return {}
    sums: Sums = {}
    named = {quota.subject for quota in quotas if quota.level is Level.KEY}
    only = sorted(named) if wanted.key is not None and all(quota.level is Level.KEY for quota in quotas) else None
    spending = [name for name, kind in kinds(composing.DIALECTS).items() if kind is OperationKind.SPENDS]
    hours = holders.hours(int(now // _HOUR) + 1, over_long(now))
    with reading_books():
        usages = Usages(house.store.engine, spending)
        usages.read(hours, lambda row: holders.add(row, sums), keys=only, apart=holders.apart)
    return {counter: sum(used.values()) for counter, (_, used) in sums.items()}


def _told(
    quota: Quota, slot: Slot | None, counted: Mapping[Quota, Standing], booked: Mapping[str, int], now: float
) -> QuotaStanding:
    used, reserved, resets, source = None, None, None, UNKNOWN
    if slot is not None and quota in counted:
        standing = counted[quota]
        one = held(slot, standing.settled, standing.reserved, now)
        used, reserved, source = one.used, one.reserved, COUNTED
        resets = round(one.resets) if quota.period is not Period.NONE else None
    elif slot is not None and slot.ask.way is Way.SPAN:
        used, resets, source = booked.get(slot.ask.counter, 0), slot.ask.ends, BOOKED
    limit = slot.ask.most if slot is not None and slot.ask.way is Way.RATE else quota.amount
    return QuotaStanding(
        quota=said(quota),
        level=quota.level.value,
        subject=quota.subject,
        unit="micro-dollars" if quota.unit is Unit.DOLLARS else quota.unit.value,
        limit=limit,
        used=used,
        reserved=reserved,
        resets=resets,
        source=source,
    )


_LOOKERS = frozenset((Role.OWNER, Role.ADMIN, Role.LEAD, Role.VIEWER))

ACTS = (Act("quotas.list", ListQuotas, Page[QuotaStanding], _LOOKERS, listed, writes=False, check=_check),)
