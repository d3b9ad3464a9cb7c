"""A guard over Anthropic's dialect, and requests for it: what a policy says of a body, without a gateway."""

import asyncio
import functools
import gzip
from typing import Any

import msgspec

from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.fault import Fault, FaultError
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.policies.guard import ContentPolicy, Guard
from penstock.policies.permit import named
from penstock.route_rows import ROWS
from penstock.wire.encoding import undone

DIALECT = Anthropic()
KEY = KeyProfile("key_1", "ada", "research")
_ROW = next(row for row in ROWS if row.dialect == "anthropic" and row.operation == "messages.create")


def guard(*policies: ContentPolicy) -> Guard:
    undo = functools.partial(undone, limit=1_000_000)
    return Guard(policies, {"anthropic": DIALECT}, named, undo)


def asked(body: object, *, key: KeyProfile = KEY, encoding: str = "") -> Exchange:
    """An exchange that has been read."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = ((b"content-encoding", encoding.encode()),) if encoding else ()
    head = RequestHead("POST", b"/v1/messages", headers)
    exchange = Exchange("x", head, Match(_ROW, (), "/v1/messages", ""), 0.0, caller=Caller(key))
    sent = gzip.compress(raw) if encoding == "gzip" else raw
    exchange.document, exchange.bytes_in = Document(sent, raw), len(sent)
    exchange.facts = exchange.document.facts()
    return exchange


def chat(*contents: Any, **more: Any) -> dict[str, Any]:
    """A conversation whose turns alternate, the user's first."""
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": content} for number, content in enumerate(contents)]
    return {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": messages, **more}


def ruled(policies: Guard, exchange: Exchange) -> Fault | None:
    """Put the exchange through; the fault, where it was refused."""
    try:
        asyncio.run(policies.enter(exchange))
    except FaultError as error:
        return error.fault
    return None


def told(exchange: Exchange) -> list[str]:
    """The rulings as ``check=action``."""
    return [f"{ruling.check}={ruling.told}" for ruling in exchange.rulings]


def body(exchange: Exchange) -> bytes:
    assert exchange.document is not None
    return exchange.document.raw
