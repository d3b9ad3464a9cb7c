"""Tallies fed by hand: a route's tally, an answer in one piece or as events, and what it told."""

import json
from typing import Any

from penstock.app import DIALECTS
from penstock.core.dialect import Tally
from penstock.core.head import RequestHead
from penstock.core.usage import Consumption
from penstock.routes import match

MESSAGES = "POST /anthropic/v1/messages"
CHAT = "POST /openai/v1/chat/completions"
RESPONSES = "POST /openai/v1/responses"
GENERATE = "POST /gemini/v1beta/models/gemini-3-flash:generateContent"
STREAM_GENERATE = "POST /gemini/v1beta/models/gemini-3-flash:streamGenerateContent"


def tally(route: str) -> Tally | None:
    """By method and path."""
    method, path = route.split()
    met = match(RequestHead(method, path.encode(), ()))
    return DIALECTS[met.route.dialect].tally(met)


def told(route: str) -> Tally:
    """The same where there must be one."""
    found = tally(route)
    assert found is not None
    return found


def of_body(route: str, body: Any) -> Consumption:
    """What a whole body tells."""
    found = told(route)
    found.piece(body if isinstance(body, bytes) else json.dumps(body).encode())
    return found.consumed()


def event(data: Any) -> bytes:
    """One event, as OpenAI and Gemini write it."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def of_events(route: str, *events: Any) -> Consumption:
    """What a stream tells whose events come one by one."""
    found = told(route)
    for one in events:
        found.frames(one if isinstance(one, bytes) else event(one))
    return found.consumed()
