"""Recorded streams and the rules of streams: what providers themselves send, and what the gateway makes of a cut one.

A relayed stream that breaks a rule stays as it is; the first test only tells how much reality keeps to them. What the
gateway writes when a provider breaks off must keep to all of them, whatever came before.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.exchange import Planned
from tests.corpus.messages import Message
from tests.corpus.routing import place
from tests.corpus.through import Exchange, chosen, through_gateway
from tests.laws import stream_rules
from tests.laws.stream_judges.judge import LINE_END, Broken
from tests.support.corpus import Recorded, recorded

Check = Callable[[bytes], list[Broken]]

CHECKS: dict[str, tuple[str, Check]] = {
    "anthropic": ("POST /v1/messages", stream_rules.anthropic_messages),
    "chat": ("POST /v1/chat/completions", stream_rules.openai_chat),
    "responses": ("POST /v1/responses", stream_rules.openai_responses),
    "gemini": ("POST v1beta/models/*:streamGenerateContent", stream_rules.gemini_events),
}

# How many of the recorded streams break which rule. The compatible servers of Chat Completions do as they like; some
# of the others were put together by their recorder from several streams, or lost their last line end there.
BROKEN_BY_PROVIDERS: dict[str, dict[str, int]] = {
    # 352 streams
    "anthropic": {
        "after-end": 5, "block-closed": 1, "done": 1, "framing": 9, "index": 1, "one-start": 2, "tool-input": 2,
    },
    # 852 streams
    "chat": {
        "after-end": 1, "after-finish": 135, "end": 16, "error-shape": 1, "finish": 7, "framing": 4, "keep-alive": 3,
        "role": 11, "same-head": 65, "tool-first": 1, "tool-index": 1, "tool-once": 11, "usage-choices": 411,
    },
    # 340 streams
    "responses": {
        "after-end": 4, "error-shape": 1, "event-name": 2, "framing": 2, "item-done": 1, "item-open": 3,
        "item-order": 1, "joined": 4, "output": 29, "sequence": 10,
    },
    # 246 streams
    "gemini": {"finish": 3, "framing": 6},
}  # fmt: skip


def _streams(dialect: str) -> Iterator[Exchange]:
    operation, _ = CHECKS[dialect]
    for exchange in recorded():
        where = place(exchange)
        if where is not None and where.operation == operation and exchange.sse and exchange.status == 200:
            yield exchange, where


def _told(exchange: Recorded) -> bool:
    """Its provider says that it is a stream. One that does not say so is broken off visibly, as any other body is."""
    return exchange.response_headers.get("content-type", "").startswith("text/event-stream")


def _body(exchange: Recorded) -> bytes:
    return exchange.response_body.encode()


@pytest.mark.parametrize("dialect", CHECKS)
def test_rules_fit_what_providers_send(dialect: str) -> None:
    """Nearly all that Anthropic, OpenAI and Google send keeps the rules, so the rules ask nothing unheard of."""
    _, check = CHECKS[dialect]
    broken: Counter[str] = Counter()
    for exchange, _ in _streams(dialect):
        broken.update({one.rule for one in check(_body(exchange))})
    assert dict(sorted(broken.items())) == BROKEN_BY_PROVIDERS[dialect]


@pytest.mark.parametrize(
    ("dialect", "broken_off"),
    [
        *[pytest.param(dialect, True, id=f"{dialect}, connection closed") for dialect in CHECKS],
        # Chat and Gemini streams of real providers end without their last event, so nothing is missed there.
        *[pytest.param(dialect, False, id=f"{dialect}, ended as if whole") for dialect in ("anthropic", "responses")],
    ],
)
def test_cut_stream_ends_in_an_error_by_the_rules(dialect: str, broken_off: bool, tmp_path: Path) -> None:
    """A provider that stops short leaves whole frames and the dialect's own error: a stream by the rules."""
    _, check = CHECKS[dialect]
    kept = _kept(dialect)
    result = through_gateway(kept, tmp_path, change=_cut if broken_off else _cut_short)
    found: list[str] = []
    for plan in result.plans:
        found += _misread(plan, result.answers[plan.recorded.id], check)
    assert not found, f"{len(found)} faults in {len(kept)} streams:\n" + "\n".join(found[:6])
    assert len(kept) > 10


@pytest.mark.parametrize("dialect", ["anthropic", "chat", "responses"])
def test_complete_stream_gets_no_error_when_its_connection_breaks(dialect: str, tmp_path: Path) -> None:
    """A provider that hangs up after the last event has said all: an error behind it would undo a good answer."""
    result = through_gateway(_kept(dialect), tmp_path, change=_cut_at_the_end)
    found = []
    for plan in result.plans:
        answer = result.answers[plan.recorded.id]
        if isinstance(answer, str) or answer.body != plan.answer.body:
            found.append(f"{plan.recorded.id}: {answer if isinstance(answer, str) else answer.body[-200:]!r}")
    assert not found, f"{len(found)} of {len(result.plans)} streams:\n" + "\n".join(found[:6])
    assert len(result.plans) > 10


def _kept(dialect: str) -> list[Exchange]:
    """The streams that break no rule of themselves."""
    _, check = CHECKS[dialect]
    return [one for one in chosen(_streams(dialect)) if _told(one[0]) and not check(_body(one[0]))]


def _cut_at_the_end(plan: Planned) -> Planned:
    """The whole stream, but the connection closes where its end should be written."""
    cut = _cut(plan)
    return replace(cut, answer=replace(cut.answer, cut=len(cut.answer.body)))


def _cut(plan: Planned) -> Planned:
    """The same stream, broken off anywhere before its last event."""
    body = _body(plan.recorded)
    dice = plan.recorded.dice("cut")
    headers = tuple(header for header in plan.answer.headers if header[0] != "content-encoding")
    cut = dice.randrange(1, max(2, _last_event(body)))
    return replace(plan, answer=replace(plan.answer, body=body, headers=headers, framing="chunked", cut=cut))


def _frames(body: bytes) -> list[bytes]:
    """The stream in whole frames."""
    ends = [found.end() for found in LINE_END.finditer(body.decode("latin-1")) if _blank(body, found.end())]
    return [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _blank(body: bytes, end: int) -> bool:
    return body[:end].endswith((b"\n\n", b"\r\n\r\n"))


def _cut_short(plan: Planned) -> Planned:
    """The same stream, whose provider ends it properly where it should go on."""
    cut = _cut(plan)
    return replace(cut, answer=replace(cut.answer, body=cut.answer.body[: cut.answer.cut], cut=None))


def _last_event(body: bytes) -> int:
    """Where the event begins without which the stream is not complete: the last one that has data, but for [DONE]."""
    frames = _frames(body)
    while frames[-1].strip() in {b"", b"data: [DONE]"} or frames[-1].startswith(b":"):
        frames.pop()
    return sum(len(one) for one in frames[:-1])


def _misread(plan: Planned, answer: Message | str, check: Check) -> list[str]:
    """What is wrong with what the client of a cut stream got."""
    name = f"{plan.recorded.id}, cut at {len(plan.answer.body[: plan.answer.cut])}"
    if isinstance(answer, str):
        return [f"{name}: {answer}"]
    arrived = plan.answer.body[: plan.answer.cut]
    whole = b"".join(_frames(arrived))
    if answer.status != 200 or not answer.body.startswith(whole):
        return [f"{name}: status {answer.status}, not all whole frames came: {answer.body[-200:]!r}"]
    ending = answer.body.removeprefix(whole)
    if not ending.strip() or b"error" not in ending:
        return [f"{name}: after the whole frames came {ending!r}"]
    return [f"{name}: {broken}; it ends in {answer.body[-200:]!r}" for broken in check(answer.body)]
