"""What somebody orders: a thing to be made, a text to be written or worked over, a story to go on with.

Reads what ``lexicon`` found. Orders are told from questions about those who make things by how the sentence begins.
"""

from bisect import bisect_right

from penstock.policies.compress.lexicon import GAPLESS, FoundSigns
from penstock.policies.compress.reasons import Reason

WINDOW = 16
"""Words between a verb such as "write" and the thing that is to be written."""
OPENING = 12
"""Words at the beginning within which a thing is named that is asked for without a verb: "a script of …"."""
TITLE = 4
"""The same for a letter or an article, of which people talk more than of poems."""
STORY = 120
"""Words from which on a text can be known as a story by who is in it."""
CAST = 25
"""In a story at least one word in so many stands for somebody in it."""

_THINGS = {"tool": Reason.CODE, "prose": Reason.TEXT_WORK, "tale": Reason.CREATIVE, "poetry": Reason.CREATIVE}
"""What the groups of things are; a word in two of them is what the later one says."""
LINE = 30
_ARTICLES = frozenset(["a", "an", "ein", "eine", "un", "une", "una", "um", "uma"])
_PEOPLE = frozenset(
    ["he", "she", "him", "her", "his", "hers", "they", "them", "i", "my", "me", "said", "says", "asked"]
)
_PREPOSITIONS = frozenset(["about", "on", "of", "in", "for", "from", "with", "by", "like", "and", "or", "to", "as"])
# Before a verb these make an order or a wish of it.
_ASKING = frozenset(
    ["please", "kindly", "you", "to", "me", "i", "and", "then", "now", "also", "help", "could", "can", "want", "lets",
     "let's", "bitte", "mir", "moi", "favor", "favore", "мне"]
)  # fmt: skip


def made(user: FoundSigns, *, technical: bool, programmed: bool) -> Reason | None:
    """What is to be made: the first thing after a verb of making, or at the very beginning without one.

    ``technical``: the text is about code; ``programmed``: it names some, which makes a script a program.
    """
    things = {at: reason for group, reason in _THINGS.items() for at in user.at(group)}
    things |= dict.fromkeys(user.at("script"), Reason.CODE if programmed else Reason.CREATIVE)
    if not things:
        return None
    if user.language in GAPLESS:
        if not user.at("produce"):
            return None
        return Reason.CODE if technical else things[min(things)]
    for verb in user.at("produce"):
        if _is_ordered(user, verb) and (thing := _first_thing(user, things, verb + 1, WINDOW)) is not None:
            return thing
    return None if technical or not _is_titled(user) else _titled(user, things)


def _titled(user: FoundSigns, things: dict[int, Reason]) -> Reason | None:
    if _first_thing(user, things, user.starts[0], OPENING) is Reason.CREATIVE:
        return Reason.CREATIVE
    return Reason.TEXT_WORK if _first_thing(user, things, user.starts[0], TITLE) is Reason.TEXT_WORK else None


def _is_titled(user: FoundSigns) -> bool:
    """Whether the text begins like the name of a thing that is wanted, and with no question or request to explain."""
    start = user.starts[0]
    end = user.starts[1] if len(user.starts) > 1 else len(user.tokens)
    return start not in user.at("explain") and not _is_question(user, start) and "?" not in user.tokens[start:end]


def _first_thing(user: FoundSigns, things: dict[int, Reason], start: int, window: int) -> Reason | None:
    for at in range(start, min(start + window, len(user.tokens))):
        if user.tokens[at] in ".!?\n":
            return None
        if at in things:
            return Reason.CODE if _is_compound(user, things, at) else things[at]
    return None


def _is_compound(user: FoundSigns, things: dict[int, Reason], at: int) -> bool:
    """A poem generator script is a script, a poem about SQL a poem: the head of an English compound comes last."""
    if things.get(at + 1) is Reason.CODE:
        return True
    return things.get(at + 2) is Reason.CODE and user.tokens[at + 1] not in _PREPOSITIONS


def imagined(user: FoundSigns) -> bool:
    """A role, a voice, a world of somebody's own: many words of that kind outside a question, or a story."""
    # Where words have endings and gaps that are not known here, a poem that is named at all is taken as asked for.
    if user.many("poetry") and (not user.language or user.language in GAPLESS):
        return True
    first = user.starts[0] if user.starts else 0
    if _is_question(user, first) or (first in user.at("explain") and not user.many("style")):
        return False
    signs = 2 * user.many("poetry") + user.many("tale") + 2 * user.many("style")
    return signs >= (2 if user.many("style") else 3) or _is_story(user)


def _is_story(user: FoundSigns) -> bool:
    """A long text in which he, she and they do things, and hardly anything is asked. English only."""
    people = sum(token in _PEOPLE for token in user.tokens)
    return len(user.tokens) > STORY and people * CAST > len(user.tokens) and user.tokens.count("?") < 3


def written(user: FoundSigns) -> bool:
    """Somebody is told to write, whatever it is, or a thing is named that is wanted: the text is the product."""
    return _is_told_to(user, "writing") or _is_thing(user)


def _is_thing(user: FoundSigns) -> bool:
    """A single short line that begins with an article, and asks nothing: "an argument between the sun and the moon"."""
    tokens = user.tokens
    return len(user.starts) == 1 and len(tokens) < LINE and tokens[user.starts[0]] in _ARTICLES and "?" not in tokens


def reworked(user: FoundSigns) -> bool:
    """A text is to be translated, rewritten, repeated."""
    return _is_told_to(user, "rework")


def _is_told_to(user: FoundSigns, group: str) -> bool:
    if user.language in GAPLESS:
        return bool(user.at(group))
    starts = set(user.starts)
    return any(
        (at in starts or user.tokens[at - 1] in _ASKING or not user.language) and _is_ordered(user, at)
        for at in user.at(group)
    )


def _is_ordered(user: FoundSigns, verb: int) -> bool:
    """Whether a verb stands in no question about somebody who does it."""
    return not _is_question(user, user.starts[max(bisect_right(user.starts, verb) - 1, 0)])


def _is_question(user: FoundSigns, start: int) -> bool:
    tokens = user.tokens
    if not {"you", "u"}.isdisjoint(tokens[start + 1 : start + 3]):
        return False
    return start in user.at("asking") or (start in user.at("yesno") and "?" in tokens)
