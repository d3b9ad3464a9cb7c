"""What is to become of what is found, for one key: values that settings are turned into, and nothing else."""

from collections.abc import Mapping
from enum import Enum

import msgspec

from penstock.core.finding import Detector
from penstock.core.text import Sort


class Treatment(Enum):
    """What becomes of a value."""

    MASK = "mask"
    """A token goes out in its place, and the value comes back in the answer."""
    REDACT = "redact"
    """A token goes out in its place, and stays: the value never comes back."""
    FLAG = "flag"
    """It goes out as it is, and is counted."""
    BLOCK = "block"
    """The request is refused."""
    ALLOW = "allow"
    """It goes out, and nobody looks for it."""
    SCAN = "scan"
    """Of PDFs: their words are looked through, and it goes out if nothing in them would have to change."""


class Back(Enum):
    """Where secrets are restored."""

    NEVER = "never"
    TOOLS = "tools"
    """In what the model gives to a tool: a file that it edits keeps its keys, and no chat shows them."""
    ALWAYS = "always"


class KindRule(msgspec.Struct, frozen=True):
    """One kind of value."""

    label: str
    """What its tokens begin with: two to eight capital letters."""
    action: Treatment
    back: Back = Back.ALWAYS


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service."""

    name: str
    kind: str
    """``presidio``, ``http`` or ``chat``."""
    provider: str
    path: str
    model: str
    kinds: Mapping[str, str]
    """What it calls a kind, and what that is here; what stands not here is passed over."""
    language: str
    score: float
    seconds: float
    unavailable: Treatment
    """What is done when no answer comes: ``BLOCK`` or ``ALLOW``."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that holds for one key."""

    version: str
    """A hash of everything here that decides what is sent."""
    detector: Detector
    kinds: Mapping[str, KindRule]
    """By name; what is found and stands not here is allowed."""
    attached: Mapping[Sort, Treatment]
    """What becomes of what can't be read: ``ALLOW``, ``FLAG`` or ``BLOCK``; of PDFs also ``SCAN``."""
    services: tuple[Service, ...] = ()
    """Who is asked as well."""
    never: frozenset[str] = frozenset()
    """Values that are left alone, case-folded."""
    unreadable: Treatment = Treatment.BLOCK
    """What becomes of a body that can't be walked at all."""

    def masks(self, kind: str) -> bool:
        """Whether values of this kind go out as tokens."""
        return kind in self.kinds and self.kinds[kind].action in {Treatment.MASK, Treatment.REDACT}
