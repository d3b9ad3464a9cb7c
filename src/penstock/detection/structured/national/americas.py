"""The Americas: United States, Canada, Mexico, Brazil, Argentina, Chile."""

import re

from penstock.detection.structured.digits import date, luhn, same, weighted
from penstock.detection.structured.labels import anywhere, beside


def ssn(digits: str) -> bool:
    """Social Security: areas 000, 666 and 900 up, group 00 and serial 0000 are never given out."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def itin(digits: str) -> bool:
    """Taxpayers without a Social Security number: 9, and groups 50-65, 70-88, 90-92, 94-99."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 99) and group != 93


def sin(digits: str) -> bool:
    """Social insurance, Canada: Luhn; 0 and 8 are never given out."""
    return luhn(digits) and digits[0] not in "08"


def curp(value: str) -> bool:
    """Mexico: letters as places in an alphabet with Ñ, times 18 down to 2."""
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(alphabet.index(letter) * (18 - place) for place, letter in enumerate(value[:17]))
    return date(0, int(value[6:8]), int(value[8:10])) and str(-total % 10) == value[17]


def cpf(digits: str) -> bool:
    """Brazil, people: two digits, weights 10 to 2 and 11 to 2, modulo 11."""
    checks = [(-weighted(digits, range(9 + more, 1, -1))) % 11 % 10 for more in (1, 2)]
    return not same(digits) and digits[9:] == "".join(map(str, checks))


def cnpj(digits: str) -> bool:
    """Brazil, companies: two digits, weights 2 to 9 from the right, modulo 11."""
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    checks = [(-weighted(digits[: 11 + more], weights[2 - more :])) % 11 % 10 for more in (1, 2)]
    return not same(digits) and digits[12:] == "".join(map(str, checks))


def cuit(digits: str) -> bool:
    """Argentina: kind of holder, document, one digit modulo 11."""
    check = -weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return digits[:2] in {"20", "23", "24", "25", "26", "27", "30", "33", "34"} and check == int(digits[10])


def rut(value: str) -> bool:
    """Chile: weights 2 to 7 from the right, over and over, modulo 11; ten is K."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(value[:-1])))
    return value[:-1].isdigit() and "0123456789K"[-total % 11] == value[-1]


def _plausible_rfc(value: str) -> bool:
    return re.match(r"[A-ZÑ]{3,4}\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", value) is not None


RULES = (
    anywhere("national-id.us-ssn", r"\d{3}-\d{2}-\d{4}\b", ssn),
    beside(
        "national-id.us-ssn-said",
        "ssn|soc(?:ial)?[ _-]?sec(?:urity)?(?:[ _-]?(?:number|num|no))?",
        r"\d{3}[ -]?\d{2}[ -]?\d{4}",
        ssn,
    ),
    beside("national-id.us-itin", "itin|individual taxpayer", r"9\d{2}[ -]?\d{2}[ -]?\d{4}", itin),
    beside("national-id.us-ein", "f?ein|employer identification|tax[ _-]?id", r"\d{2}-\d{7}", str.isdigit),
    beside("national-id.ca-sin", "sin|social insurance|assurance sociale|nas", r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin),
    anywhere("national-id.mx-curp", r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d\b", curp),
    beside("national-id.mx-rfc", "rfc", r"[A-ZÑ&]{3,4}-?\d{6}-?[A-Z0-9]{3}", _plausible_rfc),
    anywhere("national-id.br-cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}\b", cpf),
    beside("national-id.br-cpf-said", "cpf", r"\d{3}[. ]?\d{3}[. ]?\d{3}[- ]?\d{2}", cpf),
    anywhere("national-id.br-cnpj", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", cnpj),
    beside("national-id.br-cnpj-said", "cnpj", r"\d{14}", cnpj),
    anywhere("national-id.ar-cuit", r"\d{2}-\d{8}-\d\b", cuit),
    beside("national-id.ar-cuit-said", "cui[tl]", r"\d{11}", cuit),
    anywhere("national-id.cl-rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]\b", rut),
    beside("national-id.cl-rut-said", "rut|r\\.u\\.t\\.", r"\d{7,8}-?[\dkK]", rut),
)
