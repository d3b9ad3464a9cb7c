"""Requests written down with what is put into them: between every other pair of bars stands what the gateway adds."""

from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.routes import match

WORDS = "Be brief."


def met(path: str) -> Match:
    """The route of a POST."""
    return match(RequestHead("POST", path.encode(), ()))


def unmarked(text: bytes) -> tuple[bytes, bytes]:
    """The request as the client sent it, and as it goes on."""
    pieces = text.split(b"|")
    return b"".join(pieces[::2]), b"".join(pieces)
