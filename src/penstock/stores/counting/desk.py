"""One thread that carries out what is asked of a database, as much at a time as has come: so the event loop never waits
for a disk, and a hundred requests cost one transaction.

What must be answered fails when it was not in time. What need not be waits while the database is away, in order, as
much as a stated bound; then the oldest goes. Of what is asked it knows nothing.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from penstock.core.counting import Health, Unanswered
from penstock.stores.counting.waiting import Waiting

DEADLINE = 0.05
MOST_AT_ONCE = 500
MOST_WAITING = 50_000
_PAUSES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)


class AwayError(Exception):
    """The database can't be asked now; nothing of what was to be done has been done."""


@dataclass(slots=True, kw_only=True)
class Job:
    """What lies on the desk."""

    answer: "asyncio.Future[Any] | None" = None
    """Of what must be answered."""


_Job = TypeVar("_Job", bound=Job)


class Desk(Generic[_Job]):
    """Jobs of one kind; ``carry_out`` does them in one transaction, in the desk's own thread."""

    def __init__(
        self, store: str, carry_out: Callable[[Sequence[_Job]], list[object]], *, deadline: float = DEADLINE
    ) -> None:
        self._store = store
        self._carry_out = carry_out
        self._waiting = Waiting(deadline, self._late)
        self._deadline = deadline
        self._busy_since = 0.0
        self._urgent: deque[_Job] = deque()
        self._patient: deque[_Job] = deque()
        self._arrived = threading.Condition()
        self._closing = False
        self._health = Health(store, since=time.time())
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name=f"the desk of {store}", daemon=True)
        self._thread.start()

    def asked(self, job: _Job) -> "asyncio.Future[Any]":
        """What ``carry_out`` answers to a job, within the deadline; Unanswered."""
        answer = job.answer = self._waiting.future(asyncio.get_running_loop())
        with self._arrived:
            if not self._health.answers:
                # While it is away the thread tries again and again, and nobody queues up behind.
                answer.set_exception(Unanswered(self._health.words))
                return answer
            self._urgent.append(job)
            self._arrived.notify()
        return answer

    def told(self, job: _Job) -> None:
        """Carried out in its order, as soon as the database is there."""
        with self._arrived:
            if len(self._patient) >= MOST_WAITING:
                self._patient.popleft()
                self._dropped += 1
            self._patient.append(job)
            self._arrived.notify()

    def health(self) -> Health:
        """As last known."""
        return msgspec.structs.replace(self._health, waiting=len(self._patient), dropped=self._dropped)

    async def close(self) -> None:
        """One last try for what waits."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _late(self) -> None:
        """Some have waited in vain. Where that was for one batch that does not end, nobody else is to wait for it."""
        began = self._busy_since
        if began and time.monotonic() - began >= self._deadline:
            with self._arrived:
                self._away("no answer in time")
                self._arrived.notify()

    def _work(self) -> None:
        try:
            self._serve()
        finally:
            if not self._closing:
                # A bug has ended the thread: nobody is to wait for it.
                self._away("its thread has ended")

    def _serve(self) -> None:
        failures = 0
        while True:
            with self._arrived:
                while not (self._urgent or self._patient or self._closing or not self._health.answers):
                    self._arrived.wait()
                batch = self._next()
                last = self._closing and not (self._urgent or len(self._patient) > MOST_AT_ONCE)
            self._busy_since = time.monotonic()
            try:
                # Also of nothing, to see whether it is back.
                answers = self._carry_out(batch)
            except AwayError as error:
                self._busy_since = 0.0
                failures += 1
                self._fail(batch, str(error))
                if self._closing:
                    return
                with self._arrived:
                    self._arrived.wait_for(lambda: self._closing, _PAUSES[min(failures, len(_PAUSES)) - 1])
                continue
            failures, self._busy_since = 0, 0.0
            self._succeed(batch, answers)
            if last:
                return

    def _next(self) -> list[_Job]:
        """What was told before what is asked: a lease is given back before another is taken."""
        batch = [self._patient[index] for index in range(min(MOST_AT_ONCE, len(self._patient)))]
        while self._urgent and len(batch) < 2 * MOST_AT_ONCE:
            job = self._urgent.popleft()
            if job.answer is not None and not job.answer.done():
                batch.append(job)
        return batch

    def _succeed(self, batch: Sequence[_Job], answers: Sequence[object]) -> None:
        if not self._health.answers:
            self._health = Health(self._store, since=time.time())
        with self._arrived:
            for job in batch:
                if job.answer is None and self._patient and self._patient[0] is job:
                    self._patient.popleft()
        asked = [(job.answer, answer) for job, answer in zip(batch, answers, strict=True) if job.answer is not None]
        if asked:
            asked[0][0].get_loop().call_soon_threadsafe(_deliver, asked)

    def _fail(self, batch: Sequence[_Job], words: str) -> None:
        self._away(words)
        asked = [(job.answer, Unanswered(words)) for job in batch if job.answer is not None]
        if asked:
            asked[0][0].get_loop().call_soon_threadsafe(_deliver, asked)

    def _away(self, words: str) -> None:
        if self._health.answers or self._health.words != words:
            since = time.time() if self._health.answers else self._health.since
            self._health = Health(self._store, answers=False, since=since, words=words)


def _deliver(asked: Sequence[tuple["asyncio.Future[Any]", object]]) -> None:
    for future, answer in asked:
        if future.done():
            continue
        if isinstance(answer, Unanswered):
            future.set_exception(answer)
        else:
            future.set_result(answer)
