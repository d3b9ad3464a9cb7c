"""The catalog: built once from the shipped rows and the operator's own prices, then only asked.

Looking up costs a dictionary's look; what was asked lately is remembered, within a bound, because names come from
clients. It knows no provider row: whoever asks decides whether list prices hold there (``find``) or only those that
the operator wrote (``find_configured``), as for a model on one's own machine.
"""

import datetime
import functools
import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib.resources import files

import msgspec

from penstock.catalog.names import LENGTH, is_pattern, spellings, surest_first
from penstock.core.caller import matches
from penstock.core.price import LongRates, Price, Rates, Sheet, TierPrices, priced

REMEMBERED = 1024

CONFIGURED = "the configuration"
"""The source of a price that the operator wrote."""


VERBOSITY = "verbosity"
"""The ability to be told by a field of the request, OpenAI's ``verbosity``, how long answers are to be."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model as the data file writes it."""

    name: str
    aliases: tuple[str, ...] = ()
    provider: str
    dialect: str
    window: int | None = None
    output_limit: int | None = None
    abilities: tuple[str, ...] = ()
    source: str
    date: datetime.date
    price: Rates
    long: tuple[LongRates, ...] = ()
    tiers: dict[str, TierPrices] = {}
    tools: dict[str, Decimal] = {}


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data file."""

    version: str
    model: tuple[Row, ...]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model."""

    name: str
    """Its family's name, without a snapshot's date; for a price from the configuration, the pattern."""
    provider: str = ""
    """Its maker, who lists the price: ``anthropic``, ``openai``, ``google``; not the provider row that is called."""
    dialect: str = ""
    """The maker's own wire format."""
    window: int | None = None
    """Most tokens of input and output together, as far as known."""
    output_limit: int | None = None
    """Most tokens of output."""
    abilities: tuple[str, ...] = ()
    """Of ``vision``, ``audio``, ``tools``, ``reasoning``, ``schema``, ``verbosity``. Not listed: not known."""
    sheet: Sheet
    """The prices as they are published."""
    price: Price
    """The same, to charge by."""
    source: str
    """Where the prices stand."""
    date: datetime.date | None = None
    """When they were read there."""


class Catalog:
    """Models by their names. Never changes; another configuration makes another one."""

    def __init__(self, version: str, models: Mapping[str, Model], configured: Mapping[str, Sheet]) -> None:
        self._models = models
        self._listed = version
        self.version = _version(version, configured)
        """Of the data, and of the configured prices where there are any; stands beside every cost."""
        own = {pattern: _configured(pattern, configured[pattern]) for pattern in surest_first(configured)}
        # Closed over what they read and not over the catalog: a catalog that is replaced is freed at once.
        self.find_configured: Callable[[str], Model | None] = _remembering(functools.partial(_find_own, own))
        """The model of this name, if the operator wrote its price."""
        self.find: Callable[[str], Model | None] = _remembering(functools.partial(_find, own, models))
        """The model of this name, with the operator's price before the listed one; None: nothing is known of it."""

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model of the shipped data, in its order, at list prices."""
        return tuple({model.name: model for model in self._models.values()}.values())

    def with_overrides(self, configured: Mapping[str, Sheet]) -> "Catalog":
        """The same models with these prices in place of the listed ones, by name or pattern. A price is replaced as a
        whole: what the configuration does not say has no price."""
        return Catalog(self._listed, self._models, configured)


@functools.cache
def shipped() -> Catalog:
    """The catalog of this release."""
    return build(files("penstock.catalog").joinpath("models.toml").read_bytes())


def build(data: bytes) -> Catalog:
    """A catalog of rows in TOML. Raises when a row is wrong or a name stands twice: the data is ours."""
    rows = msgspec.toml.decode(data, type=Rows)
    models: dict[str, Model] = {}
    for row in rows.model:
        model = _model(row)
        for name in (row.name, *row.aliases):
            if models.setdefault(name, model) is not model:
                raise ValueError(f"{name} stands in two rows")
    return Catalog(rows.version, models, {})


def _model(row: Row) -> Model:
    sheet = Sheet(price=row.price, long=row.long, tiers=row.tiers, tools=row.tools)
    return Model(
        name=row.name,
        provider=row.provider,
        dialect=row.dialect,
        window=row.window,
        output_limit=row.output_limit,
        abilities=row.abilities,
        sheet=sheet,
        price=priced(sheet),
        source=row.source,
        date=row.date,
    )


def _configured(pattern: str, sheet: Sheet) -> Model:
    return Model(name=pattern, sheet=sheet, price=priced(sheet), source=CONFIGURED)


def _version(listed: str, configured: Mapping[str, Sheet]) -> str:
    if not configured:
        return listed
    written = msgspec.json.encode(sorted(configured.items()), order="deterministic")
    return f"{listed}+{hashlib.blake2b(written, digest_size=4).hexdigest()}"


def _find_own(own: Mapping[str, Model], name: str) -> Model | None:
    for spelling in spellings(name):
        for pattern, model in own.items():
            if pattern == spelling or (is_pattern(pattern) and matches((pattern,), spelling)):
                return model
    return None


def _find(own: Mapping[str, Model], models: Mapping[str, Model], name: str) -> Model | None:
    known = next((models[spelling] for spelling in spellings(name) if spelling in models), None)
    mine = _find_own(own, name)
    if mine is None or known is None:
        return mine or known
    return msgspec.structs.replace(known, sheet=mine.sheet, price=mine.price, source=mine.source, date=None)


def _remembering(find: Callable[[str], Model | None]) -> Callable[[str], Model | None]:
    remembered = functools.lru_cache(REMEMBERED)(find)

    def found(name: str) -> Model | None:
        return remembered(name) if len(name) <= LENGTH else None

    return found
