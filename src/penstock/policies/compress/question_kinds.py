"""What kind of question stands in a text that shows no subject of its own: one on a premise, an open one, or none."""

from penstock.policies.compress.lexicon import GAPLESS, FoundSigns
from penstock.policies.compress.reasons import Reason

# Before "you" these address the model, or say nothing of anybody: "how do you boil an egg".
_ADDRESSING = frozenset(
    ["can", "could", "would", "will", "do", "did", "want", "need", "like", "ask", "thank", "are", "have", "may"]
)
# Before "explain" and the like these make it a request.
_REQUESTING = frozenset(["please", "you", "to", "me", "and", "then", "now", "can", "kindly", "also", "bitte", "favor"])

POLITE = 5
"""Words after "can you" within which "explain" makes a request of it."""


def question_kind(user: FoundSigns) -> Reason:
    """Which of them it is."""
    if user.many("loaded") or _of_people(user) or _yes_or_no(user):
        return Reason.LOADED
    if not user.language:
        return Reason.UNKNOWN_LANGUAGE
    return Reason.QUESTION if _open(user) else Reason.PLAIN


def _open(user: FoundSigns) -> bool:
    if user.language in GAPLESS:
        return bool(user.many("asking") or user.many("explain"))
    starts, tokens = set(user.starts), user.tokens
    if any(at in starts or tokens[at - 1] in _REQUESTING for at in user.at("explain")):
        return True
    return any(at in starts for at in user.at("asking")) or (bool(user.at("asking")) and "?" in tokens)


def _of_people(user: FoundSigns) -> bool:
    """Whether it is about people at large, of whom more is believed than is true."""
    tokens = user.tokens
    return any(not tokens[at].startswith("you") or tokens[at - 1] not in _ADDRESSING for at in user.at("people"))


def _yes_or_no(user: FoundSigns) -> bool:
    """Whether a sentence states something and asks whether it is so. "Can you explain …" does not."""
    if user.language in GAPLESS:
        return bool(user.at("yesno")) and not user.at("asking")
    starts, explain = set(user.starts), user.at("explain")
    return any(
        at in starts
        and not (user.tokens[at + 1 : at + 2] == ["you"] and any(at < each < at + POLITE for each in explain))
        for at in user.at("yesno")
    )
