"""How the books are kept in this process: journal, writer and prices put together, behind what the path calls.

Part of the composition root: it names concrete classes and decides nothing. Rows go into the journal, which a thread
empties into the database; the path waits for neither.
"""

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from penstock.catalog.catalog import Catalog
from penstock.config.settings import Settings
from penstock.core.attachments import Passed
from penstock.core.dialect import Dialect
from penstock.core.entry import Entry, Opened
from penstock.core.route import Match
from penstock.core.target import Provider
from penstock.core.usage import UNREAD, Consumption, Source
from penstock.ledger.estimates import Delivery, Estimates
from penstock.ledger.journal import FOLDER, Journal
from penstock.ledger.prices import charge
from penstock.ledger.recovery import Killed, killed
from penstock.ledger.writer import Writer
from penstock.policies.record import Record
from penstock.route_rows import ROWS

BEHIND_SECONDS = 10.0
"""So far the writer may be behind: under load something waits at every moment."""

Counted = frozenset[tuple[str, str]]
"""Dialects and operations."""


class Ledger(Protocol):
    """The database's side of the books."""

    def append(self, entries: Sequence[Entry]) -> None:
        """All of them or none."""


class Bookkeeping:
    """Journal and writer, for as long as the process lives."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        dialects: Mapping[str, Dialect],
        ledger: Ledger,
        undo: contextlib.AsyncExitStack,
        found: Callable[[Sequence[Entry]], None] | None = None,
    ) -> None:
        """``found`` hears of exchanges that other processes did not survive."""
        kept = settings.journal
        self._estimates = Estimates()
        self._counted = counted(dialects)
        self._ending = ending(settings, catalog, self._counted, self._estimates)
        journal = Journal(
            Path(settings.data_dir) / FOLDER,
            fsync=kept.fsync,
            hold_records=kept.hold_records,
            hold_bytes=kept.hold,
        )
        self.journal = undo.enter_context(journal)
        self.writer = undo.enter_context(Writer(self.journal, ledger, ending=self._killed, found=found))

    def record(self, settings: Settings, catalog: Catalog, told: Callable[[Entry], None]) -> Record:
        """The policy that writes exchanges down, valued by this catalog; ``told`` hears of each that is over."""
        self._ending = ending(settings, catalog, self._counted, self._estimates)
        complete = functools.partial(completed, self._estimates, self._counted, catalog)
        return Record(_Told(self.journal, told), functools.partial(value, catalog), complete)

    def learn(self, entries: Sequence[Entry]) -> None:
        """What answers told teaches the estimates: of each model and way the latest of these."""
        told = {
            (entry.opened.model, entry.opened.operation, entry.opened.stream): entry
            for entry in entries
            if entry.consumption.source is Source.REPORTED
        }
        for entry in told.values():
            opened = entry.opened
            way = Delivery(opened.operation, opened.stream)
            self._estimates.learn(entry.consumption, opened.model, way, opened.bytes_in, entry.bytes_out)

    def whole(self, patience: float) -> bool:
        """The database has all that is closed but for the last seconds; waits so many for what processes before this
        one left."""
        return self.writer.recovered.wait(patience) and self.writer.state().behind < BEHIND_SECONDS

    def tokens(self, model: str, operation: str) -> float:
        """To a byte of an event stream, as far as is known."""
        return self._estimates.tokens(model, Delivery(operation, stream=True))

    def _killed(self, opened: Opened) -> Entry:
        """By the settings that are in force when a dead process's journal is found."""
        return self._ending(opened)


class _Told:
    """The journal, and whoever else wants to know that an exchange is over."""

    __slots__ = ("_journal", "_tell", "opened")

    def __init__(self, journal: Journal, tell: Callable[[Entry], None]) -> None:
        self._journal = journal
        self._tell = tell
        self.opened = journal.opened

    @property
    def accepting(self) -> bool:
        """As the journal says."""
        return self._journal.accepting

    def closed(self, entry: Entry) -> None:
        """Written down first."""
        self._journal.closed(entry)
        self._tell(entry)


def value(catalog: Catalog, consumption: Consumption, asked: str, provider: Provider | None) -> tuple[str, int | None]:
    """What was used at list prices. What runs on the operator's own machines has the price that he gave it, or none."""
    own = provider is not None and provider.auth == "none" and not provider.simulated
    return _worth(catalog, consumption, asked, own=own)


def _worth(catalog: Catalog, consumption: Consumption, asked: str, *, own: bool) -> tuple[str, int | None]:
    return catalog.version, charge(consumption, asked, catalog.find_configured if own else catalog.find)


def ending(settings: Settings, catalog: Catalog, using: Counted, estimates: Estimates) -> Killed:
    """Makes the entries of exchanges that their process did not survive: what went in is estimated, for the provider
    may charge for it; of what came out nothing is known, and the entry says so."""
    own = {name for name, row in settings.providers.items() if row.auth == "none"}

    def ended(opened: Opened) -> Entry:
        told = UNREAD if opened.provider else Consumption()
        consumption = completed(estimates, using, catalog, told, opened, Passed(opened.bytes_in, 0))
        if not consumption.shares:
            return msgspec.structs.replace(killed(opened), consumption=consumption)
        price, cost = _worth(catalog, consumption, opened.model, own=opened.provider in own)
        return msgspec.structs.replace(killed(opened), consumption=consumption, price=price, cost=cost)

    return ended


def counted(dialects: Mapping[str, Dialect]) -> Counted:
    """The operations that use tokens: those of a model whose answers a dialect reads."""
    return frozenset(
        (row.dialect, row.operation)
        for row in ROWS
        if row.routed and dialects[row.dialect].tally(Match(row, (), "", "")) is not None
    )


def completed(
    estimates: Estimates, using: Counted, catalog: Catalog, consumption: Consumption, opened: Opened, passed: Passed
) -> Consumption:
    """What was told, with an estimate of what is missing; of an operation that uses no tokens nothing is. No model
    takes more than its window, if the catalog knows it."""
    if (opened.dialect, opened.operation) not in using:
        return Consumption() if consumption == UNREAD else consumption
    model = catalog.find(consumption.model or opened.model)
    way, window = Delivery(opened.operation, opened.stream), None if model is None else model.window
    return estimates.estimate(consumption, opened.model, way, passed, window)
