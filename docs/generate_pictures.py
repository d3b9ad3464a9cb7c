"""Draws the pictures of the docs: commands as they look on a terminal, in SVG.

    python docs/generate_pictures.py

The real command runs on a pseudo-terminal over books that are made here; what it writes is drawn, colours and all. A
test holds the committed pictures to what this draws.
"""

import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from penstock.core.entry import Entry, Opened
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.stores.database import DATABASE, open_database
from penstock.stores.ledger import Ledger

FOLDER = Path(__file__).parent / "pictures"
NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""
DAY = 86_400


class Shot(NamedTuple):
    """A picture: what is called, on how wide a terminal."""

    words: tuple[str, ...]
    width: int


PICTURES = {
    "usage": Shot(("usage", "--by", "day,team", "--since", "2026-11-01", "--until", "2026-12-01"), 122),
    "log": Shot(("log", "--lines", "10"), 136),
    "show": Shot(("show", "01a1fdf96370000000000000000f"), 102),
    "models": Shot(("models", "claude-*-4-[5-8]"), 108),
}
"""By name."""

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
    """Three days of two teams: one provider without a price, some answers that were estimated, one refused."""
    rows = (
        ("research", "anthropic", "messages.create", "claude-opus-4-8", 41,
         Usage(input=2_410, cache_read=48_200, output=1_870), 82_900),
        ("platform", "openai", "chat.completions.create", "gpt-5-mini", 120,
         Usage(input=1_260, cache_read=640, output=412, reasoning=128), 1_411),
        ("platform", "local", "chat.completions.create", "llama-3.3-70b", 17, Usage(input=820, output=390), None),
    )  # fmt: skip
    for day in range(3):
        for team, provider, operation, model, count, usage, cost in rows:
            for number in range(-count - 7 * day, 0):
                at = NOON + (day - 2) * DAY + number * (3_000 // count) + len(model)
                opened = _opened(at, team, provider, operation, model)
                estimated = number % 20 == 18
                yield Entry(
                    opened=opened, outcome="abandoned" if estimated else "served", status=200, fault="", blame="",
                    consumption=Consumption(
                        (Share(model, usage),), Source.ESTIMATED if estimated else Source.REPORTED, estimated
                    ),
                    price="2026-11-21", cost=cost, bytes_out=2000, first_byte=0.4, duration=2.5, overhead=0.0006,
                )  # fmt: skip
    yield Entry(
        opened=_opened(NOON - 130, "platform", "", "chat.completions.create", "gpt-5"), outcome="refused", status=400,
        fault="refused", blame="client", consumption=Consumption(), price="", cost=0, bytes_out=210, first_byte=0.001,
        duration=0.001, overhead=0.001,
    )  # fmt: skip


def _opened(at: float, team: str, provider: str, operation: str, model: str) -> Opened:
    dialect = "anthropic" if provider == "anthropic" else "openai"
    client = "claude-cli/2.1.329" if dialect == "anthropic" else "OpenAI/Python 2.8.0"
    name = {"research": "ada", "platform": "ci-nightly"}[team]
    return Opened(
        id=f"{round(at * 1000):012x}{len(model):016x}", at=at, tenant=f"team:{team}", key=f"key_{name}", key_name=name,
        team=team, provider=provider, credential="operator" if provider in {"anthropic", "openai"} else "",
        dialect=dialect, operation=operation, model=model, stream=True, client=client, conversation="", trace="",
        bytes_in=18_234,
    )  # fmt: skip


def picture(name: str) -> str:
    """The SVG of one command."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(Path(folder) / "data" / DATABASE)
        Ledger(engine).append(list(entries()))
        engine.dispose()
        shown = _on_terminal(PICTURES[name], folder)
    console = Console(record=True, width=PICTURES[name].width, force_terminal=True, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text(f"$ penstock {shlex.join(PICTURES[name].words)}"))
    console.print(Text.from_ansi(shown.rstrip()))
    drawn = console.export_svg(title="", code_format=SVG, unique_id=name)
    console.file.close()
    return re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE)


def _on_terminal(shot: Shot, folder: str) -> str:
    leader, follower = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "COLUMNS": str(shot.width), "LANG": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603 - our own command, with words from this file
        [sys.executable, "-m", "penstock", *shot.words],
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
    for each in PICTURES:
        (FOLDER / f"{each}.svg").write_text(picture(each))
