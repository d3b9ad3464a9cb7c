"""Google's Gemini wire format, ``v1``, ``v1beta`` and ``v1alpha``.

The model stands in the path, and so does whether the answer streams. Faults are google.rpc statuses. Its clients
take nothing in a silent stream but blank lines. Pure.
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
from penstock.dialects.gemini import quotas, usage
from penstock.dialects.gemini.equipment import Equipping
from penstock.dialects.gemini.hearing import Hearing
from penstock.dialects.gemini.restoring import Restoring
from penstock.dialects.gemini.steering import Steering
from penstock.dialects.gemini.walking import WALKING

# google.rpc.Code and the HTTP statuses that Google maps it to.
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_MANNER = StreamManner(keep_alive=b"\n")
_STREAMED = StreamManner(keep_alive=b"\n", array=True)


class Gemini:
    """The dialect of generativelanguage.googleapis.com."""

    name = "gemini"
    speaking = Steering()
    equipping = Equipping()
    hearing = Hearing()
    walking = WALKING
    restoring = Restoring()

    def facts(self, match: Match, facts: Facts) -> Facts:
        """Model and streaming as the path says; a ``models/`` in front of the name is taken off."""
        model = match.parameter("model")
        return Facts(
            model=facts.model if model is None else model.removeprefix("models/"),
            stream=match.route.operation == "models.streamGenerateContent",
        )

    def fault(self, fault: Fault, exchange_id: str, asked: RequestHead | None = None) -> Answer:
        """An error object with code, message and status, and of quotas the details that Gemini CLI goes by."""
        del asked
        headers = fault_headers(fault, b"x-request-id", exchange_id)
        return Answer(fault.status, headers, msgspec.json.encode(_envelope(fault)))

    def quotas(self, allowance: Allowance, now: float, given: Sequence[Header], *, refused: bool) -> bytes:
        """There are no such headers."""
        del allowance, now, given, refused
        return b""

    def manner(self, match: Match) -> StreamManner:
        """Blank lines keep a silent stream alive; nothing marks its end for certain."""
        return _STREAMED if match.route.operation == "models.streamGenerateContent" else _MANNER

    def broken_off(self, match: Match, fault: Fault, exchange_id: str, last: bytes) -> bytes:
        """A data frame that holds the error object, which both SDKs raise."""
        del match, exchange_id, last
        return b"data: " + msgspec.json.encode(_envelope(fault)) + b"\r\n\r\n"

    def tally(self, match: Match) -> Tally | None:
        """As ``usage`` says."""
        return usage.tally(match)

    def credential_header(self, secret: str) -> Header:
        """API keys go in ``x-goog-api-key``, never in the URL."""
        return b"x-goog-api-key", secret.encode()

    def required_headers(self, head: RequestHead) -> tuple[Header, ...]:
        """None."""
        del head
        return ()


def _status(fault: Fault) -> str:
    # As where billing is not set up: nothing is wrong with the request itself.
    return (
        "FAILED_PRECONDITION" if fault.kind is FaultKind.UNPRICED else _STATUSES.get(fault.status, "INVALID_ARGUMENT")
    )


def _envelope(fault: Fault) -> dict[str, object]:
    error: dict[str, object] = {
        "code": fault.status,
        "message": fault.words,
        "status": _status(fault),
    }
    details = quotas.details(fault)
    return {"error": {**error, "details": details} if details else error}
