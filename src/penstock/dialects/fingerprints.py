"""What stays the same of a message, however a client writes it down again. Knows no dialect.

From turn to turn clients move cache marks, and some build their blocks anew, with the names in another order. Nothing
here raises, whatever the bytes are.
"""

from collections.abc import Iterable

import msgspec

from penstock.dialects.counting import plainly

_DEPTH = 8
"""Objects further down than this are taken as they are written."""


class _Text(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A text block, as nearly all are: written out for speed."""

    type: msgspec.Raw
    text: msgspec.Raw
    cache_control: msgspec.Raw = msgspec.Raw(b"")


_text = msgspec.json.Decoder(_Text).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.encode


def fingerprint(system: Iterable[bytes], user: Iterable[bytes]) -> bytes:
    """One text of two lists of blocks (JSON), the same for two lists exactly if they say the same."""
    return b"".join(_counted(b"".join(_counted(canonical(one)) for one in part)) for part in (system, user))


def _counted(text: bytes) -> bytes:
    # With its length in front, no text can pass for two, nor two for one.
    return b"%d:%b" % (len(text), text)


def canonical(value: bytes, depth: int = _DEPTH) -> bytes:
    """A JSON value without cache marks, names in order, and without white space; strings and numbers as written."""
    if depth and value.startswith(b"{"):
        plain = plainly(_text, value)
        if plain is not None:
            kind, text = bytes(plain.type), bytes(plain.text)
            if kind.startswith(b'"') and text.startswith(b'"'):
                return b'{"text":%b,"type":%b}' % (text, kind)
        told = plainly(_object, value)
        if told is not None:
            kept = sorted((name, bytes(one)) for name, one in told.items() if name != "cache_control")
            return b"{%b}" % b",".join(_encode(name) + b":" + canonical(one, depth - 1) for name, one in kept)
    elif depth and value.startswith(b"["):
        listed = plainly(_list, value)
        if listed is not None:
            return b"[%b]" % b",".join(canonical(bytes(one), depth - 1) for one in listed)
    return value
