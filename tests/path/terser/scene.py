"""Conversations of every dialect through a real gateway to a provider that keeps what reached it."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.client import Got, ask
from tests.support.command import piped
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway
from tests.support.provider import Provider, Received, Scripted, json_answer

WORDS = "Fasse dich kurz."
"""The operator's own words for ``full``: easy to find, and only there if they were put there."""

_NUMBERS = itertools.count()


def fresh(question: str = "How do rainbows form?") -> str:
    """A question that begins a conversation of its own."""
    return f"{question} ({next(_NUMBERS)})"


def answer(received: Received) -> Scripted:
    """A good answer of each dialect, with its usage."""
    path = received.path
    if path.endswith(("count_tokens", "input_tokens", "countTokens")):
        return json_answer(b'{"input_tokens":9,"totalTokens":9}')
    if "generateContent" in path:
        part = b'"content":{"role":"model","parts":[{"text":"Light bends."}]}'
        return json_answer(b'{"candidates":[{%s}],"usageMetadata":{"promptTokenCount":9}}' % part)
    if path.endswith("/responses"):
        number = next(_NUMBERS)
        return json_answer(
            b'{"id":"resp_%d","object":"response","usage":{"input_tokens":9,"output_tokens":3}}' % number
        )
    if path.endswith("/chat/completions"):
        return json_answer(b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}')
    return json_answer(b'{"type":"message","model":"m","usage":{"input_tokens":9,"output_tokens":3}}')


def config(provider: Provider, *, keys: Mapping[str, Any] | None = None, **terser: Any) -> dict[str, Any]:
    """A gateway in front of this provider, whatever the dialect; ``keys``: what the test's key says."""
    root = provider.base_url
    row = {"api_key": OPERATOR_KEY}
    return {
        "listen": "127.0.0.1:0",
        "providers": {
            "anthropic": {"dialect": "anthropic", "base_url": root, **row},
            "openai": {"dialect": "openai", "base_url": f"{root}/v1", **row},
            "gemini": {"dialect": "gemini", "base_url": root, **row},
        },
        "keys": [{"name": "test", "key": KEY, **(keys or {})}],
        "terser": {"holdout": 0, "rules": {"full": WORDS}, **terser},
    }


@dataclass(frozen=True)
class Format:
    """How conversations of one wire format are written."""

    target: str
    first: Callable[[str], dict[str, Any]]
    """A request that asks this."""
    later: Callable[[dict[str, Any]], dict[str, Any]]
    """The request that goes on after an answer."""
    headers: Mapping[str, str] | None = None

    def send(self, gateway: Gateway, body: Mapping[str, Any] | bytes, **headers: str) -> Got:
        """Ask the gateway; header names with ``_`` for ``-``."""
        named = {**(self.headers or {}), **{name.replace("_", "-"): value for name, value in headers.items()}}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return ask(gateway, self.target, raw, named)


def _messages(body: dict[str, Any]) -> dict[str, Any]:
    more = [{"role": "assistant", "content": "Light bends."}, {"role": "user", "content": "Why?"}]
    return {**body, "messages": [*body["messages"], *more]}


def _contents(body: dict[str, Any]) -> dict[str, Any]:
    more = [{"role": "model", "parts": [{"text": "Light bends."}]}, {"role": "user", "parts": [{"text": "Why?"}]}]
    return {**body, "contents": [*body["contents"], *more]}


def _input(body: dict[str, Any]) -> dict[str, Any]:
    more = [{"role": "assistant", "content": "Light bends."}, {"role": "user", "content": "Why?"}]
    return {**body, "input": [*body["input"], *more]}


FORMATS = {
    "anthropic": Format(
        "/v1/messages",
        lambda text: {"model": "m", "max_tokens": 900, "system": "Be kind.", "messages": [_user(text)]},
        _messages,
    ),
    "chat": Format(
        "/v1/chat/completions",
        lambda text: {"model": "m", "messages": [{"role": "system", "content": "Be kind."}, _user(text)]},
        _messages,
    ),
    "responses": Format(
        "/v1/responses", lambda text: {"model": "m", "instructions": "Be kind.", "input": [_user(text)]}, _input
    ),
    "gemini": Format(
        "/gemini/v1beta/models/m:generateContent",
        lambda text: {
            "systemInstruction": {"parts": [{"text": "Be kind."}]},
            "contents": [{"role": "user", "parts": [{"text": text}]}],
        },
        _contents,
    ),
}


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def told(got: Got) -> dict[str, str]:
    """What an answer says of its terseness."""
    names = ("intensity", "reason", "arm", "rules")
    return {name: got.headers[f"x-penstock-{name}"] for name in names if f"x-penstock-{name}" in got.headers}


def cli(gateway: Gateway, *arguments: str) -> str:
    """What a command on a gateway's own configuration prints."""
    done = piped(*arguments, "--config", str(gateway.folder / "penstock.yaml"), folder=gateway.folder)
    assert done.returncode == 0, done
    return done.stdout
