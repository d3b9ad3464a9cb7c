"""How this process is observed: metrics and access log put together, behind what the composition root calls.

Part of the composition root. Finished entries are told in batches, a moment after they were written down: what many
requests need once each costs half as much done for all of them in a row.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from penstock.config.settings import Settings
from penstock.core.entry import Entry
from penstock.core.exchange import Answer
from penstock.observe.access import AccessLog
from penstock.observe.audience import may_read
from penstock.observe.exposition import CONTENT_TYPE, page, process
from penstock.observe.metrics import Gauge, Metrics
from penstock.observe.sharing import SECONDS, Sharing
from penstock.wire.incoming import Incoming

PATH = b"/metrics"

BATCH_SECONDS, BATCH_MOST = 0.05, 64
"""So late, and so many at once, others hear of entries. A batch holds the loop for some tenth of a millisecond."""


class Observing:
    """Counts and logs for as long as the process lives."""

    def __init__(
        self,
        settings: Settings,
        gauges: Sequence[Gauge],
        others: Sequence[Callable[[Sequence[Entry]], None]] = (),
        *,
        shared: bool,
    ) -> None:
        """``others`` hear of finished exchanges too. ``shared``: other processes serve the same address, and any of
        them answers for all."""
        self.metrics = Metrics([*gauges, *process()])
        self._others = others
        self._batch: list[Entry] = []
        self._loop = asyncio.get_running_loop()
        self._rule = settings.metrics
        self._form = (settings.access_log, settings.access_log_file)
        self._access = _access_log(settings)
        self._sharing = Sharing(Path(settings.data_dir)) if shared else None
        # Not at once: what the gauges look at is still being put together.
        self._timer = None if self._sharing is None else self._loop.call_later(SECONDS, self._share)

    def closed(self, entry: Entry) -> None:
        """An exchange is over."""
        batch = self._batch
        batch.append(entry)
        if len(batch) == 1:
            self._loop.call_later(BATCH_SECONDS, self._tell)
        elif len(batch) >= BATCH_MOST:
            self._tell()

    def _tell(self) -> None:
        batch, self._batch = self._batch, []
        for entry in batch:
            self.metrics.closed(entry)
        for tell in self._others:
            tell(batch)
        if self._access is not None:
            for entry in batch:
                self._access.closed(entry)

    def take(self, settings: Settings) -> None:
        """Observe by these settings from now on. A log file that has been moved away is let go.

        OSError where the log can't be opened, and nothing has changed.
        """
        self._tell()
        self._rule = settings.metrics
        form = (settings.access_log, settings.access_log_file)
        if form == self._form:
            if self._access is not None:
                self._access.reopen()
            return
        # The new one first: where it can't be opened, nothing has changed.
        before, self._access, self._form = self._access, _access_log(settings), form
        if before is not None:
            before.close()

    def answer(self, incoming: Incoming) -> Answer | None:
        """The metrics, for who may read them; None for all others, to whom there is no such page."""
        if incoming.head.method not in {"GET", "HEAD"} or not may_read(self._rule, incoming.peer, incoming.head):
            return None
        self._tell()
        snapshot = self.metrics.snapshot() if self._sharing is None else self._sharing.all()
        return Answer(200, ((b"content-type", CONTENT_TYPE),), page(snapshot, self.metrics.gauges))

    def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self._tell()
        if self._sharing is not None:
            self._sharing.write(self.metrics.snapshot(living=False))
        if self._access is not None:
            self._access.close()

    def _share(self) -> None:
        if self._sharing is not None:
            self._tell()
            self._sharing.write(self.metrics.snapshot())
            self._timer = self._loop.call_later(SECONDS, self._share)


def _access_log(settings: Settings) -> AccessLog | None:
    return None if settings.access_log == "off" else AccessLog(settings.access_log, settings.access_log_file)
