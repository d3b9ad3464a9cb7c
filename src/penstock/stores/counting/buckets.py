"""The arithmetic of RATE: a bucket that refills (GCRA), exact in whole numbers.

What a bucket is, is one point in time: when it will be full again, in ticks and a part of a tick in units of 1/most.
With the part, ``most`` requests one by one take as much as one request of ``most``, and no rounding adds up to one
request too many or too few. Every store computes the same; the scripts of far ones say it again in their own words.
"""

import math

from penstock.core.counting import TICKS, Ask

DEBT = 86_400 * TICKS
HELD = "|held"
"""Behind a bucket's name: seats for what is lent of it. It is not in the bucket yet, and there is no room for it."""
Point = tuple[int, int]
"""Ticks, and a part of a tick: this many times 1/most."""


def later(point: Point, amount: int, ask: Ask) -> Point:
    """The point when the bucket is full again once this amount more is taken; less than 0: given back."""
    whole, part = divmod(amount * ask.ticks + point[1], ask.most)
    return point[0] + whole, part


def bounded(point: Point, now: int) -> Point:
    """No bucket is closed for longer than a day, whatever nonsense was counted."""
    return point if point[0] <= now + DEBT else (now + DEBT, 0)


def begun(full: int, part: int, ask: Ask, now: int) -> Point:
    """From where to count on: a bucket that is full is full from now on."""
    if full < now:
        return now, 0
    # Of another quota than today's; to round up is never too generous.
    return (full, part) if part < ask.most else (full + 1, 0)


def wait(point: Point, ask: Ask, now: int) -> float:
    """Seconds until what leads to this point fits; 0: it does."""
    over = point[0] - now - ask.ticks
    return 0.0 if over < 0 or not (over or point[1]) else (over + (1 if point[1] else 0)) / TICKS


def fitting(full: int, part: int, ask: Ask, lent: int, now: int) -> Point | None:
    """The point after this ask, where it fits beside what is lent; None: it does not."""
    most, ticks, amount = ask.most, ask.ticks, ask.amount
    if most <= 0:
        return None
    # What the functions above say, in one: each request comes by here.
    if full < now:
        full, part = now, 0
    elif part >= most:
        full, part = full + 1, 0
    whole, rest = divmod(amount * ticks + part, most)
    over = full + whole - now - ticks
    if lent or not ask.strict:
        least, of_least = divmod((needed(ask) + lent) * ticks + part, most)
        over, fits = full + least - now - ticks, not of_least
    else:
        fits = not rest
    if over > 0 or (not over and not fits):
        return None
    return bounded((full + whole, rest), now)


def needed(ask: Ask) -> int:
    """What must be there for the ask to be granted."""
    return ask.amount if ask.strict else 1


def never(ask: Ask) -> bool:
    """Whether it fits no bucket of this size, however long one waits."""
    return needed(ask) > ask.most or ask.most <= 0


def missing(full: int, part: int, ask: Ask, now: int) -> int:
    """What of the bucket is taken, rounded up."""
    if full < now or ask.most <= 0:
        return 0
    return -(-((full - now) * ask.most + part) // ask.ticks)


def settled(full: int, part: int, ask: Ask, change: int, now: int, top: int) -> Point:
    """The bucket after a lease that took up to ``top`` is settled with this much more, or less.

    More is taken now. Less is given back as far as it has not flowed back by itself: to give back more would let
    through, in one window, what was used in it and what was returned to it.
    """
    if change >= 0:
        return bounded(later(begun(full, part, ask, now), change, ask), now)
    if top <= now:
        return full, part
    most = (top - now) * ask.most // ask.ticks
    return later((full, part), -min(-change, most), ask)


NEVER = math.inf
"""How long one waits for what never fits."""
