"""Numbers that only a word tells: passports, driving licences, bank accounts, dates of birth."""

from penstock.detection.rule import Candidate, Rule
from penstock.detection.structured.digits import only, weighted
from penstock.detection.structured.labels import beside


def _mostly_digits(value: str) -> bool:
    return len(only(value)) >= 5 and len(set(value)) > 2


def routing(digits: str) -> bool:
    """United States, banks: weights 3 7 1, modulo 10; the first two digits tell the district (ABA)."""
    district = int(digits[:2])
    known = district <= 12 or 21 <= district <= 32 or 61 <= district <= 72 or district == 80
    return known and weighted(digits, (3, 7, 1) * 3) % 10 == 0 and len(set(digits)) > 1


def clabe(digits: str) -> bool:
    """Mexico, accounts: products with 3 7 1, modulo 10."""
    return -weighted(digits[:17], (3, 7, 1) * 6) % 10 == int(digits[17])


_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|m[äa]r|mai|okt|dez|janv|f[ée]v|avr|juin|juil|ao[uû]|d[ée]c|ene|"
    r"abr|ago|set|dic|gen|mag|giu|lug|ott|fev|out|mei|mrt)\w{0,7}\.?"
)
_DATE = (
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.] ?\d{{1,2}}[-/.] ?(?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|º)?(?: of| de)? {_MONTH},?(?: de)? \d{{4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    r"|\d{4}年\d{1,2}月\d{1,2}日"
)


def _day(value: str) -> bool:
    """Some day; which of two numbers is the month is anybody's guess."""
    return not value.isalpha()


def _machine_readable(candidate: Candidate) -> bool:
    """ICAO 9303, part 4: the second line's digits, weights 7 3 1, modulo 10."""
    second = candidate.value.split()[-1]
    return all(_icao(second[first:last]) == second[last] for first, last in ((0, 9), (13, 19), (21, 27)))


def _icao(letters: str) -> str:
    total = sum(
        (0 if letter == "<" else int(letter, 36)) * (7, 3, 1)[place % 3] for place, letter in enumerate(letters)
    )
    return str(total % 10)


RULES = (
    beside(
        "passport.said",
        "passports?|reisep(?:ass|aß)\\w*|pass(?:nummer|-nr\\.?)|passeport|pasaporte|passaporto|passaporte|paspoort\\w*|"
        "paszport\\w*|паспорт\\w*|护照|旅券|パスポート",
        r"[A-Z]{0,3} ?\d{6,9}[A-Z]{0,2}|[A-Z0-9]{8,9}",
        _mostly_digits,
        kind="passport",
    ),
    Rule(
        name="passport.machine-readable",
        kind="passport",
        pattern=r"\bP[A-Z<][A-Z<]{3}[A-Z<]{39}\s{1,2}[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[\d<]\d\b",
        sign=r"\bP[A-Z<][A-Z<]{3}[A-Z]+<",
        check=_machine_readable,
    ),
    beside(
        "driver-licence.said",
        "driver'?s?'? ?licen[cs]es?|drivers?_licen[cs]e\\w*|driving ?licen[cs]e|licen[cs]e (?:number|no)|dln|"
        "f[üu]hrerschein\\w*|permis de conduire|licencia de conducir|carnet de conducir|patente(?: di guida)?|"
        "rijbewijs\\w*|prawo jazdy|carta de condução|cnh",
        r"[A-Z]{0,5}[ -]?\d[A-Z0-9 -]{3,17}[A-Z0-9]|[A-Z]\d[A-Z0-9-]{3,18}",
        _mostly_digits,
        kind="driver-licence",
    ),
    beside(
        "bank-account.said",
        "(?:bank[ _-]?)?acc(?:oun)?t[ _-]?(?:number|num|no|nr|#)|bank[ _-]?account|kontonummer|konto-?nr\\.?|"
        "num[ée]ro de compte|n[úu]mero de cuenta|cuenta bancaria|conto corrente|rekeningnummer|numer konta|kontonr",
        r"\d{2,4}(?:[ -]?\d{2,4}){2,5}",
        lambda value: 6 <= len(value) <= 18 and len(set(value)) > 1,
        kind="bank-account",
    ),
    beside("bank-account.us-routing", "routing|aba|rtn|transit", r"\d{9}", routing, kind="bank-account"),
    beside("bank-account.uk-sort-code", "sort[ _-]?code", r"\d{2}[- ]?\d{2}[- ]?\d{2}", lambda _: True, "bank-account"),
    beside("bank-account.au-bsb", "bsb", r"\d{3}[- ]?\d{3}", lambda _: True, kind="bank-account"),
    beside("bank-account.in-ifsc", "ifsc", r"[A-Z]{4}0[A-Z0-9]{6}", lambda _: True, kind="bank-account"),
    beside("bank-account.mx-clabe", "clabe", r"\d{18}", clabe, kind="bank-account"),
    beside(
        "date-of-birth.said",
        "date[ _-]?of[ _-]?birth|d\\.?o\\.?b\\.?|born|birth[ _-]?(?:date|day)|bday|geburts(?:datum|tag)|geboren|geb\\.|"
        "n[ée]e? le|date de naissance|fecha de nacimiento|nacid[oa](?: el)?|data di nascita|nat[oa] il|"
        "data de nascimento|nascid[oa](?: em)?|geboortedatum|"
        "f[öo]delsedatum|f[øo]dselsdato|syntymäaika|data urodzenia|生年月日|出生日期",
        _DATE,
        _day,
        kind="date-of-birth",
    ),
)
"""All rules of this file."""
