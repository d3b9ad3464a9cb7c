"""The table of faults, whole: every row of either side. ``docs/generate_faults.py`` prints it, the tests play it."""

from tests.faults.clients import CLIENTS
from tests.faults.providers import PROVIDERS
from tests.faults.row import Row
from tests.faults.shapes import SHAPES

SIDES: dict[str, tuple[Row, ...]] = {"provider": PROVIDERS, "client": (*CLIENTS, *SHAPES)}
ROWS: dict[str, Row] = {f"the {side} {row.name}": row for side, rows in SIDES.items() for row in rows}

TYPES: dict[str, tuple[str, str, str]] = {
    # kind: Anthropic's error.type, OpenAI's error.type, Gemini's error.status
    "malformed": ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    "too_large": ("request_too_large", "invalid_request_error", "INVALID_ARGUMENT"),
    "too_large_decoded": ("request_too_large", "invalid_request_error", "INVALID_ARGUMENT"),
    "encoding_invalid": ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    "encoding_unsupported": ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    "head_too_large": ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
    "request_timeout": ("invalid_request_error", "invalid_request_error", "DEADLINE_EXCEEDED"),
    "unreachable": ("api_error", "server_error", "UNAVAILABLE"),
    "broken_answer": ("api_error", "server_error", "UNAVAILABLE"),
    "credential_refused": ("api_error", "server_error", "UNAVAILABLE"),
    "timed_out": ("timeout_error", "server_error", "DEADLINE_EXCEEDED"),
}
DIALECTS = ("anthropic", "openai", "gemini")
