"""``penstock db export``: entries as CSV or JSON lines, for other programs. There is no content in them.

However many there are, it takes the same memory. Nothing in a CSV is a formula to a spreadsheet: clients name models,
and people names.
"""

import contextlib
import csv
import gzip
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

import click

from penstock.cli.books import Choice, choosing, chosen, opened_books, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import MistakeError, UnreachableError
from penstock.cli.moments import exact
from penstock.cli.printing import harmless
from penstock.cli.progress import bar

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

_AS_JSON = ("tools", "shares", "scrubbed", "rulings")
_MICROSECONDS = ("first_byte", "duration", "overhead")


@click.command(short_help="Write exchanges out as CSV or JSON lines.")
@config_option
@choosing
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="jsonl", show_default=True,
              help="What to write.")  # fmt: skip
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="A new file; .gz at its end compresses. [default: standard output]")  # fmt: skip
def export(config: Path | None, form: str, output: Path | None, **given: Unpack[Choice]) -> None:
    """Write exchanges out, each on a line, from the oldest to the newest: all that the books know, and no content.

    Money is in whole micro-dollars, times of day are UTC, lengths of time microseconds. It takes the same memory
    however many they are, and a gateway may go on writing.

    \b
    Examples:
      penstock db export --since 2026-11-01 --until 2026-12-01 --format csv -o november.csv.gz
      penstock db export --team research --since 7d | jq .cost_micro_dollars
    """
    which = chosen(given)
    settings = load_settings(config)
    with opened_books(settings, "read") as engine:
        from penstock.stores.exporting import COLUMNS, Exporting  # noqa: PLC0415 - keeps --help instant
        from penstock.stores.reports import Reports  # noqa: PLC0415

        expected = sum(row.exchanges for row in Reports(engine).usage([], which))
        with _written_to(output) as file, bar("Exporting exchanges", expected) as advance:
            headings = [_heading(name) for name in COLUMNS if name != "number"]
            write = _csv(file, headings) if form == "csv" else _jsonl(file)
            count = 0
            for page in Exporting(engine).pages(which):
                for row in page:
                    write(row)
                count += len(page)
                advance(len(page))
    if output is not None:
        click.echo(f"Wrote {whole(count)} exchange{'' if count == 1 else 's'} to {output}.")


def _heading(name: str) -> str:
    return "cost_micro_dollars" if name == "cost" else f"{name}_microseconds" if name in _MICROSECONDS else name


def _told(row: "RowMapping") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name == "at":
            yield name, exact(value / 1e3)
        elif name != "number":
            yield _heading(name), value


def _csv(file: IO[str], headings: list[str]) -> Callable[["RowMapping"], object]:
    writer = csv.DictWriter(file, headings, lineterminator="\n")
    writer.writeheader()
    return lambda row: writer.writerow({name: harmless(value) for name, value in _told(row)})


def _jsonl(file: IO[str]) -> Callable[["RowMapping"], object]:
    def write(row: "RowMapping") -> None:
        told: Mapping[str, Any] = {
            name: json.loads(value) if name in _AS_JSON and value is not None else value for name, value in _told(row)
        }
        file.write(json.dumps(told, ensure_ascii=False) + "\n")

    return write


@contextlib.contextmanager
def _written_to(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise MistakeError(f"{output} is there already; name a new file, so that no earlier one is lost.") from None
    except OSError as error:
        raise UnreachableError(f"{output} can't be written: {error.strerror}.") from None
    with contextlib.ExitStack() as undo:
        raw: Any = undo.enter_context(os.fdopen(descriptor, "wb"))
        if output.suffix == ".gz":
            raw = undo.enter_context(gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6))
        yield undo.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
