"""Whether a message asks again for what the answer before it left out: "in more detail", "why?", "the whole file".

A pure function of that one message's own words, in all languages of ``reasks.toml`` at once, for short messages do not
show theirs. Only short ones count: a long one is a new question, and so is one with code in it. Decides nothing: what
it says is counted on both sides of the measurement, so that its mistakes are made on both alike.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from penstock.policies.compress.lexicon import BREAKS, GAPLESS_LETTERS, TOKEN
from penstock.policies.compress.phrases import Gapless, Spaced, gapless, spaced

PROSE = 300
"""Letters of a message that may ask again: a new question has more as a rule."""
_READ = 2_000
"""A longer message is not looked into, whatever it quotes."""
_NEAR = 6
"""Words between what is to be whole and what asks for it: "the whole list, sorted" asks for nothing."""
_AROUND = 8
"""So much politeness is passed over in front of a request, and behind it."""
_LONGEST = 8
"""Words of what asks again alone."""
_FENCES = ("```", "~~~")


def asks_again(said: Sequence[str]) -> bool:
    """Whether a message that is made of these texts does. A text that stands in tags from end to end is the client's
    and not its user's: Claude Code puts reminders beside what is asked."""
    own = "\n".join(text for one in said if (text := one.strip()) and not (text[0] == "<" and text[-1] == ">"))
    if not own or len(own) > _READ or any(fence in own for fence in _FENCES):
        return False
    # Behind a > stands what the model said.
    prose = "\n".join(line for line in own.split("\n") if not line.lstrip().startswith(">")).strip()
    return 0 < len(prose) <= PROSE and _asks(prose.lower().replace("’", "'"))


def prepare() -> None:
    """Builds the tables, so that no request waits for them."""
    _phrases()


class _Phrases(msgspec.Struct, frozen=True):
    spaced: Spaced
    gapless: tuple[Gapless, ...]


@functools.cache
def _phrases() -> _Phrases:
    return _Phrases(spaced(), gapless())


def _asks(text: str) -> bool:
    phrases, tokens = _phrases(), TOKEN.findall(text)
    places = phrases.spaced.places(tokens)
    if "more" in places or _near(places.get("whole", ()), places.get("want", ())):
        return True
    words = [token for token in tokens if token not in BREAKS]
    if _alone(words, phrases.spaced):
        return True
    if text.isascii() or GAPLESS_LETTERS.search(text) is None:
        return False
    letters = "".join(words)
    return any(_asks_without_gaps(letters, language) for language in phrases.gapless)


def _near(whole: Iterable[int], want: Sequence[int]) -> bool:
    return any(abs(one - other) <= _NEAR for one in whole for other in want)


def _alone(words: Sequence[str], phrases: Spaced) -> bool:
    """Whether nothing else is said than one of these, but for politeness."""
    if len(words) > _LONGEST + 2 * _AROUND:
        return False
    numbered = ["#" if phrases.is_number(word) else word for word in words]
    first, last = _passed(words, phrases.before), _passed(reversed(words), phrases.after)
    return any(
        " ".join(numbered[start : len(numbered) - left]) in phrases.alone
        for start in range(first + 1)
        for left in range(last + 1)
        if len(numbered) - start - left <= _LONGEST
    )


def _passed(words: Iterable[str], polite: frozenset[str]) -> int:
    passed = 0
    for word in words:
        if word not in polite or passed == _AROUND:
            break
        passed += 1
    return passed


def _asks_without_gaps(letters: str, phrases: Gapless) -> bool:
    if any(mark in letters for mark in phrases.more):
        return True
    if any(mark in letters for mark in phrases.whole) and any(mark in letters for mark in phrases.want):
        return True
    return any(one in phrases.alone for one in _bared(letters, phrases))


def _bared(text: str, phrases: Gapless) -> Iterator[str]:
    """The text, and what is left of it whenever something polite is taken off."""
    yield text
    for _ in range(_AROUND):
        shorter = next((text.removeprefix(one) for one in phrases.before if text.startswith(one)), text)
        if shorter == text:
            shorter = next((text.removesuffix(one) for one in phrases.after if text.endswith(one)), text)
        if shorter == text:
            return
        text = shorter
        yield text
