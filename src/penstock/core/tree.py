"""A JSON text as a tree that knows where everything stands, so that one string of it can be changed in its place.

A decoder gives values without places; this gives places, and values when they are asked for. It is for the pieces of a
request that are looked into for the first time. The text has been found to be JSON before; what is none here raises.
"""

import re
from collections.abc import Iterator
from enum import Enum

import msgspec

from penstock.core.legible import NotReadableError, legible

MOST_NODES = 500_000
"""A text with more values than this is refused: its tree alone would take hundreds of megabytes."""
MOST_DEEP = 200

_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_SCALAR = rb"-?\d++(?:\.\d++)?(?:[eE][-+]?\d++)?|true|false|null"
_TOKEN = re.compile(rb"[ \t\r\n,:]*+(" + _STRING + rb"|[\[\]{}]|" + _SCALAR + rb")")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_OPENING = {b"{": b"}", b"[": b"]"}
_decode_string = msgspec.json.Decoder(str).decode


class JsonForm(Enum):
    """What a value is."""

    STRING = "string"
    NUMBER = "number"
    WORD = "word"
    """``true``, ``false`` and ``null``."""
    LIST = "list"
    OBJECT = "object"


class Node(msgspec.Struct, gc=False):
    """A value: ``text[start:end]``, in bytes, quotes and brackets included."""

    start: int
    end: int
    form: JsonForm
    items: "list[Node]" = msgspec.field(default_factory=list)
    """A list's elements, or the values of an object's members, in the order of the text."""
    names: "list[Node]" = msgspec.field(default_factory=list)
    """The names of an object's members. A name that stands twice is here twice."""

    def members(self, text: bytes) -> "Iterator[tuple[str, Node]]":
        """An object's members by name; of what is no object, none."""
        return ((string(text, name), value) for name, value in zip(self.names, self.items, strict=True))


def tree(text: bytes) -> Node:
    """The value that the text is; NotReadableError for what is no JSON, or has too many values."""
    stack: list[tuple[Node, bytes]] = []
    top = Node(0, len(text), JsonForm.LIST)
    node, closing, place = top, b"", 0
    for count, found in enumerate(_TOKEN.finditer(text)):
        if count == MOST_NODES:
            raise NotReadableError("the request body holds too many values")
        if found.start() != place:
            break
        place, token = found.end(), found[1]
        first = token[:1]
        if first in _OPENING:
            if len(stack) == MOST_DEEP:
                raise NotReadableError("the request body is nested too deeply")
            stack.append((node, closing))
            child = Node(found.start(1), place, JsonForm.OBJECT if first == b"{" else JsonForm.LIST)
            node.items.append(child)
            node, closing = child, _OPENING[first]
        elif first == closing:
            if len(node.names) != (len(node.items) if node.form is JsonForm.OBJECT else 0):
                break
            node.end = place
            node, closing = stack.pop()
        elif first == b'"':
            named = node.form is JsonForm.OBJECT and len(node.names) == len(node.items)
            (node.names if named else node.items).append(Node(found.start(1), place, JsonForm.STRING))
        else:
            node.items.append(Node(found.start(1), place, JsonForm.WORD if first in b"tfn" else JsonForm.NUMBER))
    if stack or len(top.items) != 1 or text[place:].strip():
        raise NotReadableError("a text that should be JSON is not")
    return top.items[0]


def string(text: bytes, node: Node) -> str:
    """What a string says; half a character (``\\ud83d`` alone) is read as the replacement character.

    NotReadableError for bytes that are no UTF-8.
    """
    try:
        return _decode_string(legible(text[node.start : node.end]))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotReadableError("a string of the request body is no UTF-8") from None


def offsets(token: bytes) -> list[int] | None:
    """For each character of what a string token says, and for its end, the byte of the token where it stands; None
    where each takes one byte, and the first stands behind the quote."""
    if token.isascii() and b"\\" not in token:
        return None
    found, place, end = [], 1, len(token) - 1
    while place < end:
        found.append(place)
        byte = token[place]
        if byte == 0x5C:
            escape = _ESCAPE.match(token, place)
            if escape is None:
                raise NotReadableError("a string holds an escape that is none")
            place = escape.end()
        else:
            place += 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
    found.append(end)
    return found


def escaped(put: str) -> str:
    """A text as it stands inside a JSON string, without the quotes."""
    return msgspec.json.encode(put)[1:-1].decode()
