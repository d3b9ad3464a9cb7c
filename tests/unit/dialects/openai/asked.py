"""Requests as rows of a table: what is put in stands between bars."""

from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement
from penstock.dialects.openai import OpenAI
from penstock.routes import match

SPEAKING = OpenAI().speaking
WORDS = 'Be "brief".\nNo preamble: é.'
JSON_WORDS = rb"Be \"brief\".\nNo preamble: " + "é.".encode()
"""The same inside a JSON string."""


def met(path: str) -> Match:
    """The row that a POST to this path meets."""
    return match(RequestHead("POST", path.encode(), ()))


CHAT = met("/v1/chat/completions")
RESPONSES = met("/openai/v1/responses")
COUNT = met("/v1/responses/input_tokens")


def opening(route: Match, body: bytes) -> Opening:
    """Where there must be one."""
    found = SPEAKING.opening(route, body)
    assert found is not None
    return found


def steered(route: Match, body: bytes, placement: Placement = Placement.FIRST) -> bytes | None:
    """With the words above."""
    return SPEAKING.steered(route, body, WORDS, placement)


def before_and_after(row: bytes) -> tuple[bytes, bytes]:
    """The row without what stands between bars, and without the bars alone."""
    pieces = row.split(b"|")
    assert len(pieces) % 2 == 1
    return b"".join(pieces[::2]), b"".join(pieces)


def ids(row: object) -> str | None:
    """A row is called by its first column."""
    return row if isinstance(row, str) else None
