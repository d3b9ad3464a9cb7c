"""OpenAI's wire format: Chat Completions, Responses, and the families around them.

Chat streams unnamed data frames, Responses typed events with sequence numbers; both take SSE comments as keep-alives.
Speaks faults in the envelope whose four keys the SDKs read. Pure.
"""

import re
from collections.abc import Sequence

import msgspec

from penstock.core.allowance import Allowance
from penstock.core.dialect import StreamManner, Tally, fault_headers
from penstock.core.document import Facts
from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import Header, RequestHead
from penstock.core.route import Match
from penstock.core.terseness import Speaking
from penstock.dialects.openai import quotas, usage
from penstock.dialects.openai.equipment import Equipping
from penstock.dialects.openai.hearing import Hearing
from penstock.dialects.openai.restoring import Restoring
from penstock.dialects.openai.steering import Steering
from penstock.dialects.openai.walking import WALKING

_CODES = {
    FaultKind.UNAUTHENTICATED: "invalid_api_key",
    FaultKind.REFUSED: "content_policy_violation",
    FaultKind.THROTTLED: "rate_limit_exceeded",
    FaultKind.EXHAUSTED: "insufficient_quota",
    # No client acts on these: it stops at the status and shows the words, where it would compact a conversation at
    # ``context_length_exceeded`` and talk of billing at ``insufficient_quota``.
    FaultKind.TOO_MUCH: "request_exceeds_quota",
    FaultKind.UNPRICED: "model_not_priced",
    FaultKind.NOT_FOUND: "unknown_url",
    FaultKind.ENCODING_UNSUPPORTED: "request_body_encoding_unsupported",
    FaultKind.ENCODING_INVALID: "request_body_encoding_invalid",
    FaultKind.TOO_LARGE_DECODED: "request_body_too_large_after_decoding",
}

_KEEP_ALIVE = b": keep-alive\n\n"

# Chat: complete streams without [DONE] are common among compatible servers, so nothing is missed there.
_CHAT = StreamManner(keep_alive=_KEEP_ALIVE, endings=(b"data: [DONE]",), last=b"[DONE]")
_RESPONSES = StreamManner(
    keep_alive=_KEEP_ALIVE,
    endings=(
        b'"response.completed"',
        b'"response.incomplete"',
        b'"response.failed"',
        b'"response.cancelled"',
        b"event: error",
        b'"type":"error"',
        b'"type": "error"',
        b"data: [DONE]",
    ),
    ending_required=True,
    last=b'"response.completed"',
)
_UNNAMED = frozenset({"chat.completions.create", "completions.create"})
_SEQUENCE = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})')


class OpenAI:
    """The dialect of api.openai.com and of the many servers that speak it."""

    name = "openai"
    speaking: Speaking = Steering()
    equipping = Equipping()
    hearing = Hearing()
    walking = WALKING
    restoring = Restoring()

    def facts(self, match: Match, facts: Facts) -> Facts:
        """Everything stands in the body."""
        del match
        return facts

    def fault(self, fault: Fault, exchange_id: str, asked: RequestHead | None = None) -> Answer:
        """All four keys, ``param`` and ``code`` null where there is nothing to say."""
        headers, error = fault_headers(fault, b"x-request-id", exchange_id), _error(fault)
        if fault.kind is FaultKind.EXHAUSTED and quotas.by_codex(asked):
            error |= quotas.codex_error(fault)
            headers += quotas.codex_headers(fault)
        return Answer(fault.status, headers, msgspec.json.encode({"error": error}))

    def quotas(self, allowance: Allowance, now: float, given: Sequence[Header], *, refused: bool) -> bytes:
        """Those per minute."""
        del refused
        return quotas.lines(allowance, now, given)

    def manner(self, match: Match) -> StreamManner:
        """Comments keep a silent stream alive; only Responses has an ending that is never left out."""
        return _RESPONSES if match.route.operation == "responses.create" else _CHAT

    def broken_off(self, match: Match, fault: Fault, exchange_id: str, last: bytes) -> bytes:
        """Chat: an unnamed frame that holds the error. Elsewhere: an ``error`` event, next in sequence."""
        del exchange_id
        if match.route.operation in _UNNAMED:
            return b"data: " + msgspec.json.encode({"error": _error(fault)}) + b"\n\n"
        numbers = _SEQUENCE.findall(last)
        event = {
            "type": "error",
            "code": _error(fault)["code"] or "server_error",
            "message": fault.words,
            "param": None,
            "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
        }
        return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"

    def tally(self, match: Match) -> Tally | None:
        """As ``usage`` says."""
        return usage.tally(match)

    def credential_header(self, secret: str) -> Header:
        """Always Bearer."""
        return b"authorization", b"Bearer " + secret.encode()

    def required_headers(self, head: RequestHead) -> tuple[Header, ...]:
        """None."""
        del head
        return ()


def _error(fault: Fault) -> dict[str, object]:
    return {
        "message": fault.words,
        "type": quotas.error_type(fault) or ("server_error" if fault.status >= 500 else "invalid_request_error"),
        "param": None,
        "code": fault.code or _CODES.get(fault.kind),
    }
