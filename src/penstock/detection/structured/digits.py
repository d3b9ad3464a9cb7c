"""Sums and shapes of digits that several kinds of numbers share; each function takes the digits alone."""

from collections.abc import Sequence


def only(value: str) -> str:
    """The digits of a value, with whatever groups them left out."""
    return "".join([letter for letter in value if "0" <= letter <= "9"])


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B: from the right, every second digit doubled, its digits added; ends in zero."""
    return (sum(map(int, digits[-1::-2])) + sum(map(_DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0


_DOUBLED = dict(zip("0123456789", (0, 2, 4, 6, 8, 1, 3, 5, 7, 9), strict=True))


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits times weights, as far as there are weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def mod97(value: str) -> int:
    """ISO/IEC 7064, MOD 97-10, letters as 10 to 35."""
    return int("".join([str(int(letter, 36)) for letter in value])) % 97


def same(digits: str) -> bool:
    """One digit over and over, as nobody's number."""
    return len(set(digits)) < 2


def date(year: int, month: int, day: int) -> bool:
    """A day of the calendar; leap years are not looked at, as centuries are unknown in most numbers."""
    return year >= 0 and 1 <= month <= 12 and 1 <= day <= (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
