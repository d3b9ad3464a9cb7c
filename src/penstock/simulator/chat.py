"""Serves Chat Completions and legacy Completions."""

from penstock.simulator.answer import Answer
from penstock.simulator.ask import Role, Turn, Wishes
from penstock.simulator.cache_memory import CacheMemory, Stretch, total
from penstock.simulator.chat_body import ChatBody, CompletionsBody, stops_of
from penstock.simulator.chat_reading import asked, check, stretches
from penstock.simulator.chat_voice import (
    Form,
    completion,
    completion_frames,
    error_frame,
    text_completion,
    text_completion_frames,
)
from penstock.simulator.compose import compose
from penstock.simulator.conversation import steered, understood
from penstock.simulator.decoding import Body, UndecodableError, decoded
from penstock.simulator.failing import BROKEN_WORDS, broken_off, fail_if_asked
from penstock.simulator.openai_shared import headers, invalid, missing, spelled
from penstock.simulator.refusals import RefusedError
from penstock.simulator.serving import JSON_HEADER, STREAM_HEADERS, Reply, Request
from penstock.simulator.steering import Steering
from penstock.simulator.tokens import weight

# The API's own limit of a legacy completion that names none.
_LEGACY_LIMIT = 16
_MOST_CHOICES = 128


def create(request: Request, _: str = "") -> Reply:
    """``POST /v1/chat/completions``."""
    body = body_of(request, ChatBody)
    name, steering = steered(body.model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    check(body, steering.tokens)
    ask = asked(body, name, steering)
    fail_if_asked(ask.steering, request.seen)
    rows = stretches(body)
    form = Form(
        model=body.model,
        identity=request.identity,
        prompt_tokens=total(rows),
        cached_tokens=cached(request, name, rows, ask.steering),
        with_usage=body.stream_options is not None and bool(body.stream_options.include_usage),
        legacy=bool(body.functions) and not body.tools,
        chunk=ask.steering.chunk,
    )
    answers = [compose(ask, request.identity, variant, rules=request.rules) for variant in range(body.n or 1)]
    made = completion_frames(form, answers) if body.stream else [completion(form, answers)]
    return spoken(request, made, ask.steering, streamed=bool(body.stream), lasting=_lasts(ask.steering, rows))


def create_legacy(request: Request, _: str = "") -> Reply:
    """``POST /v1/completions``."""
    body = body_of(request, CompletionsBody)
    name, steering = steered(body.model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    prompts = _prompts(body)
    count = body.n or 1
    if not 1 <= count * len(prompts) <= _MOST_CHOICES:
        raise RefusedError(invalid("n", f"The simulator makes from 1 to {_MOST_CHOICES} choices."))
    limit = _LEGACY_LIMIT if body.max_tokens is None else body.max_tokens
    wishes = Wishes(limit=limit, stops=stops_of(body.stop))
    answers: list[Answer] = []
    leads: list[str] = []
    for prompt in prompts:
        ask = understood(name, "", [Turn(Role.USER, texts=(prompt,))], wishes, steering)
        fail_if_asked(ask.steering, request.seen)
        answers += [compose(ask, request.identity, len(answers) + variant) for variant in range(count)]
        leads += [prompt if body.echo else ""] * count
    form = Form(
        model=body.model,
        identity=request.identity,
        prompt_tokens=sum(weight(prompt) for prompt in prompts),
        with_usage=body.stream_options is not None and bool(body.stream_options.include_usage),
        chunk=steering.chunk,
    )
    speak = text_completion_frames(form, answers, leads) if body.stream else [text_completion(form, answers, leads)]
    return spoken(request, speak, steering, streamed=bool(body.stream), lasting=steering.times is None)


def body_of(request: Request, kind: type[Body]) -> Body:
    """The request's body, or a refusal in OpenAI's words."""
    try:
        return decoded(request.body, kind)
    except UndecodableError as error:
        raise RefusedError(spelled(error.complaint)) from None


def cached(request: Request, model: str, rows: tuple[Stretch, ...], steering: Steering) -> int:
    """The tokens of the prompt that count as cached."""
    memory: CacheMemory = request.memory
    return memory.automatic(model, rows, request.now) if steering.cache else 0


def spoken(request: Request, frames: list[bytes], steering: Steering, *, streamed: bool, lasting: bool) -> Reply:
    """The reply with OpenAI's headers."""
    kinds = STREAM_HEADERS if streamed else (JSON_HEADER,)
    return Reply(
        headers=(*kinds, *headers(request.identity)),
        frames=broken_off(frames, steering.error if streamed else None, lambda _: error_frame(BROKEN_WORDS)),
        streamed=streamed,
        steering=steering,
        lasting=lasting,
    )


def _lasts(steering: Steering, rows: tuple[Stretch, ...]) -> bool:
    return steering.times is None and not may_cache(rows, steering)


def may_cache(rows: tuple[Stretch, ...], steering: Steering) -> bool:
    """Whether a memory of prompts has a part in the answer."""
    return steering.cache and total(rows) >= 1024


def _prompts(body: CompletionsBody) -> list[str]:
    prompt = body.prompt
    if prompt is None:
        raise RefusedError(missing("prompt"))
    if isinstance(prompt, str):
        return [prompt]
    if all(isinstance(one, int) for one in prompt):
        return [f"{len(prompt)} tokens"]
    return [one if isinstance(one, str) else "some tokens" for one in prompt]
