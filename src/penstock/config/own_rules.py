"""One row of ``terser.when``, as ``settings`` has the others: a rule of the operator's own for terser answers.

The text under each field is its reference documentation.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from penstock.config.values import Expression, IntensityName, Name, Names


class OwnRuleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `terser.when`: how tersely conversations are answered in which a pattern is found. It decides before
    detection and before what key, team and installation say; a request's own wish comes before it."""

    name: Name
    """What the rule is called where it is told that it decided: in an answer's `Reason`, in the books, by `penstock
    explain` and `penstock try`."""

    match: Expression
    """A regular expression, found anywhere in the text; its syntax is RE2's, without lookaround and backreferences.
    `(?i)` before it makes upper and lower case the same. Of a long text the ends are searched: the first 2,000 and the
    last 800 letters of a user's message, 1,000 and 400 of a system text."""

    where: Literal["user", "system", "model"] = "user"
    """What is searched, all as the conversation's first request has it: the first message of the user, the client's
    system text, or the model's name."""

    intensity: IntensityName
    """How tersely such a conversation is answered. `off` leaves it as it is; `ultra`, which detection never chooses, is
    possible too."""

    priority: int = 0
    """Where several rules are met, the one with the highest number decides; of equals `off` before `lite`, `full` and
    `ultra`, in this order."""

    keys: Annotated[tuple[Names, ...], Meta(min_length=1)] = ()
    """The keys that the rule is for, by their names, as patterns like `ci-*`. Without `keys` and `teams`: for all."""

    teams: Annotated[tuple[Names, ...], Meta(min_length=1)] = ()
    """The teams that the rule is for, beside those `keys`."""
