"""What the dialects' readers of tools have in common: JSON members one level at a time, the host of an address, the
model's name put in another's place.

Strict: what has another form than it should raises ``OtherwiseError``, because whoever asks has to allow or refuse it.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from penstock.core.legible import NotReadableError
from penstock.core.tree import JsonForm, tree

Members = Mapping[str, object]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class OtherwiseError(ValueError):
    """Something has another form than it should."""


def members(text: bytes | msgspec.Raw) -> Mapping[str, msgspec.Raw]:
    """An object's members, undecoded; of two with one name the last."""
    try:
        return _members(bytes(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise OtherwiseError("no object") from None


def decoded(text: msgspec.Raw | None) -> object:
    """A member's value; None where there is none."""
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise OtherwiseError("no JSON") from None


def rows(value: object) -> Iterable[Members]:
    """A list's elements, each an object; of null, none."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise OtherwiseError("no list of objects")
    return value


def name(row: Members, *keys: str) -> str:
    """The first of these members that is there."""
    for key in keys:
        found = row.get(key)
        if found is not None:
            if not isinstance(found, str):
                raise OtherwiseError("a name that is none")
            return found
    return ""


def length(text: msgspec.Raw | None) -> int:
    """How many elements a list has; 1 of anything else that is there."""
    if text is None or bytes(text) == b"null":
        return 0
    if not bytes(text).startswith(b"["):
        return 1
    try:
        return len(_list(text))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OtherwiseError("no list") from None


def host(address: str) -> str:
    """Of an URL; empty where it has none, or where not everybody would read the same one in it."""
    if "\\" in address or not address.isprintable() or " " in address:
        return ""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def with_model(body: bytes, model: str) -> bytes:
    """The body with another model in its outermost ``model``, every other byte as it was."""
    try:
        top = tree(body)
        found = [value for key, value in top.members(body) if key == "model" and value.form is JsonForm.STRING]
    except NotReadableError:
        return body
    parts, last = [], 0
    for value in found:
        parts += [body[last : value.start], msgspec.json.encode(model)]
        last = value.end
    return b"".join((*parts, body[last:])) if parts else body
