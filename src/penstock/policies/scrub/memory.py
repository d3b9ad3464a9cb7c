"""What a block was found to hold, remembered for the next request that brings it again. A memory alone: whatever is
forgotten is found again, and is the same.

It holds values in the clear, in this process and nowhere else.
"""

import msgspec

from penstock.core.scrubbed import Count
from penstock.core.text import Splice
from penstock.policies.scrub.known import Value

BLOCKS = 10_000
"""Of each generation that is remembered: an ordinary conversation has some hundred."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What a block holds, under one set of rules and after one list of known values."""

    splices: tuple[Splice, ...] = ()
    """What is put into the block."""
    values: tuple[Value, ...] = ()
    """All that its tokens stand for."""
    learnt: tuple[Value, ...] = ()
    """Those that count for the blocks after it."""
    counts: tuple[Count, ...] = ()
