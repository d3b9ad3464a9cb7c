"""What a model says in its answers: whole ones, and streams event by event; and how a stream is ended in mid-word.

For policies that look at answers and change none of them. A dialect knows where the words stand, and what it has to
write so that its clients take a broken sentence for a refusal and never for a finished call of a tool.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from penstock.core.fault import Fault
from penstock.core.route import Match


class Kind(Enum):
    """What kind of words."""

    TEXT = "text"
    """What people read; refusals too."""
    THINKING = "thinking"
    ARGUMENTS = "tool-input"
    """What a tool is given, as JSON text or a leaf of it."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """Some words, and what they continue."""

    lane: str
    """Words of one lane are one text, however it was cut."""
    kind: Kind
    words: str
    ends: bool = False
    """Nothing follows in this lane."""


class Listening(Protocol):
    """Follows one stream. Never raises, whatever the bytes are: what can't be read says nothing."""

    def frames(self, frames: bytes) -> Sequence[Said]:
        """What these whole events say."""

    def standing(self) -> object:
        """Where the stream stands after them, for ``cut``. A value: what comes later does not change it."""


class Hearing(Protocol):
    """Finds the words in a dialect's answers. Pure."""

    def whole(self, match: Match, body: bytes) -> Sequence[Said] | None:
        """What a whole answer says, each lane at once; None where it is no JSON and can't be read."""

    def listening(self, match: Match) -> Listening:
        """For one stream of this operation."""

    def cut(self, match: Match, standing: object, fault: Fault, exchange_id: str) -> bytes:
        """The events with which a stream that stands there ends as a refusal, with the fault's words in it; empty where
        only an error can end it: a call of a tool has begun, which must not seem complete, or a quota is used up, which
        is no refusal of what was said."""
