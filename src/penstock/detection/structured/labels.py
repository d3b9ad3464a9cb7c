"""How a rule is made for numbers that only a word tells: ``SSN: …``, ``"tax_id": "…"``, ``my passport is …``."""

from collections.abc import Callable

from penstock.detection.rule import Candidate, Rule

_BETWEEN = (
    r"(?:\W{0,4}(?:numbers?|num|no|nr|n[°ºo]|nummer|numero|n[úu]mero|num[ée]ro|numer|code|id|kod|card|is|was|ist|est|es|è|"
    r"e|am|on|at|le|il|el|em|são|er|är|on|jest|lautet|of|for|for\W{1,3}\w{1,20})\b){0,4}\W{0,6}"
)
"""What may stand between the word and the number."""


def alone(candidate: Candidate) -> bool:
    """Whether a value is no part of something longer."""
    before, after = candidate.before(2), candidate.after(2)
    if before[-1:].isalnum() or (before[-1:] in set("-._/+") and before[:1].isalnum()):
        return False
    return not after[:1].isalnum() and not (after[:1] in set("-._/+") and after[1:].isalnum())


def beside(name: str, words: str, form: str, right: Callable[[str], bool], kind: str = "national-id") -> Rule:
    """A rule for values of a form that follow a word; ``right`` judges its letters and digits, in capitals."""
    word = rf"(?i)(?:\b|_|^|\W)(?:{words})(?:\b|_|\W)"
    return Rule(
        name=name, kind=kind, pattern=rf"{word}{_BETWEEN}({form})(?:\b|$|\W)", group=1, sign=word, check=_judge(right)
    )


def anywhere(name: str, form: str, right: Callable[[str], bool], kind: str = "national-id", sign: str = "") -> Rule:
    """A rule for values that tell themselves by their form and their check digits."""
    return Rule(name=name, kind=kind, pattern=rf"\b(?:{form})", sign=sign, check=_judge(right))


def _judge(right: Callable[[str], bool]) -> Callable[[Candidate], bool]:
    def check(candidate: Candidate) -> bool:
        return alone(candidate) and right("".join(filter(str.isalnum, candidate.value)).upper())

    return check
