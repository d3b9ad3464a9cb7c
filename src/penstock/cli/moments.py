"""Times as people write and read them: ``90d``, ``2027-01-01``, ``never``. All of them UTC, in whole seconds.

Pure but for the present moment, which is the clock's.
"""

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    Whole = click.ParamType[int]
else:
    # Generic only in click's later releases.
    Whole = click.ParamType

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"([0-9]{1,9})([smhdw])")
NEVER = 0
"""What ``never`` reads as."""


def span(text: str) -> int | None:
    """``24h`` as seconds; None for what is no such span."""
    found = _SPAN.fullmatch(text.strip())
    return None if found is None else int(found[1]) * _UNITS[found[2]]


def moment(text: str) -> int | None:
    """A date or a time as the configuration takes it, as seconds since the epoch; None for what is none."""
    from penstock.config import forms  # noqa: PLC0415 - keeps --help instant
    from penstock.config.mistakes import MisfitError  # noqa: PLC0415

    try:
        return int(forms.moment(text).timestamp())
    except MisfitError:
        return None


def shown(seconds: float | None, *, absent: str = "never") -> str:
    """``2027-01-01 12:00``, UTC."""
    if seconds is None:
        return absent
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def stamped(seconds: float | None) -> str | None:
    """The moment in RFC 3339, for JSON; None for none."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact(seconds: float) -> str:
    """The moment in RFC 3339, to the millisecond."""
    milliseconds = round(seconds * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(milliseconds // 1000))}.{milliseconds % 1000:03d}Z"


class Span(Whole):
    """A length of time."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Whole seconds."""
        found = value if isinstance(value, int) else span(value)
        if found is None:
            self.fail(f"{value!r} is no span of time; write it like 30m, 24h or 7d", param, ctx)
        return found


class Expiry(Whole):
    """A moment in the future, a span from now, or ``never``."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds since the epoch; NEVER for never."""
        if isinstance(value, int) or value.strip().lower() == "never":
            return value if isinstance(value, int) else NEVER
        length = span(value)
        found = moment(value) if length is None else int(time.time()) + length
        if found is None:
            self.fail(f"{value!r} is no moment; write it like 90d, 2027-01-01 or never", param, ctx)
        if found <= time.time():
            self.fail(f"{value} is over already; write a moment in the future, or never", param, ctx)
        return found


class Since(Whole):
    """A moment in the past, or a span before now."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds since the epoch."""
        if isinstance(value, int):
            return value
        length = span(value)
        if value.strip().lower() == "today":
            return int(time.time()) // 86_400 * 86_400
        found = moment(value) if length is None else int(time.time()) - length
        if found is None:
            self.fail(
                f"{value!r} is no moment; write it like 24h, 7d, today, 2026-11-01 or 2026-11-01T08:00", param, ctx
            )
        return found
