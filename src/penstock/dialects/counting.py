"""What providers tell of a call, made safe to count. Knows no dialect: the readers of usage share it.

A told value counts when it is a whole number that a call can have; strings, fractions, negatives, truth values and
absurd sizes are treated as not told. Nothing here raises, whatever the bytes are.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, TypeVar

import msgspec

from penstock.core.usage import Share, Usage

MOST = 1_000_000_000
"""No single call has more tokens of one kind: what is larger is no count."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
"""A count where a decoder checks types: it refuses what ``known`` would."""

T = TypeVar("T")

_NOTHING: dict[str, object] = {}
_UNREADABLE = (ValueError, msgspec.MsgspecError, RecursionError)


def known(value: object) -> bool:
    """The value is a count, 0 included."""
    return type(value) is int and 0 <= value <= MOST


def count(value: object) -> int:
    """The value as a count; 0 for whatever is none."""
    return value if type(value) is int and 0 <= value <= MOST else 0


def apart(total: int, *claims: int) -> tuple[int, ...]:
    """What is left of a total, then what each of its parts has of it: none more than there is, in order."""
    taken = []
    for claim in claims:
        part = min(claim, total)
        total -= part
        taken.append(part)
    return total, *taken


def plainly(decode: Callable[[bytes], T], text: bytes) -> T | None:
    """What a decoder of the usual form makes of a text; None for any other form, which has to be ``read`` with care."""
    try:
        return decode(text)
    except _UNREADABLE:
        return None


def read(decode: Callable[[bytes], T], text: bytes | msgspec.Raw) -> T | None:
    """What a decoder makes of a text; None where it can make nothing of it."""
    try:
        return decode(text)
    except msgspec.ValidationError:
        # Perhaps only a number beyond 64 bits, which msgspec refuses: what stands beside it still says something.
        pass
    except _UNREADABLE:
        return None
    try:
        return decode(msgspec.json.encode(json.loads(bytes(text), parse_int=_integer, parse_constant=_nothing)))
    except _UNREADABLE:
        return None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) < 20 else None


def _nothing(digits: str) -> None:
    del digits


def table(value: object) -> dict[str, object]:
    """A JSON object; empty for whatever is none."""
    return value if isinstance(value, dict) else _NOTHING


def word(value: object) -> str:
    """A JSON string; empty for whatever is none."""
    return value if isinstance(value, str) else ""


def inner(told: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """The object under the first of these names that holds one; empty without any."""
    for name in names:
        found = told.get(name)
        if found and isinstance(found, dict):
            return found
    return _NOTHING


def merged(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Later counters over earlier ones of one answer; what is 0, null or left out later does not undo what was told.

    Streams tell cumulative numbers, and Claude Code too keeps a positive number against a later 0 (wire contract 3.5).
    """
    if not before:
        return dict(after)
    result = dict(before)
    for name, value in after.items():
        # Nearly all are numbers, and most servers that tell them tell them in every chunk.
        if type(value) is int and 0 < value <= MOST:
            result[name] = value
        elif value or name not in result:
            old = result.get(name)
            if isinstance(old, dict) and isinstance(value, dict):
                result[name] = merged(old, value)
            elif known(value) or not count(old):
                result[name] = value
    return result


def shared(shares: Iterable[Share]) -> tuple[Share, ...]:
    """One share per model and tier, in order; the one that came last, which answered, stays last."""
    sums: dict[tuple[str | None, str], Usage] = {}
    for share in shares:
        key = (share.model, share.tier)
        # Taken out and put in again: whoever comes last stands last.
        before = sums.pop(key, None)
        sums[key] = share.usage if before is None else before + share.usage
    return tuple(Share(model, usage, tier) for (model, tier), usage in sums.items())


def calls(told: Mapping[str, object], suffix: str) -> tuple[tuple[str, int], ...]:
    """Calls of server tools from fields such as ``web_search_requests``, without the suffix."""
    found = [(name.removesuffix(suffix), count(value)) for name, value in told.items() if name.endswith(suffix)]
    return tuple(sorted((name, number) for name, number in found if number))
