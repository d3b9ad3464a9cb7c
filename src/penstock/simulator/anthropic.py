"""Serves the Messages API's routes: create, count tokens, and errors in its envelope."""

import msgspec

from penstock.core.head import Header
from penstock.simulator.anthropic_body import MessagesBody
from penstock.simulator.anthropic_checks import check, spelled
from penstock.simulator.anthropic_reading import asked, stretches
from penstock.simulator.anthropic_voice import Form, error_frame, frames, message
from penstock.simulator.cache_memory import CacheUse, total
from penstock.simulator.compose import compose
from penstock.simulator.conversation import steered
from penstock.simulator.decoding import UndecodableError, decoded
from penstock.simulator.failing import BROKEN_WORDS, broken_off, fail_if_asked
from penstock.simulator.identity import Identity
from penstock.simulator.refusals import Refusal, RefusedError, anthropic_envelope, anthropic_request_id
from penstock.simulator.serving import JSON_HEADER, STREAM_HEADERS, Reply, Request

_LIMITS = (("requests", 4000), ("input-tokens", 400_000), ("output-tokens", 80_000), ("tokens", 480_000))


def create(request: Request, _: str = "") -> Reply:
    """``POST /v1/messages``."""
    body = _body(request)
    name, steering = steered(body.model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    asked_for = msgspec.structs.replace(body, model=name)
    check(asked_for, request.version, counting=False)
    ask = asked(body, name, steering)
    fail_if_asked(ask.steering, request.seen)
    rows = stretches(body)
    marked = any(row.seconds for row in rows) and ask.steering.cache
    cache = request.memory.marked(name, rows, request.now) if marked else CacheUse()
    form = Form(
        model=body.model,
        identity=request.identity,
        input_tokens=total(rows),
        cache=cache,
        shows_thinking=body.thinking is None or body.thinking.display != "omitted",
        managed=bool(body.context_management),
        chunk=ask.steering.chunk,
    )
    answer = compose(ask, request.identity, rules=request.rules)
    common = _headers(request.identity)
    lasting = not marked and ask.steering.times is None
    if not body.stream:
        return Reply(
            headers=(JSON_HEADER, *common), frames=(message(form, answer),), steering=ask.steering, lasting=lasting
        )
    broken = error_frame("overloaded_error", BROKEN_WORDS, anthropic_request_id(request.identity))
    return Reply(
        headers=(*STREAM_HEADERS, *common),
        frames=broken_off(frames(form, answer), ask.steering.error, lambda _: broken),
        streamed=True,
        steering=ask.steering,
        lasting=lasting,
    )


def count(request: Request, _: str = "") -> Reply:
    """``POST /v1/messages/count_tokens``: what ``usage`` would say of the same prompt."""
    body = _body(request)
    _, steering = steered(body.model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    check(body, request.version, counting=True)
    counted: dict[str, object] = {"input_tokens": total(stretches(body))}
    if body.context_management:
        counted["context_management"] = {"original_input_tokens": counted["input_tokens"]}
    return answered(counted, request.identity, lasting=steering.times is None)


def answered(value: object, identity: Identity, *, lasting: bool = True) -> Reply:
    """A JSON answer with the headers that Anthropic sends."""
    headers = (JSON_HEADER, *_headers(identity))
    return Reply(headers=headers, frames=(msgspec.json.encode(value),), lasting=lasting)


def refused(refusal: Refusal, identity: Identity) -> Reply:
    """A refusal in Anthropic's envelope."""
    headers = (JSON_HEADER, *_headers(identity), *refusal.headers)
    return Reply(status=refusal.status, headers=headers, frames=(anthropic_envelope(refusal, identity),))


def _body(request: Request) -> MessagesBody:
    try:
        return decoded(request.body, MessagesBody)
    except UndecodableError as error:
        raise RefusedError(spelled(error.complaint)) from None


def _headers(identity: Identity) -> tuple[Header, ...]:
    made = [
        (b"request-id", anthropic_request_id(identity).encode()),
        (b"anthropic-organization-id", b"00000000-0000-4000-8000-000000000000"),
    ]
    for name, limit in _LIMITS:
        prefix = f"anthropic-ratelimit-{name}".encode()
        made += [
            (prefix + b"-limit", b"%d" % limit),
            (prefix + b"-remaining", b"%d" % (limit - limit // 50)),
            (prefix + b"-reset", b"2026-12-31T00:00:00Z"),
        ]
    return tuple(made)
