"""Frames as they come, and what the client gets of each: a transcript for every form that a frame can have.

In ``frames.txt`` a line begins with ``<`` for what comes and ``>`` for what goes out then, or is ``=`` where that is
the same; ``rest`` is what still waited at the end. ``«M»`` and ``«Q»`` are tokens, ``«M<»`` and ``«M>»`` the halves of
one; ``⏎`` and ``␍`` are the ends of lines.
"""

from itertools import pairwise
from pathlib import Path

import pytest

from penstock.core.mask import Masks, spelt
from tests.unit.dialects.restoring.speech import ANTHROPIC, GEMINI, OPENAI, match

RESTORING = {"anthropic": ANTHROPIC, "openai": OPENAI, "gemini": GEMINI}
MAIL, KEY = spelt("EMAIL", 1), spelt("SECRET", 2)
VALUES, NUMBERS = {MAIL: "Ann", KEY: 'a"b'}, {"481516": "123456"}
SPELT = {
    "«M»": MAIL, "«M<»": MAIL[:7], "«M>»": MAIL[7:], "«Q»": KEY, "«Q<»": KEY[:7], "«Q>»": KEY[7:], "⏎": "\n", "␍": "\r",
}  # fmt: skip
TRANSCRIPTS = dict(
    one.removeprefix("# ").split("\n", 1)
    for one in (Path(__file__).parent / "frames.txt").read_text(encoding="utf-8").split("\n\n")
)


def written(line: str) -> bytes:
    for sign, text in SPELT.items():
        line = line.replace(sign, text)
    return line.encode()


@pytest.mark.parametrize("title", TRANSCRIPTS)
def test_what_becomes_of_each_frame(title: str) -> None:
    """Each goes out at once, with what waited before it, or waits; and no other byte of it changes."""
    dialect, operation = title.partition(":")[0].split()
    lanes = RESTORING[dialect].lanes(match(dialect, operation), Masks(VALUES, numbers=NUMBERS))
    lines = TRANSCRIPTS[title].splitlines()
    for came, goes in pairwise(lines):
        if came.startswith("< "):
            frame = written(came[2:])
            assert lanes.frames(frame) == (frame if goes == "=" else written(goes[2:])), came
    assert lanes.rest() == (written(lines[-1].removeprefix("rest ")) if lines[-1].startswith("rest ") else b"")
    assert lanes.rest() == b""
