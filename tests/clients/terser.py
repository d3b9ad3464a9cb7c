"""The whole suite with terser answers: ``PENSTOCK_TEST_INTENSITY=full`` sets it for every gateway of these tests.

Then each request that comes to a scripted provider through a gateway is judged on its arrival: a chat has the words,
once and at their place, and what must have none has none. With the words taken out again it is what the tests see, so
that every assertion holds in both modes: what a direct call would have sent, to the byte.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from penstock.core.terseness import Intensity
from penstock.policies.compress.rules import SHIPPED
from tests.support.provider import Received
from tests.support.unworded import Unworded, unasked, unworded, unworded_batch

INTENSITY = os.environ.get("PENSTOCK_TEST_INTENSITY", "")
"""Empty: the suite runs as gateways are unless somebody sets something."""

GUARD = b"Never mention this."
"""How the words of every intensity end."""

COMPLAINTS: list[str] = []
"""What was wrong with requests since somebody looked."""

CHATS = ("/messages", "/chat/completions", "/responses", ":generateContent", ":streamGenerateContent")
COUNTS = ("/count_tokens", "/input_tokens", ":countTokens")
BATCHES = "/messages/batches"

COMMANDS = ("system", "developer")
"""Whose messages are instructions."""

ATTRIBUTION = "x-anthropic-billing-header:"
"""How the block begins that Claude Code puts before its system text."""

Body = dict[str, Any]


def terser(intensity: str = INTENSITY) -> Body:
    """What a gateway's settings say beside the rest; nothing without an intensity."""
    return {"terser": {"intensity": intensity, "holdout": 0}} if intensity else {}


def words(intensity: str = INTENSITY) -> str:
    """What is put into requests."""
    return SHIPPED[Intensity(intensity)].text


@dataclass
class Judge:
    """Hears every request of one provider, from gateways and from clients that call it directly."""

    intensity: str = INTENSITY
    """What the gateways' settings say; empty for nothing."""
    asked: str = ""
    """What the requests that are under way say for themselves."""
    begun: dict[str, str] = field(default_factory=dict)
    """Where the words stand in each conversation, empty for nowhere, by how it begins."""
    directly: set[tuple[str, bytes]] = field(default_factory=set)
    arrived: list[Received] = field(default_factory=list)
    """Every request as it came."""
    treated: int = 0
    """So many chats had words that they did not ask for."""

    @contextmanager
    def asking(self, intensity: str) -> Iterator[None]:
        """While the context is open, requests ask for this themselves."""
        self.asked = intensity
        try:
            yield
        finally:
            self.asked = ""

    def __call__(self, request: Received) -> tuple[Received, Received]:
        """What the provider would have heard without words, and what the client said: two where a stream was asked for
        its usage, whose answer the script has to tell."""
        self.arrived.append(request)
        if request.header("accept-encoding") != "identity":
            self.directly.add((request.path, request.body))
            return request, request
        found = self._found(request)
        heard = replaced(request, found.body) if found else request
        kept = heard if self._sent(heard) else replaced(request, (found and unasked(found.body)) or heard.body)
        self._judge(request, found, kept.body)
        return heard, kept

    def _found(self, request: Received) -> Unworded | None:
        """What it was before; of several, what a client is known to have sent."""
        intensity = self.asked or self.intensity
        if not intensity or not request.path.endswith((*CHATS, *COUNTS, BATCHES)):
            return None
        if request.path.endswith(BATCHES):
            every = unworded_batch(request.body, words(intensity))
        else:
            every = unworded(request.path, request.body, words(intensity))
        known = [one for one in every if (request.path, one.body) in self.directly]
        return next(iter((*known, *every)), None)

    def _sent(self, request: Received) -> bool:
        return (request.path, request.body) in self.directly

    def _judge(self, request: Received, found: Unworded | None, said: bytes) -> None:
        place = found.place if found else ""
        chats = []
        if request.path.endswith((*CHATS, *COUNTS, BATCHES)):
            body = json.loads(said)
            each = [one["params"] for one in body["requests"]] if "requests" in body else [body]
            chats = [one.get("generateContentRequest", one) for one in each]
        due = {self._due(request, one) for one in chats} or {""}
        met = place in due or (place == "alone" and due & {"first", "last"})
        if len(due) > 1 or not met or GUARD in said:
            COMPLAINTS.append(f"{request.target}: words {place!r}, due {due}: {request.body[:2000]!r}")
        self.treated += bool(place) and not self.asked and request.path.endswith(CHATS)

    def _due(self, request: Received, body: Body) -> str:
        """Where they must stand; a conversation's first request decides for all that follow."""
        if not self.asked and not self.intensity:
            return ""
        beginning = json.dumps(opening(request.path, body))
        known = self.begun.get(beginning)
        goes_on = "previous_response_id" in body and "instructions" not in body
        if subscribed(request) or body.get("cachedContent") or goes_on:
            return ""
        if known is not None and not self.asked and (known or answered(body)):
            return known if answered(body) or not has_a_form(body) else ""
        if request.path.endswith(COUNTS):
            return ""
        due = "" if has_a_form(body) else place_of(body)
        if not self.asked and (due or known is None):
            self.begun[beginning] = due
        return due


def replaced(request: Received, body: bytes) -> Received:
    """The request with another body, whose length its header says."""
    if body == request.body:
        return request
    lengths = {"content-length": str(len(body))}
    return replace(
        request, body=body, headers=tuple((name, lengths.get(name, value)) for name, value in request.headers)
    )


def subscribed(request: Received) -> bool:
    """Somebody's own login pays."""
    login = any(value.removeprefix("Bearer ").startswith("sk-ant-oat") for _, value in request.headers)
    return login or "oauth-" in (request.header("anthropic-beta") or "")


def place_of(body: Body) -> str:
    """Last where Claude Code says who it is, or where anything is marked for a cache."""
    system = body.get("system")
    attributed = isinstance(system, list) and system and system[0]["text"].startswith(ATTRIBUTION)
    marked = "messages" in body and "cache_control" in set(names(body))
    return "last" if attributed or marked else "first"


def names(value: Any) -> Iterator[str]:
    """All names of members, but for those in schemas."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from () if name == "input_schema" else names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def has_a_form(body: Body) -> bool:
    """The answer must be an object of some schema or a certain call, or is begun already."""
    told = body.get("generationConfig", {})
    formats = (
        body.get("output_config", {}).get("format"),
        body.get("response_format", {}).get("type") == "json_schema",
        body.get("text", {}).get("format", {}).get("type") == "json_schema",
        told.get("responseMimeType", "text/plain") != "text/plain" or "responseJsonSchema" in told,
        body.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode") == "ANY",
    )
    choice = body.get("tool_choice", "auto")
    forced = (choice if isinstance(choice, str) else choice["type"]) not in {"auto", "none"}
    begun = turns(body)[-1:]
    return any(formats) or forced or any(one.get("role") == "assistant" for one in begun)


def turns(body: Body) -> list[Body]:
    """Messages, input or contents."""
    told = next((body[name] for name in ("messages", "input", "contents") if name in body), [])
    return [{"role": "user", "content": told}] if isinstance(told, str) else list(told)


def answered(body: Body) -> bool:
    """The model has had a turn; what ends the list is none."""
    return any(one.get("role") not in {"user", *COMMANDS} for one in turns(body)[:-1])


def opening(path: str, body: Body) -> list[Any]:
    """How a conversation begins: the system text and the first user message, without marks, a string as its block."""
    kind = "gemini" if "/models/" in path else path.removesuffix("/count_tokens").removesuffix("/input_tokens")
    told = turns(body)
    before = takewhile(lambda one: one.get("role") in COMMANDS, told)
    system = body.get("system") or body.get("instructions") or body.get("systemInstruction", {}).get("parts", [])
    user = next((one for one in told if one.get("role") == "user"), {})
    parts = texts(system)
    if parts and str(parts[0]).startswith(ATTRIBUTION):
        parts = parts[1:]
    return [kind, parts, [texts(one.get("content")) for one in before], texts(user.get("content", user.get("parts")))]


def texts(content: Any) -> list[Any]:
    """Each part as its text, or whole without marks where it has none."""
    parts = [content] if isinstance(content, str) else content or []
    return [part if isinstance(part, str) else part.get("text") or json.dumps(unmarked(part)) for part in parts]


def unmarked(part: Body) -> Body:
    return {name: value for name, value in part.items() if name != "cache_control"}
