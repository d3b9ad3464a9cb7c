"""How commands print: a table on a terminal, aligned columns without colour in a pipe, or JSON.

A table is a value, so that one and the same can be printed, drawn for the docs, and tested.
"""

import sys
import unicodedata
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Literal

import click
import msgspec

if TYPE_CHECKING:
    from rich.table import Table as RichTable

# What a drawn table has between two columns, and how narrow a column of words may become.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
_BETWEEN, _BROKEN = 3, 12
# Up to here a name is kept in one piece: people copy it.
_WHOLE = 26

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


class Column(msgspec.Struct, frozen=True):
    """A column's heading, and whether it holds numbers, or names to be kept in one piece."""

    name: str
    number: bool = False
    whole: bool = False

    def least(self, width: int) -> int:
        """How narrow the column may become when its longest cell is so wide."""
        return width if self.number else min(width, _WHOLE if self.whole else _BROKEN)


class Table(msgspec.Struct, frozen=True):
    """Rows under headings; ``totals`` is a last row that sums them up."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...] | None = None


def without(table: Table, names: Container[str]) -> Table:
    """The table without these columns."""
    kept = [at for at, column in enumerate(table.columns) if column.name not in names]

    def cut(line: Sequence[str]) -> tuple[str, ...]:
        return tuple(line[at] for at in kept)

    totals = None if table.totals is None else cut(table.totals)
    return Table(tuple(table.columns[at] for at in kept), tuple(map(cut, table.rows)), totals)


def columns(*names: str) -> tuple[Column, ...]:
    """Columns by their headings; one that begins with ``#`` holds numbers, one with ``=`` names."""
    return tuple(Column(name.lstrip("#="), name.startswith("#"), name.startswith("=")) for name in names)


def legible(text: str) -> str:
    """The text as a terminal may get it: names come from clients too, and must not move the cursor or start a line."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else "·" for letter in text)


def cells(text: str) -> int:
    """How many places of a terminal the text takes: Chinese letters take two, accents of their own none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def placed(text: str, width: int, *, right: bool = False) -> str:
    """The text with spaces after it, or before it, up to ``width`` places."""
    room = " " * (width - cells(text))
    return room + text if right else text + room


def harmless(value: object) -> object:
    """The same for a cell of a CSV: no spreadsheet takes it for a formula (owasp.org, CSV injection). Numbers stay
    numbers; text that begins like a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def print_json(value: object) -> None:
    """Indented JSON on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(table: Table, *, spare: Sequence[str] = ()) -> None:
    """The table, as standard output can show it. ``spare``: columns that a narrow terminal can do without, the most
    dispensable first."""
    if not sys.stdout.isatty():
        click.echo(plain(table))
        return
    from rich.console import Console  # noqa: PLC0415 - keeps --help instant

    console = Console(highlight=False)
    fitted, left_out = fit(table, console.width, spare)
    if needed(fitted) > console.width:
        # A number that is cut off is a wrong number; the terminal breaks long lines without losing any.
        click.echo(plain(fitted))
    else:
        console.print(drawn(fitted))
    if left_out:
        words = f"Not shown for want of room: {', '.join(left_out)}. A wider terminal, a pipe or --json has them."
        click.echo(words, err=True)


def fit(table: Table, width: int, spare: Sequence[str]) -> tuple[Table, Sequence[str]]:
    """The table without as many spare columns as it takes to fit, and their names."""
    left_out: list[str] = []
    for name in spare:
        if needed(table) <= width:
            break
        if any(column.name == name for column in table.columns):
            table = without(table, {name})
            left_out.append(name)
    return table, left_out


def plain(table: Table) -> str:
    """Aligned columns, one line a row, no colour."""
    widths = _widths(table)
    return "\n".join(_aligned(line, widths, table.columns) for line in _lines(table))


def needed(table: Table) -> int:
    """How many columns a terminal must have to show every number whole; words may be broken."""
    pairs = zip(table.columns, _widths(table), strict=True)
    return sum(column.least(width) + _BETWEEN for column, width in pairs)


def drawn(table: Table) -> "RichTable":
    """The table for a terminal."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table as RichTable  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=table.totals is not None)
    for at, (column, width) in enumerate(zip(table.columns, _widths(table), strict=True)):
        justify: Literal["left", "right"] = "right" if column.number else "left"
        total = table.totals[at] if table.totals else ""
        # Words may go on in the next line; a number in two pieces would be read as another one.
        made.add_column(
            column.name,
            Text(total),
            justify=justify,
            min_width=column.least(width),
            no_wrap=column.number,
            overflow="fold",
            footer_style="bold",
        )
    for row in table.rows:
        made.add_row(*(Text(legible(cell)) for cell in row))
    return made


def _lines(table: Table) -> Sequence[tuple[str, ...]]:
    headings = tuple(column.name for column in table.columns)
    return [headings, *table.rows, *([table.totals] if table.totals else [])]


def _widths(table: Table) -> Sequence[int]:
    lines = _lines(table)
    return [max(cells(legible(line[at])) for line in lines) for at in range(len(table.columns))]


def _aligned(line: Sequence[str], widths: Sequence[int], kinds: Sequence[Column]) -> str:
    shown = [
        placed(legible(cell), width, right=kind.number) for cell, width, kind in zip(line, widths, kinds, strict=True)
    ]
    return "  ".join(shown).rstrip()
