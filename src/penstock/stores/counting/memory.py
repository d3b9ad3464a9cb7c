"""Counters of one process, in memory: an answer within microseconds, and everything gone with the process.

The ledger's sums rebuild the spans at the next start (``adjust``). What is over is forgotten little by little, as new
counters come: nothing here grows with the number of past requests. Not for threads: the event loop's alone.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from penstock.core.counting import (
    BEGINNING,
    KEPT_SECONDS,
    LEASE_SECONDS,
    TICKS,
    Ask,
    Health,
    Standing,
    Verdict,
    Way,
)
from penstock.stores.counting.buckets import (
    HELD,
    NEVER,
    begun,
    bounded,
    fitting,
    later,
    missing,
    needed,
    never,
    settled,
    wait,
)

NOTES = 20_000
"""Leases that ended without being settled, at most as many as are remembered."""

_LEASE = LEASE_SECONDS * TICKS
_KEPT = KEPT_SECONDS * TICKS
_RATE, _SPAN = Way.RATE, Way.SPAN


def _ticking() -> Callable[[], int]:
    # A wall clock that is set back would close every bucket for as long.
    offset = time.time_ns() // 100 - BEGINNING * TICKS - time.monotonic_ns() // 100
    return lambda: time.monotonic_ns() // 100 + offset


class Bucket:
    """RATE: when it is full again."""

    __slots__ = ("full", "part")

    def __init__(self) -> None:
        self.full = 0
        self.part = 0


class Span:
    """SPAN, and SEATS too, which are never settled."""

    __slots__ = ("adjusted", "ends", "hours", "reserved", "settled")

    def __init__(self, ends: int) -> None:
        self.settled = 0
        self.reserved = 0
        self.hours: dict[int, int] = {}
        self.adjusted = False
        self.ends = ends

    def spend(self, hour: int, amount: int) -> None:
        """Adds to what is settled."""
        self.settled += amount
        self.hours[hour] = self.hours.get(hour, 0) + amount


class Hold(msgspec.Struct, gc=False):
    """What a lease holds of one counter."""

    ask: Ask
    amount: int
    top: int
    last: int
    """What was taken last."""


class Lease(msgspec.Struct, gc=False):
    """What a request has taken; ``done``: a note that it was settled, for what may be said again."""

    expires: int
    parts: list[Hold]
    done: bool = False


class Memory:
    """Counters in this process."""

    def __init__(self, now: Callable[[], int] | None = None, *, lends: bool = False) -> None:
        """``lends``: cells of buckets may be lent to processes, which counts as far as others share them."""
        self._now = now or _ticking()
        self._lends = lends
        self._since = time.time()
        self.buckets: dict[str, Bucket] = {}
        self.spans: dict[str, Span] = {}
        self.leases: dict[str, Lease] = {}
        """In the order in which they end."""
        self.notes: OrderedDict[str, Lease] = OrderedDict()
        self._due = 0
        self._names: deque[tuple[Way, str]] = deque()
        self._unlooked = 0

    def take(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        """All of them or none."""
        now = self._now()
        if now >= self._due:
            self._end(now)
        if self._unlooked:
            self._forget(now)
        if lease in self.leases:
            return Verdict(self._standings(asks, now))
        if lease in self.notes:
            self._revive(lease, now)
            return Verdict(self._standings(asks, now))
        return self._take(lease, asks, now)

    def extend(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        """Reserves more under a lease, all or nothing."""
        now = self._now()
        if now >= self._due:
            self._end(now)
        if lease in self.notes and not self._revive(lease, now):
            return Verdict(self._standings(asks, now))
        return self._take(lease, asks, now)

    def _take(self, lease: str, asks: Sequence[Ask], now: int) -> Verdict:
        points: list[tuple[int, int, int]] = []
        for ask in asks:
            if ask.way is _RATE:
                bucket = self.buckets.get(ask.counter) or self._bucket(ask)
                held = self._held(ask) if self._lends else 0
                point = fitting(bucket.full, bucket.part, ask, held, now)
                if point is None:
                    return self._refusal(asks, now)
                points.append((point[0], point[1], held))
            else:
                span = self.spans.get(ask.counter) or self._span(ask)
                if span.settled + span.reserved + (ask.amount if ask.strict else 1) > ask.most:
                    return self._refusal(asks, now)
        parts: list[Hold] = []
        standings: list[Standing] = []
        taken = iter(points)
        for ask in asks:
            if ask.way is _RATE:
                bucket = self.buckets[ask.counter]
                top, part, held = next(taken)
                bucket.full, bucket.part = top, part
                parts.append(Hold(ask, ask.amount, top, ask.amount))
                standings.append(Standing(-(-((top - now) * ask.most + part) // ask.ticks), held))
            else:
                span = self.spans[ask.counter]
                span.reserved += ask.amount
                parts.append(Hold(ask, ask.amount, 0, ask.amount))
                standings.append(
                    Standing(span.settled, span.reserved, 0.0, not span.adjusted and ask.way is _SPAN),
                )
        self._hold(lease, parts, now)
        return Verdict(tuple(standings))

    def _hold(self, lease: str, parts: list[Hold], now: int) -> None:
        held = self.leases.get(lease)
        if held is None:
            self.leases[lease] = Lease(now + _LEASE, parts)
            return
        mine = {part.ask.counter: part for part in held.parts}
        for part in parts:
            before = mine.get(part.ask.counter)
            if before is None:
                held.parts.append(part)
            else:
                before.ask, before.last, before.top = part.ask, part.amount, part.top
                before.amount += part.amount

    def _refusal(self, asks: Sequence[Ask], now: int) -> Verdict:
        refused = -1
        for index, ask in enumerate(asks):
            if self._lacks(ask, now):
                refused = index
                break
        return Verdict(self._standings(asks, now), refused)

    def _lacks(self, ask: Ask, now: int) -> bool:
        if ask.way is _RATE:
            return self._wait(ask, now) > 0
        span = self.spans.get(ask.counter)
        return (span.settled + span.reserved if span else 0) + needed(ask) > ask.most

    def _wait(self, ask: Ask, now: int) -> float:
        if never(ask):
            return NEVER
        bucket = self.buckets.get(ask.counter)
        start = begun(bucket.full, bucket.part, ask, now) if bucket else (now, 0)
        return wait(later(start, needed(ask) + self._held(ask), ask), ask, now)

    def _held(self, ask: Ask) -> int:
        """Of a bucket: what is lent of it, and not told yet what became of it."""
        span = self.spans.get(ask.counter + HELD) if self._lends else None
        return span.reserved if span else 0

    def standings(self, asks: Sequence[Ask]) -> tuple[Standing, ...]:
        """How these counters stand; takes nothing."""
        now = self._now()
        if now >= self._due:
            self._end(now)
        return self._standings(asks, now)

    def _standings(self, asks: Sequence[Ask], now: int) -> tuple[Standing, ...]:
        found: list[Standing] = []
        for ask in asks:
            if ask.way is _RATE:
                bucket = self.buckets.get(ask.counter)
                taken = missing(bucket.full, bucket.part, ask, now) if bucket else 0
                found.append(Standing(taken, self._held(ask), self._wait(ask, now)))
            else:
                span = self.spans.get(ask.counter)
                new = ask.way is _SPAN and not (span and span.adjusted)
                found.append(Standing(span.settled, span.reserved, 0.0, new) if span else Standing(0, 0, 0.0, new))
        return tuple(found)

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        """What was truly used, once."""
        held = self.leases.pop(lease, None)
        holds = held is not None
        if held is None:
            held = self.notes.get(lease)
            if held is None:
                if not asks:
                    return
                held = Lease(0, [Hold(ask, 0, 0, 0) for ask in asks])
            elif held.done:
                return
            else:
                del self.notes[lease]
        if asks:
            # What is said again after this must find that it was said.
            done = Lease(self._now(), [])
            done.done = True
            self._note(lease, done)
        hour = int(at) // 3600
        for part in held.parts:
            ask = part.ask
            used = spent.get(ask.counter, 0)
            if ask.way is _RATE:
                if used != part.amount:
                    self._correct(part, used)
            elif (span := self.spans.get(ask.counter) or self._span(ask)) is not None:
                if holds:
                    span.reserved -= part.amount
                if used and ask.way is _SPAN:
                    span.spend(hour, used)

    def _correct(self, part: Hold, used: int) -> None:
        ask, now = part.ask, self._now()
        bucket = self.buckets.get(ask.counter)
        if bucket is None:
            if used < part.amount:
                return
            bucket = self._bucket(ask)
        change = max(used - part.amount, -part.last)
        bucket.full, bucket.part = settled(bucket.full, bucket.part, ask, change, now, part.top)

    def renew(self, leases: Collection[str]) -> None:
        """These hold for another while; those that were over hold again."""
        now = self._now()
        for name in leases:
            held = self.leases.get(name)
            if held is not None:
                held.expires = now + _LEASE
                del self.leases[name]
                self.leases[name] = held
            elif name in self.notes:
                self._revive(name, now)

    def _revive(self, name: str, now: int) -> bool:
        """Whether the lease holds now; not where it was settled without having been known."""
        held = self.notes[name]
        if held.done:
            return False
        del self.notes[name]
        held.expires = now + _LEASE
        self.leases[name] = held
        for part in held.parts:
            if part.ask.way is not _RATE:
                (self.spans.get(part.ask.counter) or self._span(part.ask)).reserved += part.amount
        return True

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        """What was settled in these hours is this and nothing else, or this at least."""
        span = self.spans.get(counter) or self._span(Ask(counter, _SPAN, 0, 0, ends=ends))
        span.adjusted = True
        for hour, amount in hours.items():
            before = span.hours.get(hour, 0)
            span.spend(hour, max(0, amount - before) if least else amount - before)

    def health(self) -> Health:
        """Always well."""
        return Health("memory", since=self._since)

    def close(self) -> None:
        """Nothing to do."""

    def _end(self, now: int) -> None:
        """Ends the leases that are over, and forgets old notes."""
        self._due = now + _LEASE
        over = []
        for name, held in self.leases.items():
            if held.expires > now:
                self._due = held.expires
                break
            over.append((name, held))
        for name, held in over:
            del self.leases[name]
            self._note(name, held)
            for part in held.parts:
                if part.ask.way is not _RATE:
                    span = self.spans.get(part.ask.counter)
                    if span is not None:
                        span.reserved -= part.amount
                    if self._lends and part.ask.counter.endswith(HELD):
                        self._lose(held, part, now)
        while self.notes:
            name, held = next(iter(self.notes.items()))
            if held.expires + _KEPT > now:
                break
            del self.notes[name]

    def _lose(self, held: Lease, part: Hold, now: int) -> None:
        """Nobody tells any more what was used of cells that were lent: all of them, as far as anybody knows."""
        name = part.ask.counter.removesuffix(HELD)
        ask = next((one.ask for one in held.parts if one.ask.counter == name), None)
        if ask is not None and ask.most > 0:
            bucket = self.buckets.get(name) or self._bucket(ask)
            point = later(begun(bucket.full, bucket.part, ask, now), part.amount, ask)
            bucket.full, bucket.part = bounded(point, now)

    def _note(self, name: str, held: Lease) -> None:
        self.notes[name] = held
        if len(self.notes) > NOTES:
            self.notes.popitem(last=False)

    def _bucket(self, ask: Ask) -> Bucket:
        self._names.append((ask.way, ask.counter))
        self._unlooked += 2
        bucket = self.buckets[ask.counter] = Bucket()
        return bucket

    def _span(self, ask: Ask) -> Span:
        self._names.append((ask.way, ask.counter))
        self._unlooked += 2
        span = self.spans[ask.counter] = Span(ask.ends)
        return span

    def _forget(self, now: int) -> None:
        """Looks at the two counters that were not looked at for longest, whenever one comes: so those that are over
        are never more than those that are not, and nobody waits for a sweep."""
        looks, self._unlooked = min(self._unlooked, len(self._names)), 0
        for _ in range(looks):
            way, name = self._names.popleft()
            if way is _RATE:
                if self.buckets[name].full < now:
                    del self.buckets[name]
                    continue
            else:
                span = self.spans[name]
                if not span.reserved and (way is not _SPAN or (span.ends - BEGINNING) * TICKS + _KEPT < now):
                    del self.spans[name]
                    continue
            self._names.append((way, name))
