"""Upload tickets: proof, in the URL of a resumable upload, of the key that began it.

Google's SDKs send the pieces of an upload to the URL that the start's answer named, and the Python one sends no key
with them (google-genai 3.4, ``_api_client._upload_fd``). So that URL carries a ticket of the gateway's own: whose it
is, for which upload, until when, and whether the start went up under the caller's own credential. Pure: the caller
brings the time.
"""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import parse_qsl

import msgspec

# The query parameter that carries it; it never goes upstream.
PARAMETER = "penstock_ticket"
UPLOAD_ID = "upload_id"

# How long Google keeps an upload open.
LIFETIME_SECONDS = 7 * 24 * 3600

_PURPOSE = b"penstock upload ticket 1\0"
_MAC_BYTES = 32


class Ticket(msgspec.Struct, frozen=True):
    """Who may go on with an upload."""

    key_id: str
    """The gateway key's identity; the key must still be in force."""
    own: bool
    """The start went up under the caller's own credential, which the pieces do not carry."""
    expires: int
    """Seconds since the epoch."""


def mint(secret: bytes, ticket: Ticket, upload_id: str) -> str:
    """The ticket as it stands in a URL."""
    payload = f"{ticket.expires:x}.{'o' if ticket.own else 'g'}.{ticket.key_id}".encode()
    return _text(_mac(secret, payload, upload_id) + payload)


def read(secret: bytes, query: bytes, now: float) -> Ticket | None:
    """The ticket in a query; None when there is none, when it is not ours, not for this upload, or over."""
    pairs = parse_qsl(query.decode("latin-1"))
    tickets = [value for name, value in pairs if name == PARAMETER]
    uploads = [value for name, value in pairs if name == UPLOAD_ID]
    # Two upload ids could mean one thing here and another at the provider.
    if len(tickets) != 1 or len(uploads) != 1:
        return None
    try:
        raw = base64.urlsafe_b64decode(tickets[0] + "=" * (-len(tickets[0]) % 4))
    except (binascii.Error, ValueError):
        return None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, payload, uploads[0])):
        return None
    expires, kind, key_id = payload.decode().split(".", 2)
    ticket = Ticket(key_id, kind == "o", int(expires, 16))
    return ticket if now < ticket.expires else None


def _mac(secret: bytes, payload: bytes, upload_id: str) -> bytes:
    # Lengths are spelt out, so that no two pairs of payload and upload run together to the same bytes.
    message = _PURPOSE + b"%d\0%b" % (len(payload), payload) + upload_id.encode("utf-8", "surrogateescape")
    return hmac.new(secret, message, hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
