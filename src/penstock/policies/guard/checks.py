"""The checks of words that one policy asks for, for one key: what to look for, in which kinds of words, what to do.

Each finds spans in a text and says nothing of what it found but where.
"""

import functools
from collections.abc import Callable, Iterator, Sequence

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.finding import Matter
from penstock.core.pattern import Pattern, compiled
from penstock.core.ruling import Action
from penstock.policies.guard.phrases import commanding
from penstock.policies.guard.rules import ContentPolicy, TermList
from penstock.policies.guard.terms import CompiledTerms, terms
from penstock.policies.guard.unseen import unseen

Span = tuple[int, int]

UNTRUSTED = (Matter.RESULT, Matter.DOCUMENT)
"""Words that neither the client's people nor its developers wrote."""

PLACES = {
    Matter.SYSTEM: "the system text", Matter.USER: "a user's message", Matter.ASSISTANT: "a turn of the model's",
    Matter.INPUT: "what the model gave a tool", Matter.RESULT: "what a tool gave back", Matter.DOCUMENT: "a document",
    Matter.DEFINITION: "a tool's definition", Matter.NAME: "the name of a field",
    Matter.IDENTIFIER: "what says who asks", Matter.CREDENTIAL: "a server's address or key",
    Matter.OTHER: "a field of the request",
}  # fmt: skip


class WordCheck(msgspec.Struct, frozen=True):
    """One check of words."""

    name: str
    """As rulings call it."""
    what: str
    """As a refusal calls it."""
    where: tuple[Matter, ...]
    action: Action
    find: Callable[[str], Sequence[Span]]
    put: str
    """What a mask puts in its place."""


def word_checks(policy: ContentPolicy, key: KeyProfile) -> Iterator[WordCheck]:
    """The checks that cost something; those whose action is to allow are left out."""
    for row in policy.terms:
        found = listed(row, key)
        if row.action is not Action.ALLOW:
            yield WordCheck(
                f"terms.{row.name}", "a term that is not allowed", row.where, row.action, found.find, policy.mask
            )
    for one in policy.patterns:
        if one.action is not Action.ALLOW:
            sought = compiled(one.match)
            what = "words of a form that is not allowed"
            find = functools.partial(spans, sought)
            yield WordCheck(f"patterns.{one.name}", what, one.where, one.action, find, policy.mask)
    if policy.unseen is not None and policy.unseen.action is not Action.ALLOW:
        row_where, action = policy.unseen.where, policy.unseen.action
        yield WordCheck("invisible", "characters that nobody can see", row_where, action, unseen, "")
    if policy.injection is not Action.ALLOW:
        what = "a text that gives the model orders"
        yield WordCheck("injection", what, UNTRUSTED, policy.injection, _whole_where_commanding, "")


def listed(row: TermList, key: KeyProfile) -> CompiledTerms:
    """A list of terms as it is for a key."""
    harmless = (phrase for spared in row.spared if spared.bound.holds(key) for phrase in spared.terms)
    return terms(row.terms, tuple(harmless))


def spans(pattern: Pattern, text: str) -> Sequence[Span]:
    """Where a pattern stands, in characters."""
    if pattern.search(text) is None:
        return ()
    data = text.encode("utf-8", "replace")
    # What is too long for it to tell where, is told as all of the text.
    met = list(pattern.spans(data)) or [(0, len(data))]
    if len(data) == len(text):
        return met
    found, byte, place = [], 0, 0
    for start, end in met:
        begun = place + len(data[byte:start].decode("utf-8", "replace"))
        place = begun + len(data[start:end].decode("utf-8", "replace"))
        found.append((begun, place))
        byte = end
    return found


def _whole_where_commanding(text: str) -> Sequence[Span]:
    return [(0, len(text))] * commanding(text)
