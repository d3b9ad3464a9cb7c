"""Names that a text announces: "my name is", "Dear", a title, a label, a greeting's end, the head of a mail.

One pattern for each kind of cue, searched for by RE2 in the whole text; what stands behind it is then read word by
word. After the strongest cues small letters will do, where lists know the words as names.
"""

import functools
import re
from collections.abc import Iterator, Sequence

from penstock.core.finding import Pause, paced, unhurried
from penstock.detection.names.lists import ANY_NAME, GIVEN, OPENING, OTHER, TAIL, WORD, folded
from penstock.detection.names.runs import CAPITAL, PARTICLE, PARTICLES, ROLES, inner
from penstock.detection.prefilter import Characters, Prefilter, spans, uncounted
from penstock.detection.rule import Rule

_SAYS_NAME = (
    r"(?i)\b(?:(?:my|his|her|their|your|maiden|full|first|last|real|the|partner's|husband's"
    r"|wife's)\s(?:\w{1,12}\s)?name(?:\sis|'s|:)"
    r"|called\sme|i\sam\scalled|mein\sname\sist|ich\shei(?:ß|ss)e|je\sm'appelle|mon\snom\sest|me\sllamo"
    r"|mi\snombre\ses|mi\schiamo"
    r"|mijn\snaam\sis|ik\sheet|nazywam\ssię|jag\sheter|jeg\shedder|jeg\sheter|meu\snome\sé|benim\sadım"
    r"|under\sthe\sname(?:\sof)?"
    r"|what's\syour\sname\?|what\sis\syour\sname\?|name\sto|name\son\sthe\scard(?:\sis|:))\s{1,2}"
)
_TITLE = (
    r"\b(?:[Mm](?:rs?|s|x)\b\.?|MRS?\.?|MS\.|Miss|[Dd]r\.|Dr|DR\.?|[Pp]rof\.|Prof|Professor|Dame|Herrn?"
    r"|HERR|Frau|FRAU|Monsieur|Madame|Mme|Mlle"
    r"|M\.|Señora?|Sra?\.|Srta\.|Don|Doña|Signora?|Sig\.|Sig\.ra|Dott\.(?:ssa)?|Mevrouw|Meneer|Dhr\."
    r"|Mevr\.|Pan[ií]?|Sayın|Shri|Smt\.)\s"
    r"(?:(?:Dr|Prof|med|h\.c|Ing)\.\s){0,3}(\p{Lu})"
)
_GREETING = (
    r"(?m)(?:^|[.!?\"'>]\s?)(?:Dear|Hi|Hello|Hey|Hallo|Hi\sthere|Good\s(?:morning|afternoon|evening)"
    r"|Liebe[r]?|Cher|Chère|Estimad[oa]|Querid[oa]|Caro|Cara|Ciao|Beste|Kære|Kjære|Hej|Bonjour"
    r"|Hola)[ ,]{1,2}"
)
_FAREWELL = (
    r"(?m)^[ \t>]*(?:(?:(?:Best|Kind|Warm(?:est)?|With)\s(?:\w+\s)?)?[Rr]egards|Sincerely(?:\syours)?"
    r"|Yours(?:\s\w+)?|Cheers|Many\sthanks"
    r"|Thanks(?:\sagain)?|Thank\syou|Best(?:\swishes)?|All\sthe\sbest|Love|Mit\sfreundlichen\sGrü(?:ß"
    r"|ss)en|(?:Viele|Liebe|Beste)\sGrü(?:ß|ss)e"
    r"|Cordialement|Bien\sà\svous|Saludos(?:\scordiales)?|Atentamente|Cordiali\ssaluti|Un\ssaluto"
    r"|Met\svriendelijke\sgroet(?:en)?"
    r"|Atenciosamente|Abraços|Med\svenlig\shilsen|Vennlig\shilsen|Med\svänliga\shälsningar|Pozdrawiam"
    r"|Saygılarımla)[ \t]*[,.!]?[ \t]*\r?\n[ \t>]*(?:\r?\n[ \t>]*)?[-–—]{0,2}[ ]?"
)
_LABEL = (
    r"(?im)(?:^|[|;,>(*\t]|\s-\s)[ \t*]*(?:full\s|first\s|last\s|given\s|family\s|customer\s|patient\s"
    r"|contact\s|employee\s|card\s?holder'?s?\s|account\s|emergency\s)?"
    r"(?:name|customer|client|patient|contact(?:\sperson)?|employee|attn\.?|attention|passenger|guest"
    r"|applicant|card\s?holder|account\sholder"
    r"|beneficiary|recipient|tenant|insured|next\sof\skin|reporter|assignee|author|written\sby"
    r"|reviewed\sby|signed(?:\sby)?|signed-off-by|co-authored-by"
    r"|reported-by|reviewed-by|from|to|cc|kunde|kundin|patientin|ansprechpartner(?:in)?|nom|prénom|nombre"
    r"|apellidos?|vorname|nachname|familienname|naam|nome|cognome|imię|nazwisko|jméno|příjmení|navn|namn"
    r"|nimi|név|nume)"
    r"[*]{0,2}:[*]{0,2}[ \t]{1,4}"
)
_INTRODUCTION = (
    r"\b(?:I['’]m|I\sam|[Tt]his\sis|[Ii]t['’]s|[Ii]ch\sbin|[Jj]e\ssuis|[Ss]oy|[Ss]ono|[Ii]k\sben|[Ss]igned)\s(\p{Lu})"
)
_MAIL = re.compile(r"<[^\s@<>]{1,80}@[^\s@<>]{1,80}>")
_BEFORE_MAIL = re.compile(
    rf"(?<!\w)[{CAPITAL}][\w'’.-]{{0,30}}+(?:,? (?:{PARTICLE}|[{CAPITAL}][\w'’.-]{{0,30}}+)){{0,4}}(?=\"? ?$)"
)

_WORDS = re.compile(rf"(?:[^\W\d_][\w'’.-]*+)(?: (?:{PARTICLE} ){{0,2}}[^\W\d_][\w'’.-]*+){{0,4}}")
_ENDS = re.compile(r"[ \t]*(?:[,.!?:;)\]\"'”*-]|$|\n|\r| (?:from|and|with|at|here|calling|und|aus|et|y)\b)")


def announced(
    text: str, flags: dict[str, int], met: Sequence[int] | None = None, pause: Pause = unhurried
) -> Iterator[tuple[int, int]]:
    """Where names stand that are announced. ``met``: which of the signs the text meets, for who knows."""
    data = text.encode("utf-8", "replace") if met is None or met else b""
    for number in _prefilter().met(data) if met is None else met:
        pattern, group, least, small = _CUES[number]
        characters = Characters(data)
        for first, last in spans(pattern, group, data, pause):
            start = characters.at(first if group else last)
            end = _read(text, start, flags, least, small=small)
            if end:
                yield start, end
    for match in paced(_MAIL.finditer(text), pause) if "@" in text else ():
        begun = max(text.rfind("\n", max(0, match.start() - 80), match.start()) + 1, match.start() - 80)
        said = _BEFORE_MAIL.search(text, begun, match.start())
        if said and sum(_names(word, flags) for word in said[0].replace(",", "").split(" ")) > 0:
            yield said.span()


@functools.cache
def _prefilter() -> Prefilter:
    return Prefilter(SIGNS)


_SURE, _LIKELY, _MAYBE = 0.0, 1.0, 2.0
_CUES = (
    (_SAYS_NAME, 0, _SURE, True),
    (_TITLE, 1, _SURE, False),
    (_GREETING, 0, _LIKELY, True),
    (_FAREWELL, 0, _LIKELY, True),
    (_LABEL, 0, _MAYBE, True),
    (_INTRODUCTION, 1, _MAYBE, False),
)
"""Each pattern, which group begins the name (0: it begins where the whole ends), how much the words behind it must say
for themselves, and whether small letters will do."""

SIGNS = tuple(Rule(name="person.cued", kind="person", pattern=cue[0], sign=uncounted(cue[0])) for cue in _CUES)
"""What tells that a text may announce names, cue by cue."""


def _names(word: str, flags: dict[str, int]) -> float:
    """How much a word by itself is a name: 2 for one that lists know, 1 for one that nobody knows, -2 for any other."""
    plain = folded(word.rstrip(".,"))
    stem = plain.removesuffix("'s")
    flag = flags.get(stem, 0)
    if any(map(str.isdigit, stem)) or "_" in stem or (stem in ROLES and not flag & GIVEN) or inner(word):
        return -2.0
    if flag & ANY_NAME:
        return 2.0 if not flag & (WORD | OTHER | TAIL) else 0.5
    if flag & (WORD | OTHER | TAIL | OPENING):
        return -2.0
    if word.isupper() and len(stem) > 1:
        return 0.0
    return 0.5 if len(stem) == 1 else 1.0 if stem.replace("-", "").replace("'", "").isalpha() else -2.0


def _read(text: str, start: int, flags: dict[str, int], least: float, *, small: bool) -> int:
    """Where the name ends that begins here; 0 where none does."""
    match = _WORDS.match(text, start, start + 80)
    if not match:
        return 0
    place, end, total, count = start, 0, 0.0, 0
    capital = text[start].isupper()
    for part in match[0].split(" "):
        last = place + len(part)
        worth = _names(part, flags)
        if (part[:1].isupper() and (worth >= 0.5 or (count == 0 and least == _SURE and worth > -2.0))) or (
            not capital and small and worth >= 2.0 and not part[:1].isupper()
        ):
            total, count, end = total + worth, count + 1, last
        elif not (count and part in PARTICLES):
            break
        if part.endswith((".", "'s", "’s")) and len(part) > 2 and count:
            end = last - (1 if part.endswith(".") else 2)
            break
        place = last + 1
        if count == 4:
            break
    if not count:
        return 0
    opening = flags.get(folded(text[start:end]), 0) & (OPENING | OTHER)
    ends = _ENDS.match(text, end) is not None
    need = least - 0.5 * (count > 1) if ends else least + 0.5 * (least > _SURE)
    return 0 if opening or total < need or (total < 1.0 and not ends) else end
