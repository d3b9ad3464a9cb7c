"""``penstock models``: which name goes where, what it costs, how much it takes; and what was used without a price."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from penstock.cli import moments
from penstock.cli.books import reports, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.catalog.catalog import Catalog, Model
    from penstock.config.settings import Settings
    from penstock.core.books import UnpricedModel

_PRICES = ("input", "cache_read", "output")
_SPARE = ("price from", "why", "window", "cached", "goes to")
"""What a narrow terminal can do without, the most dispensable first."""
_UNITS = (
    "US dollars per million tokens: in, in from a cache, out; -: none is known. Long inputs, batches and tools have "
    "prices of their own, where they have any: docs/concepts/prices.md."
)


class Line(msgspec.Struct, frozen=True):
    """One model on one way."""

    model: str
    dialect: str
    provider: str | None
    """The row that gets it; None where a request would be refused."""
    why: str
    window: int | None
    output_limit: int | None
    prices: dict[str, Decimal]
    """US dollars per million tokens, ordinary tier."""
    source: str | None
    date: str | None


@click.command(short_help="Show where models go and what they cost.")
@config_option
@click.argument("pattern", required=False)
@click.option("--unpriced", is_flag=True, help="What has been used without a price, instead.")
@click.option("--since", type=moments.Since(), help="With --unpriced: from then on, such as 7d.")
@json_option
def models(config: Path | None, pattern: str | None, since: int | None, *, unpriced: bool, as_json: bool) -> None:
    """Show which model goes to which provider, its price in US dollars per million tokens, and its window.

    PATTERN is a name, or several with wildcards; a name that the catalog does not know is shown too. Other names than
    those go the same ways: by the first rule that matches, else to the dialect's first provider.

    \b
    Examples:
      penstock models 'claude-*'
      penstock models my-own-model
      penstock models --unpriced --since 7d
    """
    settings = load_settings(config)
    if unpriced:
        _print_unpriced(settings, pattern, since, as_json=as_json)
        return
    if since is not None:
        raise click.UsageError("--since asks when something was used: it goes with --unpriced.")
    lines = list(_lines(settings, pattern))
    if as_json:
        print_json(lines)
    elif not lines:
        click.echo("No model that the catalog knows fits, on any dialect that has a provider: penstock providers list")
    else:
        headings = columns("=model", "=goes to", "why", "#window", "#input", "#cached", "#output", "price from")
        print_table(Table(headings, tuple(map(_cells, lines))), spare=_SPARE)
        click.echo(_UNITS, err=True)


def _print_unpriced(settings: "Settings", pattern: str | None, since: int | None, *, as_json: bool) -> None:
    from penstock.core.books import Filter  # noqa: PLC0415 - keeps --help instant
    from penstock.core.caller import matches  # noqa: PLC0415

    with reports(settings) as books:
        rows = books.unpriced(Filter(since=since))
    found = [row for row in rows if pattern is None or matches((pattern,), row.model)]
    if as_json:
        print_json([{**msgspec.structs.asdict(row), "last": moments.stamped(row.last)} for row in found])
        return
    if not found:
        what = "Everything that was used" if pattern is None else f"Whatever was used of {pattern!r}"
        click.echo(f"{what} has a price.")
        return
    headings = columns("=provider", "=model", "#requests", "#tokens", "last used (UTC)")
    cells = [
        (
            row.provider or "-",
            row.model or "(none named)",
            whole(row.exchanges),
            whole(row.tokens),
            moments.shown(row.last),
        )
        for row in found
    ]
    print_table(Table(headings, tuple(cells)))
    click.echo(
        "Give them a price under `prices` in the configuration; costs of what is past stay as they are.", err=True
    )


def catalog_of(settings: "Settings") -> "Catalog":
    """What the gateway would value by under these settings."""
    from penstock.catalog.catalog import shipped  # noqa: PLC0415 - keeps --help instant

    return shipped().with_overrides({pattern: row.sheet for pattern, row in settings.prices.items()})


def _lines(settings: "Settings", pattern: str | None) -> Iterator[Line]:
    from penstock.core.caller import matches  # noqa: PLC0415 - keeps --help instant

    catalog = catalog_of(settings)
    spoken = list(dict.fromkeys(row.dialect for row in settings.providers.values()))
    names = [(model.name, model.dialect) for model in catalog.models]
    wanted = [pair for pair in names if pattern is None or matches((pattern,), pair[0])]
    if pattern is not None and not wanted:
        # A name of nobody's: it goes somewhere all the same, on every dialect.
        known = catalog.find(pattern)
        dialects: Sequence[str] = [known.dialect] if known is not None and known.dialect else spoken
        wanted = [] if any(letter in pattern for letter in "*?[") else [(pattern, dialect) for dialect in dialects]
    for name, dialect in wanted:
        if dialect in spoken:
            yield _line(settings, catalog, name, dialect)


def _line(settings: "Settings", catalog: "Catalog", name: str, dialect: str) -> Line:
    provider, why = _way(settings, name, dialect)
    row = None if provider is None else settings.providers[provider]
    # List prices do not hold on one's own machines, which is where rows without any credential lead.
    found: Model | None = (catalog.find_configured if row is not None and row.auth == "none" else catalog.find)(name)
    known = found or catalog.find(name)
    prices = {} if found is None else {price: value for price, value in _prices(found) if value is not None}
    return Line(
        name,
        dialect,
        provider,
        why,
        None if known is None else known.window,
        None if known is None else known.output_limit,
        prices,
        None if found is None else found.source,
        None if found is None or found.date is None else found.date.isoformat(),
    )


def _way(settings: "Settings", name: str, dialect: str) -> tuple[str | None, str]:
    """As ``routing.plan`` decides, for a name alone: the rules first, then the dialect's first provider."""
    from penstock.core.caller import matches  # noqa: PLC0415 - keeps --help instant

    for rule in settings.models:
        if matches((rule.match,), name):
            spoken = settings.providers[rule.provider].dialect
            if spoken != dialect:
                return None, f"rule {rule.match!r} leads to {rule.provider}, which speaks {spoken}"
            return rule.provider, f"rule {rule.match!r}"
    first = next(other for other, row in settings.providers.items() if row.dialect == dialect)
    return first, f"first for {dialect}"


def _prices(model: "Model") -> list[tuple[str, Decimal | None]]:
    return [(name, getattr(model.sheet.price, name)) for name in model.sheet.price.__struct_fields__]


def _cells(line: Line) -> tuple[str, ...]:
    window = "-" if line.window is None else whole(line.window)
    prices = [f"{line.prices[name]:f}" if name in line.prices else "-" for name in _PRICES]
    source = "unpriced" if line.source is None else (line.date or line.source)
    return line.model, line.provider or "refused", line.why, window, *prices, source


def _unpriced(row: "UnpricedModel") -> tuple[str, ...]:
    model = row.model or "(none named)"
    return row.provider or "-", model, whole(row.exchanges), whole(row.tokens), moments.shown(row.last)
