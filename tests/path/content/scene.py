"""A gateway with content policies, a provider in every dialect that says what it is told to, and two keys."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.client import Got, ask
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

OTHER_KEY = "mt_live_other00000000000000000000000000000000000"
"""The second key: team ``research``."""

CANARY = "Bluebird"
"""The term that every test blocks. It must stand nowhere in what a client, a log or the books get to see."""

MESSAGES, CHAT, RESPONSES = "/v1/messages", "/v1/chat/completions", "/v1/responses"
GEMINI = "/gemini/v1beta/models/g:generateContent"
GEMINI_STREAM = "/gemini/v1beta/models/g:streamGenerateContent?alt=sse"


def answer(request: Received) -> Scripted:
    """A short good answer in the dialect of the path."""
    said: Mapping[str, Any] = {"ok": True}
    return json_answer(json.dumps(said).encode())


@dataclass
class Scene:
    gateway: Gateway
    provider: Provider

    def ask(self, target: str, body: object, *, key: str = KEY, **headers: str) -> Got:
        sent = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return ask(self.gateway, target, sent, headers, key=key)

    @property
    def sent(self) -> list[Received]:
        """What the provider has received."""
        return self.provider.received


def rows(provider: Provider) -> dict[str, Any]:
    """One provider row for each dialect, and a second one for chats."""
    bases = {"anthropic": "", "openai": "/v1", "gemini": ""}
    found: dict[str, Any] = {
        name: {"dialect": name, "base_url": provider.base_url + base, "api_key": OPERATOR_KEY}
        for name, base in bases.items()
    }
    for name, base in bases.items():
        found[f"local-{name}"] = {
            "dialect": name,
            "base_url": f"{provider.base_url}/local{base}",
            "auth": "none",
        }
    return found


@contextmanager
def scene(
    folder: Path, policies: Mapping[str, Any], script: Callable[[Received], Scripted] = answer, **more: Any
) -> Iterator[Scene]:
    """A gateway under these policies; ``more`` goes into its configuration."""
    with Provider(script) as provider:
        config = {**settings(**rows(provider)), "policies": dict(policies), **more}
        config["keys"].append({"name": "other", "key": OTHER_KEY, "team": "research"})
        with Gateway(config, folder) as gateway:
            yield Scene(gateway, provider)


def question(target: str, words: str, *, stream: bool = False) -> dict[str, Any]:
    """A request for this path that asks these words."""
    if target.startswith(MESSAGES):
        return {"model": "m", "max_tokens": 9, "stream": stream, "messages": [{"role": "user", "content": words}]}
    if target.startswith(CHAT):
        return {"model": "m", "stream": stream, "messages": [{"role": "user", "content": words}]}
    if target.startswith(RESPONSES):
        return {"model": "m", "stream": stream, "input": words}
    return {"contents": [{"role": "user", "parts": [{"text": words}]}]}
