"""What ``penstock doctor`` looks at, a file for each part of the world.

Each look returns findings and changes nothing.
"""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    about: str
    state: str
    """``good``, ``warning`` or ``problem``."""
    what: str
    action: str = ""
    """What to do about it; empty where there is nothing to do."""


def good(about: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(about, "good", what)


def warning(about: str, what: str, action: str) -> Finding:
    """It works, and may not always."""
    return Finding(about, "warning", what, action)


def problem(about: str, what: str, action: str) -> Finding:
    """It does not work."""
    return Finding(about, "problem", what, action)
