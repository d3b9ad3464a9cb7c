"""What can be said of a quota beforehand, kept by the quota: limits do not change from answer to answer.

Quotas live as long as their keys' profiles, and many keys share them; what is told of them is told with every answer.
Knows no dialect.
"""

from collections.abc import Callable

import msgspec

from penstock.core.quota import Quota

MOST = 10_000
"""Quotas that are kept; then all of them are forgotten and made anew."""


class Rate(msgspec.Struct, frozen=True, gc=False):
    """One quota, as a dialect tells of it."""

    quota: Quota
    group: int
    """A bit: of those with the same, only the tightest is told. 0: nothing is told of it."""
    template: bytes
    """The lines, each begun by a line end, in want of what remains and of when it is full again."""
    room: int
    """What its bucket holds."""


class ToldRates:
    """By quota. They are told apart by identity: to compare two would cost as much as to tell of one."""

    def __init__(self, template: Callable[[Quota], tuple[int, bytes]]) -> None:
        self._template = template
        self._known: dict[int, Rate] = {}

    def __getitem__(self, quota: Quota) -> Rate:
        found = self._known.get(id(quota))
        if found is None or found.quota is not quota:
            if len(self._known) >= MOST:
                self._known.clear()
            found = self._known[id(quota)] = Rate(quota, *self._template(quota), quota.bursting)
        return found
