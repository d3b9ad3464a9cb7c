"""What was found in one request's texts and what became of it, as the answer's header and the books tell it: kinds,
places and numbers, never a value.
"""

import msgspec


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What somebody wants of scrubbing, for a key or a team; whoever stands above decides the rest."""

    wanted: bool | None = None
    kinds: tuple[tuple[str, str], ...] = ()
    """Kinds, and what becomes of each."""


class Count(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """So many values of one kind, in one sort of place."""

    kind: str
    place: str
    """The ``Matter`` of the text; the ``Sort`` of what was attached."""
    action: str
    """``mask``, ``redact``, ``flag``, or ``scan`` for what was looked through and let pass."""
    number: int


class Scrubbed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Of one request. Positional on the wire: fields are added at the end, with defaults."""

    counts: tuple[Count, ...] = ()
    policy: str = ""
    """The version of the rules."""
    restored: int = 0
    """Tokens of the answer that gave way to their values."""
    unresolved: int = 0
    """Tokens of the answer that stayed: of another request, or not to be restored there."""
    miscopied: int = 0
    """What looked like a token and was none."""
    altered: int = 0
    """Tokens in another spelling, which stayed."""

    @property
    def told(self) -> str:
        """For a header: kinds and numbers, such as ``email=2, person=1;flag``."""
        numbers: dict[tuple[str, str], int] = {}
        for count in self.counts:
            kind = count.kind, count.action
            numbers[kind] = numbers.get(kind, 0) + count.number
        return ", ".join(
            f"{kind}={number}" + (f";{action}" if action in {"flag", "scan"} else "")
            for (kind, action), number in sorted(numbers.items())
        )
