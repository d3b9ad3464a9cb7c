"""The parts that the engine is put together from, one line each. Whoever adds a part adds it here.

A part is loaded when somebody looks for one of its kinds, and not before.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from penstock.core.finding import Found, Matter, Pause, unhurried
from penstock.detection.rule import Rule


class Finder(Protocol):
    """Finds what no pattern can say."""

    @property
    def signs(self) -> Sequence[Rule]:
        """What it would like to have looked for, together with what others have."""

    def find(
        self, text: str, matter: Matter, met: Sequence[int] | None = None, pause: Pause = unhurried
    ) -> Sequence[Found]:
        """What it finds, in any order, in time linear in the text. ``met``: which of the signs the text meets, for who
        knows."""


def _structured() -> Sequence[Rule]:
    from penstock.detection.structured import RULES  # noqa: PLC0415 - loaded with the first engine

    return RULES


def _secrets() -> Sequence[Rule]:
    from penstock.detection.secrets import RULES  # noqa: PLC0415 - loaded with the first engine

    return RULES


def _persons() -> Finder:
    from penstock.detection.names.persons import Persons  # noqa: PLC0415 - reads lists of sixty thousand names

    return Persons()


def _addresses() -> Finder:
    from penstock.detection.addresses import Addresses  # noqa: PLC0415 - loaded with the first engine

    return Addresses()


RULES: tuple[tuple[frozenset[str], Callable[[], Sequence[Rule]]], ...] = (
    (
        frozenset(
            {
                *("bank-account", "card", "crypto-wallet", "date-of-birth", "driver-licence", "email", "iban", "ip"),
                *("ip-private", "mac", "national-id", "passport", "phone", "url-credentials"),
            }
        ),
        _structured,
    ),
    (frozenset({"secret"}), _secrets),
)
"""Which kinds a part has rules for, and the part."""

FINDERS: tuple[tuple[frozenset[str], Callable[[], Finder]], ...] = (
    (frozenset({"person"}), _persons),
    (frozenset({"address"}), _addresses),
)
"""Likewise, the parts that no pattern can say."""


def rules(kinds: frozenset[str]) -> list[Rule]:
    """The rules for these kinds, in a fixed order."""
    parts = [part() for known, part in RULES if known & kinds]
    return [rule for part in parts for rule in part if rule.kind in kinds]


def finders(kinds: frozenset[str]) -> list[Finder]:
    """The finders for these kinds."""
    return [part() for known, part in FINDERS if known & kinds]
