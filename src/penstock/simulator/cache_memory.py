"""What the simulated provider remembers of prompts, so that cache counters follow what callers do.

A prompt is a row of stretches (a tool, a system block, a message's block); after each stands a hash of everything
before it. Anthropic's caches are written at marks (``cache_control``) and found up to 20 stretches before one; OpenAI
and Gemini cache every prefix by themselves. Bounded; knows hashes and sizes, never a prompt's text.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

# Anthropic asks for 1,024 to 4,096 tokens depending on the model, OpenAI for 1,024; here it is one number for all.
SMALLEST = 1024
# OpenAI counts cached tokens in steps of 128.
STEP = 128
# How many blocks before a mark Anthropic looks for an earlier cache entry.
LOOKBACK = 20

AUTOMATIC_SECONDS = 600.0


class Stretch(msgspec.Struct, frozen=True):
    """A part of a prompt: what it is (for the hash), what it weighs, and for how long a mark on it caches (0: none)."""

    content: bytes
    tokens: int
    seconds: int = 0


class CacheUse(msgspec.Struct, frozen=True):
    """Input tokens that came from the cache and that went into it. Disjoint."""

    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


class CacheMemory:
    """Prefixes seen before, each until it expires; the longest unused are forgotten first."""

    def __init__(self, bound: int = 20_000) -> None:
        self._bound = bound
        self._kept: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def marked(self, model: str, stretches: Sequence[Stretch], now: float) -> CacheUse:
        """Counters of a prompt whose marks say what to cache, which is then remembered."""
        marks = [place for place, stretch in enumerate(stretches) if stretch.seconds]
        if not marks:
            return CacheUse()
        ends = _ends(model, stretches)
        read = max(self._found(ends, mark, now) for mark in marks)
        position, written = read, {300: 0, 3600: 0}
        for mark in marks:
            digest, size = ends[mark]
            if size < SMALLEST:
                continue
            seconds = stretches[mark].seconds
            if size > position:
                written[seconds] += size - position
                position = size
            self._keep(digest, now, float(seconds))
        return CacheUse(read, written[300], written[3600])

    def automatic(self, model: str, stretches: Sequence[Stretch], now: float) -> int:
        """Cached tokens of a prompt whose every prefix is cached."""
        ends = [end for end in _ends(model, stretches) if end[1] >= SMALLEST]
        longest = 0
        for digest, size in ends:
            if self._alive(digest, now):
                longest = size
            self._keep(digest, now, AUTOMATIC_SECONDS)
        return longest - longest % STEP

    def _found(self, ends: Sequence[tuple[bytes, int]], mark: int, now: float) -> int:
        for place in range(mark, max(mark - LOOKBACK, 0) - 1, -1):
            digest, size = ends[place]
            if self._alive(digest, now):
                seconds = self._kept[digest][1]
                self._keep(digest, now, seconds)
                return size
        return 0

    def _alive(self, digest: bytes, now: float) -> bool:
        entry = self._kept.get(digest)
        return entry is not None and entry[0] > now

    def _keep(self, digest: bytes, now: float, seconds: float) -> None:
        self._kept[digest] = (now + seconds, seconds)
        self._kept.move_to_end(digest)
        while len(self._kept) > self._bound:
            self._kept.popitem(last=False)


def total(stretches: Sequence[Stretch]) -> int:
    """The tokens of a whole prompt."""
    return sum(stretch.tokens for stretch in stretches)


def _ends(model: str, stretches: Sequence[Stretch]) -> list[tuple[bytes, int]]:
    """After each stretch: the hash and the size of everything up to there."""
    digest = hashlib.blake2b(model.encode(), digest_size=16)
    size = 0
    ends = []
    for stretch in stretches:
        digest.update(b"%d:" % len(stretch.content))
        digest.update(stretch.content)
        size += stretch.tokens
        ends.append((digest.digest(), size))
    return ends
