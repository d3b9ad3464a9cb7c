"""What a key's requests to a model take from its quotas: worked out once, and asked for again and again.

A request with three quotas must not cost three formatted names, three dates and three sums: names and the ends of
periods stand here until the first of these is over, and amounts until what was learned has moved.
"""

import datetime
from collections.abc import Callable, Sequence

import msgspec

from penstock.core.allowance import Allowance, Held
from penstock.core.caller import KeyProfile, matches
from penstock.core.counting import TICKS, Ask, Verdict, Way
from penstock.core.entry import Entry
from penstock.core.quota import Period, Quota, Spent, Unit, metered
from penstock.core.quota_text import METERED, TOKENS
from penstock.core.spending import spender
from penstock.policies.limit.learned import Size
from penstock.policies.limit.terms import OperationKind
from penstock.policies.limit.worst import Most

_UTC = datetime.UTC
_FREE_BURST = 60
"""Requests that spend nothing may come so many at once at least: Claude Code counts 26 contexts together (wire
contract 3.9)."""
_NEVER = 2**52
"""No counter comes there: of a quota that is only to be told of, nothing is refused."""
_DAY = 86_400
_COMES = frozenset(METERED) - {Unit.INPUT}


class Slot(msgspec.Struct, frozen=True, gc=False):
    """One quota of a request, for as long as its period lasts."""

    quota: Quota
    ask: Ask
    """Its amount is that of a request; of what has to be estimated it is put in anew."""
    free: bool
    begins: int = 0


class Taking:
    """What requests of one key, model and kind take."""

    __slots__ = (
        "_spoken",
        "_tokens",
        "asks",
        "calendar",
        "cap",
        "cuts",
        "estimated",
        "key",
        "model",
        "money",
        "own",
        "settles",
        "slots",
        "stamp",
        "until",
    )

    def __init__(self, key: KeyProfile, model: str, kind: OperationKind, now: float) -> None:
        self.key = key
        self.model = model
        self.cap = capping(key.quotas, model, kind)
        """The tightest quota of a request's bytes."""
        self.slots = slots(key.quotas, model, kind, now)
        self._spoken = tuple(
            (slot.quota, slot.free, slot.ask.most or 1, -1.0 if slot.ask.way is Way.RATE else float(slot.ask.ends))
            for slot in self.slots
        )
        """Of each slot what an allowance says; when it begins anew, where that is not a matter of what is used."""
        self.settles = settling(self.slots, known=bool(model))
        self.calendar = tuple((place, slot) for place, slot in enumerate(self.slots) if slot.begins)
        """Those with a day on which they begin anew."""
        self._tokens = tuple((place, slot.quota.amount) for place, slot in self.calendar if slot.quota.unit in TOKENS)
        self.until = min((float(slot.ask.ends) for slot in self.slots if slot.ask.ends), default=float("inf"))
        """Then a period is over."""
        spends = kind is OperationKind.SPENDS
        self.estimated = spends and any(slot.quota.unit in METERED for slot in self.slots)
        self.money = tuple(slot.quota for slot in self.slots if spends and slot.quota.unit is Unit.DOLLARS)
        self.cuts = spends and any(cuts(slot.quota) for slot in self.slots)
        """Streams may be ended."""
        self.own = spends and any(slot.quota.strict and slot.quota.unit in METERED for slot in self.slots)
        """Each request has amounts of its own."""
        self.asks: tuple[Ask, ...] = tuple(slot.ask for slot in self.slots)
        self.stamp: object = None
        """What the asks' amounts were taken from."""

    def learned(self, size: Size) -> tuple[Ask, ...]:
        """The asks, by what was learned."""
        if self.stamp is not size.reserved:
            taken, output, cost = self.stamp = size.reserved
            self.asks = self.amounting(Most(taken, output, cost))
        return self.asks

    def amounting(self, most: Most, strictly: Most | None = None, *, begun: int = 0) -> tuple[Ask, ...]:
        """The asks with these amounts; of strict quotas, with those. ``begun``: of quotas that cut, what comes out is
        reserved as it comes, and what goes in costs so many micro-dollars."""
        found = []
        for slot in self.slots:
            quota = slot.quota
            if quota.unit not in METERED:
                found.append(slot.ask)
                continue
            used = most if strictly is None or not quota.strict else strictly
            if begun and cuts(quota):
                used = Most(used.input, 1, begun)
            found.append(
                msgspec.structs.replace(slot.ask, amount=metered(quota.unit, used.input, used.output, used.cost or 0))
            )
        return tuple(found)

    def allowance(self, verdict: Verdict, asks: Sequence[Ask], now: float) -> Allowance:
        """How the quotas stand, the tightest first."""
        slots, standings = self.slots, verdict.standings
        if len(slots) == 1:
            only = standings[0]
            return Allowance((held(slots[0], only.settled, only.reserved, now, asks[0].amount),))
        order = []
        for place, (quota, free, most, resets) in enumerate(self._spoken):
            standing, own = standings[place], asks[place].amount
            used, reserved = standing.settled, standing.reserved
            if resets < 0:
                one = held(slots[place], used, reserved, now, own)
            else:
                one = Held(quota, used, reserved, resets, free, own)
            order.append((-(used + reserved) / most, place, one))
        order.sort()
        return Allowance(tuple([one for _, _, one in order]))

    def is_near(self, verdict: Verdict, share: float) -> bool:
        """Whether a day's, week's or month's quota of tokens is used by this share."""
        standings = verdict.standings
        for place, most in self._tokens:
            standing = standings[place]
            if standing.settled + standing.reserved >= share * most:
                return True
        return False


def capping(quotas: Sequence[Quota], model: str, kind: OperationKind) -> Quota | None:
    """The tightest quota of a request's bytes. What runs no model is none of any model's business: a file, say."""
    caps = [quota for quota in quotas if quota.unit is Unit.BYTES and concerns(quota, model)]
    caps = [quota for quota in caps if model or not quota.models or kind is OperationKind.SPENDS]
    return min(caps, key=lambda quota: quota.amount, default=None)


def cuts(quota: Quota) -> bool:
    """Whether streams under way are ended when it is used up. What is strict has all of it reserved, and what refills
    is no reason to end an answer."""
    calendar = quota.period is not Period.MINUTE
    return quota.spent is Spent.CUT and not quota.strict and calendar and quota.unit in _COMES


def held(slot: Slot, settled: int, reserved: int, now: float, own: int = 0) -> Held:
    """One quota as it stands; ``own``: what this request has reserved of it."""
    ask = slot.ask
    resets = float(ask.ends)
    if ask.way is Way.RATE:
        resets = now + settled * ask.ticks / ((ask.most or 1) * TICKS)
    return Held(slot.quota, settled, reserved, resets, slot.free, own)


def slots(quotas: Sequence[Quota], model: str, kind: OperationKind, now: float) -> tuple[Slot, ...]:
    """One for each counter: of two quotas that differ only in how much, the tighter."""
    found: dict[str, Slot] = {}
    for quota in quotas:
        if not concerns(quota, model):
            continue
        slot = _slot(quota, kind, now)
        if slot is None:
            continue
        before = found.get(slot.ask.counter)
        if before is None or quota.amount < before.quota.amount:
            found[slot.ask.counter] = slot
    return tuple(found.values())


def _slot(quota: Quota, kind: OperationKind, now: float) -> Slot | None:
    unit, lenient = quota.unit, quota.unreachable
    if unit is Unit.BYTES:
        return None
    if unit is Unit.AT_ONCE:
        seat = Ask(quota.counter, Way.SEATS, quota.amount, 1, unreachable=lenient)
        return Slot(quota, seat, kind is OperationKind.FREE)
    counted = unit is Unit.REQUESTS
    if quota.period is Period.MINUTE:
        if kind is not OperationKind.SPENDS and not counted:
            return None
        free = kind is not OperationKind.SPENDS
        name = f"{quota.counter}:free" if free else quota.counter
        burst = max(quota.bursting, _FREE_BURST) if free else quota.bursting
        ticks = max(1, burst * 60 * TICKS // max(1, quota.amount))
        strict = counted or quota.strict
        if free:
            quota = msgspec.structs.replace(quota, burst=burst)
        return Slot(quota, Ask(name, Way.RATE, burst, 1, strict, ticks, unreachable=lenient), free)
    begins, ends = span(quota.period, now)
    name = dated(quota, begins)
    if kind is OperationKind.SPENDS:
        ask = Ask(name, Way.SPAN, quota.amount, 1, counted or quota.strict, ends=ends, unreachable=lenient)
        return Slot(quota, ask, free=False, begins=begins)
    if kind is OperationKind.TELLS and not counted:
        # Nothing of it is refused, and whatever it tells is counted.
        ask = Ask(name, Way.SPAN, _NEVER, 0, strict=False, ends=ends, unreachable=lenient)
        return Slot(quota, ask, free=True, begins=begins)
    return None


def settling(taken: Sequence[Slot], *, known: bool) -> tuple[tuple[str, Callable[[Entry], int]], ...]:
    """What each counter is settled by. ``known``: which model was asked for was known, and these are its quotas."""
    return tuple(
        (slot.ask.counter, spender(slot.quota) if known or not slot.quota.models else _of_model(slot.quota))
        for slot in taken
        if slot.ask.way is not Way.SEATS
    )


def _of_model(quota: Quota) -> Callable[[Entry], int]:
    spends = spender(quota)
    return lambda entry: spends(entry) if concerns(quota, entry.opened.model or "?") else 0


def dated(quota: Quota, begins: int) -> str:
    """The counter of one of its spans."""
    return f"{quota.counter}:{datetime.datetime.fromtimestamp(begins, _UTC):%Y-%m-%d}"


def span(period: Period, now: float) -> tuple[int, int]:
    """When a calendar's period that holds this moment begins and ends, UTC."""
    day = int(now // _DAY) * _DAY
    if period is Period.DAY:
        return day, day + _DAY
    today = datetime.datetime.fromtimestamp(day, _UTC)
    if period is Period.WEEK:
        monday = day - today.weekday() * _DAY
        return monday, monday + 7 * _DAY
    first = today.replace(day=1)
    following = (first + datetime.timedelta(days=32)).replace(day=1)
    return int(first.timestamp()), int(following.timestamp())


def concerns(quota: Quota, model: str) -> bool:
    """Whether the quota counts requests for this model. Of a request whose model is not known here, any of them may."""
    return not quota.models or not model or matches((quota.models,), model.removeprefix("models/"))
