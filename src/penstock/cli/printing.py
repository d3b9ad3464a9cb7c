"""How commands print: a table on a terminal, aligned columns without colour in a pipe, or JSON.

A table is a value, so that one and the same can be printed, drawn for the docs, and tested.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click
import msgspec

if TYPE_CHECKING:
    from rich.table import Table as RichTable

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


class Column(msgspec.Struct, frozen=True):
    """A column's heading, and whether it holds numbers."""

    name: str
    number: bool = False


class Table(msgspec.Struct, frozen=True):
    """Rows under headings; ``totals`` is a last row that sums them up."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...] | None = None


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by their headings; one that begins with ``#`` holds numbers."""
    return tuple(Column(name.removeprefix("#"), name.startswith("#")) for name in names)


def print_json(value: object) -> None:
    """Indented JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(table: Table) -> None:
    """The table, as standard output can show it."""
    if not sys.stdout.isatty():
        click.echo(plain(table))
        return
    from rich.console import Console  # noqa: PLC0415 - keeps --help instant

    Console(highlight=False).print(drawn(table))


def plain(table: Table) -> str:
    """Aligned columns, one line a row, no colour."""
    headings = tuple(column.name for column in table.columns)
    lines = [headings, *table.rows, *([table.totals] if table.totals else [])]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    return "\n".join(_aligned(line, widths, table.columns) for line in lines)


def drawn(table: Table) -> "RichTable":
    """The table for a terminal."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=table.totals is not None)
    for at, column in enumerate(table.columns):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        total = table.totals[at] if table.totals else ""
        # The first column says what a row is; cut short, rows could not be told apart.
        made.add_column(
            column.name, Text(total), justify=justify, no_wrap=at == 0, overflow="fold", footer_style="bold"
        )
    for row in table.rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def _aligned(line: Sequence[str], widths: Sequence[int], kinds: Sequence[Column]) -> str:
    cells = [
        cell.rjust(width) if kind.number else cell.ljust(width)
        for cell, width, kind in zip(line, widths, kinds, strict=True)
    ]
    return "  ".join(cells).rstrip()
