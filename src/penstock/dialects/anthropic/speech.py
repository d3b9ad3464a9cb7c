"""Anthropic's wire format: Messages, token counts, batches, files, models.

Speaks faults so that Anthropic's SDKs and Claude Code do the right thing: envelope and error types from the API's
error page, behaviour observed with Claude Code 2.1 and SDKs 0.x and 2.x. Pure.
"""

from collections.abc import Sequence

import msgspec

from penstock.core.allowance import Allowance
from penstock.core.dialect import StreamManner, Tally, fault_headers
from penstock.core.document import Facts
from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import Header, RequestHead
from penstock.core.route import Match
from penstock.dialects.anthropic import quotas, usage
from penstock.dialects.anthropic.equipment import Equipping
from penstock.dialects.anthropic.hearing import Hearing
from penstock.dialects.anthropic.restoring import Restoring
from penstock.dialects.anthropic.steering import Steering
from penstock.dialects.anthropic.walking import WALKING

# The version that the API assumed before the header was required; clients of that generation may leave it out.
DEFAULT_VERSION = b"2023-06-01"

_TYPES = {
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
}

# SDKs of the second generation make exception classes of those of encodings; the others are for programs.
_CODES = {
    FaultKind.TOO_MUCH: "request_exceeds_quota",
    FaultKind.UNPRICED: "model_not_priced",
    FaultKind.ENCODING_UNSUPPORTED: "request_body_encoding_unsupported",
    FaultKind.ENCODING_INVALID: "request_body_encoding_invalid",
    FaultKind.TOO_LARGE_DECODED: "request_body_too_large_after_decoding",
}

# A relayed ``error`` event ends a stream too, and some compatible servers add OpenAI's ending.
_MANNER = StreamManner(
    keep_alive=b'event: ping\ndata: {"type": "ping"}\n\n',
    endings=(b'"message_stop"', b"event: error", b'"type":"error"', b'"type": "error"', b"data: [DONE]"),
    ending_required=True,
    last=b"message_stop",
)


class Anthropic:
    """The dialect of api.anthropic.com."""

    name = "anthropic"
    speaking = Steering()
    walking = WALKING
    equipping = Equipping()
    hearing = Hearing()
    restoring = Restoring()

    def facts(self, match: Match, facts: Facts) -> Facts:
        """Everything stands in the body."""
        del match
        return facts

    def fault(self, fault: Fault, exchange_id: str, asked: RequestHead | None = None) -> Answer:
        """Statuses and types as the API's; ``request-id`` always, because clients report it."""
        del asked
        headers = fault_headers(fault, b"request-id", exchange_id) + quotas.rejected(fault)
        return Answer(fault.status, headers, msgspec.json.encode(_envelope(fault, exchange_id)))

    def quotas(self, allowance: Allowance, now: float, given: Sequence[Header], *, refused: bool) -> bytes:
        """Rates, and the unified headers for budgets."""
        del now
        return quotas.lines(allowance, given, refused=refused)

    def manner(self, match: Match) -> StreamManner:
        """Pings keep a silent stream alive."""
        del match
        return _MANNER

    def broken_off(self, match: Match, fault: Fault, exchange_id: str, last: bytes) -> bytes:
        """An ``error`` event: without it SDKs return the torso as a success."""
        del match, last
        return b"event: error\ndata: " + msgspec.json.encode(_envelope(fault, exchange_id)) + b"\n\n"

    def tally(self, match: Match) -> Tally | None:
        """As ``usage`` says."""
        return usage.tally(match)

    def credential_header(self, secret: str) -> Header:
        """API keys go in ``x-api-key``; subscription tokens (``sk-ant-oat…``) are only good as Bearer."""
        if secret.startswith("sk-ant-oat"):
            return b"authorization", b"Bearer " + secret.encode()
        return b"x-api-key", secret.encode()

    def required_headers(self, head: RequestHead) -> tuple[Header, ...]:
        """``anthropic-version`` where the client left it out, never another."""
        if head.get(b"anthropic-version") is None:
            return ((b"anthropic-version", DEFAULT_VERSION),)
        return ()


def _type(status: int) -> str:
    return _TYPES.get(status, "invalid_request_error")


def _envelope(fault: Fault, exchange_id: str) -> dict[str, object]:
    error: dict[str, object] = {
        "type": "billing_error" if fault.kind is FaultKind.EXHAUSTED else _type(fault.status),
        "message": fault.words,
    }
    code = fault.code or _CODES.get(fault.kind)
    if code is not None:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": exchange_id}
