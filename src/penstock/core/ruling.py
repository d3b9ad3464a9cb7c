"""What a content policy found in a request or its answer and did about it: values, for headers, the books and people.

No ruling ever holds what was matched. Also here: for whom a policy holds, and the words of a refusal, which every room
of policies says alike.
"""

from collections.abc import Iterable
from enum import Enum

import msgspec

from penstock.core.caller import KeyProfile, matches
from penstock.core.fault import Fault, FaultKind


class Action(Enum):
    """What is done about something that was found; of several the one that stands last here decides."""

    ALLOW = "allow"
    """Nothing, and nothing is written down: a check that is switched off."""
    FLAG = "flag"
    MASK = "mask"
    ROUTE = "route-to"
    BLOCK = "block"


class Side(Enum):
    """Where it was found."""

    REQUEST = "request"
    ANSWER = "answer"


class Ruling(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One check that has met something in one exchange.

    Positional on the wire, like the entry that it stands in: fields are added at the end, with defaults.
    """

    policy: str
    version: str
    """A hash of the policy as it stands in the configuration."""
    check: str
    """The kind of check, and behind a dot the row's own name where it has one: ``terms.projects``."""
    action: Action
    """What was done; with ``enforced`` False, what would have been."""
    side: Side
    count: int = 1
    enforced: bool = True
    """False: the policy only watches."""
    place: str = ""
    """The kind of words that it stood in first, as ``Matter`` spells it; empty where it stood in no words."""

    @property
    def told(self) -> str:
        """In an answer's header: ``block``, or ``would-block`` where the policy only watches."""
        return self.action.value if self.enforced else f"would-{self.action.value}"


class Destination(msgspec.Struct, frozen=True, gc=False):
    """Where a policy sends a request in place of where it would have gone: a provider's name, and maybe a model."""

    provider: str
    model: str | None
    policy: str


class Bound(msgspec.Struct, frozen=True):
    """For whom a policy holds: keys and teams by glob patterns of their names; without any, for all."""

    keys: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()

    def holds(self, key: KeyProfile) -> bool:
        """Whether it holds for requests with this key."""
        if not self.keys and not self.teams:
            return True
        return matches(self.keys, key.name) or (key.team is not None and matches(self.teams, key.team))


def told(rulings: Iterable[Ruling]) -> str:
    """Policies and what they did, for a header: ``house=block, watch=would-mask``. The strictest of each."""
    order = list(Action)
    strictest: dict[str, Ruling] = {}
    for ruling in rulings:
        known = strictest.get(ruling.policy)
        if known is None or order.index(ruling.action) > order.index(known.action):
            strictest[ruling.policy] = ruling
    return ", ".join(f"{name}={ruling.told}" for name, ruling in strictest.items())


def refusal(policy: str, what: str, contact: str, side: Side = Side.REQUEST) -> Fault:
    """The fault of a policy that blocks: ``what`` says what kind of thing was met, never the thing."""
    about = "request" if side is Side.REQUEST else "answer"
    words = f"This gateway's content policy {policy!r} does not let this {about} through: {what}. Ask {contact}."
    return Fault(kind=FaultKind.REFUSED, words=words)
