"""The ends of the texts that an opening holds: what detection and the operator's rules read, however long they are."""

from penstock.core.terseness import Opening

HEAD = 2000
TAIL = 800
"""Letters of the first user message that are read, from its beginning and its end."""
SYSTEM_HEAD = 1000
SYSTEM_TAIL = 400


def of_user(opening: Opening) -> str:
    """The ends of the first user message."""
    return _ends(opening.user, HEAD, TAIL)


def of_system(opening: Opening) -> str:
    """The ends of the client's system text."""
    return _ends(opening.system, SYSTEM_HEAD, SYSTEM_TAIL)


def _ends(text: str, head: int, tail: int) -> str:
    return text if len(text) <= head + tail else f"{text[:head]}\n{text[-tail:]}"
