"""The north of Europe and the Baltic: Sweden, Denmark, Norway, Finland, Iceland, Estonia, Lithuania."""

from penstock.detection.structured.digits import date, luhn, weighted
from penstock.detection.structured.labels import anywhere, beside


def personnummer(digits: str) -> bool:
    """Sweden: a date, sixty more in the day for those not registered; Luhn over ten digits."""
    ten = digits[-10:]
    return date(0, int(ten[2:4]), int(ten[4:6]) % 60) and luhn(ten)


def cpr(digits: str) -> bool:
    """Denmark: a date; the sum is no longer kept since 2007."""
    return date(0, int(digits[2:4]), int(digits[:2]) % 60)


def fodselsnummer(digits: str) -> bool:
    """Norway: two digits modulo 11; forty more in the day for those not registered."""
    first = -weighted(digits[:9], (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return date(0, int(digits[2:4]) % 40, int(digits[:2]) % 40) and (first, second) == (int(digits[9]), int(digits[10]))


def hetu(value: str) -> bool:
    """Finland: a date, a sign for the century, and the rest by 31 as a letter."""
    digits = value[:6] + value[-4:-1]
    right = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == value[-1]
    return date(0, int(value[2:4]), int(value[:2])) and right


def kennitala(digits: str) -> bool:
    """Iceland: a date, weights 3 2 7 6 5 4 3 2 modulo 11, and the century."""
    check = -weighted(digits[:8], (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return check == int(digits[8]) and digits[9] in "089" and date(0, int(digits[2:4]), int(digits[:2]) % 40)


def isikukood(digits: str) -> bool:
    """Estonia and Lithuania: modulo 11, with other weights where the first give ten."""
    first = weighted(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    second = weighted(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    right = int(digits[10]) == (first if first < 10 else second)
    return right and date(0, int(digits[3:5]), int(digits[5:7]))


RULES = (
    beside(
        "national-id.se-personnummer",
        "person(?:nummer|nr)|pnr|samordningsnummer|personal identity number",
        r"(?:19|20)?\d{6}[-+ ]?\d{4}",
        personnummer,
    ),
    beside("national-id.dk-cpr", "cpr(?:-?nummer|-?nr)?", r"\d{6}[- ]?\d{4}", cpr),
    anywhere("national-id.no-fodselsnummer", r"\d{6} \d{5}\b", fodselsnummer),
    beside(
        "national-id.no-fodselsnummer-said",
        "f[øo]dselsnummer|f[øo]dselsnr|fnr|personnummer|d-nummer",
        r"\d{6} ?\d{5}",
        fodselsnummer,
    ),
    anywhere("national-id.fi-hetu", r"[0-3]\d[01]\d{3}[-+ABCDEFUVWXY]\d{3}[0-9A-FHJ-NPR-Y]\b", hetu),
    beside("national-id.is-kennitala", "kennitala|kt\\.?", r"\d{6}-?\d{4}", kennitala),
    beside("national-id.ee-isikukood", "isikukood|asmens kodas", r"[1-6]\d{10}", isikukood),
)
