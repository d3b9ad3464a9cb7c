"""What one policy says of a whole request, block verdicts at hand: which checks were met, and what is to be done.

Counts, names and sorts; the words themselves are ``checks``'.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from penstock.core.caller import matches
from penstock.core.equipment import Equipment
from penstock.core.ruling import Action
from penstock.core.text import Sort
from penstock.policies.guard.checks import PLACES, WordCheck
from penstock.policies.guard.rules import ContentPolicy

_SORTS = {
    Sort.IMAGE: "an image", Sort.AUDIO: "audio", Sort.PDF: "a PDF", Sort.FILE: "a file",
    Sort.ELSEWHERE: "something that stands elsewhere, named by an address or an id",
    Sort.UNKNOWN: "a part of an unknown form",
}  # fmt: skip
_PLACES = {matter.value: words for matter, words in PLACES.items()}


class Raised(msgspec.Struct, frozen=True, gc=False):
    """A check that was met."""

    check: str
    action: Action
    what: str
    """For the caller: the kind of thing, never the thing."""
    count: int = 1
    place: str = ""


class Contents(msgspec.Struct, frozen=True):
    """What has been read of a request."""

    operations: tuple[str, str]
    """Its operation, without and with the dialect before it."""
    models: tuple[str, ...]
    size: int
    equipment: Equipment | None
    """None: a place that may hold tools can't be read."""
    sorts: Counter[Sort] = Counter()
    largest: Mapping[Sort, int] = {}
    readable: bool = True
    tokens: frozenset[str] = frozenset()
    """The canaries of its system text."""


def by_name(policy: ContentPolicy, contents: Contents) -> Iterator[Raised]:
    """The checks that need nothing but names and numbers."""
    if policy.operations and not any(matches(policy.operations.allow, name) for name in contents.operations):
        yield Raised("operations", policy.operations.action, "it allows other operations than this one")
    if policy.models and any(not matches(policy.models.allow, name) for name in contents.models):
        yield Raised("models", policy.models.action, "it allows other models than this one")
    size = policy.size
    if size is not None and size.body is not None and contents.size > size.body:
        yield Raised("size.body", size.action, f"it allows {size.body} bytes and there are {contents.size}")
    found = contents.equipment
    if size is not None and size.messages is not None and found is not None and found.turns > size.messages:
        yield Raised("size.messages", size.action, f"it allows {size.messages} messages and there are {found.turns}")
    yield from _equipment(policy, found)


def _equipment(policy: ContentPolicy, found: Equipment | None) -> Iterator[Raised]:
    tools, mcp = policy.tools, policy.mcp
    if tools is not None:
        if found is None:
            yield Raised("tools", tools.action, "its tools can't be read")
        else:
            others = [name for name in found.tools if not _allowed(name, tools.allow, tools.deny)]
            if others:
                yield Raised("tools", tools.action, "it declares a tool that is not allowed", len(others))
    if mcp is not None:
        if found is None:
            yield Raised("mcp", mcp.action, "its MCP servers can't be read")
        else:
            hosts = [name for name in found.servers if not matches(mcp.allow, name.lower())]
            if hosts:
                yield Raised("mcp", mcp.action, "it names an MCP server that is not allowed", len(hosts))


def _allowed(name: str, allow: tuple[str, ...], deny: tuple[str, ...]) -> bool:
    return (not allow or matches(allow, name)) and not matches(deny, name)


def by_words(checks: Sequence[tuple[int, WordCheck]], met: Mapping[int, tuple[int, str]]) -> Iterator[Raised]:
    """The checks of words, of which the blocks have told."""
    for number, check in checks:
        if number in met:
            count, place = met[number]
            yield Raised(check.name, check.action, f"{check.what} stands in {_PLACES[place]}", count, place)


def by_attachments(policy: ContentPolicy, contents: Contents) -> Iterator[Raised]:
    """What is sent along."""
    limits = policy.attachments
    if limits is None:
        return
    other = [sort for sort in contents.sorts if sort.value not in limits.allow]
    if other:
        count = sum(contents.sorts[sort] for sort in other)
        yield Raised("attachments", limits.action, f"it holds {_SORTS[other[0]]}", count)
    count = contents.sorts.total()
    if limits.most is not None and count > limits.most:
        yield Raised("attachments.most", limits.action, f"it allows {limits.most} attachments and there are {count}")
    if limits.size is not None and any(size > limits.size for size in contents.largest.values()):
        yield Raised("attachments.size", limits.action, f"it allows attachments of {limits.size} bytes each")


def reads_words(policy: ContentPolicy, checks: Sequence[tuple[int, WordCheck]]) -> bool:
    """Whether anything depends on what the request says, so that it must be possible to read it."""
    return bool(checks) or policy.attachments is not None or policy.canary is not Action.ALLOW
