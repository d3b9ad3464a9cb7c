"""A flame graph as SVG, from stacks that a sampler wrote: frames get names without machine paths, rooms get colours.

Read from below: who called whom, and how much of the processor time was spent in there. Waiting is left out, and so is
what is too narrow to be seen. The same stacks give the same picture. It brings its own ground, for light and for dark.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.canvas import LETTER, Canvas

Stacks = dict[str, int]
"""Frames from the outermost to the innermost, joined by semicolons; how often they were seen."""

LEAST = 0.005
"""A frame with less than this part of all samples is not drawn."""

ROW, LEFT, WIDTH = 17, 12, 876

WAITING = ("threading.py:Condition.wait", "concurrent/futures/thread.py:_worker", "threading.py:wait")
"""A thread whose innermost frame is one of these has nothing to do."""

ROOMS: tuple[tuple[str, str], ...] = (
    ("wire", r"penstock/wire/"),
    ("policies", r"penstock/(policies|detection|assembly/(scrubbing|governing|limiting))"),
    ("what is said: core, dialects", r"penstock/(core|dialects)/"),
    ("books", r"penstock/(ledger|stores|assembly/bookkeeping|background/reckoning)"),
    ("metrics, log", r"penstock/(observe/|assembly/(observing|measuring))"),
    ("the path: gateway.py and around it", r"penstock/"),
)
"""Names and what their frames begin with; the first that fits has the frame."""
OTHERS, LOOP = "others' code", "event loop, kernel, waking threads"
BARE = "event loop"
"""What runs while no function of ours does."""

_RAW = re.compile(r"^(?P<stack>.*) (?P<count>\d+)$")
_FRAME = re.compile(r"^(?P<function>.*) \((?P<file>[^()]*?)(?::\d+)?\)$")
_THREAD = re.compile(r"^thread \(\d+\)(?:: (?P<name>.*?)(?:_\d+)?)?$")
_STARTING = re.compile(
    r"^(<frozen runpy>|threading\.py|concurrent/futures/thread\.py|asyncio/(runners|base_events|events)\.py|click/|"
    r"penstock/__main__\.py|penstock/cli/|multiprocessing/)"
)
_LIBRARY = re.compile(r".*/(?:site-packages|dist-packages|lib/python3\.\d+)/|^.*/src/(?=penstock/)")


def named(frame: str) -> str:
    """``relay (penstock/gateway.py:97)`` as ``penstock/gateway.py:relay``: no line, no folder of the machine."""
    found = _FRAME.match(frame)
    if found is None:
        return frame
    file = _LIBRARY.sub("", found["file"])
    # Elsewhere a file's own folder is enough to know it by.
    file = "/".join(file.split("/")[-2:]) if file.startswith("/") else file
    return f"{file}:{found['function'].replace('.<locals>', '')}"


def folded(raw: str) -> Stacks:
    """What the sampler wrote, as stacks of the project's frames: the way into the loop or thread is cut, other people's
    libraries are one frame each time that they are entered, and who waits is left out."""
    found: Stacks = {}
    for line in raw.splitlines():
        if (match := _RAW.match(line)) is None:
            continue
        thread, *frames = match["stack"].split(";")
        names = [named(frame) for frame in frames]
        if not names or names[-1] in WAITING:
            continue
        stack = ";".join([_thread(thread), *_entered(names)])
        found[stack] = found.get(stack, 0) + int(match["count"])
    return found


def _thread(words: str) -> str:
    found = _THREAD.match(words)
    name = found["name"] if found else None
    return BARE if name == "MainThread" else f"thread: {name or 'others'}"


def _entered(names: Sequence[str]) -> Iterator[str]:
    """The frames behind the start; of a library only the one that was called."""
    package = ""
    begun = False
    for name in names:
        if not begun and _STARTING.match(name):
            continue
        begun = True
        head = name.partition("/")[0].partition(":")[0]
        if head == "penstock" or head != package:
            yield name
        package = head


def room(stack: str) -> str:
    """Whose time a stack is: that of the innermost frame of the project, whatever library that has called."""
    for frame in reversed(stack.split(";")):
        if frame.startswith("penstock/"):
            return _room(frame)
    return LOOP if stack.startswith(BARE) else OTHERS


def _room(frame: str) -> str:
    if frame.startswith((BARE, "thread: ")):
        return LOOP
    return next((name for name, start in ROOMS if re.match(start, frame)), OTHERS)


def shares(stacks: Mapping[str, int]) -> dict[str, float]:
    """Each room's part of the time, the greatest first."""
    total = sum(stacks.values())
    found: dict[str, int] = {}
    for stack, count in stacks.items():
        name = room(stack)
        found[name] = found.get(name, 0) + count
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return {name: count / total for name, count in ordered}


@dataclass
class Node:
    """A frame above its caller."""

    name: str
    count: int = 0
    above: dict[str, "Node"] = field(default_factory=dict)

    def add(self, frames: Sequence[str], count: int) -> None:
        """One stack more."""
        self.count += count
        if frames:
            self.above.setdefault(frames[0], Node(frames[0])).add(frames[1:], count)

    def rows(self, least: float) -> int:
        """How high it stands, with what is drawn of it."""
        return 1 + max((one.rows(least) for one in self.above.values() if one.count >= least), default=0)


def svg(stacks: Mapping[str, int], title: str, words: str) -> str:
    """The picture: a title, a line of words, the rooms with their part of the time, the flames."""
    whole = Node("all")
    for stack, count in stacks.items():
        whole.add(stack.split(";"), count)
    least = whole.count * LEAST
    rows = whole.rows(least) - 1
    canvas = Canvas(WIDTH + 2 * LEFT, f"{title}. {words}")
    canvas.text(LEFT, 26, title, "head")
    canvas.text(LEFT, 44, words, "dim")
    top = _legend(canvas, shares(stacks), 68)
    _Flames(canvas, whole.count, least).draw(whole, LEFT, top + rows * ROW)
    return canvas.svg(top + rows * ROW + 12)


def _legend(canvas: Canvas, parts: Mapping[str, float], y: float) -> float:
    x: float = LEFT
    for name, part in parts.items():
        if part < LEAST:
            continue
        label = f"{name} {part:.0%}"
        wide = 22 + LETTER * len(label) + 14
        if x + wide > LEFT + WIDTH:
            x, y = LEFT, y + 18
        canvas.box(x, y - 10, 14, 12, _colour(name))
        canvas.text(x + 19, y, label)
        x += wide
    return y + 14


def _colour(name: str) -> str:
    names = [room for room, _ in ROOMS]
    return f"c{names.index(name)}" if name in names else "c8" if name == LOOP else "c7"


@dataclass(frozen=True)
class _Flames:
    """Frames on the sheet, each above its caller."""

    canvas: Canvas
    total: int
    least: float

    def draw(self, node: Node, x: float, bottom: float) -> None:
        """What stands above this frame."""
        for name in sorted(node.above):
            one = node.above[name]
            wide = one.count * WIDTH / self.total
            if one.count >= self.least:
                part = f"{name} {one.count / self.total:.1%}"
                self.canvas.box(x, bottom - ROW, wide - 0.5, ROW - 1, _colour(_room(name)), part)
                if label := shown(name, wide - 6):
                    self.canvas.text(x + 3, bottom - 5, label)
                self.draw(one, x, bottom - ROW)
            x += wide


def shown(name: str, room_for: float) -> str:
    """As much of a frame's name as fits: all of it, the function, its beginning, nothing."""
    letters = int(room_for / LETTER)
    function = name.rpartition(":")[2] if not name.startswith("thread") else name
    short = function.rpartition(".")[2]
    for label in (name, function, short):
        if len(label) <= letters:
            return label
    return short[: letters - 1] + "…" if letters >= 4 else ""
