"""How long a provider may take: the row's deadlines, and the client's own where it states a longer one.

SDKs tell their read timeout in headers; a client that is ready to wait ten minutes must not be cut off after two.
"""

import math

import msgspec

from penstock.core.head import RequestHead
from penstock.core.target import FIRST_BYTE_SECONDS, Timeouts

# What a client may ask for at most; the SDKs' own default (wire contract 2.10).
LONGEST_SECONDS = 600.0


def of(head: RequestHead, timeouts: Timeouts) -> Timeouts:
    """The deadlines of one call. A first-byte deadline that the operator set on the row is not stretched."""
    whole, read = head.get(b"x-stainless-timeout"), head.get(b"x-stainless-read-timeout")
    if timeouts.first_byte is not None or (whole is None and read is None):
        return timeouts
    stated = max(_seconds(whole), _seconds(read))
    first_byte = max(FIRST_BYTE_SECONDS, min(stated, LONGEST_SECONDS))
    return msgspec.structs.replace(timeouts, first_byte=first_byte)


def _seconds(value: bytes | None) -> float:
    # Python SDKs of the second generation send the literal NOT_GIVEN here (wire contract 2.2).
    try:
        seconds = float(value or b"0")
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
