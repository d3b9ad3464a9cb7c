"""How values come back into a dialect's answers: whole ones, and streams however they are cut into frames."""

from typing import Protocol

from penstock.core.mask import Masks
from penstock.core.route import Match


class Lanes(Protocol):
    """One stream's texts, each held back only as far as it may end in the beginning of a token."""

    def frames(self, frames: bytes) -> bytes:
        """Whole events as the client gets them. What is held back of a text comes with its next event, and before the
        event that ends it; all other events keep their bytes and their order. Never raises, whatever the bytes are:
        what can't be read passes with its tokens."""

    def rest(self) -> bytes:
        """What is still held back when a stream breaks off, as the events in which it would have come."""


class Restoring(Protocol):
    """Where tokens are restored in a dialect's answers: in what the model says, refuses and gives to tools; never in
    thinking, signatures, ids or names. Pure."""

    def whole(self, match: Match, body: bytes, masks: Masks) -> bytes:
        """A whole answer with its values, every other byte kept; the same object where no token stands in it. Never
        raises: what can't be read passes with its tokens."""

    def lanes(self, match: Match, masks: Masks) -> Lanes:
        """For one stream of this operation."""

    def passing(self, match: Match, masks: Masks) -> Lanes | None:
        """For an answer of bytes, such as a file, which passes in pieces that are cut anywhere; None where it holds no
        words. What is held back is no more than a line."""
