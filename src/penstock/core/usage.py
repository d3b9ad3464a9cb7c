"""What a call used up, in counters that never overlap, and who says so.

Providers count the same things in overlapping ways: cached tokens inside or beside the input, reasoning inside the
output or apart. Here every token is in exactly one counter, so that a price can be put on each and sums mean something.
"""

from enum import Enum

import msgspec


class Source(Enum):
    """Where the counters come from."""

    REPORTED = "reported"
    """The provider's own numbers."""
    ESTIMATED = "estimated"
    """Some of them worked out from bytes, because the provider told none or the answer was cut short."""
    NONE = "none"
    """Nothing was told and nothing can be said: an operation that is not counted in tokens, or one that failed."""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Tokens, disjoint; and how often the provider's own tools ran."""

    input: int = 0
    """Text that was neither read from nor written to a cache."""
    input_audio: int = 0
    input_image: int = 0
    """Pictures and video, where the provider counts them apart."""
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0
    output: int = 0
    """What the client can see, text and tool calls, without reasoning."""
    output_audio: int = 0
    output_image: int = 0
    reasoning: int = 0
    tools: tuple[tuple[str, int], ...] = ()
    """Calls of server tools by the provider's name for them (``web_search``), sorted, none with zero calls."""

    def __add__(self, other: "Usage") -> "Usage":
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTERS}
        tools = dict(self.tools)
        for name, calls in other.tools:
            tools[name] = tools.get(name, 0) + calls
        return Usage(**counts, tools=tuple(sorted(tools.items())))

    @property
    def total_input(self) -> int:
        """Every token that went in, cached or not."""
        written = self.cache_write_5m + self.cache_write_1h
        return self.input + self.input_audio + self.input_image + written + self.cache_read

    @property
    def total_output(self) -> int:
        """Every token that came out, seen or not."""
        return self.output + self.output_audio + self.output_image + self.reasoning


COUNTERS = tuple(name for name in Usage.__struct_fields__ if name != "tools")
"""The names of the token counters, in order."""


class Share(msgspec.Struct, frozen=True, gc=False):
    """What one model used of a call. Most calls have one share; a fallback, an advisor or a compaction adds others."""

    model: str | None
    """As the provider names the model that served, or None where the answer does not say."""
    usage: Usage
    tier: str = ""
    """How the provider bills it, in its own word (``batch``, ``priority``, ``flex``), or empty for the ordinary way."""


class Consumption(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What an answer told about what it used."""

    shares: tuple[Share, ...] = ()
    source: Source = Source.NONE
    missing: bool = False
    """The output's counters are absent or were not final: the answer ended early, or its provider told no usage."""
    untold: bool = False
    """Something was used that nobody can tell or estimate, such as a picture's making: it is unpriced, never free."""

    @property
    def usage(self) -> Usage:
        """All shares together."""
        shares = self.shares
        return shares[0].usage if len(shares) == 1 else sum((share.usage for share in shares), Usage())

    @property
    def model(self) -> str | None:
        """The model that answered: the last share's."""
        return self.shares[-1].model if self.shares else None


UNREAD = Consumption(missing=True)
"""Of an answer that nobody heard, though its provider may charge for it."""
