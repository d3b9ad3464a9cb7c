"""Payment card numbers (ISO/IEC 7812): a right Luhn digit, and an issuer's range and length or a word such as card.

One number of ten passes the Luhn sum by chance, so digits in a row with nothing said about them must be of an issuer
that gives out numbers of that length, and 12, 13 and 19 of them, as times and identifiers have, are left alone.
"""

import re

from penstock.detection.rule import Candidate, Rule
from penstock.detection.structured.digits import luhn, only, same

# First digits as in the issuers' published ranges, and lengths.
_ISSUERS = (
    ("visa", 4, 4, 1, (13, 16, 19)),
    ("mastercard", 51, 55, 2, (16,)),
    ("mastercard", 2221, 2720, 4, (16,)),
    ("amex", 34, 34, 2, (15,)),
    ("amex", 37, 37, 2, (15,)),
    ("discover", 6011, 6011, 4, (16, 19)),
    ("discover", 644, 659, 3, (16, 19)),
    ("diners", 300, 305, 3, (14, 16)),
    ("diners", 309, 309, 3, (14, 16)),
    ("diners", 36, 36, 2, (14, 16)),
    ("diners", 38, 39, 2, (14, 16)),
    ("jcb", 3528, 3589, 4, (16,)),
    ("unionpay", 62, 62, 2, (16, 17, 18, 19)),
    ("unionpay", 81, 81, 2, (16,)),
    ("maestro", 5018, 5018, 4, (16, 18)),
    ("maestro", 5020, 5020, 4, (16, 18)),
    ("maestro", 5038, 5038, 4, (16, 18)),
    ("maestro", 6304, 6304, 4, (16, 18)),
    ("maestro", 6759, 6763, 4, (16, 18)),
    ("mir", 2200, 2204, 4, (16,)),
    ("rupay", 60, 60, 2, (16,)),
    ("troy", 9792, 9792, 4, (16,)),
)
_WORDS = re.compile(
    r"(?i)(?:\bc(?:redit|harge|heck)?[ _-]?cards?|\bcards?|card[ _-]?(?:number|no|num|nr)|\bcc|\bpan|\bvisa|"
    r"master[ _-]?card|\bmaestro|\bamex|american express|\bdiners|\bdiscover|\bjcb|kreditkarten?|karten?|\bkarte|"
    r"carte|tarjeta|carta|cart[ãa]o|kaart|kort|karta|karty|kortti|kart[ıi]?)(?:[^a-z]|number|nummer|nr|no|num|$)"
)
_GROUPS = r"\d{4}(?:[ -]\d{4}){3}(?:[ -]?\d{3})?|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{4}(?:[ -]\d{4}){2}[ -]\d{1,3}"


_BEFORE = re.compile(r"(\d{12,19})[\s,;|\"']{1,6}$")
_AFTER = re.compile(r"[\s,;|\"']{1,6}(\d{12,19})")


def _issued(digits: str) -> bool:
    return any(
        first <= int(digits[:places]) <= last and len(digits) in lengths for _, first, last, places, lengths in _ISSUERS
    )


def _alone(candidate: Candidate) -> bool:
    before, after = candidate.before(2), candidate.after(2)
    # Part of a longer number, a fraction, an identifier with hyphens, a word.
    if before[-1:].isalnum() or after[:1].isalnum() or (before[-1:] in {".", "_", "-", "+", "#"} and before[:1] != " "):
        return False
    return not (after[:1] in {".", "-"} and after[1:].isdigit()) and after[:1] != "_"


def _said(candidate: Candidate) -> bool:
    return _WORDS.search(candidate.before(60)) is not None


def _together(candidate: Candidate) -> bool:
    digits = candidate.value
    if not luhn(digits) or same(digits) or not _alone(candidate):
        return False
    if len(digits) in {14, 15, 16} and _issued(digits) and not _among_others(candidate):
        return True
    return _said(candidate)


def _among_others(candidate: Candidate) -> bool:
    """Whether it stands beside a number as long that is no card's: in a list of identifiers, one of ten passes."""
    beside = (_BEFORE.search(candidate.before(40)), _AFTER.match(candidate.after(40)))
    return any(match is not None and not luhn(match[1]) for match in beside)


def _grouped(candidate: Candidate) -> bool:
    digits = only(candidate.value)
    if not luhn(digits) or same(digits) or not _alone(candidate):
        return False
    separators = set(re.findall(r"\D", candidate.value))
    return len(separators) == 1 and (_issued(digits) or _said(candidate))


RULES = (
    Rule(name="card.luhn", kind="card", pattern=r"\b\d{12,19}\b", check=_together),
    Rule(name="card.grouped", kind="card", pattern=rf"\b(?:{_GROUPS})\b", check=_grouped),
)
