"""How many JSON strings stand around a place in a text that goes past in pieces: so often a value is escaped there.

What a tool is given is JSON inside a JSON string, and may hold the text of another JSON document. Which strings are
open is told by quotes and the backslashes before them; a string's text is taken for JSON if it begins like an object or
a list. It works on the bytes as they stand in the answer, escapes and all: nothing is decoded.
"""

import re
from collections.abc import Callable
from functools import partial

from penstock.core.tree import escaped

_QUOTE = re.compile(rb'(\\*)("|u0022)')
_BEGUN = re.compile(rb"\\(?:u(?:0(?:02?)?)?)?\Z")
_BEGUN_MOST = len(r"\u002")
_BLANK = re.compile(rb"(?:[ \t\r\n]|\\+[nrt])*+")
# A value that was found inside a JSON text is written as one writes it there.
_INSIDE = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')


class Depth:
    """Where one text is. ``strings`` are open around the next byte; the text inside ``known`` of them surely is what
    it seems: inside any deeper one a value may be written as it was found."""

    __slots__ = ("_carried", "_floor", "_known", "_structured", "strings")

    def __init__(self, strings: int, *, structured: bool) -> None:
        """``strings`` are open where the text begins; ``structured``: the text is surely JSON."""
        self.strings = strings
        self._floor = strings
        self._known = strings + structured
        self._carried = b""
        # Of each open string, and of what stands around all, whether its text is JSON; None while nothing has come.
        self._structured: list[bool | None] = [*[True] * strings, True if structured else None]

    @property
    def plain(self) -> bool:
        """It is prose, whatever comes."""
        return self._structured[-1] is False and self.strings == self._floor

    def pass_over(self, text: bytes) -> None:
        """This comes next."""
        if self.plain:
            return
        text, at = self._carried + text, 0
        for found in _QUOTE.finditer(text):
            self._begin(text, at, found.start())
            self._quote(_level(len(found[1]), named=found[2] != b'"'))
            at = found.end()
        begun = _BEGUN.search(text, max(at, len(text) - _BEGUN_MOST))
        end = len(text) if begun is None else len(text[: begun.start()].rstrip(b"\\"))
        self._begin(text, at, max(at, end))
        self._carried = text[max(at, end) :]

    @property
    def escape(self) -> Callable[[str], str] | None:
        """How a value is written here."""
        return None if self.strings == 0 else partial(_written, strings=self.strings, known=self._known)

    def _begin(self, text: bytes, start: int, end: int) -> None:
        """The first sign of a string's text says what the text is."""
        if self._structured[-1] is None and start < end:
            blank = _BLANK.match(text, start, end)
            place = start if blank is None else blank.end()
            if place < end:
                self._structured[-1] = text[place : place + 1] in {b"{", b"["}

    def _quote(self, level: int) -> None:
        if 0 < level <= self.strings:
            self.strings = level - 1
            del self._structured[level:]
        elif level == self.strings + 1 and self._structured[-1]:
            self.strings = level
            self._structured.append(None)
        elif self._structured[-1] is None:
            self._structured[-1] = False


def _level(backslashes: int, *, named: bool) -> int:
    """Which string a quote behind so many backslashes opens or closes, the outermost being 1; 0 for no quote at all.

    Each string around doubles them, and puts one before the quote. ``named``: it is written ``u0022``.
    """
    level = 1
    if named:
        if backslashes == 0:
            return 0
        while backslashes % 2 == 0:
            backslashes, level = backslashes // 2, level + 1
        backslashes, level = backslashes // 2, level + 1
    while backslashes % 2:
        backslashes, level = backslashes // 2, level + 1
    return level


def _written(value: str, strings: int, known: int) -> str:
    if strings > known and "\\" in value and _INSIDE.fullmatch(value):
        strings = known
    for _ in range(strings):
        value = escaped(value)
    return value
