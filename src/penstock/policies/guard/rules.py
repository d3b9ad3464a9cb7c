"""Content policies as data: what the operator wrote, in the shapes that the checks read.

``governing`` makes them of the configuration.
"""

import msgspec

from penstock.core.finding import Matter
from penstock.core.ruling import Action, Bound

EVERYWHERE = tuple(Matter)


class Named(msgspec.Struct, frozen=True):
    """What is allowed by name, as glob patterns."""

    allow: tuple[str, ...]
    action: Action


class Spared(msgspec.Struct, frozen=True):
    """Words in which terms do not count, for whom."""

    terms: tuple[str, ...]
    bound: Bound


class TermList(msgspec.Struct, frozen=True):
    """Words and phrases to look for."""

    name: str
    terms: tuple[str, ...]
    spared: tuple[Spared, ...]
    where: tuple[Matter, ...]
    action: Action


class Expression(msgspec.Struct, frozen=True):
    """A pattern to look for."""

    name: str
    match: str
    where: tuple[Matter, ...]
    action: Action


class Size(msgspec.Struct, frozen=True):
    """Most bytes and messages."""

    body: int | None
    messages: int | None
    action: Action


class Attachments(msgspec.Struct, frozen=True):
    """Sorts that are allowed, as ``core.text.Sort`` spells them; how many, and of how many bytes each."""

    allow: tuple[str, ...]
    most: int | None
    size: int | None
    action: Action


class Tools(msgspec.Struct, frozen=True):
    """Allowed and denied, as glob patterns."""

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    action: Action


class Unseen(msgspec.Struct, frozen=True):
    """Characters that nobody sees."""

    where: tuple[Matter, ...]
    action: Action


class Links(msgspec.Struct, frozen=True):
    """Hosts that answers may link to, as glob patterns."""

    allow: tuple[str, ...]
    images: Action
    links: Action


class Answers(msgspec.Struct, frozen=True):
    """What is looked for in answers."""

    terms: tuple[TermList, ...] = ()
    patterns: tuple[Expression, ...] = ()
    links: Links | None = None


class ContentPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy."""

    name: str
    version: str = ""
    """A hash of it as it stands in the configuration."""
    bound: Bound = Bound()
    enforced: bool = True
    contact: str = "your gateway's operator"
    mask: str = "[removed]"
    route_to: tuple[str, str | None] | None = None
    """A provider's name, and the model to ask there."""
    unreadable: Action = Action.BLOCK
    models: Named | None = None
    operations: Named | None = None
    size: Size | None = None
    attachments: Attachments | None = None
    tools: Tools | None = None
    mcp: Named | None = None
    terms: tuple[TermList, ...] = ()
    patterns: tuple[Expression, ...] = ()
    unseen: Unseen | None = None
    injection: Action = Action.ALLOW
    canary: Action = Action.ALLOW
    answers: Answers = Answers()
