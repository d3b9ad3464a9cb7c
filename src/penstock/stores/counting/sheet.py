"""What a transaction on counters does, whatever database they are in: load what the jobs name, let the memory's own
code carry them out, and tell what has changed.

So there is one algorithm: a database's counters answer as the memory's do. Between load and change nobody else may
write: the caller's transaction sees to that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from penstock.core.counting import BEGINNING, KEPT_SECONDS, TICKS, Ask
from penstock.stores.counting.database import CounterJob
from penstock.stores.counting.memory import Bucket, Hold, Lease, Memory, Span

HOLDS, OVER, DONE = 0, 1, 2
"""A lease's states."""

BucketRow = tuple[str, int, int, int]
"""Counter; when it is full, ticks and part; seconds since the epoch when it may be forgotten."""
SpanRow = tuple[str, int, int, int, int]
"""Counter; settled, reserved, adjusted; seconds since the epoch when it may be forgotten."""
HourRow = tuple[str, int, int]
"""Counter, hour, and what comes to its sum."""
LeaseRow = tuple[str, int, int, bytes]
"""Lease, state, when it is over (ticks), parts."""

_ENCODE = msgspec.json.Encoder().encode
_PARTS = msgspec.json.Decoder(list[tuple[Ask, int, int, int]])


@dataclass
class Writes:
    """What is to be written."""

    buckets: list[BucketRow] = field(default_factory=list)
    spans: list[SpanRow] = field(default_factory=list)
    hours: list[HourRow] = field(default_factory=list)
    leases: list[LeaseRow] = field(default_factory=list)
    gone: list[tuple[str]] = field(default_factory=list)


class CounterSheet:
    """One transaction's counters."""

    def __init__(self, jobs: Sequence[CounterJob], now: int) -> None:
        self.jobs = jobs
        self.leases = {name for job in jobs for name in job.leases}
        """To be loaded, besides those that are over."""
        self._counters = {name for job in jobs for name in job.counters}
        self._memory = Memory(lambda: now, lends=True)
        self._loaded: dict[str, LeaseRow] = {}
        self._buckets: dict[str, tuple[int, int]] = {}
        self._spans: dict[str, tuple[int, int, bool]] = {}
        self._hours: dict[tuple[str, int], int] = {}
        self._ends: dict[str, int] = {}

    def lay_leases(self, rows: Iterable[LeaseRow]) -> None:
        """Each lease once."""
        for row in sorted(rows, key=lambda row: row[2]):
            name, state, expires, parts = row
            self._loaded[name] = row
            lease = Lease(expires, [])
            lease.done = state == DONE
            for ask, amount, last, top in _PARTS.decode(parts):
                lease.parts.append(Hold(ask, amount, top, last))
                self._counters.add(ask.counter)
            (self._memory.leases if state == HOLDS else self._memory.notes)[name] = lease

    @property
    def counters(self) -> list[str]:
        """To be loaded, once the leases are."""
        return sorted(self._counters)

    @property
    def hours(self) -> list[tuple[str, int]]:
        """To be loaded, too."""
        return [(job.hours[0], hour) for job in self.jobs if job.hours for hour in job.hours[1]]

    def lay_buckets(self, rows: Iterable[BucketRow]) -> None:
        """As they were written."""
        for name, full, part, _ in rows:
            bucket = self._memory.buckets[name] = Bucket()
            bucket.full, bucket.part = self._buckets[name] = full, part

    def lay_spans(self, rows: Iterable[SpanRow]) -> None:
        """As they were written; before their hours."""
        for name, settled, reserved, adjusted, forgotten in rows:
            span = self._memory.spans[name] = Span(forgotten - KEPT_SECONDS)
            span.settled, span.reserved, span.adjusted = self._spans[name] = settled, reserved, bool(adjusted)

    def lay_hours(self, rows: Iterable[HourRow]) -> None:
        """Those that were asked for."""
        for name, hour, amount in rows:
            self._hours[name, hour] = amount
            # Hours are forgotten a little later than their span.
            if name in self._memory.spans:
                self._memory.spans[name].hours[hour] = amount

    def carried_out(self) -> list[object]:
        """The jobs' answers, in their order. Whoever has given up waiting meanwhile takes nothing."""
        return [job.run(self._memory) if job.answer is None or not job.answer.done() else None for job in self.jobs]

    def changes(self) -> Writes:
        """Since it was laid out."""
        found = Writes()
        for name, bucket in self._memory.buckets.items():
            if (bucket.full, bucket.part) != self._buckets.get(name):
                found.buckets.append((name, bucket.full, bucket.part, bucket.full // TICKS + BEGINNING + 1))
        for name, span in self._memory.spans.items():
            if (span.settled, span.reserved, span.adjusted) != self._spans.get(name):
                forgotten = span.ends + KEPT_SECONDS
                found.spans.append((name, span.settled, span.reserved, int(span.adjusted), forgotten))
            for hour, amount in span.hours.items():
                more = amount - self._hours.get((name, hour), 0)
                if more:
                    found.hours.append((name, hour, more))
        kept = self._memory.leases.keys() | self._memory.notes.keys()
        found.gone = [(name,) for name in self._loaded if name not in kept]
        for state, leases in ((HOLDS, self._memory.leases), (OVER, self._memory.notes)):
            for name, lease in leases.items():
                parts = _ENCODE([(part.ask, part.amount, part.last, part.top) for part in lease.parts])
                row = (name, DONE if lease.done else state, lease.expires, parts)
                if row != self._loaded.get(name):
                    found.leases.append(row)
        return found
