"""Draws the pictures of the docs: commands as they look on a terminal, in SVG.

    python docs/generate_pictures.py

The real command runs on a pseudo-terminal over books that are made here; what it writes is drawn, colours and all. A
test holds the committed pictures to what this draws.
"""

import os
import pty
import random
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.text import Text

from penstock.core.entry import Entry, Opened
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.stores.database import DATABASE, open_database
from penstock.stores.ledger import Ledger

_MOVING = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h\r?\x1b\[1A\x1b\[2K", re.DOTALL)
"""What tells on a terminal that work goes on, and is gone when it is done."""

FOLDER = Path(__file__).parent / "pictures"
NOON = 1_795_262_400.0
"""2026-11-21 12:00 UTC."""
DAY = 86_400


class Shot(NamedTuple):
    """A picture: what is called, on how wide a terminal."""

    words: tuple[str, ...]
    width: int


PLOT = "savings.svg"
"""What is drawn by a command itself."""

PICTURES = {
    "usage": Shot(("usage", "--by", "day,team", "--since", "2026-11-01", "--until", "2026-12-01"), 122),
    "log": Shot(("log", "--lines", "10"), 136),
    "show": Shot(("show", "01a1fdf96370000000000000000f"), 102),
    "models": Shot(("models", "claude-*-4-[5-8]"), 108),
    "savings": Shot(("savings", "--since", "2026-08-23", "--until", "2026-11-22"), 160),
    "savings-plot": Shot(("savings", "--since", "2026-08-23", "--until", "2026-11-22", "--plot", PLOT), 80),
    "try": Shot(("try", "How do rainbows form?"), 110),
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
                opened = _opened(at, team, provider, operation, model, f"{len(model):016x}")
                estimated = number % 20 == 18
                yield Entry(
                    opened=opened, outcome="abandoned" if estimated else "served", status=200, fault="", blame="",
                    consumption=Consumption(
                        (Share(model, usage),), Source.ESTIMATED if estimated else Source.REPORTED, estimated
                    ),
                    price="2026-11-21", cost=cost, bytes_out=2000, first_byte=0.4, duration=2.5, overhead=0.0006,
                )  # fmt: skip
    yield Entry(
        opened=_opened(NOON - 130, "platform", "", "chat.completions.create", "gpt-5", f"{5:016x}"),
        outcome="refused", status=400, fault="refused", blame="client", consumption=Consumption(), price="", cost=0,
        bytes_out=210, first_byte=0.001, duration=0.001, overhead=0.001,
    )  # fmt: skip


def _opened(at: float, team: str, provider: str, operation: str, model: str, end: str) -> Opened:
    dialect = "anthropic" if provider == "anthropic" else "openai"
    client = "claude-cli/2.1.329" if dialect == "anthropic" else "OpenAI/Python 2.8.0"
    name = {"research": "ada", "platform": "ci-nightly"}[team]
    return Opened(
        id=f"{round(at * 1000):012x}{end}", at=at, tenant=f"team:{team}", key=f"key_{name}", key_name=name,
        team=team, provider=provider, credential="operator" if provider in {"anthropic", "openai"} else "",
        dialect=dialect, operation=operation, model=model, stream=True, client=client, conversation="", trace="",
        bytes_in=18_234,
    )  # fmt: skip


class Kind(NamedTuple):
    """Conversations of one kind: how many, how long answers are, and which part of them the words leave."""

    team: str
    model: str
    klass: str
    intensity: Intensity
    conversations: int
    median: int
    left: float
    input: int
    prices: tuple[int, int]


KINDS = (
    Kind("research", "claude-sonnet-4-5", "question", Intensity.FULL, 2600, 420, 0.62, 150, (3_000, 15_000)),
    Kind("platform", "claude-sonnet-4-5", "code", Intensity.LITE, 1500, 600, 0.93, 6_000, (3_000, 15_000)),
    Kind("platform", "gemini-2.5-flash-lite", "question", Intensity.FULL, 1800, 240, 1.45, 150, (100, 400)),
    Kind("research", "claude-haiku-4-5", "question", Intensity.FULL, 210, 300, 0.7, 150, (1_000, 5_000)),
)
"""What the picture of savings is made of. Prices are in thousandths of a micro-dollar a token."""


def compared() -> Iterator[Entry]:
    """Ninety days of conversations that were drawn for an arm, one request each, one in five left alone; and requests
    that could not be treated."""
    chance = random.Random("savings")  # noqa: S311 - made-up numbers for a picture
    for kind in KINDS:
        for number in range(kind.conversations):
            treated = chance.random() >= 0.2
            length = chance.lognormvariate(0, 0.9) * kind.median * (kind.left if treated else 1)
            terseness = Terseness(
                arm=Arm.TREATED if treated else Arm.CONTROL, reason="default", intensity=kind.intensity,
                rules=f"{kind.intensity.value}-3e8de5d5", conversation=f"{kind.model}{kind.klass}{number}",
                group=kind.klass, added=443 * treated, holdout=20,
            )  # fmt: skip
            yield _decided(kind, number, terseness, Usage(input=kind.input + 108 * treated, output=round(length) + 1))
    for number in range(1_400):
        yield _decided(KINDS[0], number, Terseness(Arm.EXEMPT, "structured-output"), Usage(input=600, output=240))


def _decided(kind: Kind, number: int, terseness: Terseness, usage: Usage) -> Entry:
    at = NOON - 90 * DAY * (1 - number / max(kind.conversations, number + 1))
    opened = _opened(at, kind.team, "anthropic", "messages.create", kind.model, f"{terseness.arm.value}{number:09x}")
    return Entry(
        opened=msgspec.structs.replace(opened, stream=False, terseness=terseness), outcome="served", status=200,
        fault="", blame="", consumption=Consumption((Share(kind.model, usage),), Source.REPORTED), price="2026-11-21",
        cost=(usage.input * kind.prices[0] + usage.output * kind.prices[1] + 500) // 1_000, bytes_out=2000,
        first_byte=0.4, duration=2.5, overhead=0.0006,
    )  # fmt: skip


BOOKS: dict[str, Callable[[], Iterator[Entry]]] = {"savings": compared, "savings-plot": compared}
"""Which books a picture needs where it isn't those of everyday."""


def picture(name: str) -> str:
    """The SVG of one command."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(Path(folder) / "data" / DATABASE)
        Ledger(engine).append(list(BOOKS.get(name, entries)()))
        engine.dispose()
        shown = _on_terminal(PICTURES[name], folder)
        if PLOT in PICTURES[name].words:
            return (Path(folder) / PLOT).read_text()
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
    return _MOVING.sub("", shown.decode().replace("\r\n", "\n"))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in PICTURES:
        (FOLDER / f"{each}.svg").write_text(picture(each))
