"""A gateway with quotas, and a provider whose answers use as many tokens as their requests say."""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.client import Got, ask
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer, stream_answer

MODEL = "claude-sonnet-4-5"
MESSAGES = "/v1/messages"
SECOND_KEY = "mt_live_second0000000000000000000000000000000000"
_SAID = re.compile(rb"in=(\d+) out=(\d+)(?: status=(\d+))?(?: pause=([\d.]+))?(?: named=([\w.-]+))?")


def question(taken: int = 10, given: int = 100, **more: Any) -> dict[str, Any]:
    """A message whose answer is to use so many tokens; ``status``, ``pause`` and ``named`` (the model that it says has
    answered) are the provider's."""
    orders = "".join(f" {name}={more.pop(name)}" for name in ("status", "pause", "named") if name in more)
    words = f"in={taken} out={given}{orders}"
    return {"model": MODEL, "max_tokens": 128_000, "messages": [{"role": "user", "content": words}], **more}


def answer(request: Received) -> Scripted:
    """As the request says; whatever says nothing gets an empty object."""
    said = _SAID.search(request.body)
    if said is None:
        return json_answer(b"{}")
    usage = {"input_tokens": int(said[1]), "output_tokens": int(said[2])}
    pause = Pause(float(said[4] or 0))
    status = int(said[3] or 200)
    if status != 200:
        error = {"type": "error", "error": {"type": "api_error", "message": "scripted"}}
        return json_answer(json.dumps(error).encode(), status)
    named = MODEL if said[5] is None else said[5].decode()
    if re.search(rb'"stream": ?true', request.body):
        return stream_answer(*streamed(usage, pause, model=named))
    body = {"type": "message", "model": named, "content": [{"type": "text", "text": "ok"}], "usage": usage}
    found = json_answer(json.dumps(body).encode())
    return Scripted(found.status, found.headers, (pause, *found.pieces))


def streamed(
    usage: Mapping[str, int], pause: Pause, words: Sequence[str] = ("some ", "words ") * 10, *, model: str = MODEL
) -> Iterator[Any]:
    """A message in events, a pause before each word."""
    message = {
        "id": "m", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None,
        "usage": {**usage, "output_tokens": 1},
    }  # fmt: skip
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": one}} for one in words),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
         "usage": {"output_tokens": usage["output_tokens"]}},
        {"type": "message_stop"},
    ]  # fmt: skip
    for event in events:
        yield Pause(pause.seconds / len(words))
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


@dataclass
class Scene:
    gateway: Gateway
    provider: Provider

    def ask(self, body: Mapping[str, Any] | None = None, target: str = MESSAGES, *, key: str = KEY) -> Got:
        return ask(self.gateway, target, json.dumps(question() if body is None else body), {}, key=key)

    def together(self, bodies: Sequence[Mapping[str, Any]], *, key: str = KEY, target: str = MESSAGES) -> list[Got]:
        """All at once, as far as threads go."""
        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(lambda body: self.ask(body, target, key=key), bodies))

    @property
    def sent(self) -> list[Received]:
        return self.provider.received


def configuration(provider: Provider, quotas: Mapping[str, Any] | Sequence[str], **more: Any) -> dict[str, Any]:
    """Providers of each dialect at this one; ``quotas``: the section, or those of the one key."""
    bases = {"anthropic": "", "openai": "/v1", "gemini": ""}
    rows = {
        name: {"dialect": name, "base_url": provider.base_url + base, "api_key": OPERATOR_KEY}
        for name, base in bases.items()
    }
    config = {**settings(**rows), **more}
    config["keys"].append({"name": "second", "key": SECOND_KEY})
    if isinstance(quotas, Mapping):
        config["quotas"] = dict(quotas)
    else:
        config["keys"][0]["quotas"] = list(quotas)
    return config


@contextmanager
def scene(
    folder: Path,
    quotas: Mapping[str, Any] | Sequence[str],
    script: Callable[[Received], Scripted] = answer,
    **more: Any,
) -> Iterator[Scene]:
    """A gateway with these quotas; ``more`` goes into its configuration."""
    with Provider(script) as provider, Gateway(configuration(provider, quotas, **more), folder) as gateway:
        yield Scene(gateway, provider)


def error(got: Got) -> dict[str, Any]:
    """What a refusal in Anthropic's envelope says."""
    found: dict[str, Any] = json.loads(got.body)["error"]
    return found


def sums(folder: Path, wanted: int, column: str = "output", seconds: float = 30) -> int:
    """The ledger's sum, once it has so many exchanges."""
    until = time.monotonic() + seconds
    while True:
        with closing(sqlite3.connect(folder / "data" / "penstock.db")) as database:
            count, total = database.execute(f"SELECT count(*), coalesce(sum({column}), 0) FROM entries").fetchone()
        if count >= wanted or time.monotonic() > until:
            assert count == wanted
            return int(total)
        time.sleep(0.05)
