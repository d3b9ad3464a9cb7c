"""Europe without the north: United Kingdom, Ireland, Germany, Austria, Switzerland, France, Belgium, the Netherlands,
Spain, Portugal, Italy, Greece, Croatia, Poland, Czechia and Slovakia, Romania, Bulgaria, Turkey, Russia."""

from collections import Counter

from penstock.detection.structured.digits import date, luhn, same, weighted
from penstock.detection.structured.labels import anywhere, beside


def nino(value: str) -> bool:
    """National Insurance: prefixes that are never given out."""
    return value[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def nhs(digits: str) -> bool:
    """National Health Service: weights 10 to 2, modulo 11."""
    check = -weighted(digits, range(10, 1, -1)) % 11
    return check == int(digits[9]) and not same(digits)


def pps(value: str) -> bool:
    """Ireland: weights 8 to 2, a second letter counts nine times, modulo 23."""
    second = "WABCDEFGHIJKLMNOPQRSTUV".find(value[8:9]) if value[8:] else 0
    total = weighted(value[:7], range(8, 1, -1)) + 9 * max(second, 0)
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == value[7]


def mod11_10(digits: str) -> bool:
    """ISO/IEC 7064, MOD 11,10."""
    product = 10
    for digit in digits[:-1]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def steuer_id(digits: str) -> bool:
    """Germany, taxes: MOD 11,10; of the first ten digits one comes twice or three times, all others once at most."""
    most, *others = sorted(Counter(digits[:10]).values(), reverse=True)
    return digits[0] != "0" and most in {2, 3} and set(others) <= {1} and mod11_10(digits)


def rentenversicherung(value: str) -> bool:
    """Germany, pensions: the letter as two digits, sums of digits of products, modulo 10."""
    digits = f"{value[:8]}{ord(value[8]) - 64:02}{value[9:]}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    products = [int(digit) * weight for digit, weight in zip(digits, weights, strict=False)]
    return sum(product // 10 + product % 10 for product in products) % 10 == int(value[11])


def svnr(digits: str) -> bool:
    """Austria: the fourth digit is the sum of the others, modulo 11."""
    total = weighted(digits[:3] + digits[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6))
    return total % 11 == int(digits[3]) and 1 <= int(digits[6:8]) <= 15


def ahv(digits: str) -> bool:
    """Switzerland: 756, and the sum of EAN-13."""
    return digits.startswith("756") and -weighted(digits[:12], (1, 3) * 6) % 10 == int(digits[12])


def nir(value: str) -> bool:
    """France: the key is 97 less the rest by 97; Corsica's 2A and 2B count as 19 and 18."""
    number = value[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and value[13:].isdigit() and 97 - int(number) % 97 == int(value[13:])


def rijksregister(digits: str) -> bool:
    """Belgium: 97 less the rest by 97, with a 2 in front for those born from 2000 on."""
    if not date(0, int(digits[2:4]) % 20 or 1, int(digits[4:6]) or 1):
        return False
    return any(97 - int(century + digits[:9]) % 97 == int(digits[9:]) for century in ("", "2"))


def bsn(digits: str) -> bool:
    """The Netherlands: weights 9 to 2 and -1, modulo 11."""
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and not same(digits)


def dni(value: str) -> bool:
    """Spain, citizens and foreigners: the rest by 23 as a letter; X, Y, Z count as 0, 1, 2."""
    number = value[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == value[-1]


def nif(digits: str) -> bool:
    """Portugal: weights 9 to 2, modulo 11."""
    check = -weighted(digits[:8], range(9, 1, -1)) % 11
    return check % 10 == int(digits[8]) and digits[0] in "1235689"


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22,
    25, 24, 23,
), strict=True))  # fmt: skip


def codice_fiscale(value: str) -> bool:
    """Italy: letters and digits at odd places by a table, at even ones by their own value, modulo 26."""
    even = sum(int(letter) if letter.isdigit() else ord(letter) - 65 for letter in value[1:15:2])
    return chr(65 + (even + sum(_ODD[letter] for letter in value[:15:2])) % 26) == value[15]


def amka(digits: str) -> bool:
    """Greece: a date and Luhn."""
    return date(0, int(digits[2:4]), int(digits[:2])) and luhn(digits)


def pesel(digits: str) -> bool:
    """Poland, people: weights 1, 3, 7, 9; the month tells the century."""
    right = -weighted(digits[:10], (1, 3, 7, 9) * 3) % 10 == int(digits[10])
    return right and date(0, int(digits[2:4]) % 20, int(digits[4:6]))


def nip(digits: str) -> bool:
    """Poland, taxes: weights 6 5 7 2 3 4 5 6 7, modulo 11."""
    return weighted(digits[:9], (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9]) and not same(digits)


def rodne_cislo(digits: str) -> bool:
    """Czechia and Slovakia: a date, 50 more in the month for women, 20 more when numbers ran out; modulo 11."""
    month = int(digits[2:4]) % 50 % 20
    return date(0, month, int(digits[4:6])) and int(digits) % 11 == 0


def cnp(digits: str) -> bool:
    """Romania: weights 279146358279, modulo 11; ten is one."""
    check = weighted(digits[:12], tuple(map(int, "279146358279"))) % 11
    return (1 if check == 10 else check) == int(digits[12]) and date(0, int(digits[3:5]), int(digits[5:7]))


def egn(digits: str) -> bool:
    """Bulgaria: weights 2 4 8 5 10 9 7 3 6, modulo 11, ten is zero; the month tells the century."""
    check = weighted(digits[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10
    return check == int(digits[9]) and date(0, int(digits[2:4]) % 20, int(digits[4:6]))


def kimlik(digits: str) -> bool:
    """Turkey: two digits, of seven times the odd places less the even ones, and of all."""
    numbers = list(map(int, digits))
    tenth = (7 * sum(numbers[0:9:2]) - sum(numbers[1:8:2])) % 10
    return numbers[0] != 0 and tenth == numbers[9] and sum(numbers[:10]) % 10 == numbers[10]


def inn(digits: str) -> bool:
    """Russia, taxes of people: two digits modulo 11."""
    eleventh = weighted(digits[:10], (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return int(digits[10:]) == 10 * eleventh + weighted(digits[:11], (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10


def snils(digits: str) -> bool:
    """Russia, pensions: weights 9 to 1, modulo 101; a hundred is zero."""
    return weighted(digits[:9], range(9, 0, -1)) % 101 % 100 == int(digits[9:]) and not same(digits[:9])


_NINO = r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
_NIR = r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[ABab]) ?\d{3} ?\d{3} ?\d\d"

RULES = (
    anywhere("national-id.uk-nino", rf"{_NINO} \d\d \d\d \d\d [A-D]\b", nino),
    beside(
        "national-id.uk-nino-said",
        "nino|ni|national insurance|n\\.i\\.",
        r"[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D]",
        str.isalnum,
    ),
    beside("national-id.uk-nhs", "nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs),
    beside("national-id.ie-pps", "ppsn?|personal public service", r"\d{7}[A-W][A-IW]?", pps),
    beside(
        "national-id.de-steuer-id",
        "steuer-?id|steuerliche identifikation\\w*|steueridentifikation\\w*|idnr|tin|tax[ _-]?id\\w*",
        r"\d\d ?\d{3} ?\d{3} ?\d{3}",
        steuer_id,
    ),
    beside(
        "national-id.de-rentenversicherung",
        "(?:renten|sozial)versicherungs\\w*|rvnr|svnr|sv-?nummer|rv-?nummer",
        r"\d\d ?[0-3]\d[01]\d\d\d ?[A-Z] ?\d{3}",
        rentenversicherung,
    ),
    beside("national-id.at-svnr", "sozialversicherungs\\w*|svnr|sv-?nummer|sv-?nr", r"\d{4} ?[0-3]\d[01]\d\d\d", svnr),
    anywhere("national-id.ch-ahv", r"756\.\d{4}\.\d{4}\.\d\d\b", ahv),
    beside("national-id.ch-ahv-said", "ahv(?:-?n\\w*)?|avs|oasi", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d", ahv),
    anywhere("national-id.fr-nir", r"[12] \d\d (?:0[1-9]|1[0-2]|[2-9]\d) (?:\d\d|2[AB]) \d{3} \d{3} \d\d\b", nir),
    beside("national-id.fr-nir-said", "nir|s[ée]curit[ée] sociale|sécu|insee|num[ée]ro de sécu\\w*", _NIR, nir),
    anywhere("national-id.be-rijksregister", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d\b", rijksregister),
    beside(
        "national-id.be-rijksregister-said",
        "rijksregister\\w*|registre national|insz|niss",
        r"\d{6}[ -]?\d{3}[ .]?\d\d",
        rijksregister,
    ),
    beside(
        "national-id.nl-bsn",
        "bsn|burgerservice\\w*|sofi\\w*",
        r"\d{4}[. ]?\d{2}[. ]?\d{3}|\d{3}[. ]?\d{3}[. ]?\d{3}",
        bsn,
    ),
    anywhere(
        "national-id.es-dni", r"(?:\d{2}\.\d{3}\.\d{3}|[XYZ]-\d{7})-?[A-HJ-NP-TV-Z]\b|\d{8}-[A-HJ-NP-TV-Z]\b", dni
    ),
    beside(
        "national-id.es-dni-said",
        "dni|nie|nif|documento (?:nacional )?de identidad",
        r"(?:\d{8}|[XYZ][ -]?\d{7})[ -]?[A-Z]",
        dni,
    ),
    beside("national-id.pt-nif", "nif|contribuinte", r"\d{3} ?\d{3} ?\d{3}", nif),
    anywhere(
        "national-id.it-codice-fiscale",
        r"(?i)[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-7LMNPQRST][0-9LMNPQRSTUV][A-Z][0-9LMNPQRSTUV]{3}[A-Z]\b",
        codice_fiscale,
    ),
    beside("national-id.gr-amka", "amka|αμκα", r"\d{11}", amka),
    beside("national-id.hr-oib", "oib", r"\d{11}", mod11_10),
    beside("national-id.pl-pesel", "pesel", r"\d{11}", pesel),
    beside("national-id.pl-nip", "nip", r"\d{3}-?\d{3}-?\d{2}-?\d{2}|\d{3}-?\d{2}-?\d{2}-?\d{3}", nip),
    beside(
        "national-id.cz-rodne-cislo",
        "rodn[ée] [čc][íi]slo|r\\.? ?[čc]\\.?|birth number",
        r"\d{6} ?/ ?\d{4}|\d{10}",
        rodne_cislo,
    ),
    beside("national-id.ro-cnp", "cnp|cod numeric personal", r"[1-9]\d{12}", cnp),
    beside("national-id.bg-egn", "egn|егн", r"\d{10}", egn),
    beside("national-id.tr-kimlik", "t\\.?c\\.?(?: kimlik)?|kimlik", r"[1-9]\d{10}", kimlik),
    beside("national-id.ru-inn", "инн|inn", r"\d{12}", inn),
    anywhere("national-id.ru-snils", r"\d{3}-\d{3}-\d{3}[ -]\d\d\b", snils),
)
