"""The checks of a model's words: each is asked of a text that may go on, and says whether it is met in it, and whether
its end may become something to meet.
"""

import re
from collections.abc import Iterator
from typing import Protocol

from penstock.core.caller import KeyProfile
from penstock.core.pattern import Pattern, compiled
from penstock.core.ruling import Action
from penstock.policies.guard.checks import listed, spans
from penstock.policies.guard.links import any_new, begun, leads_out, links
from penstock.policies.guard.rules import ContentPolicy
from penstock.policies.guard.terms import CompiledTerms

CANARY = re.compile(r"CANARY-[A-Za-z0-9]{12,64}")
PATTERN_WINDOW = 1000
"""Characters before new words of a stream that patterns are searched in again."""
_LINK_WINDOW = 3000


class SpokenCheck(Protocol):
    """One check of one policy."""

    name: str
    what: str
    action: Action
    window: int
    """How much of what was said before has to be looked at again when more is said."""

    def met(self, text: str, fresh: int, *, ended: bool) -> bool:
        """Whether it stands in the text and ends behind ``fresh``; not where what follows may change that, unless the
        text has ``ended``."""

    def begins(self, text: str) -> bool:
        """Whether the text's end may become something to meet."""


class SpokenTerms:
    """A list of terms."""

    def __init__(self, name: str, found: CompiledTerms, action: Action) -> None:
        self.name, self.what, self.action = f"answers.terms.{name}", "a term that is not allowed stands in it", action
        self._terms = found
        self.window = 2 * found.longest + 64

    def met(self, text: str, fresh: int, *, ended: bool) -> bool:
        """A word that may go on is not met yet."""
        return any(end >= fresh for _, end in self._terms.find(text) if ended or end < len(text))

    def begins(self, text: str) -> bool:
        """In any of them."""
        return self._terms.begins_at_end(text)


class SpokenPattern:
    """A regular expression. Where it could begin nobody can tell, so that nothing is held back for it."""

    window = PATTERN_WINDOW

    def __init__(self, name: str, pattern: Pattern, action: Action) -> None:
        self.name, self.action = f"answers.patterns.{name}", action
        self.what = "words of a form that is not allowed stand in it"
        self._pattern = pattern

    def met(self, text: str, fresh: int, *, ended: bool) -> bool:
        """In the text as it is."""
        del ended
        return any(end > fresh for _, end in spans(self._pattern, text))

    def begins(self, text: str) -> bool:
        """Nobody knows."""
        del text
        return False


class SpokenCanary:
    """The tokens of a system text."""

    def __init__(self, tokens: frozenset[str], action: Action) -> None:
        self.name, self.what, self.action = "canary", "it repeats what stands in its own system text", action
        self._tokens = {token.lower() for token in tokens}
        self.window = max(map(len, self._tokens), default=0)

    def met(self, text: str, fresh: int, *, ended: bool) -> bool:
        """A token is whole when its last letter is there."""
        del fresh, ended
        lower = text.lower()
        return any(token in lower for token in self._tokens)

    def begins(self, text: str) -> bool:
        """In any of them."""
        tail = text[-self.window :].lower()
        return any(tail.endswith(token[:length]) for token in self._tokens for length in range(1, len(token)))


class SpokenLinks:
    """Links to hosts that are not listed: pictures, or all others."""

    window = _LINK_WINDOW

    def __init__(self, allowed: tuple[str, ...], action: Action, *, images: bool) -> None:
        self.name = "answers.images" if images else "answers.links"
        self.what = f"it {'shows a picture from' if images else 'links to'} a host that is not allowed"
        self.action = action
        self._allowed = allowed
        self._images = images

    def met(self, text: str, fresh: int, *, ended: bool) -> bool:
        """As soon as the host is known."""
        return any_new(text, fresh) and any(
            link.image is self._images and link.end > fresh and leads_out(link, self._allowed)
            for link in links(text)
            if ended or link.settled or link.end < len(text)
        )

    def begins(self, text: str) -> bool:
        """In the middle of one whose host is not known yet."""
        text = text[-_LINK_WINDOW:]
        if not begun(text):
            return False
        return not any(link.end == len(text) and link.settled for link in links(text))


def spoken_checks(policy: ContentPolicy, key: KeyProfile, tokens: frozenset[str]) -> Iterator[SpokenCheck]:
    """What one policy wants to know of answers; those whose action is to allow are left out."""
    answers = policy.answers
    for row in answers.terms:
        if row.action is not Action.ALLOW:
            yield SpokenTerms(row.name, listed(row, key), row.action)
    for one in answers.patterns:
        if one.action is not Action.ALLOW:
            yield SpokenPattern(one.name, compiled(one.match), one.action)
    if answers.links is not None:
        for action, images in ((answers.links.images, True), (answers.links.links, False)):
            if action is not Action.ALLOW:
                yield SpokenLinks(answers.links.allow, action, images=images)
    if tokens and policy.canary is not Action.ALLOW:
        yield SpokenCanary(tokens, policy.canary)
