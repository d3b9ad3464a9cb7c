"""Checksums and structures that providers put into tokens, computed. Each says whether a whole value is sound."""

import base64
import binascii
import hashlib
import json
import re

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def bech32(value: str) -> bool:
    """BIP 173: age's and Nostr's keys."""
    low = value.lower()
    if value not in {low, value.upper()}:
        return False
    name, _, data = low.rpartition("1")
    if not all(each in _BECH32 for each in data):
        return False
    words = [ord(each) >> 5 for each in name] + [0] + [ord(each) & 31 for each in name]
    check = 1
    for word in (*words, *(_BECH32.index(each) for each in data)):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ word
        for place, factor in enumerate(_BECH32_GENERATOR):
            check ^= factor if top >> place & 1 else 0
    return check == 1


def base58(value: str) -> bool:
    """Base58Check: the last four bytes are of the double SHA-256 of the rest."""
    number = 0
    for each in value:
        number = number * 58 + _BASE58.index(each)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def decoded(text: str) -> bytes:
    """What base64 of either alphabet, padded or not, stands for; nothing where it is none."""
    plain = re.sub(r"\s", "", text).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def jwt(value: str) -> bool:
    """Whether the first part is a JSON object that names an algorithm (RFC 7515), and the second is an object."""
    header, _, rest = value.partition(".")
    return "alg" in _object(header) and bool(_object(rest.partition(".")[0]))


def _object(part: str) -> dict[str, object]:
    try:
        found = json.loads(decoded(part))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
