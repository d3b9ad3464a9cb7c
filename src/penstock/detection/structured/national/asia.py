"""Asia, Oceania and Africa: India, China, Japan, Korea, Taiwan, Hong Kong, Singapore, Malaysia, Thailand, Israel,
Australia, New Zealand, South Africa."""

from penstock.detection.structured.digits import date, luhn, same, weighted
from penstock.detection.structured.labels import anywhere, beside

# Verhoeff's sum over the dihedral group of ten.
_PRODUCT = [
    [
        (a + b) % 5 if a < 5 and b < 5 else (a + b) % 5 + 5 if a < 5 else (a - b) % 5 + 5 if b < 5 else (a - b) % 5
        for b in range(10)
    ]
    for a in range(10)
]
_TURNED = "1576283094"


def verhoeff(digits: str) -> bool:
    """Verhoeff's sum comes to zero."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit)
        for _ in range(place % 8):
            number = int(_TURNED[number])
        total = _PRODUCT[total][number]
    return total == 0


def aadhaar(digits: str) -> bool:
    """India, people: Verhoeff; 0 and 1 never begin one."""
    return digits[0] not in "01" and verhoeff(digits)


def pan(value: str) -> bool:
    """India, taxes: the fourth letter tells what holds it."""
    return value[3] in "ABCFGHJLPT"


def resident_identity(value: str) -> bool:
    """China: a date, and ISO/IEC 7064, MOD 11-2."""
    total = weighted(value[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return date(0, int(value[10:12]), int(value[12:14])) and "10X98765432"[total % 11] == value[17]


def my_number(digits: str) -> bool:
    """Japan: weights 2 to 7 from the right, then 2 to 6, modulo 11."""
    rest = weighted(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest < 2 else 11 - rest) == int(digits[11]) and not same(digits)


def rrn_date(digits: str) -> bool:
    """Korea: a date; numbers given out since October 2020 have no sum."""
    return date(0, int(digits[2:4]), int(digits[4:6]))


def rrn(digits: str) -> bool:
    """Korea: a date, weights 2 to 9 and 2 to 5, modulo 11."""
    check = (11 - weighted(digits[:12], (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return rrn_date(digits) and check == int(digits[12])


def taiwan(value: str) -> bool:
    """Taiwan: the letter as two digits, weights 1, 9 to 1, 1."""
    number = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(value[0])
    return (number // 10 + number % 10 * 9 + weighted(value[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def hkid(value: str) -> bool:
    """Hong Kong: letters as 10 to 35, a space in front of one letter as 36, weights 9 to 1, modulo 11."""
    nine = value.rjust(9)
    total = sum((36 if letter == " " else int(letter, 36)) * (9 - place) for place, letter in enumerate(nine[:8]))
    return "0123456789A"[-total % 11] == nine[8]


def nric(value: str) -> bool:
    """Singapore: weights 2 7 6 5 4 3 2; four more for those of this century, three more for M."""
    more, letters = _NRIC[value[0]]
    return letters[(more + weighted(value[1:8], (2, 7, 6, 5, 4, 3, 2))) % 11] == value[8]


_NRIC = {
    "S": (0, "JZIHGFEDCBA"),
    "T": (4, "JZIHGFEDCBA"),
    "F": (0, "XWUTRQPNMLK"),
    "G": (4, "XWUTRQPNMLK"),
    "M": (3, "XWUTRQPNJLK"),
}


def mykad(digits: str) -> bool:
    """Malaysia: a date and a place."""
    return date(0, int(digits[2:4]), int(digits[4:6])) and digits[6:8] not in {"00", "17", "18", "19", "20"}


def thai(digits: str) -> bool:
    """Thailand: weights 13 to 2, modulo 11."""
    return (11 - weighted(digits[:12], range(13, 1, -1)) % 11) % 10 == int(digits[12])


def teudat_zehut(digits: str) -> bool:
    """Israel: Luhn over nine digits."""
    return luhn(digits.zfill(9)) and not same(digits)


def tfn(digits: str) -> bool:
    """Australia, taxes: weights 1 4 3 7 5 8 6 9 10, modulo 11."""
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and not same(digits)


def medicare(digits: str) -> bool:
    """Australia, health: weights 1 3 7 9 1 3 7 9, modulo 10, at the ninth place."""
    return digits[0] in "23456" and weighted(digits[:8], (1, 3, 7, 9) * 2) % 10 == int(digits[8])


def ird(digits: str) -> bool:
    """New Zealand, taxes: modulo 11, with other weights where the first give ten."""
    nine = digits.zfill(9)
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        check = -weighted(nine[:8], weights) % 11
        if check < 10:
            return check == int(nine[8]) and 10_000_000 <= int(nine) <= 150_000_000
    return False


def south_africa(digits: str) -> bool:
    """South Africa: a date, citizenship, Luhn."""
    return date(0, int(digits[2:4]), int(digits[4:6])) and digits[10] in "012" and luhn(digits)


RULES = (
    beside(
        "national-id.in-aadhaar", "aadhaar|aadhar|adhaar|uidai|uid|आधार", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", aadhaar
    ),
    anywhere("national-id.in-pan", r"[A-Z]{3}P[A-Z]\d{4}[A-Z]\b", pan),
    beside("national-id.in-pan-said", "pan|permanent account", r"[A-Z]{5}\d{4}[A-Z]", pan),
    anywhere(
        "national-id.cn-resident-identity",
        r"[1-8]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]\b",
        resident_identity,
    ),
    beside("national-id.jp-my-number", "my ?number|マイナンバー|個人番号", r"\d{4}[ -]?\d{4}[ -]?\d{4}", my_number),
    anywhere("national-id.kr-rrn", r"\d\d[01]\d[0-3]\d-[1-8]\d{6}\b", rrn),
    beside(
        "national-id.kr-rrn-said", "rrn|주민등록번호|주민번호|resident registration", r"\d{6}-?[1-8]\d{6}", rrn_date
    ),
    beside("national-id.tw-identity", "身分證|身份證|national id\\w*|identity card", r"[A-Z][1289]\d{8}", taiwan),
    anywhere("national-id.hk-hkid", r"[A-Z]{1,2}\d{6}\([0-9A]\)", hkid),
    anywhere("national-id.sg-nric", r"[STFGM]\d{7}[A-Z]\b", nric),
    beside("national-id.my-mykad", "mykad|my ?kad|nric|ic|kad pengenalan", r"\d{6}-\d{2}-\d{4}", mykad),
    anywhere("national-id.th-identity", r"[1-8]-\d{4}-\d{5}-\d\d-\d\b", thai),
    beside("national-id.il-teudat-zehut", "teudat zehut|ת\\.ז\\.?|תעודת זהות", r"\d{8,9}", teudat_zehut),
    beside("national-id.au-tfn", "tfn|tax file", r"\d{3}[ -]?\d{3}[ -]?\d{3}", tfn),
    beside("national-id.au-medicare", "medicare", r"[2-6]\d{3}[ -]?\d{5}[ -]?\d", medicare),
    beside("national-id.nz-ird", "ird", r"\d{2,3}[ -]?\d{3}[ -]?\d{3}", ird),
    beside(
        "national-id.za-identity",
        "south african id|sa id|rsa id|id[ _-]?(?:number|no|nr|num)|identity[ _-]?(?:number|no)",
        r"\d{6} ?\d{4} ?[0-2]\d\d",
        south_africa,
    ),
)
