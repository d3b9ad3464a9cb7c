"""Terms of keys, teams and users as their rows hold them: what they have in common."""

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.core.scrubbed import Wish


class SubjectTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides about a team or a user; all its keys inherit it."""

    label: str | None = None
    models: tuple[str, ...] = ()
    """Glob patterns of allowed models; none: all."""
    routes: tuple[str, ...] = ()
    """Glob patterns of allowed operations; none: all."""
    intensity: str | None = None
    """As ``Intensity`` spells it; None: as whoever stands above has it."""
    smart: bool | None = None
    holdout: int | None = None
    """Percent."""
    scrub: Wish = Wish()
    quotas: tuple[str, ...] = ()
    """As they are written."""


def columns(terms: msgspec.Struct) -> dict[str, object]:
    """Terms as a row holds them."""
    values: dict[str, object] = msgspec.structs.asdict(terms)
    for name in ("models", "routes", "quotas"):
        values[name] = msgspec.json.encode(values[name]).decode() if values[name] else None
    values["scrub"] = msgspec.json.encode(values["scrub"]).decode() if values["scrub"] != Wish() else None
    return values


def common(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What stands in the rows of keys, teams and users alike, as ``SubjectTerms`` takes it."""
    return {
        "label": row["label"],
        "models": read_list(row["models"]),
        "routes": read_list(row["routes"]),
        "intensity": row["intensity"],
        "smart": row["smart"],
        "holdout": row["holdout"],
        "scrub": read_wish(row["scrub"]),
        "quotas": read_list(row["quotas"]),
    }


def read_list(value: str | None) -> tuple[str, ...]:
    """A column's JSON list of texts."""
    return () if value is None else msgspec.json.decode(value, type=tuple[str, ...])


def read_wish(value: str | None) -> Wish:
    """What becomes of private values, from its column."""
    return Wish() if value is None else msgspec.json.decode(value, type=Wish)
