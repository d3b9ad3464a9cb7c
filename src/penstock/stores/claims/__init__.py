"""What gateways ask each other of conversations, through a store that they share: has it been decided, and if not, may
this stand?

One question does both, so that of two that begin a conversation at the same moment one learns what the other decided.
``conversations`` asks, and only of what this process does not know. Where nothing answers in time, it decides alone.
"""

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec

from penstock.core.counting import Unanswered
from penstock.core.terseness import Decided

KEPT_SECONDS = 3 * 86_400
"""How long a decision is kept after its conversation was last heard of."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What one process asks of one conversation."""

    beginning: str
    """A keyed hash, of the tenant too."""
    tenant: str
    proposed: Decided | None = None
    """To stand from now on where nobody has decided; None: it is only asked."""
    words: str = ""
    """The text of the proposed version."""
    outdated: Decided | None = None
    """Gives way to what is proposed, where this is what stands."""


class Precedent(msgspec.Struct, frozen=True, gc=False):
    """What somebody decided before."""

    decided: Decided
    words: str | None
    """The text of its version, as far as the store has it."""


Answered = Callable[[Precedent | Unanswered | None], None]
"""None: nobody had decided, and what was proposed stands."""


class Claims(Protocol):
    """Where decisions are shared. All of it belongs to the event loop."""

    records: bool
    """It keeps them in the database of record, where every process finds them again."""

    def claim(self, claim: Claim, answered: Answered) -> None:
        """Asks; ``answered`` is called once, within the store's deadline."""

    def followed(self) -> Collection[str]:
        """Tenants some of whose conversations have words to keep, as others said some moments ago."""

    async def begin(self) -> None:
        """Before the first request: know what others have said, if the store answers."""

    async def close(self) -> None:
        """Ask no more."""
