"""How much a request may use at most, as far as it says so itself. Values; each dialect reads them from its bodies.

What a body does not hold (a file that it names, a page that a tool of the provider's fetches) is said to stand
elsewhere: there the size of the body says nothing. Who can't read a body says that nothing is known of it.
"""

from typing import Protocol

import msgspec

from penstock.core.route import Match


class Demand(msgspec.Struct, frozen=True, gc=False):
    """Of one request, or of one line of a batch."""

    model: str = ""
    """Empty: the one that the whole request names."""
    size: int = 0
    """Bytes of JSON, of which no token is made of less than one."""
    tools: int = 0
    """How many tools it declares: for each the provider adds words of its own."""
    elsewhere: bool = False
    """Some of what the model reads does not stand in the body as words: a picture, a file, an earlier answer."""
    output: int | None = None
    """The most tokens of one answer; None: as many as the model can."""
    answers: int = 1
    """How many answers are asked for; 0: no words come back."""
    rounds: int = 1
    """How often the model may be run, because a tool of the provider's gives it something to read in between."""
    calls: tuple[str, ...] = ()
    """Names of such tools, as they are priced, once for each call that may be made."""
    unbounded: str = ""
    """Why no bound can be known, in words for the caller; empty: there is one."""


class Demanding(Protocol):
    """Reads demands. Pure; never raises, whatever the bytes are."""

    def __call__(self, match: Match, body: bytes) -> tuple[Demand, ...]:
        """One for each request in the body; what can't be read is ``unbounded``."""
