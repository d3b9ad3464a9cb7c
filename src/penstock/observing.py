"""How this process is observed: metrics and access log put together, behind what the composition root calls.

Part of the composition root. Both are fed with finished entries and are never waited for.
"""

import asyncio
from collections.abc import Sequence
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


class Observing:
    """Counts and logs for as long as the process lives."""

    def __init__(self, settings: Settings, gauges: Sequence[Gauge], *, shared: bool) -> None:
        """``shared``: other processes serve the same address, and any of them answers for all."""
        self.metrics = Metrics([*gauges, *process()])
        self._rule = settings.metrics
        self._form = (settings.access_log, settings.access_log_file)
        self._access = _access_log(settings)
        self._sharing = Sharing(Path(settings.data_dir)) if shared else None
        # Not at once: what the gauges look at is still being put together.
        self._timer = None if self._sharing is None else asyncio.get_running_loop().call_later(SECONDS, self._share)

    def closed(self, entry: Entry) -> None:
        """An exchange is over."""
        self.metrics.closed(entry)
        if self._access is not None:
            self._access.closed(entry)

    def take(self, settings: Settings) -> None:
        """Observe by these settings from now on. A log file that has been moved away is let go.

        OSError where the log can't be opened, and nothing has changed.
        """
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
        snapshot = self.metrics.snapshot() if self._sharing is None else self._sharing.all()
        return Answer(200, ((b"content-type", CONTENT_TYPE),), page(snapshot, self.metrics.gauges))

    def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sharing is not None:
            self._sharing.write(self.metrics.snapshot(living=False))
        if self._access is not None:
            self._access.close()

    def _share(self) -> None:
        if self._sharing is not None:
            self._sharing.write(self.metrics.snapshot())
            self._timer = asyncio.get_running_loop().call_later(SECONDS, self._share)


def _access_log(settings: Settings) -> AccessLog | None:
    return None if settings.access_log == "off" else AccessLog(settings.access_log, settings.access_log_file)
