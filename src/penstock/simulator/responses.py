"""Serves the Responses API: create, count input tokens, compact."""

import base64

import msgspec

from penstock.simulator.cache_memory import total
from penstock.simulator.chat import body_of, cached, may_cache
from penstock.simulator.compose import compose
from penstock.simulator.conversation import steered
from penstock.simulator.failing import BROKEN_WORDS, broken_off, fail_if_asked
from penstock.simulator.openai_shared import answered, headers
from penstock.simulator.responses_body import Echo, Item, ResponsesBody
from penstock.simulator.responses_reading import asked, check, items_of, stretches
from penstock.simulator.responses_voice import Form, error_frame, frames, response
from penstock.simulator.serving import JSON_HEADER, STREAM_HEADERS, Reply, Request


def create(request: Request, _: str = "") -> Reply:
    """``POST /v1/responses``."""
    body, items = _read(request)
    name, steering = steered(body.model or "", request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    check(body, items)
    ask = asked(body, items, name, steering)
    fail_if_asked(ask.steering, request.seen)
    steering = ask.steering
    rows = stretches(body, items)
    form = Form(
        model=body.model or "",
        identity=request.identity,
        input_tokens=total(rows),
        echo=_echo(request),
        cached_tokens=cached(request, name, rows, steering),
        summarizes=body.reasoning is not None and body.reasoning.summary not in {None, "none"},
        encrypts=body.store is False or "reasoning.encrypted_content" in (body.include or []),
        chunk=steering.chunk,
    )
    answer = compose(ask, request.identity, rules=request.rules)
    made = frames(form, answer) if body.stream else [response(form, answer)]
    kinds = STREAM_HEADERS if body.stream else (JSON_HEADER,)
    return Reply(
        headers=(*kinds, *headers(request.identity)),
        frames=broken_off(made, steering.error if body.stream else None, lambda at: error_frame(BROKEN_WORDS, at)),
        streamed=bool(body.stream),
        steering=steering,
        lasting=steering.times is None and not may_cache(rows, steering),
    )


def count_input(request: Request, _: str = "") -> Reply:
    """``POST /v1/responses/input_tokens``: what ``usage`` would say of the same input."""
    body, items = _read(request)
    _, steering = steered(body.model or "", request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    counted = {"object": "response.input_tokens", "input_tokens": total(stretches(body, items))}
    return answered(counted, request.identity, lasting=steering.times is None)


def compact(request: Request, _: str = "") -> Reply:
    """``POST /v1/responses/compact``: the user's messages, and one item that stands for everything else."""
    body, items = _read(request)
    name, steering = steered(body.model or "", request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    check(body, items)
    rows = stretches(body, items)
    identity = request.identity
    kept = [
        _kept(identity.hexadecimal("msg_", str(place)), item) for place, item in enumerate(items) if item.role == "user"
    ]
    sealed = base64.b64encode(identity.signature("compaction")).decode()
    item = {"id": identity.hexadecimal("cmp_", "compaction"), "type": "compaction", "encrypted_content": sealed}
    usage = {
        "input_tokens": total(rows),
        "input_tokens_details": {"cached_tokens": cached(request, name, rows, steering), "cache_write_tokens": 0},
        "output_tokens": 32,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": total(rows) + 32,
    }
    compacted = {
        "id": identity.hexadecimal("resp_", "response"),
        "object": "response.compaction",
        "created_at": identity.moment(),
        "output": [*kept, item],
        "usage": usage,
    }
    return answered(compacted, identity, lasting=steering.times is None and not may_cache(rows, steering))


def _kept(name: str, item: Item) -> dict[str, object]:
    content = [{"type": "input_text", "text": part.text or ""} for part in item.parts if part.type == "input_text"]
    return {"id": name, "type": "message", "role": "user", "status": "completed", "content": content}


def _read(request: Request) -> tuple[ResponsesBody, list[Item]]:
    body = body_of(request, ResponsesBody)
    return body, items_of(body)


def _echo(request: Request) -> Echo:
    """The parameters as they came. A null is what the field says when it is left out."""
    echo, plain = msgspec.json.decode(request.body, type=Echo), Echo()
    nulls = {field: getattr(plain, field) for field in echo.__struct_fields__ if bytes(getattr(echo, field)) == b"null"}
    return msgspec.structs.replace(echo, **nulls)
