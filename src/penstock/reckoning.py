"""Sets counters right by the books: at the start, where a counter is new, and for every hour that is over.

Counters are quick and may forget; the books are slow and do not. What this process has settled and the books do not
have yet is added to their sums, so that nothing is counted twice or lost. Reads in a thread; the loop alone adjusts.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from penstock.core.books import BooksError
from penstock.core.caller import KeyProfile
from penstock.core.counting import Ask, Counters
from penstock.core.quota import Level, Period, Quota, Unit, metered
from penstock.policies.limit import Settling
from penstock.policies.limit.taking import concerns, dated, span
from penstock.stores.used import Usages, Used

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

_HOUR = 3600
_CALENDAR = (Period.DAY, Period.WEEK, Period.MONTH)
_ALL = ""

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
        self._trouble = ""
        self._task: asyncio.Task[None] | None = None

    async def begin(self, *, alone: bool, patience: float) -> None:
        """Before anybody asks: all that was used so far, if the books tell it in time. ``alone``: nobody else counts
        in the same store, and it holds nothing yet."""
        self._alone = alone
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
        due = self._clock() + PERIOD_SECONDS
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._settling.fresh:
                await self._fresh()
            if self._clock() >= due and self._whole(0.0):
                due = self._clock() + PERIOD_SECONDS
                await self._over()

    async def _all(self, patience: float) -> None:
        now = self._clock()
        holders = await asyncio.to_thread(Holders, tuple(self._profiles()), now)
        if holders:
            await asyncio.to_thread(self._whole, patience)
            hour = int(now // _HOUR)
            # Where others count too, this hour is not only ours to say.
            await self._reckon(holders, (holders.since, hour + 1 if self._alone else hour), None)

    async def _over(self) -> None:
        """Hours that are over, and that the books have."""
        now = self._clock()
        holders = await asyncio.to_thread(Holders, tuple(self._profiles()), now)
        until = int((now - SETTLED_SECONDS) // _HOUR)
        if holders:
            await self._reckon(holders, (max(holders.since, until - HOURS), until), None)

    async def _fresh(self) -> None:
        """Counters that nothing was counted in yet: somebody may have used something before they were there."""
        now = self._clock()
        slots = [fresh.slot for fresh in self._settling.fresh.values()]
        named = {slot.quota.subject for slot in slots}
        of_keys = all(slot.quota.level is Level.KEY for slot in slots) and len(named) <= KEYS_AT_ONCE
        keys = sorted(named) if of_keys else None
        subjects = [KeyProfile("", "", quotas=(slot.quota,)) for slot in slots]
        holders = Holders(subjects, now)
        asks = {slot.ask.counter: slot.ask for slot in slots}
        await self._reckon(holders, (holders.since, int(now // _HOUR) + 1), keys, asks)

    async def _reckon(
        self,
        holders: Holders,
        hours: tuple[int, int],
        keys: Sequence[str] | None,
        asks: Mapping[str, Ask] | None = None,
    ) -> None:
        """``asks``: these counters and no others, and each in any case, also where nothing was used."""
        sums: Sums = {counter: (ask.ends, {}) for counter, ask in (asks or {}).items()}
        ids = [one.exchange for fresh in self._settling.fresh.values() for one in fresh.settled]

        def read() -> Collection[str]:
            return self._usages.read(hours, lambda row: holders.add(row, sums), keys=keys, ids=ids)

        try:
            present = await asyncio.to_thread(read)
        except BooksError as error:
            self._say(str(error))
            return
        self._say("")
        if asks is not None:
            sums = {counter: sums[counter] for counter in asks}
            if not self._alone:
                await self._leave_to_others(sums, asks)
        for counter, (ends, used) in sums.items():
            for one in self._settling.reckoned(counter):
                if self._alone and one.exchange not in present:
                    used[one.hour] = used.get(one.hour, 0) + one.amount
            self._counters.adjust(counter, ends, used)

    async def _leave_to_others(self, sums: Sums, asks: Mapping[str, Ask]) -> None:
        """What others have settled just now is not in the books yet: where a counter has as much as the books, its
        present hour is right as it is."""
        found = self._counters.standings(tuple(asks.values()))
        standings = found if isinstance(found, tuple) else await found
        hour = int(self._clock() // _HOUR)
        for counter, standing in zip(asks, standings, strict=True):
            used = sums[counter][1]
            if used.get(hour, 0) <= standing.settled:
                used.pop(hour, None)

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        if trouble != self._trouble:
            words = f"the books don't tell what was used, quotas count on from what they know: {trouble}"
            log.warning(words if trouble else "the books tell again what was used")
        self._trouble = trouble
