"""Finds postal addresses in prose: streets with a number, boxes, towns with a postal code, over several lines too.

Parts are found one by one, each by a pattern of RE2; parts that stand side by side become one address. Some parts
tell an address by themselves (12 Elm Street, ul. Miła 53), others only beside another (Suite 5, 10115 Berlin).
"""

import functools
import re
from collections.abc import Iterator, Sequence

from penstock.core.finding import Found, Matter, Pause, unhurried
from penstock.detection.prefilter import Characters, Prefilter, spans, uncounted
from penstock.detection.rule import Rule

KIND, RULE = "address", "address.parts"

_N = r"\d{1,5}(?: ?[A-Za-z]\b)?(?: ?[/-] ?\d{1,4}[A-Za-z]?)?"
_LARGE = "[A-Z\u00c0-\u00de\u0100-\u017f\u0386-\u03ab\u0400-\u042f\u1e00-\u1eff]"
_LETTER = "[A-Za-z\u00c0-\u024f\u0370-\u04ff\u1e00-\u1eff]"
"""Of Latin, Greek and Cyrillic script, roughly: the exact classes of Unicode take RE2 half a second to compile."""
_CAP = rf"{_LARGE}(?:{_LETTER}|[.'’-])*"
_SMALL = (
    r"(?:(?:de|du|des|la|las|le|les|los|del|da|do|dos|das|dei|degli|della|delle|di|el|y|e|et|à|au|aux|van"
    r"|der|den|het|von|zum|zur|of|the|en)"
    r" |(?:l|d|dell)['’] ?){0,3}"
)
_SURE = (
    r"Street|St|Road|Rd|Avenue|Ave|Boulevard|Blvd|Lane|Ln|Drive|Dr|Terrace|Highway|Hwy|Parkway|Pkwy"
    r"|Crescent|Cres|Turnpike|Tpke"
    r"|Alley|Expressway|Freeway|Causeway|Esplanade|Promenade|Mews|Nagar|Marg|Circle|Cir|Streets|Roads"
    r"|Trail|Trl|Quay|Close"
)
_UNSURE = (
    r"Court|Ct|Square|Sq|Squares|Place|Pl|Way|Ways|Grove|Row|Gardens|Gdns|Walk|Path|Loop|Plaza|Wharf"
    r"|Heights|Hills?|Rise|View|Vista|Crossing|Bend|Run|Ridge"
    r"|Pike|Parade|Bypass|Route|Coves?|Creek|Falls|Fields?|Forge|Fork|Garden|Glen|Green|Harbor|Haven"
    r"|Islands?|Isle|Junction|Key|Knolls?|Lakes?|Landing"
    r"|Lodge|Manor|Meadows?|Mills?|Mission|Motorway|Mount|Mountains?|Orchard|Oval|Overpass|Parks?|Pass"
    r"|Passage|Pines?|Plains?|Points?|Ports?|Prairie"
    r"|Ranch|Rapids?|Rest|River|Shoals?|Shores?|Skyway|Springs?|Spurs?|Station|Stream|Summit|Throughway"
    r"|Trace|Track|Tunnel|Union|Valleys?|Viaduct"
    r"|Village|Ville|Wells?|Brooks?|Burgs?|Bluffs?|Centers?|Cliffs?|Common|Corners?|Course|Curve|Dale|Dam"
    r"|Divide|Drives|Estates?|Extensions?|Ferry|Flats?|Ford|Forest|Gateway"
)
_WING = r"(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)"
_ENGLISH = rf"\b{_N},? (?:{_WING}\.? )?(?:(?:\d{{1,3}}(?:st|nd|rd|th)|\d{{1,5}}|{_CAP}|of|de|la|del) ){{1,4}}"
_GLUED = (
    r"stra(?:ß|ss)e|str\.|weg|platz|gasse|allee|ring|damm|ufer|chaussee|steig|stieg|markt|straat|laan"
    r"|plein|gracht|kade|dijk|singel|steeg"
    r"|dreef|gatan|vägen|gränd|stigen|torget|gata|gate|gaten|veien|vegen|vei|svingen|vej|gade|plads"
    r"|stræde|katu|kuja|polku|puistie|aukio"
    r"|ntie|tänav|puiestee|stræti|vegur|braut|gerði|utca"
)
_APART = (
    r"Stra(?:ß|ss)e|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer|utca|u\.|út|útja|tér|körút|krt\.|fasor"
    r"|gate|gata|vej|plads|terrasse"
    r"|Sokak|Sokağı|Sok\.|Caddesi|Cad\.|Bulvarı|laan|straat|plein|tie|tee|pst\.?|nám\.|náměstí|ulica"
    r"|gatve|iela|Str|Gt\."
)
_BEFORE = (
    r"Calle|C/|Avenida|Avda\.?|Av\.|Paseo|Carrera|Camino|Ronda|Travesía|Rua|Travessa|Praça|Largo|Estrada"
    r"|Alameda|Via|Viale|V\.le|Piazza|Piazzale|Corso"
    r"|Vicolo|Strada|Contrada|[Uu]l\.|[Uu]lica|[Aa]l\.|[Pp]l\.|[Oo]s\.|Calea|Bulevardul|Λεωφόρος|Οδός"
    r"|улица|ул\.|Jalan|Jl\."
)
_FRENCH = (
    r"(?:[Rr]ue|RUE|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai"
    r"|[Rr]oute|[Cc]ours|[Ss]quare|[Pp]assage|[Rr]uelle)"
)
_UNIT = (
    r"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|Bldg|Building|Wohnung|Whg|Piso|Appt|Appartement"
    r"|Bât|Lok)\.? ?#?\d{1,5}[A-Za-z]?\b"
)
_STATE = (
    r"(?:A[LKZR]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]"
    r"|T[NX]|UT|V[AT]|W[AIVY])"
)
_TOWN = rf"(?:{_CAP}[ ]){{0,3}}{_CAP}"
_UK = r"(?:[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})\b"
_CANADA = r"(?:[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d)\b"

_WHOLE: tuple[str, ...] = (
    rf"{_ENGLISH}(?:{_SURE})\b\.?(?: {_WING}\b)?",
    rf"(?:{_CAP} ){{0,2}}{_LARGE}{_LETTER}+(?:{_GLUED})\s{_N}\b",
    rf"(?:{_CAP}[ -]){{1,3}}(?:{_APART}) (?:[Nn]o[.:]{{0,2}} ?)?{_N}\b",
    rf"(?:\b{_N}(?: bis| ter)?,? )?\b(?:{_BEFORE}) {_SMALL}{_CAP}(?: {_SMALL}{_CAP}){{0,4}},? "
    rf"(?:[Nn][.ºo°r]{{0,3}} ?|núm\. |#)?{_N}\b",
    rf"\b{_N}(?: bis| ter)?,? {_FRENCH} {_SMALL}{_CAP}(?: {_SMALL}{_CAP}){{0,4}}",
    rf"\b\d{{1,6}} (?:{_CAP}\s){{1,4}}(?:\d{{1,4}}[a-z]?\.?\s{{1,2}})?{_UNIT}",
    r"(?i:\b(?:G?P\.? ?O\.? ?Box|Post Office Box|Postfach|Postbus|Postboks|Boîte postale"
    r"|Apartado(?: de correos)?|Casilla|Caixa postal|Skrytka pocztowa|Postbox))"
    r" (?:#|[Nn]o\.? )?\d{1,6}(?:[ -]\d{2,4}){0,2}\b",
    rf"\b(?:(?:PSC|Unit|CMR) \d{{1,5}},? Box \d{{1,5}}"
    rf"|US[NS]{{1,2}}V? {_CAP})\s{{1,2}}(?:[ADF]PO),? A[AEP] \d{{5}}(?:-\d{{4}})?\b",
    rf"{_TOWN}\s?,?\s{{1,2}}{_STATE}\s{{1,2}}\d{{5}}(?:-\d{{4}})?\b",
    rf"{_LARGE}{_LETTER}+,?\s{{1,2}}(?:{_UK}|(?:[A-Z]{{2}},? )?{_CANADA})",
    rf"(?i:\b(?:corner|intersection) of) (?:\d{{1,5}} )?(?:{_CAP} ){{1,3}}(?:{_SURE}"
    rf"|{_UNSURE})\b\.? (?:and|&) (?:{_CAP} ?){{1,3}}\b",
)
_PART: tuple[str, ...] = (
    rf"{_ENGLISH}(?:{_UNSURE})\b\.?(?: {_WING}\b)?",
    _UNIT,
    rf"\b(?:[A-Z]{{1,3}}-)?\d{{4,5}}(?: ?[A-Z]{{2}})? {_TOWN}",
    rf"\b(?:\d\d-\d{{3}}|\d{{3}} \d\d|{_UK}|{_CANADA})(?: {_TOWN})?",
    rf"{_TOWN}\s?,?\s{{1,3}}(?:[A-Z]{{2,3}} )?\d{{4,6}}\b",
    rf"\b\d{{1,6}} {_TOWN} {_N}\b",
)
"""The kinds of parts that need another beside them; the first is a street."""
_STREETS = _WHOLE + _PART[:1]

SIGHT = 120
"""How far from a street its house's other parts are looked for."""

_Part = tuple[int, int, int]

_NEIGHBOURS = re.compile(r"\s{0,3}[,;.–-]?\s{0,3}")
_NO_STREET = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb"
    r"|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
    r"|Google|Table|Figure|Fig|Section|Chapter|Version|Python|Node|Windows|Ubuntu|Debian|Monday|Tuesday"
    r"|Wednesday|Thursday|Friday|Saturday|Sunday|Mr|Mrs)\b"
)

_YEAR = re.compile(r"(?:19|20)\d\d,? ")
"""More often a year than a house, where the word for the street has other meanings too."""


class Addresses:
    """See above."""

    signs = tuple(Rule(name=RULE, kind=KIND, pattern=one, sign=uncounted(one)) for one in _STREETS)

    def find(
        self, text: str, matter: Matter, met: Sequence[int] | None = None, pause: Pause = unhurried
    ) -> Sequence[Found]:
        """Postal addresses; none where no people's sentences are."""
        if not matter.prose or (met is not None and not met):
            return ()
        data = text.encode("utf-8", "replace")
        met = _prefilter().met(data) if met is None else met
        if not met:
            return ()
        parts = sorted(_parts(text, data, met, pause))
        return [Found(start, end, KIND, RULE) for start, end in _joined(text, parts)]


@functools.cache
def _prefilter() -> Prefilter:
    return Prefilter(Addresses.signs)


def _parts(text: str, data: bytes, met: Sequence[int], pause: Pause) -> Iterator[_Part]:
    """Where each part stands, and which it is: what tells an address by itself is -1. Parts that need another are
    looked for only near one that began the search."""
    first: list[_Part] = []
    for number in met:
        first += _of(text, data, _STREETS[number], -1 if number < len(_WHOLE) else 0, pause)
    yield from first
    for begun, done in _surroundings(text, first):
        around = text[begun:done]
        encoded = around.encode("utf-8", "replace")
        pause()
        for number, pattern in enumerate(_PART[1:], start=1):
            for start, end, kind in _of(around, encoded, pattern, number, pause):
                yield begun + start, begun + end, kind


def _of(text: str, data: bytes, pattern: str, kind: int, pause: Pause) -> Iterator[_Part]:
    characters = Characters(data)
    for first, last in spans(pattern, 0, data, pause):
        start = characters.at(first)
        end = characters.at(last)
        if not _NO_STREET.search(text, start, end) and not (kind == 0 and _YEAR.match(text, start, end)):
            yield start, end, kind


def _surroundings(text: str, parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """What is near the parts, each place once."""
    begun = done = 0
    for start, end, _ in sorted(parts):
        if start - SIGHT > done:
            if done:
                yield begun, done
            begun = start - SIGHT
        done = max(done, min(len(text), end + SIGHT))
    if done:
        yield begun, done


def _joined(text: str, parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """Addresses of neighbouring parts."""
    begun = done = -1
    kinds: set[int] = set()
    for start, end, kind in parts:
        if begun >= 0 and start <= done + 6 and (start <= done or _NEIGHBOURS.fullmatch(text, done, start)):
            done = max(done, end)
            kinds.add(kind)
            continue
        if _whole(kinds):
            yield begun, _trimmed(text, done)
        begun, done, kinds = start, end, {kind}
    if _whole(kinds):
        yield begun, _trimmed(text, done)


def _trimmed(text: str, end: int) -> int:
    """The end without what closes a sentence."""
    while text[end - 1] in " .,'’-":
        end -= 1
    return end


def _whole(kinds: set[int]) -> bool:
    """One part that tells an address, or a street beside a unit or a town."""
    return -1 in kinds or (0 in kinds and len(kinds) > 1)
