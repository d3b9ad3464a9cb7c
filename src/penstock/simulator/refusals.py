"""Requests that are refused: one neutral value, spelled in the envelope of the dialect that was spoken.

Wordings follow the providers' own where clients are known to read them.
"""

import msgspec

from penstock.core.head import Header
from penstock.simulator.identity import Identity


class Refusal(msgspec.Struct, frozen=True):
    """A status and words; ``param`` and ``code`` where a dialect has a place for them."""

    status: int
    words: str
    param: str | None = None
    code: str | None = None
    headers: tuple[Header, ...] = ()
    delay: float = 0.0
    """Seconds to wait before refusing."""


class RefusedError(Exception):
    """Carries a Refusal to where it is spelled."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.words)
        self.refusal = refusal


_ANTHROPIC = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 405: "invalid_request_error", 409: "conflict_error", 413: "request_too_large",
    429: "rate_limit_error", 500: "api_error", 501: "not_supported", 503: "overloaded_error",
    504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip

_OPENAI = {
    401: "authentication_error", 403: "permission_error", 429: "requests", 500: "server_error",
    502: "server_error", 503: "server_error", 504: "server_error",
}  # fmt: skip

_OPENAI_CODES = {401: "invalid_api_key", 404: "not_found", 429: "rate_limit_exceeded"}

_GEMINI = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    405: "INVALID_ARGUMENT", 409: "ABORTED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def anthropic_envelope(refusal: Refusal, identity: Identity) -> bytes:
    """``{"type": "error", …}``."""
    fallback = "api_error" if refusal.status >= 500 else "invalid_request_error"
    error: dict[str, object] = {
        "type": _ANTHROPIC.get(refusal.status, fallback),
        "message": refusal.words,
    }
    if refusal.code is not None:
        error["details"] = {"error_code": refusal.code}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": anthropic_request_id(identity)})


def anthropic_request_id(identity: Identity) -> str:
    """As in the ``request-id`` header."""
    return identity.name("req_01", "request")


def openai_envelope(refusal: Refusal) -> bytes:
    """``{"error": {…}}`` with all four keys."""
    fallback = "server_error" if refusal.status >= 500 else "invalid_request_error"
    error = {
        "message": refusal.words,
        "type": _OPENAI.get(refusal.status, fallback),
        "param": refusal.param,
        "code": refusal.code or _OPENAI_CODES.get(refusal.status),
    }
    return msgspec.json.encode({"error": error})


def gemini_envelope(refusal: Refusal) -> bytes:
    """``{"error": {"code", "message", "status"}}``, with a RetryInfo where a retry-after header tells one."""
    fallback = "INTERNAL" if refusal.status >= 500 else "INVALID_ARGUMENT"
    error: dict[str, object] = {
        "code": refusal.status,
        "message": refusal.words,
        "status": _GEMINI.get(refusal.status, fallback),
    }
    wait = next((value.decode() for name, value in refusal.headers if name == b"retry-after"), "")
    if wait.isdigit():
        info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"}
        error["details"] = [info]
    return msgspec.json.encode({"error": error})
