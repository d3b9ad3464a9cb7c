"""What a judge of streams stands on: frames cut from bytes, and a place to write down which rules were broken.

The decoding is the judges' own, so that the gateway's decoder is never its own judge.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Broken:
    """One rule, broken at one frame (counted from 0; the end of the stream is one past the last)."""

    rule: str
    frame: int
    found: str
    why: str
    """What clients do with such a stream."""

    def __str__(self) -> str:
        return f"{self.rule} at frame {self.frame}: {self.found} ({self.why})"


@dataclass(frozen=True)
class Frame:
    """Lines up to a blank one: (name, value) pairs in order; a comment's name is empty."""

    fields: tuple[tuple[str, str], ...]
    closed: bool
    """A blank line came after it."""

    @property
    def event(self) -> str | None:
        return next((value for name, value in reversed(self.fields) if name == "event"), None)

    @property
    def data(self) -> str | None:
        lines = [value for name, value in self.fields if name == "data"]
        return "\n".join(lines) if lines else None


def frames(text: str) -> list[Frame]:
    """The frames of an event stream, by the WHATWG grammar; comment-only frames are kept."""
    lines = LINE_END.split(text)
    found: list[Frame] = []
    fields: list[tuple[str, str]] = []
    for line in lines[:-1]:
        if line:
            fields.append(_field(line))
        elif fields:
            found.append(Frame(tuple(fields), closed=True))
            fields = []
    if lines[-1]:
        fields.append(_field(lines[-1]))
    if fields:
        found.append(Frame(tuple(fields), closed=False))
    return found


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


class Judge:
    """Collects broken rules of one dialect, frame by frame."""

    WHY: ClassVar[dict[str, str]] = {}
    """Every rule of the dialect, and what clients do when it is broken."""

    def __init__(self) -> None:
        self.broken: list[Broken] = []
        self.number = 0
        self.over = False

    def breaks(self, rule: str, found: object) -> None:
        self.broken.append(Broken(rule, self.number, str(found)[:160], self.WHY[rule]))

    def run(self, body: bytes) -> list[Broken]:
        """Every broken rule of a whole body, in its order."""
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            self.breaks("framing", error)
            text = body.decode("utf-8", "replace")
        self.read(text)
        self.end()
        return self.broken

    def read(self, text: str) -> None:
        """Go through the stream; a dialect that is not made of events has its own way."""
        for frame in frames(text):
            if all(name == "" for name, _ in frame.fields):
                continue
            if not frame.closed:
                self.breaks("framing", "no blank line after the frame")
            self.frame(frame)
            self.number += 1

    def object_of(self, data: str | None) -> dict[str, Any] | None:
        """The JSON object that stands in a frame; None, and a broken rule, when there is none."""
        try:
            value = json.loads(data or "")
        except ValueError:
            value = None
        if isinstance(value, dict):
            return value
        self.breaks("framing", f"data is no JSON object: {data!r}")
        return None

    def frame(self, frame: Frame) -> None:
        """One frame that is not a comment alone."""

    def end(self) -> None:
        """What only shows when the stream is over."""
