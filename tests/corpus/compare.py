"""What differs between an exchange as it was planned and as it came out at both ends."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.corpus.exchange import Planned
from tests.corpus.messages import Message

# What a connection needs, and what names the two ends: neither is the message's own.
_OF_THE_CONNECTION = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
_ADDED_TO_ANSWERS = {"content-length", "transfer-encoding", "connection", "date"}
_ADDED_TO_STREAMS = {"cache-control", "x-accel-buffering"}
_EVENTS = re.compile(rb"\s*(?:data|event|id|retry)?:")
_BASES = {"anthropic": "/up/anthropic", "openai": "/up/openai/v1", "gemini": "/up/gemini"}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be."""

    exchange: str
    what: str
    wanted: str
    got: str


def bases(origin: str) -> dict[str, str]:
    """The base URL of each dialect's provider: all on one server, each behind a path of its own."""
    return {dialect: origin + base for dialect, base in _BASES.items()}


def differences(
    plan: Planned, received: Sequence[Message], answer: Message | str, *, gateway_key: str, url: str
) -> list[Difference]:
    """Everything that differs in one exchange."""
    found: list[tuple[str, object, object]] = []
    if len(received) != 1:
        found.append(("requests that reached the provider", 1, len(received)))
    for message in received[:1]:
        found += _request(plan, message, gateway_key)
    if isinstance(answer, str):
        found.append(("an answer", "one", answer))
    elif plan.judged:
        found += _judged(answer)
    else:
        found += _answer(plan, answer, url)
    name = f"{plan.recorded.id} {plan.request.method} {plan.request.target}"
    return [
        Difference(name, what, str(wanted)[:300], str(got)[:300])
        for what, wanted, got in found
        if what != "ignored" and wanted != got
    ]


def _request(plan: Planned, message: Message, gateway_key: str) -> list[tuple[str, object, object]]:
    request, dialect = plan.request, plan.place.dialect
    target = _BASES[dialect] + plan.place.upstream + (f"?{plan.query}" if plan.query else "")
    credential = {
        "anthropic": ("x-api-key", plan.own_key),
        "openai": ("authorization", f"Bearer {plan.own_key}"),
        "gemini": ("x-goog-api-key", plan.own_key),
    }[dialect]
    wanted = [(name.lower(), value) for name, value in request.headers if name.lower() not in request.dropped]
    wanted = [(name, value) for name, value in wanted if name not in _OF_THE_CONNECTION]
    wanted.append(credential)
    if dialect == "anthropic" and not any(name == "anthropic-version" for name, _ in wanted):
        wanted.append(("anthropic-version", "2023-06-01"))
    got = [header for header in message.headers if header[0] not in _OF_THE_CONNECTION]
    leaked = gateway_key in repr(message.headers) + message.first or gateway_key.encode() in message.body
    return [
        ("request line", f"{request.method} {target} HTTP/1.1", message.first),
        ("request headers", _sorted(wanted, got), _sorted(got, wanted)),
        ("order of repeated request headers", _repeated(wanted), _repeated(got)),
        ("accept-encoding", ["identity"], message.values("accept-encoding")),
        ("gateway key upstream", False, leaked),
        ("request body", *_bodies(request.body or b"", message.body)),
    ]


def _answer(plan: Planned, answer: Message, url: str) -> list[tuple[str, object, object]]:
    wanted: list[tuple[str, str]] = []
    for name, value in plan.answer.headers:
        if name.lower() == "x-goog-upload-url":
            # The link leads the client's next request, so it must lead here, through the same prefix.
            wanted.append((name.lower(), f"{url}{plan.place.prefix}/upload/" + value.partition("/upload/")[2]))
        elif name not in {"keep-alive", "date"}:
            wanted.append((name.lower(), value))
    if _EVENTS.match(plan.answer.body) and not dict(wanted).get("content-type", "").startswith("text/event-stream"):
        # Some providers call their streams JSON, or nothing; clients are told what they are.
        wanted = [header for header in wanted if header[0] != "content-type"]
        wanted.append(("content-type", "text/event-stream"))
    added = _ADDED_TO_ANSWERS | (_ADDED_TO_STREAMS if plan.recorded.sse else set())
    names = {name for name, _ in wanted}
    got = [(name, _unticketed(value)) for name, value in answer.headers if name in names or not _ours(name, added)]
    return [
        ("status", plan.answer.status, answer.status),
        ("response headers", _sorted(wanted, got), _sorted(got, wanted)),
        ("response body", *_bodies(plan.answer.body, answer.body)),
    ]


def _unticketed(value: str) -> str:
    # A link to an upload also carries proof of whose it is; what that is worth is tested with the uploads.
    return re.sub(r"&penstock_ticket=[\w-]{40,}$", "", value)


def _judged(answer: Message) -> list[tuple[str, object, object]]:
    error = json.loads(answer.body).get("error", {}) if answer.body.startswith(b"{") else {}
    return [
        ("status", 502, answer.status),
        ("retry forbidden, for the call may have been paid", ["false"], answer.values("x-should-retry")),
        ("error in the client's envelope", True, {"message", "type", "param", "code"} <= error.keys()),
    ]


def _ours(name: str, added: set[str]) -> bool:
    return name in added or name.startswith(("x-penstock-", "x-mintoken-"))


def _sorted(these: list[tuple[str, str]], those: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is in these and not in those, counted."""
    return sorted((Counter(these) - Counter(those)).elements())


def _repeated(headers: list[tuple[str, str]]) -> list[str]:
    return [value for name, value in headers if name == "x-twice"]


def _bodies(wanted: bytes, got: bytes) -> tuple[object, object]:
    """The two bodies around the first byte that differs."""
    if wanted == got:
        return b"", b""
    same = next((at for at, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b), min(len(wanted), len(got)))
    around = slice(max(0, same - 20), same + 100)
    return (len(wanted), same, wanted[around]), (len(got), same, got[around])
