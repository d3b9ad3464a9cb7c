"""Prints ``docs/reference/cli.md`` from the commands' own help.

    python docs/generate_cli.py > docs/reference/cli.md

A test holds the committed page to what this prints.
"""

import sys
from collections.abc import Iterator

import click

from penstock.cli import main

HEAD = """\
# Command line

<!-- Printed by docs/generate_cli.py from src/penstock/cli/; edit the text there. -->

What each command says when it is asked with `--help`. Every command that takes `--config` also reads its value from the
environment variable `PENSTOCK_CONFIG`. Times are UTC.

| exit code | means |
|---|---|
| 0 | all went well; warnings are no failure |
| 1 | a problem was found, or what was asked for can't be done |
| 2 | the command was called wrongly, or the configuration has mistakes |
| 3 | the database, or another file that the gateway keeps, can't be read or written |

The reason stands on standard error, with what to do next. Tables are drawn on a terminal; in a pipe they are aligned
columns without colour, and `NO_COLOR` takes the colour away everywhere.
"""

WIDTH = 100


def page() -> str:
    """The whole page."""
    settings = {**main.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    top = click.Context(main, info_name="penstock", **settings)
    return "\n".join([HEAD, *(_section(context) for context in _walk(top))])


def _walk(context: click.Context) -> Iterator[click.Context]:
    """A command and everything below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            yield from _walk(click.Context(command, info_name=name, parent=context))


def _section(context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{context.command.get_help(context)}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(page())
