"""``penstock log`` and ``penstock show``: the books line by line, and one exchange whole. No content: there is none."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click
import msgspec

from penstock.cli.books import NOBODY, Choice, choosing, chosen, dollars, off, reports, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import json_option, legible, print_json

if TYPE_CHECKING:
    from penstock.core.books import LogLine
    from penstock.core.entry import Entry

FOLLOW_SECONDS = 0.5
MOST = 100_000
_AT_ONCE = 1000
_HEADINGS = ("time (UTC)", "status", "key", "model", "provider", "input", "output", "cost in $", "seconds", "id")
# Fixed, because a line that is followed can't know how wide the next one is.
_WIDTHS = (19, 14, 16, 26, 12, 9, 8, 12, 8, 28)
_RIGHT = frozenset({5, 6, 7, 8})


@click.command()
@config_option
@choosing
@click.option("--lines", "-n", type=click.IntRange(1, MOST), help="How many. [default: 20; with --since: all]")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@json_option
def log(config: Path | None, lines: int | None, *, follow: bool, as_json: bool, **given: Unpack[Choice]) -> None:
    """Show the latest exchanges, one a line, the newest last. With --json each line is an object.

    \b
    Examples:
      penstock log
      penstock log --follow --status 5xx
      penstock log --key laptop --since 24h
      penstock log --since today --json | jq .cost_micro_dollars
    """
    which = chosen(given)
    most = lines or (20 if given["since"] is None else MOST)
    settings = load_settings(config)
    with reports(settings) as books:
        try:
            found = books.newest(which, most=most)
            if not as_json and (found.lines or follow):
                click.echo(_row(_HEADINGS).rstrip())
            for line in reversed(found.lines):
                click.echo(_printed(line, as_json=as_json))
            if not found.lines and not follow and not as_json:
                words = "There is no exchange that fits. `penstock usage --since 2026-01-01` shows what there is."
                click.echo(words + off(settings))
            while follow:
                found = books.after(found.cursor, which, most=_AT_ONCE)
                for line in found.lines:
                    click.echo(_printed(line, as_json=as_json))
                sys.stdout.flush()
                if len(found.lines) < _AT_ONCE:
                    time.sleep(FOLLOW_SECONDS)
        except KeyboardInterrupt:
            return


@click.command()
@config_option
@click.argument("exchange_id")
@json_option
def show(config: Path | None, exchange_id: str, *, as_json: bool) -> None:
    """Show everything known of one exchange, by the id in its answer's X-Penstock-Exchange-Id or in the log.

    \b
    Examples:
      penstock show 01a0b1c2d3e4f5a6b7c8d9e0f1a2
      penstock show 01a0b1c2d3e4f5a6b7c8d9e0f1a2 --json
    """
    with reports(load_settings(config)) as books:
        entry = books.entry(exchange_id.strip())
    if entry is None:
        words = "it may be under way, or half a second old; `penstock log` shows the latest."
        raise click.ClickException(f"there is no exchange {exchange_id!r} in the books; {words}")
    if as_json:
        print_json(_described(entry))
        return
    for heading, value in _particulars(entry):
        click.echo(legible(f"{heading + ':':<22}{value}"))


def _printed(line: "LogLine", *, as_json: bool) -> str:
    if as_json:
        told = msgspec.structs.asdict(line)
        cost = told.pop("cost")
        return msgspec.json.encode({**told, "at": _exact(line.at), "cost_micro_dollars": cost}).decode()
    status = f"{line.status or '---'} {line.outcome}"
    cells = (
        _second(line.at),
        status,
        line.key_name or line.key or NOBODY,
        line.served or line.model or line.operation or "-",
        line.provider or "-",
        whole(line.total_input) + ("~" if line.source == "estimated" else ""),
        whole(line.total_output) + ("~" if line.source == "estimated" else ""),
        dollars(line.cost),
        f"{line.duration:.3f}",
        line.id,
    )
    return _coloured(_row(cells), line)


def _row(cells: tuple[str, ...]) -> str:
    """One line; what is too long loses its end, but for the last cell."""
    fitted = []
    for at, (cell, width) in enumerate(zip(cells, _WIDTHS, strict=True)):
        shown = legible(cell if len(cell) <= width or at == len(cells) - 1 else cell[: width - 1] + "…")
        fitted.append(shown.rjust(width) if at in _RIGHT else shown.ljust(width))
    return "  ".join(fitted).rstrip()


def _coloured(row: str, line: "LogLine") -> str:
    """Trouble stands out on a terminal that has colours; the words say the same without them."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return row
    if line.outcome in {"failed", "cut", "killed"}:
        return click.style(row, fg="red")
    return click.style(row, fg="yellow") if line.outcome != "served" else row


def _second(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def _exact(at: float) -> str:
    milliseconds = round(at * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(milliseconds // 1000))}.{milliseconds % 1000:03d}Z"


def _particulars(entry: "Entry") -> Iterator[tuple[str, str]]:
    opened, told = entry.opened, entry.consumption
    yield "id", opened.id
    yield "time", f"{_exact(opened.at).replace('T', ' ').removesuffix('Z')} UTC"
    yield "outcome", f"{entry.outcome}, status {entry.status or 'none'}"
    if entry.fault:
        yield "fault", f"{entry.fault}, the {entry.blame}'s (docs/reference/errors.md says more)"
    yield "key", f"{opened.key_name} ({opened.key})" if opened.key else NOBODY
    yield "team", opened.team or "none"
    yield "request", f"{opened.operation or 'no known route'}, {opened.dialect or '-'}{', streamed' * opened.stream}"
    yield "model asked for", opened.model or "none named"
    yield "provider", f"{opened.provider}, {opened.credential or 'no'} credential" if opened.provider else "none called"
    yield "client", opened.client or "does not say"
    if opened.conversation:
        yield "conversation", opened.conversation
    if opened.trace:
        yield "trace", opened.trace
    if entry.batch:
        yield "batch", entry.batch
    for share in told.shares:
        used = share.usage
        counted = [f"{name.replace('_', ' ')} {whole(count)}" for name, count in _counters(used) if count]
        counted += [f"{name} {whole(calls)} calls" for name, calls in used.tools]
        tier = f" ({share.tier})" if share.tier else ""
        yield f"used, {share.model or 'model unnamed'}{tier}", ", ".join(counted) or "nothing"
    missing = "; the provider told no final count" if told.missing else ""
    yield "counts are", f"{told.source.value}{missing}"
    yield "cost", f"${dollars(entry.cost)}, prices of {entry.price}" if entry.cost is not None else "unpriced"
    yield "bytes", f"{whole(opened.bytes_in)} in, {whole(entry.bytes_out)} out"
    times = f"first byte after {entry.first_byte:.3f} s, all after {entry.duration:.3f} s"
    yield "times", f"{times}; the gateway's own part {entry.overhead * 1000:.1f} ms"


def _counters(used: object) -> list[tuple[str, int]]:
    from penstock.core.usage import COUNTERS  # noqa: PLC0415 - keeps --help instant

    return [(name, getattr(used, name)) for name in COUNTERS]


def _described(entry: "Entry") -> dict[str, object]:
    opened, told = entry.opened, entry.consumption
    closed = {name: getattr(entry, name) for name in entry.__struct_fields__}
    for name in ("opened", "consumption", "cost"):
        del closed[name]
    shares = [
        {
            "model": share.model,
            "tier": share.tier,
            "usage": {**dict(_counters(share.usage)), "tools": dict(share.usage.tools)},
        }
        for share in told.shares
    ]
    return {
        **msgspec.structs.asdict(opened),
        "at": _exact(opened.at),
        **closed,
        "cost_micro_dollars": entry.cost,
        "source": told.source.value,
        "usage_missing": told.missing,
        "shares": shares,
    }
