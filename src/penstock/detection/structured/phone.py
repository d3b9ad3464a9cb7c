"""Telephone numbers: international ones by the world's numbering plans, national ones by their usual forms, all others
by a word that says so.

Digits in a row with nothing said about them are times, identifiers and sizes far more often than telephone numbers.
"""

import re

from penstock.detection.rule import Candidate, Rule
from penstock.detection.structured.digits import only, same
from penstock.detection.structured.plans import international, national

_EXTENSION = r"(?:\s?(?:x|ext\.?|extension|#)\s?\d{1,6})?"
_TAIL = re.compile("[a-z#]")
# A full stop joins digits; with a space behind it, it ends a sentence.
_GAP = r"(?:[ ()/\x{a0}-]{0,3}|\.)"
_ANY = rf"[+(]{{0,2}}\d(?:{_GAP}\d){{6,14}}{_EXTENSION}"

_WORDS = (
    r"(?:\b|_)(?:tele?phones?|phones?|phone[ _-]?(?:number|num|no|nr)s?|tel|fon|fax|tele?fax|facsimile|mobile|mob|"
    r"cell(?:ular|phone)?|landline|hotline|voicemail|whatsapp|sms|pager|"
    r"(?:tele)?fon(?:nummer)?|telefon(?:e|o|os|ní|a|u|szám|numer|nr)?|handy(?:nummer|nr)?|mobil(?:nummer|telefon|nr)?|"
    r"rufnummer|durchwahl|t[ée]l[ée]phone|portable|tel[ée]fono?|m[óo]vil|celular|cellulare|telem[óo]vel|telefoon(?:nummer)?|"
    r"mobiel|gsm|puhelin(?:numero)?|matkapuhelin|komórka|komorka)(?:[_ -]?(?:number|num|no|nr))?(?:\b|_)|"
    r"\b(?:call|reach|ring|text|dial|contact|message)(?: (?:me|us|him|her|them|back|now|to|at|on|under|my \w+)){1,4}\b|"
    r"\b(?:my|your|his|her|their|our)(?: (?:new|old|direct|private|personal|us|uk))? number\b|"
    r"\b(?:desk|office|work|home|direct|main|day|evening) ?:|"
    r"телефон|тел\.|моб\.|τηλ|电话|電話|手机|手機|携帯|전화|휴대폰|phone_?number|phonenumber|mobilenumber"
)
_HINTS = (
    r"\b(?:call(?:ed|ing|s)?|dial(?:ed|ing)?|ring|text(?:ed|ing)?|reach(?:ed|able)?|answering|contact(?:ed)?|messages?|"
    r"registered|office|desk|home|work|direct|switchboard|extension|caller|"
    r"numbers?|helpline|appel[eé]z|anrufen?|"
    r"erreichbar|ll[aá]m\w{1,5}|chiam\w{1,5}|bel)\b"
)
_FOLLOWING = r"(?:office|home|work|desk|fixed|direct)\b"
_FOLLOWING_SURELY = r"(?:fax|mobile|cell|phone|tel|mobil|landline)\b"

_NEAR = re.compile(rf"(?i){_WORDS}|{_HINTS}")
_DATE = re.compile(r"(?:19|20)\d\d([-/. ])\d\d?\1\d\d?(?!\d)|\d\d?([-/. ])\d\d?\2(?:19|20)\d\d(?!\d)")
_SUM = re.compile(r"\+ \d+$|\+ ?\d+[./]\d+$")
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}$|\d+\.\d+$")


def _apart(candidate: Candidate) -> bool:
    """Whether it is no part of something longer, and no time, date, fraction or network address."""
    before, after = candidate.before(2), candidate.after(2)
    if before[-1:].isalnum() or (before[-1:] in set("._-/:=+#$€£@%&~*") and before[:1].isalnum()):
        return False
    if after[:1].isalnum() or after[:1] in set("_%@") or (after[:1] in set(".-:/+ ,") and after[1:].isdigit()):
        return False
    value = candidate.value
    return not (_DATE.search(value) or _DOTTED.match(value) or same(only(value)))


def _international(candidate: Candidate) -> bool:
    value = candidate.value
    before = candidate.before(1)
    if before.isalnum() or before in {"+", ".", ")", "_", "="} or candidate.after(1).isalpha():
        return False
    if _SUM.match(value):
        return False
    number, *_ = _TAIL.split(value, maxsplit=1)
    if value.startswith("00"):
        return _apart(candidate) and international(only(number)[2:], strict=True)
    # The zero in brackets is left out by those who call from elsewhere.
    return international(only(number.replace("(0)", "")), strict=number[1:].isdigit())


def _trunk(candidate: Candidate) -> bool:
    """With the zero in front that most plans have."""
    digits = only(candidate.value)
    groups = re.findall(r"\d+", candidate.value)
    separators = re.findall(r"\D+", candidate.value.lstrip("("))
    if not (9 <= len(digits) <= 12 and _apart(candidate)) or digits.startswith("00"):
        return False
    if len(groups) < 3 and not (candidate.value.startswith("(") or _NEAR.search(candidate.before(60))):
        return False
    if len(set(separators[1:])) > 1 or any(len(group) == 1 for group in groups):
        return False
    if "." in separators and max(map(len, groups)) > 3:
        return False
    return national(digits)


def _labelled(candidate: Candidate) -> bool:
    return _apart(candidate) and 7 <= len(only(candidate.value.partition("x")[0])) <= 15


def _hinted(candidate: Candidate) -> bool:
    """Near a word that says other things too: it must look like a telephone number besides."""
    value = candidate.value
    if not _labelled(candidate) or value.count("(") != value.count(")") or re.search(r"\d\.\d{1,2}$", value):
        return False
    groups = [len(group) for group in re.findall(r"\d+", value)]
    if len(groups) == 2 and value[:1] not in {"+", "0", "("}:
        return groups in ([3, 4], [4, 4], [3, 3], [2, 6], [3, 6], [2, 7])
    return len(groups) > 2 or (value[:1] in {"+", "0", "("} and len(value) > 8)


RULES = (
    Rule(
        name="phone.international",
        kind="phone",
        pattern=(
            rf"\+ ?\(?\d{{1,3}}\)?(?:[ ()./\x{{a0}}-]{{0,3}}\d){{6,13}}{_EXTENSION}"
            rf"|\b00[1-9]\d{{0,2}}(?:[ -]\d{{2,4}}){{2,4}}{_EXTENSION}\b"
        ),
        sign=r"\+ ?\(?\d\d?\d?[ ()./-]{0,3}\d|\+ ?\d{6}|\b00[1-9]\d{0,2}[ -]\d\d",
        check=_international,
    ),
    Rule(
        name="phone.north-american",
        kind="phone",
        pattern=(
            rf"(?:(?:\b1[-. ])?(?:\([2-9]\d\d\) ?|\b[2-9]\d\d-)\d{{3}}-\d{{4}}"
            rf"|(?:\b1\.)?\b[2-9]\d\d\.\d{{3}}\.\d{{4}}){_EXTENSION}\b"
        ),
        check=_apart,
    ),
    Rule(
        name="phone.trunk",
        kind="phone",
        pattern=(
            r"\(0[1-9]\d{0,3}\) ?\d{2,4}(?:[ -]?\d{2,4}){1,3}\b|"
            r"\b0[1-9]\d{0,3}[ ./-](?:\d{2,4}(?:[ .-]\d{2,4}){1,4}|\d{5,8})\b"
        ),
        check=_trunk,
    ),
    Rule(
        name="phone.labelled",
        kind="phone",
        pattern=rf"(?i)(?:{_WORDS})[^\d+(]{{0,25}}({_ANY})",
        group=1,
        sign=rf"(?i)(?:{_WORDS})",
        check=_labelled,
    ),
    Rule(
        name="phone.hinted",
        kind="phone",
        pattern=rf"(?i){_HINTS}[\pL\s:,.'’#-]{{0,25}}[\s:]({_ANY})",
        group=1,
        sign=rf"(?i){_HINTS}[\pL\s:,.'’#-]*[\s:][+(]*\d[\d ()./-]",
        check=_hinted,
    ),
    Rule(
        name="phone.followed",
        kind="phone",
        pattern=rf"(?i)({_ANY})[ \x{{a0}}]?[-–(:]?[ \x{{a0}}]?{_FOLLOWING}",
        group=1,
        sign=rf"(?i)\d[ \x{{a0}}]?[-–(:]?[ \x{{a0}}]?{_FOLLOWING}",
        check=_hinted,
    ),
    Rule(
        name="phone.followed-surely",
        kind="phone",
        pattern=rf"(?i)({_ANY})[ \x{{a0}}]?[-–(:]?[ \x{{a0}}]?{_FOLLOWING_SURELY}",
        group=1,
        sign=rf"(?i)\d[ \x{{a0}}]?[-–(:]?[ \x{{a0}}]?{_FOLLOWING_SURELY}",
        check=_labelled,
    ),
)
