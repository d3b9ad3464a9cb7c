"""``penstock savings``: what terser answers saved, as measured against conversations that were left alone, or why
nothing can be said.

Every number has its interval and its count beside it; without those there is no number.
"""

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from penstock.cli import moments
from penstock.cli.books import NOBODY, Choice, choosing, chosen, hint, opened_books
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import Table, columns, json_option, print_json, print_table
from penstock.cli.suspended import described, judge, notes, resume

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.core.entry import Entry
    from penstock.ledger.findings import Figures, Finding, Report
    from penstock.ledger.sequence import Interval
    from penstock.measuring import Measurement
    from penstock.stores.suspensions import Suspension

USUAL_SECONDS = 90 * 86_400
_LINE, _ZERO = 21, 10
"""Characters of a drawn interval, and where its zero stands; each is ten percent."""
_SPARE = ("key", "kind", "until (UTC)", "since (UTC)", "intensity")


@click.group(
    invoke_without_command=True,
    subcommand_metavar="[COMMAND ...]",
    short_help="Show what terser answers saved, measured.",
)
@click.pass_context
@config_option
@choosing
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file, as SVG.")
@click.option("--tokens", is_flag=True, help="Draw output tokens instead of net cost.")
@json_option
def savings(
    context: click.Context,
    config: Path | None,
    *,
    plot: Path | None,
    tokens: bool,
    as_json: bool,
    **given: Unpack[Choice],
) -> None:
    """Show what terser answers saved: output tokens and net cost, per model, key and kind of question.

    Conversations that were treated are compared with those that were left alone by chance (the holdout). A number is
    shown with its 95 % interval, which holds however often you look, or not at all. Net cost counts the text that was
    added and what caches cost. Without --since: the last 90 days.

    What surely loses money, or makes answers worse, the gateway suspends by itself: it is listed below the table, with
    why, and with the command that gives it back.

    \b
    Examples:
      penstock savings
      penstock savings --model 'claude-sonnet-4-5' --since 2026-11-01
      penstock savings --json
      penstock savings --plot savings.svg
    """
    if context.invoked_subcommand is not None:
        _say_nothing_before(context)
        return
    settings = load_settings(config)
    if given["since"] is None:
        given["since"] = (given["until"] or int(time.time())) - USUAL_SECONDS
    found, suspended, nothing = _measured(settings, given)
    report = found.report
    if plot is not None:
        from penstock.ledger import savings_plot  # noqa: PLC0415 - keeps --help instant

        plot.write_text(savings_plot.svg(report, savings_plot.tokens if tokens else savings_plot.money), "utf-8")
        click.echo(f"Drawn: {plot}", err=True)
    if as_json:
        shown = [described(one) for one in suspended]
        print_json({"report": found.report, "names": found.names, "suspended": shown})
    elif not plot:
        _print(found, nothing, suspended)
        for line in notes(suspended):
            click.echo(line)


savings.add_command(judge)
savings.add_command(resume)


def _say_nothing_before(context: click.Context) -> None:
    """Options of the report before a command that shows none would be passed over in silence."""
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            words = f"{parameter.opts[0]} stands before {context.invoked_subcommand}; write the options after it."
            raise click.UsageError(words)


def _measured(settings: "Settings", given: Choice) -> "tuple[Measurement, Sequence[Suspension], str]":
    from penstock import composing, measuring  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.measured import Measured  # noqa: PLC0415
    from penstock.stores.reports import Reports  # noqa: PLC0415
    from penstock.stores.suspensions import Suspensions  # noqa: PLC0415

    with opened_books(settings, "read") as engine:
        catalog = composing.catalog(settings)
        found = measuring.measure(Measured(engine), settings, catalog, chosen(given), _shown)
        suspended = [one for one in Suspensions(engine).rows() if _is_chosen(one, given)]
        return found, suspended, hint(Reports(engine), settings)


def _is_chosen(one: "Suspension", given: Choice) -> bool:
    return given["key"] in {None, one.key, one.key_name} and given["model"] in {None, one.model}


def _shown(entries: "Iterable[Entry]") -> "Iterator[Entry]":
    """How many have been read, on a terminal, once it takes a while."""
    from rich.console import Console  # noqa: PLC0415 - keeps --help instant
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    seen = (SpinnerColumn(), TextColumn("{task.completed:,.0f} exchanges read"), TimeElapsedColumn())
    with Progress(*seen, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(entries, total=None)


def _print(found: "Measurement", nothing: str, suspended: "Sequence[Suspension]") -> None:
    report, names = found.report, found.names
    coverage = report.coverage
    if not report.groups:
        words = "No conversation has been decided for terser answers yet."
        click.echo(f"{words}{nothing} Switch them on: penstock keys set NAME --intensity full")
        return
    headings = columns(
        "=model", "key", "kind", "intensity", "#output tokens saved", "#net cost saved", "-100 %     0     +100 %",
        "#treated", "#left alone", "since (UTC)", "until (UTC)",
    )  # fmt: skip
    rows = tuple(_row(one, names.get(one.key, one.key)) for one in report.groups)
    print_table(Table(headings, rows, _row(report.total, "", "all together")), spare=_SPARE)
    click.echo()
    for line in _notes(report, names, {one.level for one in suspended}):
        click.echo(line)
    if coverage.requests:
        share = coverage.eligible_requests / coverage.requests
        tokens = coverage.eligible_output_tokens / coverage.output_tokens if coverage.output_tokens else 0.0
        click.echo(f"Of all chat requests {share:.0%} could be treated, with {tokens:.0%} of the output tokens.")


def _row(figures: "Figures", key: str, name: str = "") -> tuple[str, ...]:
    return (
        name or figures.model or "no model",
        "" if name else key or NOBODY,
        figures.klass,
        ", ".join(figures.intensities),
        _saved(figures.visible),
        _saved(figures.cost),
        _drawn(figures.cost.saved),
        f"{figures.treated.conversations:,}",
        f"{figures.control.conversations:,}",
        moments.shown(figures.since, absent="-"),
        moments.shown(figures.until, absent="-"),
    )


def _saved(finding: "Finding") -> str:
    """``31.5 % [24.1, 38.0]``, or the words for why there is no number."""
    saved = finding.saved
    if saved is None or saved.low is None or saved.high is None:
        return finding.words if saved is None else "too uneven to tell"
    return f"{saved.point:.1%} [{100 * saved.low:.1f}, {100 * saved.high:.1f}]".replace("%", " %")


def _drawn(saved: "Interval | None") -> str:
    """The interval on a line from -100 to +100 percent, with its zero in the middle."""
    if saved is None or saved.low is None or saved.high is None:
        return ""
    ends = saved.low, saved.point, saved.high
    low, point, high = (min(_LINE - 1, max(0, round(_ZERO + _ZERO * one))) for one in ends)
    line = ["│" if at == _ZERO else "─" if low <= at <= high else " " for at in range(_LINE)]
    line[point] = "●"
    return "".join(line)


def _notes(report: "Report", names: Mapping[str, str], known: Container[tuple[str, str, str]]) -> Iterator[str]:
    """``known``: levels of which more is told elsewhere."""
    for one in report.suspensions:
        if (one.key, one.model, one.intensity) in known:
            continue
        why = one.reason.value if one.guard is None else f"{one.reason.value}: {one.guard.value}"
        key = names.get(one.key, one.key)
        yield f"{one.intensity} should be switched off for {one.model} with the key {key}: {why}."
    for figures in report.groups:
        for guarded in figures.guards:
            if guarded.broken:
                yield (
                    f"{figures.model}: {guarded.guard.value} in {guarded.treated:,} treated conversations, "
                    f"{guarded.control:,} left alone, {guarded.more.point:+.1%}."
                )
        if figures.hygiene.control_changed:
            yield f"{figures.model}: {figures.hygiene.control_changed:,} conversations that should be alone are not."
