"""``penstock usage``: what was used and what it cost, by whatever one asks for, with totals.

Money is shown to the micro-dollar. What has no price, and what rests on estimates, is counted beside every sum.
"""

import csv
import io
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click
import msgspec
from click.shell_completion import CompletionItem

from penstock.cli import moments
from penstock.cli.books import (
    NOBODY,
    SIMULATOR,
    Choice,
    choosing,
    chosen,
    dollars,
    hint,
    is_simulators,
    reports,
    whole,
)
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import Column, Table, columns, harmless, json_option, plain, print_json, print_table, without

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.core.books import UsageRow
    from penstock.stores.reports import Reports

GROUPS = ("day", "key", "team", "user", "model", "provider", "status")
USUAL_SECONDS = 30 * 86_400
WATCH_SECONDS = 2.0
_OCCASIONAL = ("not served", "cached", "unpriced", "estimated")
"""Columns that are nothing but zeros in most houses."""
_SPARE = ("estimated", "not served", "unpriced", "cached", "requests", "output", "input")
"""What a narrow terminal can do without, the most dispensable first; of the first and third the notes speak."""


class Report(msgspec.Struct, frozen=True):
    """What one look at the books found."""

    by: tuple[str, ...]
    since: int
    until: int | None
    rows: "tuple[UsageRow, ...]"
    total: "UsageRow"
    simulated: "UsageRow"
    """The built-in simulator's part of the total: what it cost, nobody charges."""
    rounded: tuple[int | None, int | None] | None = None
    """The span that the sums are about, where nothing finer is known than whole hours."""


if TYPE_CHECKING:
    Names = click.ParamType[tuple[str, ...]]
else:
    # Generic only in click's later releases.
    Names = click.ParamType


class Groups(Names):
    """Some of ``GROUPS``, with commas between them."""

    name = "groups"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Each once, in the order given."""
        if isinstance(value, tuple):
            return value
        names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
        for name in names:
            if name not in GROUPS:
                self.fail(f"{name!r} can't be grouped by; choose from {', '.join(GROUPS)}", param, ctx)
        return names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The group that was begun behind the last comma."""
        del ctx, param
        before, comma, begun = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in GROUPS if name.startswith(begun)]


@click.command(short_help="Show what was used and what it cost.")
@config_option
@click.option("--by", type=Groups(), default="day", show_default=True, metavar="GROUPS",
              help="day, key, team, user, model, provider, status; several with commas.")  # fmt: skip
@choosing
@click.option("--csv", "as_csv", is_flag=True, help="Print it as CSV.")
@click.option("--watch", is_flag=True, help="Look again every two seconds, until Ctrl-C.")
@json_option
def usage(
    config: Path | None, by: tuple[str, ...], *, as_csv: bool, watch: bool, as_json: bool, **given: Unpack[Choice]
) -> None:
    """Show what was used and what it cost at list prices, in US dollars.

    Without --since: the 30 days before --until, or before now. Input counts everything that went in; `cached` is the
    part of it that was read from a cache. What has no price is not in the cost, but counted beside it. A narrow
    terminal shows fewer columns.

    \b
    Examples:
      penstock usage
      penstock usage --by team,model --since 2026-11-01 --until 2026-12-01
      penstock usage --by key --status 4xx --since 24h
      penstock usage --by day,key --csv > usage.csv
      penstock usage --by model --since today --watch
    """
    settings = load_settings(config)
    if as_csv and as_json:
        raise click.UsageError("Choose one of --csv and --json.")
    if as_csv and watch:
        raise click.UsageError("Choose one of --csv and --watch; with --json, --watch prints a line for each look.")
    if given["since"] is None:
        given["since"] = (given["until"] or int(time.time())) - USUAL_SECONDS
    with reports(settings) as books:

        def look() -> Report:
            return read(books, by, given, settings)

        if watch:
            _watch(look, as_json=as_json)
            return
        report = look()
        if as_json:
            print_json(described(report))
        elif as_csv:
            if report.rounded is not None:
                click.echo(_said_rounded(report.rounded), err=True)
            click.echo(written(report), nl=False)
        else:
            _print(report, hint(books, settings))


def read(books: "Reports", by: Sequence[str], given: Choice, settings: "Settings") -> Report:
    """One look."""
    from penstock.core.books import By, total  # noqa: PLC0415 - keeps --help instant

    which = chosen(given)
    found = books.report([By(name) for name in by], which)
    rows = tuple(found.rows)
    span = _whole(found.since), _whole(found.until)
    rounded = span if span != (given["since"], given["until"]) else None
    simulated: Sequence[UsageRow] = ()
    if is_simulators(given["provider"] or SIMULATOR, settings):
        simulated = books.usage([], msgspec.structs.replace(which, provider=SIMULATOR))
    return Report(tuple(by), given["since"] or 0, given["until"], rows, total(rows), total(simulated), rounded)


def _whole(moment: float | None) -> int | None:
    return None if moment is None else int(moment)


def table(report: Report) -> Table:
    """The report as people read it."""
    numbers = ("#requests", "#not served", "#input", "#cached", "#output", "#cost in $", "#unpriced", "#estimated")
    lines = tuple((*_names(report.by, row), *_numbers(row)) for row in report.rows)
    names: tuple[Column, ...] = columns(*(f"={name}" for name in report.by))
    label = ("total", *[""] * (len(report.by) - 1)) if report.by else ()
    return Table((*names, *columns(*numbers)), lines, (*label, *_numbers(report.total)) if report.by else None)


def narrow(report: Report) -> Table:
    """The same without the columns that say nothing here: on a terminal every column costs."""
    found = table(report)
    numbers = dict(
        zip((column.name for column in found.columns[len(report.by) :]), _numbers(report.total), strict=True)
    )
    return without(found, {name for name in _OCCASIONAL if numbers[name] == "0"})


def notes(report: Report) -> Sequence[str]:
    """What must be said beside the sums."""
    until = "now" if report.until is None else f"{moments.shown(report.until)} UTC"
    found = [f"From {moments.shown(report.since)} UTC until {until}, at list prices."]
    found += [] if report.rounded is None else [_said_rounded(report.rounded)]
    simulated = report.simulated
    if simulated.exchanges and simulated.exchanges == report.total.exchanges:
        found.append("The simulator answered all of them: nobody charges this.")
    elif simulated.cost:
        found.append(f"${dollars(simulated.cost)} of the cost is the simulator's, which nobody charges.")
    if report.total.unpriced:
        requests = f"{whole(report.total.unpriced)} request{'' if report.total.unpriced == 1 else 's'}"
        found.append(f"{requests} without a price, not in the cost: penstock models --unpriced")
    if report.total.estimated:
        share = report.total.estimated_share
        shown = "Less than 0.1%" if share < 0.001 else f"{share:.1%}"
        found.append(f"{shown} of the tokens are estimates, ${dollars(report.total.estimated_cost)} of the cost.")
    return found


def _said_rounded(span: tuple[int | None, int | None]) -> str:
    begins = [] if span[0] is None else [f"from {moments.shown(span[0])}"]
    ends = [] if span[1] is None else [f"until {moments.shown(span[1])}"]
    return f"Single exchanges have been pruned: these are sums of whole hours, {' '.join([*begins, *ends])} UTC."


def _stamped(since: int | None, until: int | None) -> dict[str, str | None]:
    return {"since": moments.stamped(since), "until": moments.stamped(until)}


def described(report: Report) -> dict[str, object]:
    """The report for programs; money in whole micro-dollars."""
    return {
        "by": report.by,
        "since": moments.stamped(report.since),
        "until": moments.stamped(report.until),
        "rounded": None if report.rounded is None else _stamped(*report.rounded),
        "rows": [{**_group(report.by, row), **_sums(row)} for row in report.rows],
        "total": _sums(report.total),
        "simulated": _sums(report.simulated),
    }


def written(report: Report) -> str:
    """The report as CSV, a line for each group and no total: it is for adding up elsewhere."""
    text = io.StringIO()
    groups = [{name: harmless(value) for name, value in _group(report.by, row).items()} for row in report.rows]
    rows = [{**group, **_flat(_sums(row))} for group, row in zip(groups, report.rows, strict=True)]
    empty = {**_group(report.by, report.total), **_flat(_sums(report.total))}
    writer = csv.DictWriter(text, list(rows[0] if rows else empty), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _print(report: Report, hint: str) -> None:
    if not report.rows:
        click.echo(f"Nothing fits since {moments.shown(report.since)} UTC.{hint}")
        return
    print_table(narrow(report) if sys.stdout.isatty() else table(report), spare=_SPARE)
    for note in notes(report):
        click.echo(note, err=True)


def _watch(look: Callable[[], Report], *, as_json: bool) -> None:
    """Looks again and again; Ctrl-C is the ordinary end."""
    try:
        if as_json or not sys.stdout.isatty():
            while True:
                report = look()
                click.echo(msgspec.json.encode(described(report)) if as_json else plain(table(report)) + "\n")
                time.sleep(WATCH_SECONDS)
        _watch_on_terminal(look)
    except KeyboardInterrupt:
        return


def _watch_on_terminal(look: Callable[[], Report]) -> None:
    from rich.console import Console, Group  # noqa: PLC0415 - keeps --help instant
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from penstock.cli.printing import drawn, fit  # noqa: PLC0415

    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            report = look()
            words = [*notes(report), f"{moments.shown(time.time())} UTC; Ctrl-C ends it."]
            fitted, _ = fit(narrow(report), console.width, _SPARE)
            live.update(Group(drawn(fitted), *map(Text, words)), refresh=True)
            time.sleep(WATCH_SECONDS)


def _names(by: Sequence[str], row: "UsageRow") -> tuple[str, ...]:
    """A group's values for people: a key by its name, and words where there is nothing to name."""
    names = []
    for name, value in zip(by, row.group, strict=True):
        if name == "key":
            names.append(row.key_name or value or NOBODY)
        elif name == "status":
            names.append(value if value != "0" else "(none)")
        else:
            names.append(value or "-")
    return tuple(names)


def _numbers(row: "UsageRow") -> tuple[str, ...]:
    used = row.usage
    return (
        whole(row.exchanges),
        whole(row.not_served),
        whole(used.total_input),
        whole(used.cache_read),
        whole(used.total_output),
        # A sum of nothing would be a price of 0.
        dollars(None if row.unpriced and not row.cost else row.cost),
        whole(row.unpriced),
        whole(row.estimated),
    )


def _group(by: Sequence[str], row: "UsageRow") -> dict[str, object]:
    found: dict[str, object] = dict(zip(by, row.group or ("",) * len(by), strict=True))
    if "key" in found:
        found["key_name"] = row.key_name
    return found


def _sums(row: "UsageRow") -> dict[str, object]:
    from penstock.core.usage import COUNTERS  # noqa: PLC0415 - keeps --help instant

    return {
        "exchanges": row.exchanges,
        "not_served": row.not_served,
        "total_input": row.usage.total_input,
        "total_output": row.usage.total_output,
        "usage": {**{name: getattr(row.usage, name) for name in COUNTERS}, "tools": dict(row.usage.tools)},
        "cost_micro_dollars": row.cost,
        "unpriced": row.unpriced,
        "estimated": row.estimated,
        "estimated_tokens": row.estimated_tokens,
        "estimated_cost_micro_dollars": row.estimated_cost,
    }


def _flat(sums: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in sums.items():
        if isinstance(value, dict):
            found.update({inner: count for inner, count in value.items() if inner != "tools"})
        else:
            found[name] = value
    return found
