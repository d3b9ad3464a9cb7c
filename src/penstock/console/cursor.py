"""Where a list goes on: a place in its order, sealed so that nobody makes one up.

A cursor holds the last item's sort values and the question that it belongs to. It is no secret, but it is signed: one
that was changed, or is used with another question, is refused and never reaches a query.
"""

import base64
import binascii
import hashlib
import hmac

import msgspec

_MAC_BYTES = 16
_PURPOSE = b"penstock cursor 1\0"

Place = tuple[str | int, ...]
_DECODE = msgspec.json.Decoder(Place).decode


class BadCursorError(ValueError):
    """It is none of ours, or belongs to another list."""


def sealed(secret: bytes, question: str, place: Place) -> str:
    """The cursor as it stands in an answer. ``question``: the list and all that it was filtered by."""
    payload = msgspec.json.encode(place)
    return base64.urlsafe_b64encode(_mac(secret, question, payload) + payload).rstrip(b"=").decode()


def opened(secret: bytes, question: str, cursor: str) -> Place:
    """The place; BadCursorError."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCursorError from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, question, payload)):
        raise BadCursorError
    return _DECODE(payload)


def _mac(secret: bytes, question: str, payload: bytes) -> bytes:
    message = _PURPOSE + b"%d\0" % len(payload) + payload + question.encode()
    return hashlib.blake2b(message, key=secret[:64], digest_size=_MAC_BYTES).digest()
