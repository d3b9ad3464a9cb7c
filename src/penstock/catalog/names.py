"""Which row a model's name means: rules, in order, and never a likeness.

1. Google's and Vertex AI's prefixes are no part of a name: ``models/``, ``publishers/google/models/``.
2. A row's own name, or one of its aliases, as it is spelt. Case matters.
3. The same without the date of a snapshot at its end (``-20250929``, ``@20250929``, ``-2025-08-07``). Rows of their own
   for a snapshot come first by rule 2. Nothing else is ever cut off: ``gpt-5-nano`` is not ``gpt-5``.

Patterns of a configuration: an exact name first, then the longest pattern that matches, counted without wildcards.
"""

import re
from collections.abc import Iterable, Iterator

PREFIXES = ("publishers/google/models/", "models/")

LENGTH = 200
"""Longest name that is looked at; a client may send any."""

_DATE = r"20[2-9][0-9](?P<dash>-?)(?:0[1-9]|1[0-2])(?P=dash)(?:0[1-9]|[12][0-9]|3[01])"
_SNAPSHOT = re.compile(rf"(?P<family>.+)[-@]{_DATE}")


def spellings(name: str) -> Iterator[str]:
    """What to look up, the surest first."""
    if len(name) > LENGTH:
        return
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    yield name
    if (snapshot := _SNAPSHOT.fullmatch(name)) is not None:
        yield snapshot["family"]


def surest_first(patterns: Iterable[str]) -> list[str]:
    """Patterns in the order in which they are asked."""
    return sorted(patterns, key=lambda pattern: (is_pattern(pattern), -len(re.sub(r"[*?]|\[[^\]]*\]", "", pattern))))


def is_pattern(text: str) -> bool:
    """Whether it may match more than itself."""
    return any(letter in text for letter in "*?[")
