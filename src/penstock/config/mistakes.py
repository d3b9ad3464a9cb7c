"""What is wrong with a configuration, and where: values that print well and never show a secret.

All other files of this room collect Mistakes; only ``load`` raises them, all at once, as a ConfigError.
"""

import difflib
import re
from collections.abc import Iterable

import msgspec

Path = tuple[str | int, ...]
"""Where a value stands in the configuration: keys and list indices, outermost first."""

# A word long enough and mixed enough to be a credential that was pasted into the wrong place.
_CREDENTIAL = re.compile(r"(?=[^\s]*[0-9])(?=[^\s]*[A-Za-z])[A-Za-z0-9_\-]{16,}")
_SHOWN_LENGTH = 60
_PRINTED = 100


class Place(msgspec.Struct, frozen=True):
    """Where something was written. ``line`` and ``column`` count from 1; 0 stands for a source without lines."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Mistake(msgspec.Struct, frozen=True):
    """One mistake: its place, the setting it is about, what is wrong, and what to write instead."""

    file: str
    line: int
    column: int
    path: str
    what: str
    suggestion: str

    def __str__(self) -> str:
        about = f"{Place(self.file, self.line, self.column)}: {self.path + ' ' if self.path else ''}{self.what}"
        return f"{about}\n    {self.suggestion}" if self.suggestion else about


class ConfigError(Exception):
    """The configuration can't be used. ``mistakes`` holds every one, in the order in which they stand."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line, mistake.column)))
        super().__init__(self.mistakes)

    def __str__(self) -> str:
        count = len(self.mistakes)
        head = f"The configuration has {count} mistake{'' if count == 1 else 's'}:"
        tail = [f"and {count - _PRINTED} more"] if count > _PRINTED else []
        return "\n".join([head, *map(str, self.mistakes[:_PRINTED]), *tail])


class MisfitError(ValueError):
    """A text that is not what its setting asks for. Raised by forms, collected by whoever knows the place."""

    def __init__(self, what: str, suggestion: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.suggestion = suggestion


class Mistakes:
    """Collects the mistakes of one configuration."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []

    def add(self, place: Place, path: Path, what: str, suggestion: str = "") -> None:
        """Note one mistake."""
        self.found.append(Mistake(place.file, place.line, place.column, dotted(path), what, suggestion))


def dotted(path: Path) -> str:
    """``("keys", 0, "name")`` as ``keys[0].name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{shown(step)}" if text else shown(step)
    return text


def shown(text: str) -> str:
    """The text as a message may show it: short, printable, and nothing that looks like a credential."""
    if len(text) > _SHOWN_LENGTH or is_private(text):
        return "…"
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def is_private(text: str) -> bool:
    """Whether the text looks like a credential, wherever it was written."""
    return bool(_CREDENTIAL.search(text))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that the word was probably meant to be."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def listed(names: Iterable[str]) -> str:
    """Names in a row, each in backquotes."""
    return ", ".join(f"`{shown(name)}`" for name in names)
