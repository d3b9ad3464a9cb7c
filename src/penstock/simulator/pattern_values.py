"""A text that a regular expression matches, built from the expression itself; no expression is ever run.

Knows the part of the grammar that schemas use: literals, classes, groups, alternation, repetition, anchors at the
ends. Look-around, back references and Unicode properties are beyond it, and it says so with None.
"""

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = _LETTERS + _LETTERS.upper() + _DIGITS + "_"
_VISIBLE = _WORD + "-. !#$%&'()*+,/:;<=>?@[]^`{|}~\"\\"
_ESCAPES = {"d": _DIGITS, "w": _WORD, "s": " ", "n": "\n", "t": "\t", "r": "\r"}
_OUTSIDE = {"D": _DIGITS, "W": _WORD, "S": " \n\t\r"}

LONGEST = 256


class _BeyondError(Exception):
    """The expression uses something that this builder doesn't know."""


def matching(pattern: str, shortest: int, longest: int) -> str | None:
    """A text for ``pattern`` with a length within bounds, or None."""
    for repeats in (1, 0, *range(2, min(shortest, LONGEST) + 2)):
        try:
            text = _Builder(pattern, repeats).whole()
        except (_BeyondError, IndexError, ValueError):
            return None
        if shortest <= len(text) <= longest:
            return text
    return None


class _Builder:
    """Walks the expression once. ``repeats`` is how often something repeats that may repeat without end."""

    def __init__(self, pattern: str, repeats: int) -> None:
        self._rest = pattern
        self._place = 0
        self._repeats = repeats

    def whole(self) -> str:
        """The text for the whole expression."""
        text = self._alternatives()
        if self._place != len(self._rest):
            raise _BeyondError
        return text

    def _peek(self) -> str:
        return self._rest[self._place : self._place + 1]

    def _next(self) -> str:
        self._place += 1
        return self._rest[self._place - 1]

    def _alternatives(self) -> str:
        chosen = self._sequence()
        while self._peek() == "|":
            self._next()
            self._sequence()
        return chosen

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._peek() not in {"", "|", ")"}:
            atom = self._atom()
            parts.append(atom * self._times())
            if sum(map(len, parts)) > LONGEST:
                raise _BeyondError
        return "".join(parts)

    def _atom(self) -> str:
        sign = self._next()
        if sign in {"^", "$"}:
            return ""
        if sign == ".":
            return "a"
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._set()[0]
        if sign in "*+?{":
            raise _BeyondError
        return sign

    def _group(self) -> str:
        if self._peek() == "?":
            self._next()
            kind = self._next()
            if kind == "P":
                kind = self._next()
            if kind == "<" and self._peek() not in {"=", "!"}:
                self._place = self._rest.index(">", self._place) + 1
            elif kind != ":":
                raise _BeyondError
        text = self._alternatives()
        if self._next() != ")":
            raise _BeyondError
        return text

    def _set(self) -> str:
        """The characters that the escape after a backslash stands for."""
        sign = self._next()
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        if sign in _OUTSIDE:
            return "".join(one for one in _VISIBLE if one not in _OUTSIDE[sign])
        if sign in "bB":
            raise _BeyondError
        if sign in "ux":
            size = 4 if sign == "u" else 2
            code = self._rest[self._place : self._place + size]
            self._place += size
            return chr(int(code, 16))
        if sign.isalnum():
            raise _BeyondError
        return sign

    def _class(self) -> str:
        outside = self._peek() == "^"
        if outside:
            self._next()
        members = ""
        while self._peek() != "]" or not members:
            sign = self._next()
            some = self._set() if sign == "\\" else sign
            if self._peek() == "-" and self._rest[self._place + 1] != "]" and len(some) == 1:
                self._next()
                sign = self._next()
                last = self._set()[0] if sign == "\\" else sign
                some = "".join(map(chr, range(ord(some), min(ord(last), ord(some) + 255) + 1)))
            members += some
        self._next()
        if not outside:
            return members[0]
        return next(one for one in _VISIBLE if one not in members)

    def _times(self) -> int:
        sign = self._peek()
        if sign not in {"*", "+", "?", "{"} or not sign:
            return 1
        self._next()
        low, high = {"*": (0, LONGEST), "+": (1, LONGEST), "?": (0, 1)}.get(sign, (0, 0))
        if sign == "{":
            end = self._rest.index("}", self._place)
            first, comma, last = self._rest[self._place : end].partition(",")
            self._place = end + 1
            low = int(first or 0)
            high = int(last) if last else (LONGEST if comma else low)
        if self._peek() in {"?", "+"}:
            self._next()
        if low > LONGEST:
            raise _BeyondError
        return min(max(low, self._repeats), high)
