"""The rules over prices: what a row of ``prices`` must say to mean something. Listed in ``check``."""

from collections.abc import Iterator

from penstock.config.mistakes import Path
from penstock.config.reading import Found, ReadSettings
from penstock.config.settings import LongContextSettings, PriceSettings, RateSettings, Settings
from penstock.core.price import Rates


def prices_say_something(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """A row without a price would hide the list price."""
    for path, row in _rows(settings):
        given = [*_within(path, reading), *_within((*path, "tools"), reading)]
        if not _has_rates(row) and not row.tools and reading.sound(path, *given):
            yield path, "has no price", "write `input:` and `output:`, or remove it for the list price"


def tiers_are_a_factor_or_prices(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Both at once contradict each other, and nothing at all is no price."""
    for outer, row in _rows(settings):
        for name, tier in row.tiers.items():
            path = (*outer, "tiers", name)
            priced = _has_rates(tier) or tier.long_context
            if tier.factor is not None and priced:
                yield (*path, "factor"), "stands beside prices of the tier's own", "keep one of the two"
            elif tier.factor is None and not priced and reading.sound(path, *_within(path, reading)):
                yield path, "has no price", "write `factor: 0.5`, or prices"


def thresholds_differ(settings: Settings, reading: ReadSettings) -> Iterator[Found]:
    """Of two prices above the same size nobody could tell which holds."""
    for path, row in _rows(settings):
        yield from _same((*path, "long_context"), row.long_context, reading)
        for name, tier in row.tiers.items():
            yield from _same((*path, "tiers", name, "long_context"), tier.long_context, reading)


RULES = (prices_say_something, tiers_are_a_factor_or_prices, thresholds_differ)


def _rows(settings: Settings) -> Iterator[tuple[Path, PriceSettings]]:
    for pattern, row in settings.prices.items():
        yield ("prices", pattern), row


def _same(path: Path, rows: tuple[LongContextSettings, ...], reading: ReadSettings) -> Iterator[Found]:
    seen: set[int] = set()
    for inner, row in reading.rows(path, rows):
        where = (*inner, "above")
        if reading.sound(where) and row.above in seen:
            yield where, "is the `above` of an earlier row", "keep one of the two"
        seen.add(row.above)


def _has_rates(row: RateSettings) -> bool:
    return any(getattr(row, name) is not None for name in Rates.__struct_fields__)


def _within(path: Path, reading: ReadSettings) -> Iterator[Path]:
    return ((*path, name) for name in reading.names(path))
