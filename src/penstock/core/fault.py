"""Faults: what went wrong, whose it is, whether a retry can help, and what the reader can do next.

One frozen value, one exception that carries it. A fault knows no wire format: each dialect speaks it in its own
envelope. Any other exception is a bug and becomes ``INTERNAL`` in one place, ``gateway.py``.
"""

from enum import Enum

import msgspec

from penstock.core.allowance import Held


class Blame(Enum):
    """Who has to change something for the request to work."""

    CLIENT = "client"
    GATEWAY = "gateway"
    UPSTREAM = "upstream"


class FaultKind(Enum):
    """Each kind: its label, HTTP status, blame, whether the same request may be sent again."""

    MALFORMED = ("malformed", 400, Blame.CLIENT, False)
    UNAUTHENTICATED = ("unauthenticated", 401, Blame.CLIENT, False)
    CREDENTIAL_MISSING = ("credential_missing", 400, Blame.CLIENT, False)
    MISROUTED = ("misrouted", 400, Blame.CLIENT, False)
    REFUSED = ("refused", 400, Blame.CLIENT, False)
    NOT_FOUND = ("not_found", 404, Blame.CLIENT, False)
    OBJECT_NOT_FOUND = ("object_not_found", 404, Blame.CLIENT, False)
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, Blame.CLIENT, False)
    REQUEST_TIMEOUT = ("request_timeout", 408, Blame.CLIENT, True)
    TOO_LARGE = ("too_large", 413, Blame.CLIENT, False)
    ENCODING_UNSUPPORTED = ("encoding_unsupported", 400, Blame.CLIENT, False)
    ENCODING_INVALID = ("encoding_invalid", 400, Blame.CLIENT, False)
    TOO_LARGE_DECODED = ("too_large_decoded", 413, Blame.CLIENT, False)
    UPGRADE_REFUSED = ("upgrade_refused", 426, Blame.CLIENT, False)
    THROTTLED = ("throttled", 429, Blame.CLIENT, True)
    """Too fast: the same request passes a little later."""
    EXHAUSTED = ("exhausted", 429, Blame.CLIENT, False)
    """A quota or budget is used up: to wait for it in a loop is no use."""
    TOO_MUCH = ("too_much", 400, Blame.CLIENT, False)
    """It may use more than a quota ever lets pass, or nobody can say how much: no waiting helps."""
    UNPRICED = ("unpriced", 400, Blame.CLIENT, False)
    """A quota counts money, and the model has no price."""
    HEAD_TOO_LARGE = ("head_too_large", 431, Blame.CLIENT, False)
    INTERNAL = ("internal", 500, Blame.GATEWAY, False)
    UNREACHABLE = ("unreachable", 502, Blame.UPSTREAM, True)
    BROKEN_ANSWER = ("broken_answer", 502, Blame.UPSTREAM, False)
    CREDENTIAL_REFUSED = ("credential_refused", 502, Blame.GATEWAY, False)
    OVERLOADED = ("overloaded", 503, Blame.GATEWAY, True)
    TIMED_OUT = ("timed_out", 504, Blame.UPSTREAM, False)

    def __init__(self, label: str, status: int, blame: Blame, retryable: bool) -> None:  # noqa: FBT001 - a table's column
        self.label = label
        self.status = status
        self.blame = blame
        self.retryable = retryable


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault.

    ``words`` are for the caller: what happened and what to do next, without any private value. ``detail`` is for
    the operator's log. ``retryable`` overrides the kind's answer where the moment decides (a request that was never
    sent may be tried again). ``retry_after`` is in seconds: of ``THROTTLED`` until the request passes, of ``EXHAUSTED``
    until its quota is fresh again. ``code`` is a dialect's own machine-readable code.
    """

    kind: FaultKind
    words: str
    detail: str = ""
    retryable: bool | None = None
    retry_after: int | None = None
    retry_after_ms: int | None = None
    """The same, exactly, where seconds are too coarse."""
    code: str | None = None
    allow: tuple[str, ...] = ()
    held: Held | None = None
    """The quota that refused, as it stands; of ``OVERLOADED``: the one that can't be asked."""
    before: bytes = b""
    """Whole events of a running stream that it comes in, which go out before its end."""
    ending: bytes = b""
    """What ends that stream, whole events; empty: the dialect's own error."""

    @property
    def status(self) -> int:
        """The HTTP status that makes clients do the right thing."""
        return self.kind.status

    @property
    def blame(self) -> Blame:
        """Whose fault it is."""
        return self.kind.blame

    @property
    def may_retry(self) -> bool:
        """Whether sending the same request again can help."""
        return self.kind.retryable if self.retryable is None else self.retryable


class FaultError(Exception):
    """Carries a Fault to where it is answered."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


def refuse(kind: FaultKind, words: str, *, detail: str = "", code: str | None = None) -> FaultError:
    """A FaultError of this kind with these words, ready to be raised."""
    return FaultError(Fault(kind=kind, words=words, detail=detail, code=code))
