"""Suspends by itself what surely loses money or makes answers worse, and lets every process know what is suspended.

Part of the composition root. Each process looks every half second which levels are suspended. One of them has the books
judged now and then: by a process of its own, for to read months of them holds Python's lock and a lot of memory. It
measures nothing itself: what ``measuring`` advises is done.
"""

import asyncio
import logging
import math
import shlex
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from penstock.assembly import composing
from penstock.background import chores
from penstock.background.chores import legible
from penstock.config.settings import Settings
from penstock.core.books import BooksError, Filter
from penstock.core.entry import Entry
from penstock.core.terseness import Arm
from penstock.stores.keys import StoreError
from penstock.stores.measured import Measured
from penstock.stores.migrating import UnfitDatabaseError
from penstock.stores.suspensions import Evidence, Level, Suspension, Suspensions
from penstock.stores.turns import ChangeListener

if TYPE_CHECKING:
    from penstock.assembly.measuring import Measurement
    from penstock.ledger import findings
    from penstock.ledger.findings import SavingsReport

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
FIRST_SECONDS, PERIOD_SECONDS = 300.0, 3600.0
SPAN_SECONDS = 90 * 86_400
"""What is judged goes back so long at least, and twice as long at most."""

_Trouble = (BooksError, StoreError, UnfitDatabaseError, OSError)


class SuspensionWatch:
    """Keeps the list in memory as the database has it, until it is closed."""

    def __init__(self, store: Suspensions, changes: ChangeListener | None = None) -> None:
        """``changes`` says when to look; None: twice a second."""
        self._store = store
        self._changes = changes
        self._seen: object = None
        self._trouble = ""
        self._look()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._changes is None:
                # On the loop: a short query on a table with hardly any rows.
                self._look()
            elif (number := self._changes.number("suspensions")) != self._seen:
                # It may be away, and then is waited for.
                await asyncio.to_thread(self._look)
                self._seen = self._seen if self._trouble else number

    def _look(self) -> None:
        try:
            self._store.refresh()
            trouble = ""
        except _Trouble as error:
            trouble = _words(error)
        if trouble != self._trouble:
            words = f"what is suspended can't be read, the known stays so: {trouble}"
            log.warning(words if trouble else "what is suspended is read again")
        self._trouble = trouble

    def close(self) -> None:
        """Look no more."""
        self._task.cancel()


class SavingsJudge:
    """Has the books judged now and then, until it is closed."""

    def __init__(
        self, engine: Engine, command: Sequence[str], *, first: float = FIRST_SECONDS, period: float = PERIOD_SECONDS
    ) -> None:
        """``command`` judges them, and suspends what has to be."""
        self._store = Suspensions(engine)
        self._command = command
        self._period = period
        self._judged: float | None = None
        """The latest treated exchange of those that were judged: without a later one there is nothing new."""
        self._asked = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(first,), name="judge", daemon=True)
        self._thread.start()

    def now(self) -> None:
        """Have them judged at once."""
        self._asked.set()

    def close(self) -> None:
        """Stop, also in the middle: what has not been judged will be."""
        self._ending.set()
        self._asked.set()
        self._thread.join()

    def _run(self, wait: float) -> None:
        while True:
            self._asked.wait(wait)
            if self._ending.is_set():
                return
            self._asked.clear()
            try:
                self._look(time.time())
            except _Trouble as error:
                _warn(_words(error))
            wait = self._period

    def _look(self, now: float) -> None:
        latest = self._store.latest_treated(judged_since(now))
        if latest is None or latest == self._judged:
            return
        before = _in_force(self._store)
        if self._carried_out():
            self._judged = latest
        for one in _in_force(self._store):
            if one not in before:
                log.warning("%s", announced(one))

    def _carried_out(self) -> bool:
        trouble = chores.carried_out(self._command, self._ending)
        if trouble:
            _warn(trouble)
        return not trouble and not self._ending.is_set()


def command(config: Path | None) -> Sequence[str]:
    """Judges the books of a gateway that runs with this configuration file."""
    return chores.command("savings", "judge", config=config)


def judged(engine: Engine, settings: Settings, now: float) -> Sequence[Suspension]:
    """Judges, and suspends what has to be: this is what is suspended now and was not before. BooksError, StoreError."""
    # A gateway has this done by another process, and need not hold what it takes.
    from penstock.assembly import measuring  # noqa: PLC0415

    store = Suspensions(engine)
    lifted = store.lifted()
    found = measuring.measure(
        Measured(engine),
        settings,
        composing.catalog(settings),
        Filter(since=judged_since(now)),
        lambda entries: begun_since(entries, lifted),
    )
    return [one for one in suspensions(found, int(now)) if store.suspend(one, now)]


def judged_since(now: float) -> float:
    """From when on conversations are judged. It moves once in ninety days: an interval that holds at all looks holds
    at those that start alike, and a start that moved with every look would be another look each time."""
    return (math.floor(now / SPAN_SECONDS) - 1) * float(SPAN_SECONDS)


def begun_since(entries: Iterable[Entry], lifted: Mapping[Level, int]) -> Iterator[Entry]:
    """All but those of conversations that began before an operator wanted their level back."""
    if not lifted:
        yield from entries
        return
    counts: dict[str, bool] = {}
    for entry in entries:
        opened, terseness = entry.opened, entry.opened.terseness
        if terseness is None:
            continue
        # What somebody asks by hand says nothing of how its conversation was begun.
        if terseness.conversation not in counts and terseness.arm is not Arm.FORCED:
            moment = lifted.get((opened.key, opened.model, terseness.intensity.value))
            # A later turn comes first where the first is not in the books any more.
            counts[terseness.conversation] = moment is None or (opened.at >= moment and not terseness.later)
        if counts.get(terseness.conversation, True):
            yield entry


def suspensions(measured: "Measurement", now: int) -> Iterator[Suspension]:
    """What should be suspended, each level once, for the first of its reasons."""
    seen: set[Level] = set()
    for advice in measured.report.suspensions:
        level = advice.key, advice.model, advice.intensity
        if level not in seen:
            seen.add(level)
            yield Suspension(
                key=advice.key,
                key_name=measured.names.get(advice.key, advice.key),
                model=advice.model,
                intensity=advice.intensity,
                since=now,
                reason=advice.reason.value,
                guard=None if advice.guard is None else advice.guard.value,
                found=_evidence(measured.report, advice),
            )


def _evidence(report: "SavingsReport", advice: "findings.Advice") -> Evidence:
    from penstock.ledger.findings import Reason  # noqa: PLC0415 - see ``judged``

    level = advice.key, advice.model, advice.intensity
    figures = next(one for one in report.levels if (one.key, one.model, one.intensity) == level)
    interval, treated, control = figures.cost.saved, figures.cost.treated, figures.cost.control
    if advice.reason is Reason.WORSE:
        interval = next(one.more for one in figures.guards if one.guard is advice.guard)
        treated, control = figures.treated.conversations, figures.control.conversations
    if interval is None:
        raise ValueError("nothing was measured of what should be suspended")
    bounds = interval.point, interval.low, interval.high
    return Evidence(*bounds, treated, control, figures.since, figures.until, figures.rules)


def announced(one: Suspension) -> str:
    """What an operator has to know of it, in one line: what, why, and how to reverse it."""
    key = f"the key {legible(one.key_name)}" + ("" if one.key_name == one.key else f" ({legible(one.key)})")
    head = f"{one.intensity} is suspended for {legible(one.model)} with {key} from the next conversation on"
    return f"{head}: {told(one)}. To reverse it: {reversing(one)}"


def told(one: Suspension) -> str:
    """Why, with the numbers."""
    found = one.found
    low, high = ("no bound" if end is None else f"{100 * end:+.1f}" for end in (found.low, found.high))
    measured = f"{100 * found.point:+.1f} % [{low}, {high}]"
    what = f"net cost saved: {measured}" if one.guard is None else f"{one.guard}: {measured} of the conversations"
    days = " to ".join(time.strftime("%Y-%m-%d", time.gmtime(end)) for end in (found.first, found.last) if end)
    counted = f"{found.treated:,} treated, {found.control:,} left alone, {days}, {', '.join(found.rules)}"
    return f"{one.reason} ({what}; {counted})"


def reversing(one: Suspension) -> str:
    """The command that reverses it."""
    return " ".join(["penstock savings resume", *map(shlex.quote, map(legible, (one.key_name, *one.level[1:])))])


def _in_force(store: Suspensions) -> Sequence[Suspension]:
    return [one for one in store.rows() if one.lifted is None]


def _warn(trouble: str) -> None:
    log.warning("what terser answers save could not be judged, it will be tried again: %s", trouble)


def _words(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error)
