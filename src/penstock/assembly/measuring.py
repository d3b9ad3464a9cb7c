"""What terser answers saved, of the books: exchanges read by the store, counted and judged by ``ledger.savings``.

Part of the composition root: the command line asks it, and so does whoever suspends what loses money. Nothing here is
an estimate of anything that was not measured.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from penstock.catalog.catalog import Catalog
from penstock.config.settings import Settings
from penstock.core.books import EVERYTHING, Filter
from penstock.core.ending import Ending
from penstock.core.entry import Entry
from penstock.core.terseness import Arm
from penstock.ledger.findings import SavingsReport
from penstock.ledger.observed import Guardrail, Observed, input_cost
from penstock.ledger.savings import Savings
from penstock.policies.compress import CHATS, COUNTS
from penstock.stores.measured import Measured

_GUARDED = {
    Ending.TRUNCATED.value: Guardrail.TRUNCATED,
    Ending.REFUSED.value: Guardrail.REFUSED,
    Ending.INVALID.value: Guardrail.INVALID,
}

REPEATED_SECONDS = 600.0
"""Who begins a conversation again within ten minutes was not content with the first answer."""


class Measurement(msgspec.Struct, frozen=True):
    """What the books say, and how keys are called."""

    report: SavingsReport
    names: Mapping[str, str]
    """Keys' latest names, by identity."""


def measure(
    measured: Measured,
    settings: Settings,
    catalog: Catalog,
    which: Filter = EVERYTHING,
    progress: Callable[[Iterable[Entry]], Iterable[Entry]] = iter,
) -> Measurement:
    """The measurement; BooksError where the books can't be read."""
    savings = Savings()
    own = {name for name, row in settings.providers.items() if row.auth == "none"}
    begun: dict[str, float] = {}
    names: dict[str, str] = {}
    # A batch's requests are answered in a file later: its own answer says nothing of either arm.
    for entry in progress(measured.compared(CHATS | COUNTS, which)):
        names[entry.opened.key] = entry.opened.key_name
        savings.add(_observed(entry, catalog, own, begun))
    rest = measured.rest(CHATS, which)
    savings.pass_by(rest.requests, rest.output_tokens)
    return Measurement(savings.report(), names)


def _observed(entry: Entry, catalog: Catalog, own: set[str], begun: dict[str, float]) -> Observed:
    opened, terseness = entry.opened, entry.opened.terseness
    if terseness is None:
        raise ValueError("nothing was decided for this exchange")
    find = catalog.find_configured if opened.provider in own else catalog.find
    broke = tuple(_broken(entry, begun))
    if not terseness.later and terseness.arm is not Arm.FORCED:
        begun[terseness.conversation] = opened.at
    return Observed(
        conversation=terseness.conversation,
        arm=terseness.arm,
        at=opened.at,
        key=opened.key,
        model=opened.model,
        klass=terseness.group,
        intensity=terseness.intensity.value,
        rules=terseness.rules,
        lowered=terseness.lowered,
        operation=opened.operation,
        stream=opened.stream,
        tools=terseness.tools,
        bytes_in=opened.bytes_in,
        added_bytes=terseness.added,
        holdout=terseness.holdout / 100,
        usage=entry.consumption.usage,
        source=entry.consumption.source,
        cost=entry.cost,
        input_cost=input_cost(entry.consumption, opened.model, find),
        broke=broke,
    )


def _broken(entry: Entry, begun: dict[str, float]) -> Iterator[Guardrail]:
    terseness = entry.opened.terseness
    if entry.status >= 400:
        yield Guardrail.FAILED
    if entry.ending in _GUARDED:
        yield _GUARDED[entry.ending]
    if terseness is not None and terseness.reasked:
        yield Guardrail.REASKED
    if terseness is not None and not terseness.later:
        before = begun.get(terseness.conversation)
        if before is not None and entry.opened.at - before < REPEATED_SECONDS:
            yield Guardrail.REPEATED
