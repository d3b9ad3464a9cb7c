"""Serves the Gemini API: generate (whole, SSE, JSON array) and count tokens."""

import msgspec

from penstock.core.head import Header
from penstock.simulator.answer import Answer
from penstock.simulator.cache_memory import SMALLEST, total
from penstock.simulator.compose import compose
from penstock.simulator.conversation import steered
from penstock.simulator.decoding import Body, UndecodableError
from penstock.simulator.failing import BROKEN_WORDS, broken_off, fail_if_asked
from penstock.simulator.gemini_body import CountBody, GenerateBody, GenerationConfig, read_body, spelled
from penstock.simulator.gemini_reading import asked, check, stretches
from penstock.simulator.gemini_voice import Form, array, error_object, event, frames, response
from penstock.simulator.identity import Identity
from penstock.simulator.refusals import Refusal, RefusedError, gemini_envelope
from penstock.simulator.serving import Reply, Request
from penstock.simulator.steering import Steering

_JSON: Header = (b"content-type", b"application/json; charset=UTF-8")


def generate(request: Request, model: str) -> Reply:
    """``:generateContent``."""
    heard = _heard(request, model)
    return _reply(request, heard, _JSON, (response(heard.form, heard.answers),), streamed=False)


def stream(request: Request, model: str) -> Reply:
    """``:streamGenerateContent``, as SSE with ``alt=sse``, else as one JSON array."""
    heard = _heard(request, model)
    made, fails = frames(heard.form, heard.answers), heard.steering.error
    broken = error_object(BROKEN_WORDS)
    if request.query.get("alt") == "sse":
        sent = broken_off([event(one) for one in made], fails, lambda _: event(broken))
        return _reply(request, heard, (b"content-type", b"text/event-stream"), sent, streamed=True)
    sent = broken_off(array(made), fails, lambda at: (b"\n,\n%b]" if at else b"[%b]") % broken)
    return _reply(request, heard, _JSON, sent, streamed=True)


def count(request: Request, model: str) -> Reply:
    """``:countTokens``: what ``usageMetadata`` would say of the same prompt."""
    body = _body(request, CountBody)
    _, steering = steered(model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    counted = body.generate_content_request or body
    check(counted)
    tokens = total(stretches(counted))
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    value = {"totalTokens": tokens, "promptTokensDetails": details}
    return answered(value, request.identity, lasting=steering.times is None)


def answered(value: object, identity: Identity, *, lasting: bool = True) -> Reply:
    """A JSON answer with the headers that Google sends."""
    headers = (_JSON, *_headers(identity))
    return Reply(headers=headers, frames=(msgspec.json.encode(value),), lasting=lasting)


def refused(refusal: Refusal, identity: Identity, *, listed: bool = False) -> Reply:
    """A refusal in Google's envelope; a stream that is no SSE has it as the one member of its array."""
    body = gemini_envelope(refusal)
    headers = (_JSON, *_headers(identity), *refusal.headers)
    return Reply(status=refusal.status, headers=headers, frames=(b"[%b]" % body if listed else body,))


class _Heard(msgspec.Struct, frozen=True):
    """A request that was understood, and its answers."""

    form: Form
    answers: list[Answer]
    steering: Steering
    lasting: bool


def _heard(request: Request, model: str) -> _Heard:
    body = _body(request, GenerateBody)
    name, steering = steered(model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    check(body)
    ask = asked(body, name, steering)
    fail_if_asked(ask.steering, request.seen)
    rows = stretches(body)
    counts = ask.steering.cache and total(rows) >= SMALLEST
    config = body.generation_config or GenerationConfig()
    thinking = config.thinking_config
    form = Form(
        model=name,
        identity=request.identity,
        prompt_tokens=total(rows),
        cached_tokens=request.memory.automatic(name, rows, request.now) if counts else 0,
        shows_thoughts=thinking is not None and bool(thinking.include_thoughts),
        chunk=ask.steering.chunk,
    )
    answers = [
        compose(ask, request.identity, variant, rules=request.rules) for variant in range(config.candidate_count or 1)
    ]
    return _Heard(form, answers, ask.steering, not counts and ask.steering.times is None)


def _reply(request: Request, heard: _Heard, kind: Header, sent: tuple[bytes, ...], *, streamed: bool) -> Reply:
    headers = (kind, *_headers(request.identity))
    return Reply(headers=headers, frames=sent, streamed=streamed, steering=heard.steering, lasting=heard.lasting)


def _body(request: Request, kind: type[Body]) -> Body:
    try:
        return read_body(request.body, kind)
    except UndecodableError as error:
        raise RefusedError(Refusal(400, spelled(error.complaint))) from None


def _headers(identity: Identity) -> tuple[Header, ...]:
    return (
        (b"vary", b"Origin"),
        (b"x-content-type-options", b"nosniff"),
        (b"server-timing", b"gfet4t7; dur=%d" % identity.milliseconds()),
    )
