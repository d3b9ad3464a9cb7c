"""The routes that the simulator serves, and whose dialect a request speaks where none of them fits."""

import re
from enum import Enum

import msgspec

from penstock.core.head import RequestHead
from penstock.simulator import anthropic, chat, embeddings, gemini, models, responses
from penstock.simulator.serving import Serve


class Voice(Enum):
    """Whose envelope an error stands in."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    GEMINI = "gemini"


class Route(msgspec.Struct, frozen=True):
    """A row: method, path (a group in it is handed to what serves it), voice, and what serves it."""

    method: str
    path: re.Pattern[str]
    voice: Voice
    serve: Serve


def _row(method: str, path: str, voice: Voice, serve: Serve) -> Route:
    return Route(method, re.compile(path), voice, serve)


_GOOGLE = r"/(?:v1|v1beta|v1alpha)/models/([^:]+)"

ROUTES = (
    _row("POST", "/v1/messages", Voice.ANTHROPIC, anthropic.create),
    _row("POST", "/v1/messages/count_tokens", Voice.ANTHROPIC, anthropic.count),
    _row("POST", "/v1/chat/completions", Voice.OPENAI, chat.create),
    _row("POST", "/v1/completions", Voice.OPENAI, chat.create_legacy),
    _row("POST", "/v1/responses", Voice.OPENAI, responses.create),
    _row("POST", "/v1/responses/input_tokens", Voice.OPENAI, responses.count_input),
    _row("POST", "/v1/responses/compact", Voice.OPENAI, responses.compact),
    _row("POST", "/v1/embeddings", Voice.OPENAI, embeddings.embed),
    _row("POST", "/v1/moderations", Voice.OPENAI, embeddings.moderate),
    _row("POST", _GOOGLE + ":generateContent", Voice.GEMINI, gemini.generate),
    _row("POST", _GOOGLE + ":streamGenerateContent", Voice.GEMINI, gemini.stream),
    _row("POST", _GOOGLE + ":countTokens", Voice.GEMINI, gemini.count),
    _row("POST", _GOOGLE + ":embedContent", Voice.GEMINI, embeddings.google_embed),
    _row("POST", _GOOGLE + ":batchEmbedContents", Voice.GEMINI, embeddings.google_batch_embed),
    _row("GET", "/v1/models", Voice.ANTHROPIC, models.anthropic_list),
    _row("GET", "/v1/models/(.+)", Voice.ANTHROPIC, models.anthropic_one),
    _row("GET", "/v1/models", Voice.OPENAI, models.openai_list),
    _row("GET", "/v1/models/(.+)", Voice.OPENAI, models.openai_one),
    _row("GET", "/(?:v1|v1beta|v1alpha)/models", Voice.GEMINI, models.gemini_list),
    _row("GET", _GOOGLE, Voice.GEMINI, models.gemini_one),
)

_GOOGLES_OWN = re.compile(r"/(?:v1beta|v1alpha|upload)(?:/|$)|/v1/models/[^:]+:|/v1/cachedContents")


def voice_of(head: RequestHead, path: str) -> Voice:
    """Whose dialect this is. OpenAI's where nothing says otherwise, as on the paths that the dialects share."""
    if path.startswith("/v1/messages"):
        return Voice.ANTHROPIC
    if _GOOGLES_OWN.match(path):
        return Voice.GEMINI
    if head.get(b"anthropic-version") is not None or head.get(b"anthropic-beta") is not None:
        return Voice.ANTHROPIC
    # A gateway in between takes the key away, but not the name that Google's SDKs give themselves.
    if b"key=" in head.query or any(name.startswith(b"x-goog-") for name, _ in head.headers):
        return Voice.GEMINI
    return Voice.OPENAI


def matching(path: str, voice: Voice) -> list[tuple[Route, str]]:
    """The rows for a path, whatever their method, each with what its group holds."""
    rows = [(route, route.path.fullmatch(path)) for route in ROUTES if route.voice is voice]
    return [(route, fits[1] if route.path.groups else "") for route, fits in rows if fits is not None]
