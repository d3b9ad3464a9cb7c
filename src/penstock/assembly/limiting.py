"""How limits are kept in this process: counters, what is under way, what is known of models, put together.

Part of the composition root: it names concrete classes and decides nothing. What is under way outlives settings: an
exchange ends as it began. Leases are renewed by one timer, all of them together.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from penstock.catalog.catalog import Catalog, Model
from penstock.config.settings import Settings
from penstock.core.caller import KeyProfile, matches
from penstock.core.counting import Counters
from penstock.core.demand import Demanding
from penstock.core.dialect import Dialect
from penstock.core.entry import Entry
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError
from penstock.core.route import Match, Route
from penstock.core.target import Attempt
from penstock.dialects.anthropic.most import most as anthropic
from penstock.dialects.gemini.most import most as gemini
from penstock.dialects.openai.most import most as openai
from penstock.policies.compress.rules import SHIPPED
from penstock.policies.limit import Conditions, Limit, OperationKind, Settling, Sizes
from penstock.policies.limit.settling import Crossed
from penstock.policies.limit.worst import UNKNOWN, Known, dearest
from penstock.policies.permit import RUN_NO_MODEL
from penstock.route_rows import ROWS

log = logging.getLogger(__name__)

RENEW_SECONDS = 15.0
LOOK_SECONDS = 1.0
"""Between two looks at how the store is."""
_LATER_SHARES = (95, 100)
DEMANDING: Mapping[str, Demanding] = {"anthropic": anthropic, "openai": openai, "gemini": gemini}

_COUNTS = ("*.count_tokens", "*.countTokens", "*.input_tokens")
# They name a model and run none.
_KEEPS = ("assistants.create", "caches.create", "fine_tuning.alpha.graders.validate")
_RUNS = ("threads.runs.submit_tool_outputs",)
_AROUND = 256
"""Bytes of JSON that stand around words of our own."""


class QuotaTerms(msgspec.Struct, frozen=True):
    """What the installation says of all quotas."""

    contact: str = "your gateway's operator"
    shares: tuple[int, ...] = (80, *_LATER_SHARES)
    """Percentages of a calendar's quota at which somebody is told."""


def terms(settings: Settings) -> QuotaTerms:
    """As the settings say."""
    row = settings.quotas
    shares = sorted({row.warn_at, *(share for share in _LATER_SHARES if share > row.warn_at)})
    return QuotaTerms(row.contact or QuotaTerms().contact, tuple(shares))


def kinds(dialects: Mapping[str, Dialect]) -> Mapping[str, OperationKind]:
    """What each operation takes, by its name. What one dialect's tells, another's of the same name may tell too."""
    found: dict[str, OperationKind] = {}
    order = list(OperationKind)
    for row in ROWS:
        one = _kind(row, dialects[row.dialect])
        found[row.operation] = min(one, found.get(row.operation, one), key=order.index)
    return found


def _kind(row: Route, dialect: Dialect) -> OperationKind:
    if matches(_COUNTS, row.operation):
        return OperationKind.FREE
    runs = row.routed or not matches((*RUN_NO_MODEL, *_KEEPS), row.operation) or matches(_RUNS, row.operation)
    if row.method == "POST" and runs:
        return OperationKind.SPENDS
    return OperationKind.FREE if dialect.tally(Match(row, (), "", "")) is None else OperationKind.TELLS


class Limiting:
    """For as long as the process lives."""

    def __init__(
        self, counters: Counters, dialects: Mapping[str, Dialect], terms: QuotaTerms, crossed: Crossed
    ) -> None:
        self.counters = counters
        self.kinds = kinds(dialects)
        self._sizes = Sizes()
        self.spending = tuple(name for name, kind in self.kinds.items() if kind is OperationKind.SPENDS)
        """Operations whose requests count."""
        self.settling = Settling(counters, self._sizes, terms.shares, crossed)
        self._loop = asyncio.get_running_loop()
        self._answers = True
        self._renewed = self._loop.time()
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def limit(
        self,
        settings: Settings,
        catalog: Catalog,
        attempt: Callable[[Exchange], Attempt],
        ratio: Callable[[str, str], float],
        terms: QuotaTerms,
    ) -> Limit:
        """The policy under these settings."""
        self.settling.shares = terms.shares
        conditions = Conditions(
            counters=self.counters,
            kinds=self.kinds,
            models=_models(settings, catalog, attempt),
            demanding=DEMANDING,
            ratio=ratio,
            added=_added(settings),
            contact=terms.contact,
            warn_at=settings.quotas.warn_at / 100,
        )
        return Limit(conditions, self._sizes, self.settling.under_way)

    def found(self, entries: Sequence[Entry], profile: Callable[[str], KeyProfile | None]) -> None:
        """Exchanges of processes that are gone, from any thread; a batch's results come by ``counted``."""
        self._loop.call_soon_threadsafe(self._found, [entry for entry in entries if not entry.batch], profile)

    def counted(self, entry: Entry, profile: Callable[[str], KeyProfile | None]) -> None:
        """What the books count of a batch, from any thread."""

        def settle() -> None:
            if not self.settling.counted(entry):
                self._found([entry], profile)

        self._loop.call_soon_threadsafe(settle)

    def _found(self, entries: Sequence[Entry], profile: Callable[[str], KeyProfile | None]) -> None:
        for entry in entries:
            key = profile(entry.opened.key)
            kind = self.kinds.get(entry.opened.operation)
            if key is not None and key.quotas and kind is not None:
                self.settling.found(entry, key, kind)

    def _look(self) -> None:
        now, health = self._loop.time(), self.counters.health()
        if now - self._renewed >= RENEW_SECONDS:
            self._renewed = now
            self.counters.renew(self.settling.leases())
        if health.answers != self._answers:
            # Once when it begins, and once when it is over.
            self._answers = health.answers
            words = f"{health.store} does not answer, each quota does what it says meanwhile: {health.words}"
            log.warning("%s", f"{health.store} answers again, quotas are counted there" if self._answers else words)
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    async def close(self) -> None:
        """Every exchange is over: what is still to be settled gets its last try."""
        self._timer.cancel()
        closing = self.counters.close()
        if closing is not None:
            await closing


def _models(
    settings: Settings, catalog: Catalog, attempt: Callable[[Exchange], Attempt]
) -> Callable[[str, Exchange], Known]:
    own = {name for name, row in settings.providers.items() if row.auth == "none"}
    listed = functools.lru_cache(maxsize=1024)(lambda name: _known(catalog.find(name)))
    configured = functools.lru_cache(maxsize=1024)(lambda name: _own(catalog.find(name), catalog.find_configured(name)))

    def known(name: str, exchange: Exchange) -> Known:
        if not own:
            return listed(name)
        try:
            provider = attempt(exchange).provider
        except FaultError:
            # It goes nowhere, and that is said later.
            return listed(name)
        return configured(name) if provider.name in own else listed(name)

    return known


def _known(model: Model | None) -> Known:
    return UNKNOWN if model is None else Known(model.window, model.output_limit, dearest(model.price))


def _own(listed: Model | None, configured: Model | None) -> Known:
    """On the operator's own machines list prices do not hold."""
    known = _known(listed)
    return msgspec.structs.replace(known, rates=None if configured is None else dearest(configured.price))


def _added(settings: Settings) -> int:
    own = (text for text in msgspec.structs.asdict(settings.terser.rules).values() if text is not None)
    texts = (*own, *(words.text for words in SHIPPED.values()))
    return max(len(msgspec.json.encode(text)) for text in texts) + _AROUND
