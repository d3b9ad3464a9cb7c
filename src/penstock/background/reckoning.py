"""Sets counters right by the books: at the start, where a counter is new, where the store was away, and for every hour
that is over.

Counters are quick and may forget; the books are slow and do not. Where this process counts alone, what it has settled
and the books do not have yet is added to their sums, so that nothing is counted twice or lost. Where others count too,
an hour that goes on is only ever raised to what the books have. Reads in a thread; the loop alone adjusts.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise

from penstock.core.books import BooksError
from penstock.core.caller import KeyProfile
from penstock.core.counting import Ask, Counters, Standing
from penstock.core.quota import Level, Period, Quota, Unit, metered
from penstock.policies.limit import Settling
from penstock.policies.limit.taking import Slot, concerns, dated, span
from penstock.stores.used import Hours, Usages, Used

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks for counters that are new."""
PERIOD_SECONDS = 300.0
"""Between two looks at hours that are over."""
SETTLED_SECONDS = 120
"""So long after its end an hour's exchanges are in the books, if they can be written; else they come in later."""
HOURS = 3
"""That are over, and are looked at again: what ends in an hour may have begun in one before."""
KEYS_AT_ONCE = 500
CALM_SECONDS = 5.0
"""So long must a store have answered, until what waited for it has reached it from everywhere: it is in the books, too,
and must not be counted twice."""
MOST_WAITING = 500
"""Settlements under way to a store that is merely busy."""
GRACE_SECONDS = 2.0
"""Between reading the books and raising a counter: what stands there is settled by then."""
AGAIN_SECONDS = (5.0, 30.0)
"""A counter that had lost something is looked at again: what was on its way into the books is in them by then."""

_HOUR = 3600
_CALENDAR = (Period.DAY, Period.WEEK, Period.MONTH)
_DAY_HOURS = 24
_ALL = ""
_APART = {Level.KEY: "key", Level.TEAM: "team", Level.USER: "owner"}

Sums = dict[str, tuple[int, dict[int, int]]]
"""By counter: when its span ends, and what was used in each hour."""


class Holders:
    """Who is held to which calendar's quotas, to find them by a row of the books."""

    def __init__(self, profiles: Iterable[KeyProfile], now: float) -> None:
        self._quotas: dict[tuple[Level, str], list[tuple[Quota, str, int, int]]] = defaultdict(list)
        self.since = int(now // _HOUR)
        """The first hour of the longest of the spans that go on now."""
        spans = {period: span(period, now) for period in _CALENDAR}
        seen: set[Quota] = set()
        self._begins = {begins // _HOUR for begins, _ in spans.values()}
        # Most quotas are one and the same object for all keys of a team, and that is seen at once.
        same: set[int] = set()
        for profile in profiles:
            for quota in profile.quotas:
                if quota.period in spans and id(quota) not in same and quota not in seen:
                    same.add(id(quota))
                    seen.add(quota)
                    begins, ends = spans[quota.period]
                    counted = quota, dated(quota, begins), ends, begins // _HOUR
                    self._quotas[quota.level, quota.subject].append(counted)
                    self.since = min(self.since, begins // _HOUR)

    @property
    def apart(self) -> Collection[str]:
        """What they tell apart of what the books say."""
        quotas = [counted[0] for there in self._quotas.values() for counted in there]
        whose = {_APART[quota.level] for quota in quotas if quota.level in _APART}
        return whose | ({"model"} if any(quota.models for quota in quotas) else set())

    def hours(self, end: int, over: int | None) -> Sequence[Hours]:
        """All hours of their spans before this one. What was before ``over`` is told all at once, as if it had been at
        the beginning of the span that it is in: whoever sets counters by it must not set them by another ``over``."""
        begins = sorted(hour for hour in self._begins if over is not None and self.since <= hour < over)
        if over is None or not begins:
            return [Hours(self.since, end)]
        together = [Hours(*some, together=True) for some in pairwise([*begins, over])]
        return [*together, Hours(over, end)]

    def __bool__(self) -> bool:
        return bool(self._quotas)

    def add(self, row: Used, sums: Sums) -> None:
        """What a row of the books adds to which counters."""
        subjects = (
            (Level.INSTALLATION, _ALL),
            (Level.TEAM, row.team),
            (Level.USER, row.owner),
            (Level.KEY, row.key),
        )
        for subject in subjects:
            for quota, counter, ends, begins in self._quotas.get(subject, ()):
                if row.hour >= begins and concerns(quota, row.model or "?"):
                    _, hours = sums.setdefault(counter, (ends, {}))
                    hours[row.hour] = hours.get(row.hour, 0) + _amount(quota.unit, row)


def _amount(unit: Unit, row: Used) -> int:
    return row.requests if unit is Unit.REQUESTS else metered(unit, row.input, row.output, row.cost)


def over_long(now: float) -> int:
    """The hour with which yesterday began: nothing is under way any more that began before."""
    return int(now // _HOUR) // _DAY_HOURS * _DAY_HOURS - _DAY_HOURS


class Reckoning:
    """Of one process, until it is closed."""

    def __init__(
        self,
        usages: Usages,
        counters: Counters,
        settling: Settling,
        profiles: Callable[[], Collection[KeyProfile]],
        whole: Callable[[float], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``whole``: the books have all that this process has closed, and what others left; waits so many seconds for
        what was left."""
        self._usages = usages
        self._counters = counters
        self._settling = settling
        self._profiles = profiles
        self._whole = whole
        self._clock = clock
        self._alone = True
        self._over_long: int | None = None
        self._trouble = ""
        self._task: asyncio.Task[None] | None = None
        self._again: list[tuple[float, Sequence[Slot]]] = []

    async def begin(self, *, alone: bool, patience: float) -> None:
        """Before anybody asks: all that was used so far, if the books tell it in time. ``alone``: nobody else counts
        in the same store, and it holds nothing yet."""
        self._alone = alone
        self._over_long = over_long(self._clock()) if alone else None
        first = asyncio.create_task(self._all(patience))
        await asyncio.wait([first], timeout=patience)
        if not first.done():
            log.warning("the books take long to tell what was used; until they do, quotas count from now on")
        self._task = asyncio.create_task(self._run(first))

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, first: asyncio.Task[None]) -> None:
        await first
        # A store that was begun anew has the present hour from nobody.
        due = self._clock() + (PERIOD_SECONDS if self._alone else CALM_SECONDS)
        since = self._counters.health().since
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self._is_calm():
                continue
            if self._counters.health().since != since:
                since, due = self._counters.health().since, self._clock()
            if self._settling.fresh:
                await self._fresh()
            while self._again and self._clock() >= self._again[0][0]:
                await self._look(self._again.pop(0)[1])
            if self._clock() >= due and self._whole(0.0):
                due = self._clock() + PERIOD_SECONDS
                await self._over()

    def _is_calm(self) -> bool:
        health = self._counters.health()
        waited = self._clock() - health.since
        settles = health.answers and health.waiting < MOST_WAITING and not 0 <= waited < CALM_SECONDS
        return self._alone or settles

    async def _all(self, patience: float) -> None:
        now = self._clock()
        holders = await asyncio.to_thread(Holders, tuple(self._profiles()), now)
        if holders:
            await asyncio.to_thread(self._whole, patience)
            # Where others count too, this hour is not only ours to say.
            end = int(now // _HOUR) + 1 if self._alone else _told(now)
            found = await self._read(holders, holders.hours(end, self._over_long))
            if found is not None:
                self._set(*found)

    async def _over(self) -> None:
        """Hours that are over, and that the books have; of the others what they have so far."""
        now = self._clock()
        holders = await asyncio.to_thread(Holders, tuple(self._profiles()), now)
        if not holders:
            return
        until = _told(now)
        first = max(holders.since, until - HOURS)
        end = until if self._alone else int(now // _HOUR) + 1
        found = await self._read(holders, [Hours(first, end)])
        if found is None:
            return
        over: Sums = {}
        present: Sums = {}
        for name, (ends, used) in found[0].items():
            over[name] = ends, {hour: amount for hour, amount in used.items() if hour < until}
            present[name] = ends, {hour: amount for hour, amount in used.items() if hour >= until}
        self._set(over, found[1])
        if not self._alone:
            await self._raise(present)

    async def _fresh(self) -> None:
        """Counters that nothing was counted in yet: somebody may have used something before they were there."""
        slots = [fresh.slot for fresh in self._settling.fresh.values()]
        short = await self._look(slots)
        if short:
            now = self._clock()
            self._again += [(now + seconds, short) for seconds in AGAIN_SECONDS]
            self._again.sort(key=lambda one: one[0])

    async def _look(self, slots: Sequence[Slot]) -> Sequence[Slot]:
        """These counters and no others, and each in any case, also where nothing was used; those that lacked
        something."""
        now = self._clock()
        named = {slot.quota.subject for slot in slots}
        of_keys = all(slot.quota.level is Level.KEY for slot in slots) and len(named) <= KEYS_AT_ONCE
        holders = Holders([KeyProfile("", "", quotas=(slot.quota,)) for slot in slots], now)
        asks = {slot.ask.counter: slot.ask for slot in slots}
        spans = holders.hours(int(now // _HOUR) + 1, self._over_long)
        found = await self._read(holders, spans, sorted(named) if of_keys else None)
        if found is None:
            return ()
        told, present = found
        sums = {counter: told.get(counter, (ask.ends, {})) for counter, ask in asks.items()}
        if self._alone:
            self._set(sums, present)
            return ()
        before = await self._raise(sums, tuple(asks.values()))
        return [
            slot
            for slot, standing in zip(slots, before, strict=True)
            if sum(sums[slot.ask.counter][1].values()) > standing.settled
        ]

    async def _read(
        self, holders: Holders, spans: Sequence[Hours], keys: Sequence[str] | None = None
    ) -> tuple[Sums, Collection[str]] | None:
        """What the books have, and which exchanges of this process are in it; None where they do not tell."""
        sums: Sums = {}
        ids = [one.exchange for fresh in self._settling.fresh.values() for one in fresh.settled]

        def read() -> Collection[str]:
            return self._usages.read(spans, lambda row: holders.add(row, sums), keys=keys, ids=ids, apart=holders.apart)

        try:
            present = await asyncio.to_thread(read)
        except BooksError as error:
            self._say(str(error))
            return None
        self._say("")
        return sums, present

    def _set(self, sums: Sums, present: Collection[str] = ()) -> None:
        """To what the books have, and what this process alone knows to be missing there."""
        for counter, (ends, used) in sums.items():
            for one in self._settling.reckoned(counter):
                if self._alone and one.exchange not in present:
                    used[one.hour] = used.get(one.hour, 0) + one.amount
            self._counters.adjust(counter, ends, used)

    async def _raise(self, sums: Sums, asks: Sequence[Ask] = ()) -> Sequence[Standing]:
        """To what the books have, where it is less; how these counters stood before. Others settle meanwhile, so a sum
        of the books is never more than a part."""
        await asyncio.sleep(GRACE_SECONDS)
        found = self._counters.standings(asks)
        before = found if isinstance(found, tuple) else await found
        for counter, (ends, used) in sums.items():
            self._settling.reckoned(counter)
            self._counters.adjust(counter, ends, used, least=True)
        return before

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        if trouble != self._trouble:
            words = f"the books don't tell what was used, quotas count on from what they know: {trouble}"
            log.warning(words if trouble else "the books tell again what was used")
        self._trouble = trouble


def _told(now: float) -> int:
    """The first hour that the books may not have whole."""
    return int((now - SETTLED_SECONDS) // _HOUR)
