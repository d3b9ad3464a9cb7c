"""``penstock log`` and ``penstock show``: the books line by line, and one exchange whole. No content: there is none."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click
import msgspec

from penstock.cli.books import NOBODY, Choice, choosing, chosen, dollars, hint, is_simulators, reports, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.moments import exact
from penstock.cli.printing import cells, json_option, legible, placed, print_json

if TYPE_CHECKING:
    from penstock.core.books import LogLine
    from penstock.core.entry import Entry
    from penstock.core.ruling import Ruling
    from penstock.core.scrubbed import Scrubbed

FOLLOW_SECONDS = 0.5
MOST = 100_000
_AT_ONCE = 1000


class Cell(msgspec.Struct, frozen=True):
    """A column of the log. Its width is fixed, because a line that is followed can't know how wide the next one is."""

    name: str
    width: int
    number: bool = False


_ENDINGS = {
    "truncated": "cut at its cap",
    "refused": "refused by the model or its provider",
    "invalid": "with arguments for a tool that can't be read",
}
_BECAME = {"mask": "masked", "redact": "taken out", "flag": "let out", "scan": "looked through"}
_BETWEEN = 2
_COLUMNS = (
    Cell("time (UTC)", 19),
    Cell("status", 13),
    Cell("key", 16),
    Cell("model", 26),
    Cell("provider", 12),
    Cell("input", 9, number=True),
    Cell("output", 8, number=True),
    Cell("cost in $", 12, number=True),
    Cell("seconds", 8, number=True),
    Cell("id", 28),
)
_NARROW = {"time (UTC)": 14, "model": 19}
"""How narrow these may become: the time loses its year, a name its end."""
_SPARE = (("provider",), ("seconds",), ("input", "output"), ("key",), ("cost in $",), ("model",))
"""What a narrow terminal can do without, the most dispensable first; the id leads to all of it."""


@click.command(short_help="Show the latest exchanges, one a line.")
@config_option
@choosing
@click.option("--lines", "-n", type=click.IntRange(1, MOST), help="How many. [default: 20; with --since: all]")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@json_option
def log(config: Path | None, lines: int | None, *, follow: bool, as_json: bool, **given: Unpack[Choice]) -> None:
    """Show the latest exchanges, one a line, the newest last. With --json each line is an object.

    A count with ~ behind it is an estimate: the provider told no final one. A narrow terminal shows fewer columns.

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
    shape = None if as_json else _shape()
    with reports(settings) as books:
        try:
            found = books.newest(which, most=most)
            if shape and (found.lines or follow):
                click.echo(_row({column.name: column.name for column in shape}, shape))
            for line in reversed(found.lines):
                click.echo(_printed(line, shape))
            if lines is None and len(found.lines) == MOST:
                click.echo(f"These are the latest {whole(MOST)}; name an --until for earlier ones.", err=True)
            if not found.lines and not follow and not as_json:
                click.echo(f"There is no exchange that fits.{hint(books, settings)}")
            while follow:
                found = books.after(found.cursor, which, most=_AT_ONCE)
                for line in found.lines:
                    click.echo(_printed(line, shape))
                sys.stdout.flush()
                if len(found.lines) < _AT_ONCE:
                    time.sleep(FOLLOW_SECONDS)
        except KeyboardInterrupt:
            return


@click.command(short_help="Show all that is known of one exchange.")
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
    settings = load_settings(config)
    with reports(settings) as books:
        entry = books.entry(exchange_id.strip())
    if entry is None:
        words = "it may be under way, or half a second old; `penstock log` shows the latest."
        raise click.ClickException(f"there is no exchange {exchange_id!r} in the books; {words}")
    if as_json:
        print_json(_described(entry))
        return
    said = list(_particulars(entry, simulated=is_simulators(entry.opened.provider, settings)))
    width = max(cells(legible(heading)) for heading, _ in said) + 3
    for heading, value in said:
        click.echo(placed(legible(f"{heading}:"), width) + legible(value))


def _shape() -> Sequence[Cell]:
    """The columns that standard output has room for."""
    if not sys.stdout.isatty():
        return _COLUMNS
    room = shutil.get_terminal_size().columns
    shape = list(_COLUMNS)
    for names in _SPARE:
        if _width(shape) <= room:
            break
        # What is left is made narrow first: half of a name tells more than none.
        narrowed = [Cell(one.name, _NARROW.get(one.name, one.width), one.number) for one in shape]
        if _width(narrowed) <= room:
            return narrowed
        shape = [one for one in shape if one.name not in names]
    return shape if _width(shape) <= room else [Cell(one.name, _NARROW.get(one.name, one.width)) for one in shape]


def _width(shape: Sequence[Cell]) -> int:
    return sum(one.width + _BETWEEN for one in shape) - _BETWEEN


def _printed(line: "LogLine", shape: Sequence[Cell] | None) -> str:
    if shape is None:
        told = msgspec.structs.asdict(line)
        cost = told.pop("cost")
        return msgspec.json.encode({**told, "at": exact(line.at), "cost_micro_dollars": cost}).decode()
    about = "~" if line.source == "estimated" else ""
    shown = {
        "time (UTC)": _second(line.at),
        "status": f"{line.status or '---'} {line.outcome}",
        "key": line.key_name or line.key or NOBODY,
        # Not every operation names a model.
        "model": line.served or line.model or f"({line.operation or 'no route'})",
        "provider": line.provider or "-",
        "input": whole(line.total_input) + about,
        "output": whole(line.total_output) + about,
        "cost in $": dollars(line.cost),
        "seconds": f"{line.duration:.3f}",
        "id": line.id,
    }
    return _coloured(_row(shown, shape), line)


def _row(shown: Mapping[str, str], shape: Sequence[Cell]) -> str:
    return "  ".join(placed(_fitted(shown[one.name], one), one.width, right=one.number) for one in shape).rstrip()


def _fitted(text: str, column: Cell) -> str:
    """A time without its year where it must; another text without its end, but for the id."""
    text = legible(text)
    if cells(text) <= column.width or column.name == "id":
        return text
    if column.name == "time (UTC)":
        return text[-column.width :]
    while cells(text) >= column.width:
        text = text[:-1]
    return text + "…"


def _coloured(row: str, line: "LogLine") -> str:
    """Trouble stands out on a terminal that has colours; the words say the same without them."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return row
    if line.outcome in {"failed", "cut", "killed"}:
        return click.style(row, fg="red")
    return click.style(row, fg="yellow") if line.outcome != "served" else row


def _second(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


def _particulars(entry: "Entry", *, simulated: bool) -> Iterator[tuple[str, str]]:
    opened, told = entry.opened, entry.consumption
    yield "id", opened.id
    yield "time", f"{exact(opened.at).replace('T', ' ').removesuffix('Z')} UTC"
    yield "outcome", f"{entry.outcome}, status {entry.status or 'none'}"
    if entry.fault:
        yield "fault", f"{entry.fault}, the {entry.blame}'s (docs/reference/errors.md says more)"
    if entry.ending:
        yield "ended", _ENDINGS.get(entry.ending, entry.ending)
    if opened.terseness is not None and opened.terseness.reasked:
        yield "asks again", "for what the answer before it left out"
    for ruling in entry.rulings:
        yield "content policy", _ruled(ruling)
    yield "key", f"{opened.key_name} ({opened.key})" if opened.key else NOBODY
    yield "team", opened.team or "none"
    if opened.owner:
        yield "user", opened.owner
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
    if entry.scrubbed is not None:
        yield from _scrubbed(entry.scrubbed)
    for share in told.shares:
        used = share.usage
        counted = [f"{name.replace('_', ' ')} {whole(count)}" for name, count in _counters(used) if count]
        counted += [f"{name} {whole(calls)} calls" for name, calls in used.tools]
        tier = f" ({share.tier})" if share.tier else ""
        yield f"used, {share.model or 'model unnamed'}{tier}", ", ".join(counted) or "nothing"
    missing = "; the provider told no final count" if told.missing else ""
    yield "counts are", f"{told.source.value}{missing}"
    nobody = "; the simulator's, so nobody charges it" * simulated
    priced = f"${dollars(entry.cost)}{f', prices of {entry.price}' * bool(entry.price)}"
    yield "cost", f"{priced}{nobody}" if entry.cost is not None else "unpriced"
    yield "bytes", f"{whole(opened.bytes_in)} in, {whole(entry.bytes_out)} out"
    times = f"first byte after {entry.first_byte:.3f} s, all after {entry.duration:.3f} s"
    yield "times", f"{times}; the gateway's own part {entry.overhead * 1000:.1f} ms"


def _scrubbed(scrubbed: "Scrubbed") -> Iterator[tuple[str, str]]:
    found = [f"{count.number} {count.kind} ({count.place}): {_BECAME[count.action]}" for count in scrubbed.counts]
    yield "private values", "; ".join(found) or f"none found, rules {scrubbed.policy}"
    if any((scrubbed.restored, scrubbed.unresolved, scrubbed.miscopied, scrubbed.altered)):
        back = f"{scrubbed.restored} restored, {scrubbed.unresolved + scrubbed.altered} left"
        yield "tokens in the answer", back + (f", {scrubbed.miscopied} miscopied" if scrubbed.miscopied else "")


def _ruled(ruling: "Ruling") -> str:
    place = f" in words of the kind {ruling.place}" if ruling.place else ""
    times = f", {ruling.count} times" if ruling.count > 1 else ""
    about = f"{ruling.policy} ({ruling.version}): {ruling.check} met in the {ruling.side.value}{place}{times}"
    return f"{about}; {ruling.told}"


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
        "at": exact(opened.at),
        **closed,
        "rulings": [msgspec.structs.asdict(ruling) for ruling in entry.rulings],
        "cost_micro_dollars": entry.cost,
        "source": told.source.value,
        "usage_missing": told.missing,
        "shares": shares,
    }
