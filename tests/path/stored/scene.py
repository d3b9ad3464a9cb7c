"""Two keys, a team, a gateway, and providers that keep things: where stored objects are made and asked for."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.path.stored.keepers import Anthropic, Gemini, Keeper, OpenAI
from tests.support.client import Got, ask
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received

A = "mt_live_aaaa00000000000000000000000000000000000a"
B = "mt_live_bbbb00000000000000000000000000000000000b"
C = "mt_live_cccc00000000000000000000000000000000000c"
"""A and B stand alone; C is of a team, as is its colleague D."""
D = "mt_live_dddd00000000000000000000000000000000000d"


FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbytes\r\n--x--\r\n'


@dataclass
class Scene:
    """A gateway before three providers that keep things."""

    gateway: Gateway
    providers: dict[str, Provider]
    keepers: dict[str, Keeper]
    heard: list[Received]
    """Every request that reached a provider, in order."""

    def received(self) -> int:
        return len(self.heard)

    def latest(self) -> Received:
        """What reached a provider last."""
        return self.heard[-1]

    def ask(self, key: str, method: str, target: str, body: object = None, **headers: str) -> Got:
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body == FORM:
            named["content-type"] = "multipart/form-data; boundary=x"
        return ask(self.gateway, target, sent, named, method=method, key=key)

    def make(self, key: str, target: str, body: object, **headers: str) -> dict[str, Any]:
        got = self.ask(key, "POST", target, body, **headers)
        assert got.status == 200, got
        made: dict[str, Any] = json.loads(got.body)
        return made

    def make_named(self, key: str, kind: str) -> str:
        """A new object of this kind; its id."""
        made = self.make(key, *MAKING[kind])
        name: str = made.get("id") or made["name"]
        return name


@contextmanager
def serving(folder: Path) -> Iterator[Scene]:
    keepers: dict[str, Keeper] = {"openai": OpenAI(), "anthropic": Anthropic(), "gemini": Gemini()}
    heard: list[Received] = []
    with ExitStack() as undo:
        providers = {name: undo.enter_context(Provider(keeper, heard)) for name, keeper in keepers.items()}
        for name, keeper in keepers.items():
            keeper.base_url = providers[name].base_url
        rows = {
            name: {"dialect": name, "base_url": provider.base_url, "api_key": OPERATOR_KEY}
            for name, provider in providers.items()
        }
        rows["openai"]["base_url"] += "/v1"
        config = settings(**rows)
        config["keys"] = [
            {"name": "a", "key": A},
            {"name": "b", "key": B},
            {"name": "c", "key": C, "team": "red"},
            {"name": "d", "key": D, "team": "red"},
        ]
        yield Scene(undo.enter_context(Gateway(config, folder)), providers, keepers, heard)


def words(got: Got) -> str:
    """An error's message, in whichever dialect's envelope."""
    said: str = json.loads(got.body)["error"]["message"]
    return said


# How an object of each kind is made.
MAKING: dict[str, tuple[str, object]] = {
    "file": ("/v1/files", FORM),
    "upload": ("/v1/uploads", {"bytes": 3, "filename": "a", "mime_type": "text/plain", "purpose": "batch"}),
    "batch": ("/v1/batches", {"endpoint": "/v1/responses"}),
    "assistant": ("/v1/assistants", {"model": "m"}),
    "thread": ("/v1/threads", {}),
    "vector store": ("/v1/vector_stores", {}),
    "video": ("/v1/videos", {"prompt": "a"}),
    "character": ("/v1/videos/characters", FORM),
    "response": ("/v1/responses", {"model": "m", "input": "hi"}),
    "conversation": ("/v1/conversations", {}),
    "job": ("/v1/fine_tuning/jobs", {"model": "m"}),
    "container": ("/v1/containers", {"name": "a"}),
    "completion": ("/v1/chat/completions", {"model": "m", "messages": [], "store": True}),
    "batch of messages": ("/anthropic/v1/messages/batches", {"requests": []}),
    "anthropic file": ("/anthropic/v1/files", FORM),
    "cache": ("/gemini/v1beta/cachedContents", {"model": "models/m"}),
}
