"""What somebody orders: a thing to be made, a text to be written or worked over, a story to go on with.

Reads what ``lexicon`` found. Orders are told from questions about those who make things by how the sentence begins.
"""

from bisect import bisect_right

from penstock.policies.compress.lexicon import GAPLESS, Found
from penstock.policies.compress.reasons import Reason

WINDOW = 16
"""Words between a verb such as "write" and the thing that is to be written."""
OPENING = 12
"""Words at the beginning within which a thing is named that is asked for without a verb: "a script of …"."""
STORY = 120
"""Words from which on a text can be known as a story by who is in it."""
CAST = 25
"""In a story at least one word in so many stands for somebody in it."""

_THINGS = {"tool": Reason.CODE, "prose": Reason.TEXT_WORK, "tale": Reason.CREATIVE, "poetry": Reason.CREATIVE}
"""What the groups of things are; a word in two of them is what the later one says."""
_PEOPLE = frozenset(
    ["he", "she", "him", "her", "his", "hers", "they", "them", "i", "my", "me", "said", "says", "asked"]
)
# Before a verb these make an order or a wish of it.
_ASKING = frozenset(
    ["please", "kindly", "you", "to", "me", "i", "and", "then", "now", "also", "help", "could", "can", "want", "lets",
     "let's", "bitte", "mir", "moi", "favor", "favore", "мне"]
)  # fmt: skip


def made(user: Found, *, technical: bool) -> Reason | None:
    """What is to be made: the first thing after a verb of making, or at the very beginning without one."""
    things = {at: reason for group, reason in _THINGS.items() for at in user.at(group)}
    things |= dict.fromkeys(user.at("script"), Reason.CODE if technical else Reason.CREATIVE)
    if not things:
        return None
    if user.language in GAPLESS:
        return things[min(things)] if user.at("produce") and not technical else None
    for verb in user.at("produce"):
        if _is_ordered(user, verb) and (thing := _first_thing(user, things, verb + 1, WINDOW)) is not None:
            return thing
    if technical or _is_question(user, user.starts[0]) or user.starts[0] in user.at("explain"):
        return None
    return Reason.CREATIVE if _first_thing(user, things, user.starts[0], OPENING) is Reason.CREATIVE else None


def _first_thing(user: Found, things: dict[int, Reason], start: int, window: int) -> Reason | None:
    for at in range(start, min(start + window, len(user.tokens))):
        if user.tokens[at] in ".!?\n":
            return None
        if at in things:
            # The head of an English compound comes last: a poem generator script is a script.
            return Reason.CODE if Reason.CODE in (things.get(at + 1), things.get(at + 2)) else things[at]
    return None


def imagined(user: Found) -> bool:
    """A role, a voice, a world of somebody's own: many words of that kind outside a question, or a story."""
    # Where words have endings and gaps that are not known here, a poem that is named at all is taken as asked for.
    if user.many("poetry") and (not user.language or user.language in GAPLESS):
        return True
    if _is_question(user, user.starts[0] if user.starts else 0):
        return False
    signs = 2 * user.many("poetry") + user.many("tale") + 2 * user.many("style")
    return signs >= (2 if user.many("style") else 3) or _is_story(user)


def _is_story(user: Found) -> bool:
    """A long text in which he, she and they do things, and hardly anything is asked. English only."""
    people = sum(token in _PEOPLE for token in user.tokens)
    return len(user.tokens) > STORY and people * CAST > len(user.tokens) and user.tokens.count("?") < 3


def written(user: Found) -> bool:
    """Somebody is told to write, whatever it is: the text is the product."""
    return _is_told_to(user, "writing")


def reworked(user: Found) -> bool:
    """A text is to be translated, rewritten, repeated."""
    return _is_told_to(user, "rework")


def _is_told_to(user: Found, group: str) -> bool:
    if user.language in GAPLESS:
        return bool(user.at(group))
    starts = set(user.starts)
    return any(
        (at in starts or user.tokens[at - 1] in _ASKING or not user.language) and _is_ordered(user, at)
        for at in user.at(group)
    )


def _is_ordered(user: Found, verb: int) -> bool:
    """Whether a verb stands in no question about somebody who does it."""
    return not _is_question(user, user.starts[max(bisect_right(user.starts, verb) - 1, 0)])


def _is_question(user: Found, start: int) -> bool:
    tokens = user.tokens
    if "you" in tokens[start + 1 : start + 3]:
        return False
    return start in user.at("asking") or (start in user.at("yesno") and "?" in tokens)
