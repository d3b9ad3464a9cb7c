"""Which intensity suits a conversation, read from what is fixed at its first request. Pure; no clock, no memory.

Signs are asked in an order: what leaves an answer alone first, ``full`` last, and only for what looks like an open
question and like nothing else. ``ultra`` is never chosen here. It knows no overrides, defaults, structural exemptions
or arms: those are decided elsewhere, and come first. Reasoning models are no sign: the words do no harm there, and what
they save is counted on the visible answer alone.

Only the ends of long texts are read: an instruction stands before or behind the material that it is about. One that
stands in the middle is missed.
"""

import re
from collections.abc import Sequence

import msgspec

from penstock.core.terseness import Intensity, Opening
from penstock.policies.compress.ends import of_system, of_user
from penstock.policies.compress.lexicon import FoundSigns, find
from penstock.policies.compress.orders import imagined, made, reworked, written
from penstock.policies.compress.own_rules import OwnRule, deciding
from penstock.policies.compress.question_kinds import question_kind
from penstock.policies.compress.reasons import INTENSITIES, Class, Detected, Reason
from penstock.policies.compress.shapes import formulas, identifiers, is_code

SMALL_CAP = 150
"""Output tokens at which nothing is left to save; also the usual cap of titles, labels and classifications."""
SMALL_BILLIONS = 10.0
"""Parameters, in thousands of millions, below which a model counts as small where its name tells."""

# "llama-3.2-3b", "gemma-3n-e4b"; not "70b", nor the experts of "8x7b" and the active ones of "30b-a3b".
_BILLIONS = re.compile(r"(?<![0-9a-z.])e?([0-9]{1,3}(?:\.[0-9]{1,2})?)b(?![a-z0-9])")
_SMALL = re.compile(r"(?<![a-z])(?:nano|tiny|tinyllama|smollm[0-9]?)(?![a-z])")

# Points: a sign of a subject counts two, one in daily use one (lexicon groups).
PROGRAM = 4
"""Code that is more than a word in passing."""
SUMS = 6
"""Mathematics so plain that "write" and "you are" stand in a problem."""
SOME_SUMS = 4
HINT = 3
"""Too much code or arithmetic for a plain question."""

_CLASSES = {
    Reason.CREATIVE: Class.CREATIVE,
    Reason.TEXT_WORK: Class.TEXT_WORK,
    Reason.HIGH_STAKES: Class.HIGH_STAKES,
    Reason.SENSITIVE: Class.HIGH_STAKES,
    Reason.MATHS: Class.MATHS,
    Reason.CODE: Class.CODE,
    Reason.LOADED: Class.QUESTION,
    Reason.QUESTION: Class.QUESTION,
}


class Points(msgspec.Struct, frozen=True, gc=False):
    """How much of each subject is in a text."""

    code: int
    maths: int
    stakes: int
    sensitive: int
    technical: bool
    """Words of making and writing are part of a task here: not by words in daily use alone, which long texts gather."""


def detect(opening: Opening, model: str, *, known: bool, rules: Sequence[OwnRule]) -> Detected:
    """The intensity for a conversation that begins so.

    ``known``: more is known of the model than its name. ``rules``: the operator's own for this key, in their order
    (``own_rules.holding``); the first that is met decides, and nothing is against it.
    """
    text = of_user(opening)
    user = find(text)
    content = _content(user, _points(user, text))
    klass = _CLASSES.get(content, Class.OTHER)
    if (rule := deciding(rules, opening, model)) is not None:
        return Detected(rule.intensity, Reason.OWN_RULE, klass, rule.name)
    reason = _conditions(opening, model, known=known) or _system(of_system(opening)) or _decided(content, user)
    if INTENSITIES[reason] is Intensity.FULL and opening.tools:
        reason = Reason.TOOLS
    return Detected(INTENSITIES[reason], reason, klass)


def is_small(model: str) -> bool:
    """Whether a model's name says that it has few parameters."""
    name = model[:200].lower()
    sizes = [float(size) for size in _BILLIONS.findall(name)]
    return (max(sizes) < SMALL_BILLIONS) if sizes else _SMALL.search(name) is not None


def _conditions(opening: Opening, model: str, *, known: bool) -> Reason | None:
    # A cap of nothing is a request that only fills a cache: the turn that it prepares is answered at length.
    if opening.cap is not None and 0 < opening.cap <= SMALL_CAP:
        return Reason.SMALL_CAP
    if is_small(model):
        return Reason.SMALL_MODEL
    return None if known else Reason.UNKNOWN_MODEL


def _system(text: str) -> Reason | None:
    """What the client's own system text asks for already."""
    if not text:
        return None
    system = find(text)
    if system.many("brief"):
        return Reason.BREVITY
    if any(system.many(group) for group in ("persona", "length", "depth", "form")):
        return Reason.STYLE
    return Reason.HIGH_STAKES if system.many("stakes") else None


def _decided(content: Reason, user: FoundSigns) -> Reason:
    """The user's demands on the answer come before its matter."""
    if user.many("brief") and content is not Reason.CREATIVE:
        return Reason.BREVITY
    if user.many("length") or user.many("depth"):
        return Reason.LENGTH
    return Reason.FORM if user.many("form") else content


def _points(user: FoundSigns, text: str) -> Points:
    shaped, sums = is_code(text), formulas(text)
    code = 2 * (user.many("code") + identifiers(text)) + user.many("program") + (PROGRAM if shaped else 0)
    maths = 2 * user.many("maths") + user.many("figures") + sums + min(_quantities(user), 3)
    programmed = code >= PROGRAM and (shaped or user.many("code") >= 2)
    reckoned = maths >= SUMS and (sums >= 2 or user.many("maths") >= 2)
    return Points(code, maths, user.many("stakes"), user.many("sensitive"), programmed or reckoned)


def _quantities(user: FoundSigns) -> int:
    """Different numbers that are no years."""
    numbers = {token for token in user.tokens if token[0].isdigit()}
    return sum(not (len(number) == 4 and number.isdecimal() and "1000" <= number <= "2100") for number in numbers)


def _content(user: FoundSigns, points: Points) -> Reason:
    """What it is about, whatever else is asked of the answer."""
    ordered = made(user, technical=points.code >= PROGRAM, programmed=points.code >= 2)
    return _product(user, points, ordered) or _subject(user, points, ordered) or question_kind(user)


def _product(user: FoundSigns, points: Points, ordered: Reason | None) -> Reason | None:
    """A text that is wanted for itself, or a voice."""
    if ordered is Reason.CREATIVE or (ordered is not Reason.CODE and not points.technical and imagined(user)):
        return Reason.CREATIVE
    if points.technical or ordered is Reason.CODE:
        return None
    if ordered is Reason.TEXT_WORK or reworked(user) or written(user):
        return Reason.TEXT_WORK
    return Reason.STYLE if user.many("role") else None


def _subject(user: FoundSigns, points: Points, ordered: Reason | None) -> Reason | None:
    """A subject in which more than filler could be lost, the gravest first."""
    if points.stakes or (points.sensitive >= 2 and not points.technical):
        return Reason.HIGH_STAKES
    if points.code >= PROGRAM or ordered is Reason.CODE:
        return Reason.MATHS if points.maths > points.code else Reason.CODE
    if points.maths >= SOME_SUMS:
        return Reason.MATHS
    if user.many("code") and points.code >= HINT:
        return Reason.CODE
    if points.sensitive:
        return Reason.SENSITIVE
    if user.many("code") or points.code >= HINT:
        return Reason.CODE
    return Reason.MATHS if user.many("maths") or points.maths >= HINT else None
