"""Serves the lists of models. Every name is answered; these are the ones that are listed.

The names are those that the published pages of comparable gateways mention and those that Claude Code, Codex and
Gemini CLI send by themselves (wire contract 3.1, 5.1). Release days and limits are plausible, not authoritative.
"""

from datetime import UTC, datetime

from penstock.simulator import anthropic, gemini, openai_shared
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.serving import Reply, Request

# Newest first, as Anthropic lists them: id, display name, line, day of release, output limit.
CLAUDE = (
    ("claude-opus-5-5", "Claude Opus 5.5", "opus", "2026-09-22", 128_000),
    ("claude-sonnet-5-5", "Claude Sonnet 5.5", "sonnet", "2026-09-22", 128_000),
    ("claude-haiku-5-5", "Claude Haiku 5.5", "haiku", "2026-09-22", 64_000),
    ("claude-opus-4-8", "Claude Opus 4.8", "opus", "2026-05-12", 128_000),
    ("claude-opus-4-7", "Claude Opus 4.7", "opus", "2026-04-02", 128_000),
    ("claude-opus-4-6", "Claude Opus 4.6", "opus", "2026-02-05", 128_000),
    ("claude-sonnet-4-6", "Claude Sonnet 4.6", "sonnet", "2026-02-05", 64_000),
    ("claude-opus-4-5-20251101", "Claude Opus 4.5", "opus", "2025-11-01", 64_000),
    ("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "haiku", "2025-10-01", 64_000),
    ("claude-haiku-4-5", "Claude Haiku 4.5 (latest)", "haiku", "2025-10-01", 64_000),
    ("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", "sonnet", "2025-09-29", 64_000),
    ("claude-sonnet-4-5", "Claude Sonnet 4.5 (latest)", "sonnet", "2025-09-29", 64_000),
    ("claude-opus-4", "Claude Opus 4", "opus", "2025-05-14", 32_000),
    ("claude-sonnet-4", "Claude Sonnet 4", "sonnet", "2025-05-14", 64_000),
    ("claude-3-5-sonnet-latest", "Claude Sonnet 3.5 (latest)", "sonnet", "2024-10-22", 8192),
    ("claude-3-5-sonnet-20241022", "Claude Sonnet 3.5", "sonnet", "2024-10-22", 8192),
    ("claude-3-5-haiku-latest", "Claude Haiku 3.5 (latest)", "haiku", "2024-10-22", 8192),
)

# Name and day of release.
OPENAI = (
    ("gpt-5.5", "2026-06-10"), ("gpt-5.5-codex", "2026-06-24"), ("gpt-5.4", "2026-03-05"),
    ("gpt-5.4-mini", "2026-03-05"), ("gpt-5.3-codex", "2026-01-29"), ("gpt-5.2", "2025-12-11"),
    ("gpt-5.2-codex", "2025-12-18"), ("gpt-5.1", "2025-11-13"), ("gpt-5.1-codex", "2025-11-13"),
    ("gpt-5.1-codex-max", "2025-11-19"), ("gpt-5", "2025-08-07"), ("gpt-5-mini", "2025-08-07"),
    ("gpt-5-nano", "2025-08-07"), ("o3", "2025-04-16"), ("o4-mini", "2025-04-16"), ("gpt-4.1", "2025-04-14"),
    ("gpt-4.1-mini", "2025-04-14"), ("o1", "2024-12-17"), ("gpt-4o-mini", "2024-07-18"), ("gpt-4o", "2024-05-13"),
    ("gpt-3.5-turbo-instruct", "2023-09-18"), ("text-embedding-3-small", "2024-01-22"),
    ("text-embedding-3-large", "2024-01-22"), ("text-embedding-ada-002", "2022-12-16"),
    ("omni-moderation-latest", "2024-11-15"),
)  # fmt: skip

# Name, display name, and what it is asked for.
_CHAT = ("generateContent", "countTokens")
_EMBED = ("embedContent", "batchEmbedContents")
GEMINI = (
    ("gemini-3.8-flash", "Gemini 3.8 Flash", _CHAT),
    ("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", _CHAT),
    ("gemini-3.5-flash", "Gemini 3.5 Flash", _CHAT),
    ("gemini-3.1-pro", "Gemini 3.1 Pro", _CHAT),
    ("gemini-2.5-pro", "Gemini 2.5 Pro", _CHAT),
    ("gemini-2.5-flash", "Gemini 2.5 Flash", _CHAT),
    ("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", _CHAT),
    ("gemini-embedding-001", "Gemini Embedding", _EMBED),
)

_USUAL_PAGE = 20


def anthropic_list(request: Request, _: str = "") -> Reply:
    """``GET /v1/models`` in Anthropic's shape: pages of ``limit`` with ``after_id`` and ``before_id``."""
    wanted = request.query.get("limit", str(_USUAL_PAGE))
    if not wanted.isdigit() or not 1 <= int(wanted) <= 1000:
        raise RefusedError(Refusal(400, "limit: Input should be a valid integer from 1 to 1000"))
    names = [row[0] for row in CLAUDE]
    start, end = 0, len(names)
    after, before = request.query.get("after_id"), request.query.get("before_id")
    if after is not None:
        start = names.index(after) + 1 if after in names else end
    if before is not None:
        end = names.index(before) if before in names else end
        start = max(start, end - int(wanted))
    page = CLAUDE[start:end][: int(wanted)]
    more = start > 0 if before is not None else start + len(page) < end
    data = [_claude(*row) for row in page]
    value = {
        "data": data,
        "has_more": more,
        "first_id": page[0][0] if page else None,
        "last_id": page[-1][0] if page else None,
    }
    return anthropic.answered(value, request.identity)


def anthropic_one(request: Request, model: str) -> Reply:
    """``GET /v1/models/{id}`` in Anthropic's shape."""
    row = next((row for row in CLAUDE if row[0] == model), (model, model, "sonnet", "2026-01-01", 64_000))
    return anthropic.answered(_claude(*row), request.identity)


def openai_list(request: Request, _: str = "") -> Reply:
    """``GET /v1/models`` in OpenAI's shape."""
    return openai_shared.answered(
        {"object": "list", "data": [_gpt(name, day) for name, day in OPENAI]}, request.identity
    )


def openai_one(request: Request, model: str) -> Reply:
    """``GET /v1/models/{id}`` in OpenAI's shape."""
    return openai_shared.answered(_gpt(model, dict(OPENAI).get(model, "2026-01-01")), request.identity)


def gemini_list(request: Request, _: str = "") -> Reply:
    """``GET /v1beta/models``: pages of ``pageSize`` with ``pageToken``."""
    size, token = request.query.get("pageSize", "50"), request.query.get("pageToken", "") or "0"
    if not size.isdigit() or not token.isdigit():
        raise RefusedError(Refusal(400, "* ListModelsRequest.page_size, page_token: unexpected value\n"))
    start, count = int(token), int(size) or 50
    value: dict[str, object] = {"models": [_gemini(*row) for row in GEMINI[start : start + count]]}
    if start + count < len(GEMINI):
        value["nextPageToken"] = str(start + count)
    return gemini.answered(value, request.identity)


def gemini_one(request: Request, model: str) -> Reply:
    """``GET /v1beta/models/{m}``."""
    row = next((row for row in GEMINI if row[0] == model), (model, model, _CHAT))
    return gemini.answered(_gemini(*row), request.identity)


def _moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _claude(name: str, title: str, line: str, day: str, limit: int) -> dict[str, object]:
    return {
        "type": "model",
        "id": name,
        "display_name": title,
        "created_at": f"{day}T00:00:00Z",
        "lifecycle": "active",
        "line": line,
        "max_input_tokens": 200_000,
        "max_tokens": limit,
    }


def _gpt(name: str, day: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": int(_moment(day).timestamp()), "owned_by": "system"}


def _gemini(name: str, title: str, methods: tuple[str, ...]) -> dict[str, object]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": title,
        "description": "Answered by the simulator.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": list(methods),
    }
