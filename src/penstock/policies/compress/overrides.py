"""What a single request asks for itself: in a header under any of the gateway's prefixes, or in its query.

The header comes before the query. Nothing but the four intensities is understood, and ``none`` for ``off``.
"""

from collections.abc import Sequence
from urllib.parse import unquote_plus

from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.terseness import Intensity

_NAMES = {**{one.value: one for one in Intensity}, "none": Intensity.OFF}
_LONGEST = 40


class Overrides:
    """Reads requests' own wishes."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._headers = tuple(f"{prefix}Intensity".lower().encode() for prefix in prefixes)
        self._spelt = " or ".join(f"{prefix}Intensity" for prefix in prefixes)

    def intensity(self, head: RequestHead) -> Intensity | None:
        """What this very request asks for; None: nothing. FaultError 400 for what is no intensity."""
        for name in self._headers:
            value = head.get(name)
            if value is not None:
                return self._read(value.decode("latin-1"), self._spelt)
        if head.query and (b"intensity" in head.query or b"%" in head.query):
            for part in head.query.decode("latin-1").split("&"):
                parameter, _, text = part.partition("=")
                if unquote_plus(parameter) == "intensity":
                    return self._read(unquote_plus(text), "?intensity=")
        return None

    def _read(self, text: str, where: str) -> Intensity:
        found = _NAMES.get(text.strip().lower())
        if found is None:
            shown = ascii(text[:_LONGEST])
            raise refuse(FaultKind.MALFORMED, f"{where} says {shown}; it must be one of off, lite, full and ultra.")
        return found
