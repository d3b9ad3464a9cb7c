"""What takes a provider's answer from its connection, and the faults that only a connection can tell apart."""

from typing import Protocol

from penstock.core.fault import Fault
from penstock.core.head import ResponseHead


class Receiver(Protocol):
    """Takes one answer."""

    def head(self, head: ResponseHead) -> None:
        """Status and headers, exactly once."""

    def data(self, data: bytes) -> None:
        """Body bytes as they arrived, chunk framing taken off."""

    def end(self) -> None:
        """The answer is complete."""

    def failed(self, fault: Fault) -> None:
        """The answer will never be complete."""


class StaleConnectionFault(Fault, frozen=True, kw_only=True):
    """A reused connection closed before any byte of an answer: the request may go out once more on a fresh one."""


class UnknownCodingError(ValueError):
    """The answer's transfer coding is none that was asked for."""


class NoStatusError(ValueError):
    """The answer's three digits are no status that a client could act on (RFC 9110 15)."""
