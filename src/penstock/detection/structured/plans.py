"""The world's numbering plans, out of phonenumbers' tables: which digits are a telephone number, and where.

The tables alone are used, compiled once for each country that is met: their own parser takes fifty times as long, and
what remembered its answers would remember people's numbers.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any

import msgspec

TRUNK = ("GB", "FR", "DE", "AU", "JP", "SE", "NL", "BE", "CH", "AT", "FI", "ZA", "NZ", "IE", "IN", "KR", "BR")
"""Countries with a zero in front of national numbers; between them they have the lengths of most such plans."""

_SORTS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan")


class Plan(msgspec.Struct, frozen=True):
    """One country's."""

    lengths: frozenset[int]
    given_out: re.Pattern[str]
    trunk: str
    """What stands in front of a number inside the country."""


def international(digits: str, *, strict: bool) -> bool:
    """Whether digits after the plus are a number: of a range that is given out, or of a length that is possible."""
    for places in (1, 2, 3):
        plan = _plan(int(digits[:places]))
        if plan is None:
            continue
        number = digits[places:]
        if plan.trunk == "0":
            number = number.removeprefix("0")
        return plan.given_out.fullmatch(number) is not None if strict else len(number) in plan.lengths
    return False


def national(digits: str) -> bool:
    """Whether digits are a number somewhere, with the zero in front."""
    return digits[0] == "0" and _trunk().fullmatch(digits[1:]) is not None


@functools.cache
def _plan(code: int) -> Plan | None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata  # noqa: PLC0415 - its tables take a while to load

    regions = COUNTRY_CODE_TO_REGION_CODE.get(code)
    if regions is None:
        return None
    tables = [PhoneMetadata.metadata_for_region_or_calling_code(code, region) for region in regions]
    known = [table for table in tables if table is not None]
    lengths = {length for table in known if table.general_desc for length in table.general_desc.possible_length}
    return Plan(frozenset(lengths), re.compile(_given_out(known)), known[0].national_prefix or "")


@functools.cache
def _trunk() -> re.Pattern[str]:
    from phonenumbers import PhoneMetadata  # noqa: PLC0415 - as above

    return re.compile(_given_out([PhoneMetadata.metadata_for_region(region) for region in TRUNK]))


def _given_out(tables: Sequence[Any]) -> str:
    sorts = (getattr(table, sort) for table in tables for sort in _SORTS)
    patterns = {sort.national_number_pattern for sort in sorts if sort and sort.national_number_pattern}
    return "|".join(sorted(f"(?:{pattern})" for pattern in patterns))
