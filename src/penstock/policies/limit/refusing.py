"""What a refusal says: which quota, whose, when there is room again, whom to ask. Pure.

To wait a little helps where a bucket refills or others under way hold the rest; where a quota is used up it does not,
and clients that would wait for it in a loop are told not to.
"""

import datetime
import math

import msgspec

from penstock.core.allowance import Held
from penstock.core.caller import KeyProfile
from penstock.core.counting import Ask, Standing, Way
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.quota import Level, Quota, Unit, Unreachable
from penstock.core.quota_text import said

UNDER_WAY_SECONDS = 2
"""After so long something of what others hold may have come back."""
UNCOUNTED_SECONDS = 5
"""After so long a store that does not answer may do so again."""
_MICRO = 1_000_000
_FREE = " that use no tokens"


def named(quota: Quota, key: KeyProfile, *, free: bool = False) -> str:
    """A quota and whose it is: ``5M output tokens per month of the team 'research'``."""
    return f"{said(quota)}{_FREE if free else ''} of {_whose(quota, key)}"


def _whose(quota: Quota, key: KeyProfile) -> str:
    match quota.level:
        case Level.INSTALLATION:
            return "this gateway"
        case Level.TEAM:
            return f"the team {quota.subject!r}"
        case Level.USER:
            return f"the user {quota.subject!r}"
        case _:
            return f"the key {key.name!r}"


def moment(seconds: float) -> str:
    """A time that people read."""
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%d %H:%M} UTC"


def refused(held: Held, ask: Ask, standing: Standing, key: KeyProfile, contact: str, now: float) -> FaultError:
    """By the quota that has no room for this request."""
    quota = held.quota
    about = f"The quota of {named(quota, key, free=held.free)}"
    if ask.way is Way.SEATS:
        words = f"{about} is in use: try again when one of them is over."
        return _fault(FaultKind.THROTTLED, words, contact, held, 1)
    if ask.way is Way.RATE:
        if math.isinf(standing.wait):
            room = f"the quota of {named(quota, key)} lets {ask.most:,} go at once"
            words = f"This request may use {ask.amount:,}, and {room}."
            return _fault(FaultKind.TOO_MUCH, words, contact, held)
        wait = max(1, math.ceil(standing.wait))
        words = f"{about} has no room for {wait} more second{'s' if wait > 1 else ''}: try again then."
        fault = _fault(FaultKind.THROTTLED, words, contact, held, wait).fault
        return FaultError(msgspec.structs.replace(fault, retry_after_ms=max(1, math.ceil(standing.wait * 1000))))
    return _of_span(held, ask, about, contact, max(1, math.ceil(held.resets - now)))


def _of_span(held: Held, ask: Ask, about: str, contact: str, fresh: int) -> FaultError:
    until = moment(held.resets)
    if held.used >= ask.most:
        return _fault(FaultKind.EXHAUSTED, f"{about} is used up until {until}.", contact, held, fresh)
    if ask.strict and held.used + ask.amount > ask.most:
        left = f"{about} has {_left(held)} left until {until}"
        words = f"{left}, and this request may use {_amount(held.quota, ask.amount)}: let it use less."
        return _fault(FaultKind.EXHAUSTED, words, contact, held, fresh)
    words = f"{about} is held by requests under way: try again when they are over."
    return _fault(FaultKind.THROTTLED, words, contact, held, UNDER_WAY_SECONDS)


def cut(held: Held, key: KeyProfile, contact: str) -> Fault:
    """Of a stream under way."""
    until = f" until {moment(held.resets)}" if held.resets else ""
    words = f"The quota of {named(held.quota, key)} is used up{until}, and this answer ends here."
    return _fault(FaultKind.EXHAUSTED, words, contact, held).fault


def uncounted(held: Held, key: KeyProfile, contact: str) -> FaultError:
    """The store does not answer, and the quota wants it so."""
    words = f"The quota of {named(held.quota, key)} can't be counted now, and nothing passes without: try again soon."
    return _fault(FaultKind.OVERLOADED, words, contact, held, UNCOUNTED_SECONDS)


def too_long(quota: Quota, key: KeyProfile, contact: str) -> Fault:
    """The body is longer than the quota lets one be."""
    words = f"This request is longer than the quota of {named(quota, key)} allows."
    return _fault(FaultKind.TOO_LARGE, words, contact, None).fault


def unpriced(quota: Quota, key: KeyProfile, model: str, contact: str) -> FaultError:
    """Nobody knows what the model costs."""
    words = f"The model {model[:100]!r} has no price here, and the quota of {named(quota, key)} counts money."
    return _fault(FaultKind.UNPRICED, words, contact, None)


def unbounded(quota: Quota, key: KeyProfile, why: str, contact: str) -> FaultError:
    """Nobody can say how much the request may use."""
    words = f"The quota of {named(quota, key)} must never be overshot, and this request has no bound: {why}."
    return _fault(FaultKind.TOO_MUCH, words, contact, None)


def closed(quota: Quota) -> bool:
    """Nothing passes while it can't be counted."""
    return quota.unreachable is Unreachable.CLOSED


def _left(held: Held) -> str:
    return _amount(held.quota, max(0, held.quota.amount - held.used))


def _amount(quota: Quota, much: int) -> str:
    return f"${much / _MICRO:,.4f}" if quota.unit is Unit.DOLLARS else f"{much:,}"


def _fault(kind: FaultKind, words: str, contact: str, held: Held | None, retry: int | None = None) -> FaultError:
    told = words if kind is FaultKind.THROTTLED else f"{words} Ask {contact} if you need more."
    return FaultError(Fault(kind=kind, words=told, retry_after=retry, held=held))
