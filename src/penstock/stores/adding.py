"""Adds up what several queries tell of the same groups, for one report.

Written for speed: there may be a hundred thousand groups.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import add, sub
from typing import Any

import msgspec

from penstock.core.books import By, UsageRow
from penstock.core.usage import COUNTERS, Usage

_EPOCH = datetime.date(1970, 1, 1)
_TOOLS = msgspec.json.Decoder(tuple[tuple[str, int], ...])
_COUNTERS = len(COUNTERS)

Group = tuple[int | str, ...]


class Adding:
    """Rows of the groups, then exchanges, the key's latest name, and ``SUMMED``."""

    def __init__(self, by: Sequence[By]) -> None:
        self._by = by
        self._width = len(by)
        self._found: dict[Group, tuple[Any, ...]] = {}
        self._tools: dict[Group, Counter[str]] = {}

    def add(self, rows: Iterable[Sequence[Any]], sign: int = 1) -> None:
        """What one query tells; ``sign`` -1: taken off from what others have told."""
        width, found, combined = self._width, self._found, add if sign > 0 else sub
        for row in rows:
            told = tuple(row)
            if not told[width]:
                continue
            group = told[:width]
            there = found.get(group)
            if there is None:
                found[group] = told
            else:
                named = max(there[width + 1], told[width + 1])
                sums = map(combined, there[width + 2 :], told[width + 2 :])
                found[group] = (*group, combined(there[width], told[width]), named, *sums)

    def called(self, rows: Iterable[Sequence[Any]]) -> None:
        """Calls of server tools: the groups, a tool's name, how often."""
        for row in rows:
            self._tools.setdefault(tuple(row[:-2]), Counter())[row[-2]] += int(row[-1])

    def called_in(self, rows: Iterable[Sequence[Any]]) -> None:
        """The same as entries have it, each spelling counted: few have any, and there are few spellings."""
        for row in rows:
            counted = self._tools.setdefault(tuple(row[:-2]), Counter())
            for name, calls in _TOOLS.decode(row[-2]):
                counted[name] += calls * int(row[-1])

    def rows(self) -> Sequence[UsageRow]:
        """One for each group, in the groups' order."""
        return [self._row(group) for group in sorted(self._found) if self._found[group][self._width]]

    def _row(self, group: Group) -> UsageRow:
        told, by, width = self._found[group], self._by, self._width
        exchanges, (*sums,) = told[width], map(int, told[width + 2 :])
        calls = self._tools.get(group)
        tools = tuple(sorted(calls.items())) if calls else ()
        used: Any = (*sums[:_COUNTERS], tools)
        not_served, cost, unpriced, estimated, estimated_tokens, estimated_cost = sums[_COUNTERS:]
        return UsageRow(
            group=tuple(map(_shown, by, group)) if By.DAY in by or By.STATUS in by else group,  # type: ignore[arg-type]
            key_name=told[width + 1] if By.KEY in by else "",
            exchanges=int(exchanges),
            usage=Usage(*used),
            not_served=not_served,
            cost=cost,
            unpriced=unpriced,
            estimated=estimated,
            estimated_tokens=estimated_tokens,
            estimated_cost=estimated_cost,
        )


def _shown(by: By, value: int | str) -> str:
    return str(_EPOCH + datetime.timedelta(days=int(value))) if by is By.DAY else str(value)
