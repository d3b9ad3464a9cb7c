"""Law 6 for content policies: the table of routes, policies and ways of answering, made from the route table itself."""

import asyncio
import functools
import json
from collections.abc import Iterator

import pytest

from penstock.app import DIALECTS
from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.core.route import Body, Match, Reply, Route
from penstock.core.ruling import Action
from penstock.policies.guard import ContentPolicy, Guard
from penstock.policies.guard.rules import EVERYWHERE, Answers, Attachments, Named, Size, TermList
from penstock.policies.permit import named
from penstock.route_rows import ROWS
from penstock.wire.encoding import undone

pytestmark = pytest.mark.slow

WALKING = {name: dialect.walking for name, dialect in DIALECTS.items()}
TERMS = TermList("t", ("forbidden",), (), EVERYWHERE, Action.BLOCK)
SAID = {
    "messages": [{"role": "user", "content": "forbidden"}],
    "contents": [{"parts": [{"text": "forbidden"}]}],
    "content": {"parts": [{"text": "forbidden"}]},
    "requests": [{"params": {"messages": [{"role": "user", "content": "forbidden"}]}, "content": "forbidden"}],
    **dict.fromkeys(("input", "prompt", "instructions", "query", "name", "description"), "forbidden"),
}
"""The word in every place where any route's words stand."""

POLICIES = {
    "operations": ContentPolicy(name="law", operations=Named(("nothing.*",), Action.BLOCK)),
    "size": ContentPolicy(name="law", size=Size(10, None, Action.BLOCK)),
    "terms": ContentPolicy(name="law", terms=(TERMS,)),
}
WITH_BODY = [row for row in ROWS if row.body is not Body.NONE]


def put(policy: ContentPolicy, row: Route, body: bytes | None) -> tuple[Exchange, Visit | None]:
    guard = Guard([policy], DIALECTS, named, functools.partial(undone, limit=1_000_000))
    assert guard.concerns(row)
    head = RequestHead(row.method, b"/", ((b"content-type", b"application/json"),))
    exchange = Exchange("x", head, Match(row, (), "/", ""), 0.0, caller=Caller(KeyProfile("k", "k")))
    exchange.document = None if body is None else Document(body, body)
    exchange.bytes_in = 1000
    return exchange, guard.rule(exchange)


def name(row: Route) -> str:
    return f"{row.dialect}:{row.operation}"


@pytest.mark.parametrize("kind", POLICIES)
@pytest.mark.parametrize("row", WITH_BODY, ids=name)
def test_requests_are_held_to_them_on_every_route(row: Route, kind: str) -> None:
    """What a policy forbids is refused on every route that carries it, whether its body is read or streams through; a
    route whose bodies hold no words is known as one."""
    body = json.dumps(SAID).encode()
    wordless = kind == "terms" and not WALKING[row.dialect].carries(row.operation)
    for sent in (body, None):
        if wordless:
            put(POLICIES[kind], row, sent)
            continue
        with pytest.raises(FaultError) as refused:
            put(POLICIES[kind], row, sent)
        assert refused.value.fault.kind is FaultKind.REFUSED


@pytest.mark.parametrize("row", [row for row in ROWS if row.body is Body.NONE], ids=name)
def test_operations_are_held_to_them_without_a_body_too(row: Route) -> None:
    """Whether anything is sent makes no difference to what may be asked for."""
    with pytest.raises(FaultError):
        put(POLICIES["operations"], row, None)


def ways(row: Route) -> Iterator[bool]:
    yield False
    if row.routed or row.operation.startswith("threads."):
        yield True


ANSWERS = [(row, stream) for row in ROWS if row.reply is Reply.JSON and row.method != "DELETE" for stream in ways(row)]


@pytest.mark.parametrize(("row", "stream"), ANSWERS, ids=lambda value: name(value) if isinstance(value, Route) else "")
def test_answers_are_held_to_them_on_every_route(row: Route, stream: bool) -> None:
    """Words of a model are found in any shape that its dialect answers in, whole or event by event."""
    _, visit = put(ContentPolicy(name="law", answers=Answers((TERMS,))), row, b"{}")
    assert visit is not None
    assert visit.holds
    assert visit.rewrites
    said = {**SAID, "delta": {"text": "forbidden", "content": [{"text": {"value": "forbidden"}}]}, "output": [SAID]}
    said["candidates"] = [{"content": SAID["content"], "finishReason": "STOP"}]
    said["choices"] = [{"index": 0, "text": "forbidden", "delta": {"content": "forbidden"}, "finish_reason": "stop"}]
    if not stream:
        answer = Answer(200, ((b"content-type", b"application/json"),), json.dumps(said).encode())
        with pytest.raises(FaultError):
            asyncio.run(visit.answered(answer))
        return
    begun = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "forbidden"}}
    events = [begun, {"type": "content_block_stop", "index": 0}, {k: v for k, v in said.items() if k != "type"}]
    with pytest.raises(FaultError):
        visit.rewrite(b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events))


def test_attachments_are_refused_where_they_cannot_be_seen() -> None:
    """A form that streams through may hold any."""
    policy = ContentPolicy(name="law", attachments=Attachments(("image",), None, None, Action.BLOCK))
    for row in WITH_BODY:
        if WALKING[row.dialect].carries(row.operation):
            with pytest.raises(FaultError):
                put(policy, row, None)
