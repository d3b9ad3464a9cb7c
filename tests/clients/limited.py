"""A gateway with a key for each client and each kind of quota, and a provider that says what its answers used."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.cli.witness import Passed, Witness
from tests.path.content.streams import saying
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer, stream_answer

QUOTAS = {
    "throttled": "60 requests per minute, burst 1",
    "tokens": "9 output tokens per month",
    "money": "$0.00001 per day",
    "requests": "1 request per week",
    "seats": "1 request at once",
    "cut": "40 output tokens per month, cut",
}
NEVER = {
    "unpriced": "$5 per month",
    "too_much": "60 tokens per minute, burst 5, strict",
    "bytes": "20 bytes per request",
    "strict": "9 output tokens per month, strict",
}
"""Quotas that let nothing pass of what is asked here; ``unpriced``: of a model that nobody knows."""
CONTACT = "Ada in room 7"
MODELS = {"anthropic": "claude-sonnet-4-5", "openai": "gpt-5-mini", "gemini": "gemini-2.5-flash"}
SPOKEN = "The rain in Spain stays mainly in the plain. "
SLOW = "Take your time."
SECONDS = 1.5
"""How long the provider takes, told so."""

_USAGE = {
    "/v1/messages": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODELS["anthropic"], "stop_sequence": None,
        "content": [{"type": "text", "text": "Served."}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "output_tokens": 9},
    },
    "/v1/chat/completions": {
        "id": "c_1", "object": "chat.completion", "created": 1, "model": MODELS["openai"],
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Served."}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14},
    },
}  # fmt: skip
_GEMINI = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Served."}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 9, "totalTokenCount": 14},
    "modelVersion": MODELS["gemini"],
}


def provider(request: Received) -> Scripted:
    """Nine tokens at once; as a stream, three thousand."""
    asked = request.body.replace(b" ", b"")
    if b'"stream":true' in asked or "streamGenerate" in request.target:
        whole = saying([SPOKEN] * 300)(request)
        pieces = [piece for frame in whole.pieces for piece in (frame, Pause(0.002))]
        return stream_answer(*pieces)
    answer = json.dumps(_USAGE.get(request.path, _GEMINI)).encode()
    if SLOW.encode() not in request.body:
        return json_answer(answer)
    return Scripted(200, (("content-type", "application/json"),), (Pause(SECONDS), answer))


def key(client: str, kind: str) -> str:
    """The gateway key of this client for this kind of quota."""
    return f"mt_live_{client}_{kind}".replace("-", "_").ljust(48, "0")


@dataclass(frozen=True)
class Limited:
    """What stands between clients and the provider, and what passed."""

    gateway: Gateway
    witness: Witness
    provider: Provider

    def passed(self, client: str, kind: str) -> list[Passed]:
        """In order; told by the key."""
        mine = key(client, kind)
        return [one for one in self.witness.passed() if any(mine in value for _, value in one.request.headers)]


@contextmanager
def limited(folder: Path, clients: Mapping[str, str] | list[str], quotas: Mapping[str, str]) -> Iterator[Limited]:
    """For as long as the context is open."""
    paths = {"anthropic": "", "openai": "/v1", "gemini": ""}
    with ExitStack() as stack:
        behind = stack.enter_context(Provider(provider))
        rows = {
            dialect: {"dialect": dialect, "base_url": behind.base_url + path, "api_key": OPERATOR_KEY}
            for dialect, path in paths.items()
        }
        keys: list[dict[str, Any]] = [
            {"name": f"{client}-{kind}", "key": key(client, kind), "quotas": [quota]}
            for client in clients
            for kind, quota in quotas.items()
        ]
        config = {**settings(**rows), "keys": keys, "quotas": {"contact": CONTACT}}
        gateway = stack.enter_context(Gateway(config, folder))
        witness = stack.enter_context(Witness(gateway.port))
        yield Limited(gateway, witness, behind)
