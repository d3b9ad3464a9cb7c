"""Steering: how a caller asks for a pace, a length, a failure or a cut, in a model name, a header or the prompt.

One row per setting; the same ``name=value`` grammar in all three places. A later place overrides an earlier one:
the simulator's own defaults, ``model+name=value``, the header ``x-simulate: name=value; …``, ``simulate: set …``.
"""

import re
from collections.abc import Callable
from urllib.parse import unquote

import msgspec

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)?")
_SUFFIX = re.compile(r"\+(?=[a-z][a-z-]*=)")

LONGEST_SECONDS = 3600.0
MOST_TOKENS = 100_000


class Steering(msgspec.Struct, frozen=True, kw_only=True):
    """How to answer. Counts of frames begin at 0: ``cut=0`` sends a head and nothing else. Times in seconds."""

    pace: float = 0.0
    first: float = 0.0
    chunk: int = 1
    tokens: int | None = None
    think: int | None = None
    calls: int | None = None
    finish: str | None = None
    fail: int | None = None
    times: int | None = None
    retry_after: str | None = None
    should_retry: str | None = None
    words: str | None = None
    code: str | None = None
    cut: int | None = None
    truncate: int | None = None
    error: int | None = None
    stall: int | None = None
    silence: float = 0.0
    at: int = 1
    shred: int | None = None
    body: str | None = None
    cache: bool = True
    seed: int = 0


class SteeringError(ValueError):
    """A setting that is not one, or a value that does not fit it; says which and what would."""


def _count(lowest: int, highest: int) -> Callable[[str], object]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
            raise SteeringError(f"a whole number from {lowest} to {highest}")
        return int(value)

    return read


def _duration(value: str) -> float:
    found = _DURATION.fullmatch(value)
    if found is None:
        raise SteeringError("a duration such as 20ms or 1.5s")
    seconds = float(found[1]) * (1.0 if found[2] == "s" else 0.001)
    if seconds > LONGEST_SECONDS:
        raise SteeringError("a duration of at most an hour")
    return seconds


def _one_of(*choices: str) -> Callable[[str], object]:
    def read(value: str) -> str:
        if value not in choices:
            raise SteeringError(f"one of {', '.join(choices)}")
        return value

    return read


def _switch(value: str) -> bool:
    if value not in {"on", "off"}:
        raise SteeringError("on or off")
    return value == "on"


def _header_value(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise SteeringError("printable ASCII")
    return value


class Setting(msgspec.Struct, frozen=True):
    """A row: the name that callers write, the field that it sets, how its value is read, and what it does."""

    name: str
    field: str
    read: Callable[[str], object]
    effect: str


_FRAMES = _count(0, 1_000_000)

SETTINGS = (
    Setting("pace", "pace", _duration, "time between two frames of a stream"),
    Setting("first", "first", _duration, "time before the first byte of the answer, its head included"),
    Setting("chunk", "chunk", _count(1, 10_000), "output tokens in one frame of a stream"),
    Setting("tokens", "tokens", _count(0, MOST_TOKENS), "length of the answer's text, exactly"),
    Setting("think", "think", _count(0, MOST_TOKENS), "length of the thinking, exactly, where thinking is on"),
    Setting("calls", "calls", _count(0, 16), "number of tool calls where tools are offered; 0 for none"),
    Setting("finish", "finish", _one_of("refusal", "length", "pause"), "why the answer ends"),
    Setting("fail", "fail", _count(400, 599), "answer with this status and the dialect's error body"),
    Setting("times", "times", _count(1, 1000), "fail only so many times for the same request, then answer"),
    Setting("retry-after", "retry_after", _header_value, "the retry-after header of a failure"),
    Setting("should-retry", "should_retry", _one_of("true", "false"), "the x-should-retry header of a failure"),
    Setting("words", "words", str, "the message of a failure"),
    Setting("code", "code", str, "the machine-readable code of a failure"),
    Setting("cut", "cut", _FRAMES, "close the connection after so many frames; a whole answer is cut in half"),
    Setting("truncate", "truncate", _FRAMES, "end the stream after so many frames, cleanly but incomplete"),
    Setting("error", "error", _FRAMES, "after so many frames send the dialect's error event and end"),
    Setting("stall", "stall", _FRAMES, "after so many frames send nothing any more and stay connected"),
    Setting("silence", "silence", _duration, "send nothing for so long in the middle, then go on"),
    Setting("at", "at", _FRAMES, "after how many frames the silence begins; 1 unless said"),
    Setting("shred", "shred", _count(1, 65536), "write the body in parts of so many bytes, whatever the frames"),
    Setting("body", "body", _one_of("html", "text", "empty", "broken"), "a 200 whose body is not the answer"),
    Setting("cache", "cache", _switch, "off: count nothing as cached and remember nothing"),
    Setting("seed", "seed", _count(0, 2**31), "another answer to the same request"),
)

_ROWS = {setting.name: setting for setting in SETTINGS}


def adjusted(steering: Steering, settings: str, separator: str) -> Steering:
    """The steering with these settings on top; SteeringError names what is wrong with them."""
    changes: dict[str, object] = {}
    for part in settings.split(separator):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        row = _ROWS.get(name.strip().lower())
        if row is None or not equals:
            raise SteeringError(
                f"x-simulate: {part.strip()!r} is not a setting; write name=value with one of {', '.join(_ROWS)}."
            )
        try:
            changes[row.field] = row.read(value.strip())
        except SteeringError as error:
            raise SteeringError(f"x-simulate: {row.name} must be {error}, not {value.strip()!r}.") from None
    return msgspec.structs.replace(steering, **changes) if changes else steering


def model_and_settings(model: str) -> tuple[str, str]:
    """``claude-x+pace=20ms+tokens=9`` taken apart: the model's own name, and its settings (joined by ``+``)."""
    name, *settings = _SUFFIX.split(model)
    return name, "+".join(unquote(setting) for setting in settings)
