"""Draws the pictures of the docs: commands as they look on a terminal, in SVG.

    python docs/generate_pictures.py

The real command runs on a pseudo-terminal over books that are made here; what it writes is drawn, colours and all. A
test holds the committed pictures to what this draws.
"""

import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

from penstock.core.entry import Entry, Opened
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.stores.database import DATABASE, open_database
from penstock.stores.ledger import Ledger

FOLDER = Path(__file__).parent / "pictures"
WIDTH = 122
NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""
DAY = 86_400

COMMANDS = {
    "usage": ("usage", "--by", "day,team", "--since", "2026-11-01", "--until", "2026-12-01"),
}
"""The name of each picture, and what is called."""

# Rich's own picture loads its font from elsewhere; a page must not.
SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; font-size: {char_height}px; \
line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def entries() -> Iterator[Entry]:
    """Three days of two teams: one provider without a price, some answers that were estimated."""
    rows = (
        ("research", "claude-opus-4-8", 41, Usage(input=2_410, cache_read=48_200, output=1_870), 89_005),
        ("platform", "gpt-5-mini", 120, Usage(input=1_260, cache_read=640, output=412, reasoning=128), 1_411),
        ("platform", "llama-3.3-70b", 17, Usage(input=820, output=390), None),
    )
    for day in range(3):
        for team, model, count, usage, cost in rows:
            for number in range(count + 7 * day):
                estimated = number % 20 == 19
                opened = Opened(
                    id=f"{day}-{model}-{number}", at=NOON + (day - 2) * DAY + number, tenant=f"team:{team}",
                    key=f"key_{team}", key_name=team, team=team, provider="a", credential="operator", dialect="openai",
                    operation="create",
                    model=model, stream=True, client="", conversation="", trace="", bytes_in=1000,
                )  # fmt: skip
                yield Entry(
                    opened=opened, outcome="abandoned" if estimated else "served", status=200, fault="", blame="",
                    consumption=Consumption(
                        (Share(model, usage),), Source.ESTIMATED if estimated else Source.REPORTED, estimated
                    ),
                    price="2026-11-21", cost=cost, bytes_out=2000, first_byte=0.4, duration=2.5, overhead=0.001,
                )  # fmt: skip


def picture(name: str) -> str:
    """The SVG of one command."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(Path(folder) / "data" / DATABASE)
        Ledger(engine).append(list(entries()))
        engine.dispose()
        shown = _on_terminal(COMMANDS[name], folder)
    console = Console(record=True, width=WIDTH, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text(f"$ penstock {' '.join(COMMANDS[name])}"))
    console.print(Text.from_ansi(shown.rstrip()))
    drawn = console.export_svg(title="", code_format=SVG, unique_id=name)
    console.file.close()
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE)


def _on_terminal(arguments: tuple[str, ...], folder: str) -> str:
    leader, follower = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - our own command, with words from this file
        [sys.executable, "-m", "penstock", *arguments],
        stdin=follower, stdout=follower, stderr=follower, cwd=folder, env=environment,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    if process.wait() != 0:
        sys.exit(shown.decode())
    return shown.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in COMMANDS:
        (FOLDER / f"{each}.svg").write_text(picture(each))
