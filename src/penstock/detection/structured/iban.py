"""International bank account numbers (ISO 13616): the country's length, and check digits by MOD 97-10.

Lengths are those of the SWIFT registry; together or in groups of four, in either case.
"""

import re
from collections import defaultdict

from penstock.detection.rule import Candidate, Rule
from penstock.detection.structured.digits import mod97

_LENGTHS = """
15 NO  16 BE  18 DK FI FO GL NL FK SD  19 MK SI  20 AT BA EE KZ LT LU MN XK  21 CH CR HR LI LV
22 BG BH DE GB GE IE ME RS VA  23 AE GI IL IQ OM SO TL  24 AD CZ ES MD PK RO SA SE SK TN VG
25 LY PT ST  26 IS TR  27 BI DJ FR GR IT MC MR SM  28 AL AZ BY CY DO GT HN HU LB NI PL SV  29 BR EG PS QA UA
30 JO KW MU YE  31 MT SC  32 LC  33 RU
"""


def _countries() -> dict[int, list[str]]:
    countries: dict[int, list[str]] = defaultdict(list)
    length = 0
    for word in _LENGTHS.split():
        if word.isdigit():
            length = int(word)
        else:
            countries[length].append(word)
    return countries


def _forms() -> str:
    """Each length on its own, so that no word that follows is taken for a group."""
    forms = []
    for length, countries in _countries().items():
        groups, rest = divmod(length - 4, 4)
        tail = f"[ -]?[A-Z0-9]{{{rest}}}" if rest else ""
        forms.append(rf"(?:{'|'.join(countries)}) ?\d\d(?:[ -]?[A-Z0-9]{{4}}){{{groups}}}{tail}")
    return "|".join(forms)


def _right(candidate: Candidate) -> bool:
    if "-" in candidate.value and (candidate.value.islower() or "-" in {candidate.before(1), candidate.after(1)}):
        # Pairs of a UUID.
        return False
    value = candidate.value.replace(" ", "").replace("-", "").upper()
    return sum(map(str.isdigit, value)) > 8 and value.isascii() and mod97(value[4:] + value[:4]) == 1


RULES = (
    Rule(
        name="iban.mod97",
        kind="iban",
        pattern=rf"(?i)\b(?:{_forms()})\b",
        sign=rf"(?i)\b(?:{'|'.join(re.findall('[A-Z]{2}', _LENGTHS))}) ?\d\d[ -]?[A-Z0-9]{{4}}[ -]?[A-Z0-9]{{4}}",
        check=_right,
    ),
)
