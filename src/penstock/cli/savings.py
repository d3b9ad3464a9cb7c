"""``penstock savings``: what terser answers saved, as measured against conversations that were left alone, or why
nothing can be said.

Every number has its interval and its count beside it; without those there is no number.
"""

import re
import sys
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from penstock.cli import moments
from penstock.cli.books import NOBODY, Choice, choosing_beforehand, chosen, hint, opened_books
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import MistakeError
from penstock.cli.printing import Table, columns, json_option, print_json, print_table, without
from penstock.cli.suspended import described, judge, notes, resume

if TYPE_CHECKING:
    from penstock.assembly.measuring import Measurement
    from penstock.config.settings import Settings
    from penstock.core.entry import Entry
    from penstock.ledger.findings import Figures, Finding, SavingsReport
    from penstock.ledger.sequence import Interval
    from penstock.stores.suspensions import Suspension

USUAL_SECONDS = 90 * 86_400
_LINE, _ZERO = 21, 10
"""Characters of a drawn interval, and where its zero stands; each is ten percent."""
_SCALE = "-100 %    0    +100 %"
_SPARE = ("until", "since", _SCALE, "intensity", "reasoning saved", "kind")
_MORE = re.compile(r"(?: \(|: ).*")
"""What words for a missing number say beyond the cell of a table."""


@click.group(
    invoke_without_command=True,
    subcommand_metavar="[COMMAND ...]",
    short_help="Show what terser answers saved, measured.",
)
@click.pass_context
@config_option
@choosing_beforehand
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw it into this file, an SVG.")
@click.option("--tokens", is_flag=True, help="With --plot: draw output tokens instead of net cost.")
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
    if plot is not None and plot.suffix.lower() != ".svg":
        words = f"{plot} is no SVG, and nothing else can be drawn; name it {plot.with_suffix('.svg')}"
        raise click.BadParameter(words, param_hint="--plot")
    if tokens and plot is None:
        raise click.UsageError("--tokens says what --plot draws; the table shows tokens and cost.")
    settings = load_settings(config)
    given["status"] = None
    if given["since"] is None:
        given["since"] = (given["until"] or int(time.time())) - USUAL_SECONDS
    found, suspended, nothing = _measured(settings, given)
    if plot is not None:
        _draw(plot, found, tokens=tokens)
    if as_json:
        shown = [described(one) for one in suspended]
        print_json({"report": found.report, "names": found.names, "suspended": shown})
    elif not plot:
        _print(found, nothing, suspended)
        for line in notes(suspended):
            click.echo(line)


def _draw(plot: Path, found: "Measurement", *, tokens: bool) -> None:
    import msgspec  # noqa: PLC0415 - keeps --help instant

    from penstock.ledger import savings_plot  # noqa: PLC0415

    named = [msgspec.structs.replace(one, key=found.names.get(one.key, one.key)) for one in found.report.groups]
    report = msgspec.structs.replace(found.report, groups=tuple(named))
    try:
        plot.write_text(savings_plot.svg(report, savings_plot.tokens if tokens else savings_plot.money), "utf-8")
    except OSError as error:
        raise MistakeError(f"can't write {plot}: {error.strerror}; name a file in a folder that is there.") from None
    click.echo(f"Drawn: {plot}", err=True)


savings.add_command(judge)
savings.add_command(resume)


def _say_nothing_before(context: click.Context) -> None:
    """Options of the report before a command that shows none would be passed over in silence."""
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            words = f"{parameter.opts[0]} stands before {context.invoked_subcommand}; write the options after it."
            raise click.UsageError(words)


def _measured(settings: "Settings", given: Choice) -> "tuple[Measurement, Sequence[Suspension], str]":
    from penstock.assembly import composing, measuring  # noqa: PLC0415 - keeps --help instant
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
    """How many have been read, on a terminal."""
    if not sys.stderr.isatty():
        yield from entries
        return
    from rich.console import Console  # noqa: PLC0415 - keeps --help instant
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    seen = (SpinnerColumn(), TextColumn("{task.completed:,.0f} exchanges read"), TimeElapsedColumn())
    with Progress(*seen, console=Console(stderr=True), transient=True) as progress:
        yield from progress.track(entries, total=None)


def _print(found: "Measurement", nothing: str, suspended: "Sequence[Suspension]") -> None:
    report, names = found.report, found.names
    coverage = report.coverage
    if not report.groups:
        words = "None of these conversations was to get terser answers."
        click.echo(f"{words}{nothing} To switch them on: penstock keys set NAME --intensity full")
        return
    headings = columns(
        "=model", "=key", "=kind", "intensity", "#output saved", "#reasoning saved", "#net cost saved", f"={_SCALE}",
        "#treated", "#left alone", "since", "until",
    )  # fmt: skip
    rows = tuple(_row(one, names.get(one.key, one.key)) for one in report.groups)
    table = Table(headings, rows, _row(report.total, "", "all together"))
    reasoned = any(one.reasoning.saved is not None for one in report.groups)
    print_table(table if reasoned else without(table, {"reasoning saved"}), spare=_SPARE)
    click.echo()
    known = {one.level for one in suspended}
    for line in (*_missing(report, names), *_notes(report, names, known)):
        click.echo(line)
    click.echo(f"Conversations that began from {_day(report.total.since)} to {_day(report.total.until)} (UTC).")
    if coverage.requests:
        share = coverage.eligible_requests / coverage.requests
        tokens = coverage.eligible_output_tokens / coverage.output_tokens if coverage.output_tokens else 0.0
        words = f"Of all chat requests {share:.0%} could be treated, with {tokens:.0%} of the output tokens."
        click.echo(words.replace("%", " %"))


def _row(figures: "Figures", key: str, name: str = "") -> tuple[str, ...]:
    return (
        name or figures.model or "no model",
        "" if name else key or NOBODY,
        figures.klass,
        ", ".join(figures.intensities),
        _saved(figures.visible),
        _saved(figures.reasoning),
        _saved(figures.cost),
        _drawn(figures.cost.saved),
        f"{figures.treated.conversations:,}",
        f"{figures.control.conversations:,}",
        _day(figures.since),
        _day(figures.until),
    )


def _day(at: float | None) -> str:
    return moments.shown(at, absent="-").split()[0]


def _saved(finding: "Finding") -> str:
    """``31.5 % [24.1, 38.0]``, or in short why there is no number; ``_missing`` has the rest of that."""
    saved = finding.saved
    if saved is None or saved.low is None or saved.high is None:
        return _MORE.sub("", finding.words) if saved is None else "too uneven to tell"
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


def _missing(report: "SavingsReport", names: Mapping[str, str]) -> Iterator[str]:
    """Why there is no number, in full, where a cell has no room for it."""
    for figures in report.groups:
        who = ", ".join(part for part in (figures.model, names.get(figures.key, figures.key), figures.klass) if part)
        tokens, cost = (one.words if one.saved is None else "" for one in (figures.visible, figures.cost))
        if _MORE.search(tokens):
            yield f"{who}: {tokens}."
        if cost != tokens and _MORE.search(cost):
            yield f"{who}: net cost {cost}."


def _notes(report: "SavingsReport", names: Mapping[str, str], known: Container[tuple[str, str, str]]) -> Iterator[str]:
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
