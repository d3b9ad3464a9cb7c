"""Where the values of a JSON text stand that is read whole: all members of an object, all elements of a list.

For texts that are short, or read anyway; ``spans`` finds one member without reading the rest. A place here is a proven
one, so that it can be written to. Knows no dialect; of a text that is no JSON nothing is claimed; nothing raises.
"""

import re

import msgspec

from penstock.dialects.counting import plainly
from penstock.dialects.spans import Span
from penstock.dialects.splicing import with_element, with_piece

_COLON = re.compile(rb"\s*:\s*")
_COMMA = re.compile(rb"\s*[{\[,]?\s*")
_KEY = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name = msgspec.json.Decoder(str).decode


def members(text: bytes) -> dict[str, Span] | None:
    """Where the values of an object's members stand; None for what is no object, or holds a name twice.

    Reads the whole text once. A decoder tells the members in order, with their sizes: each is met where the one
    before it ends.
    """
    told = plainly(_object, text)
    spans: dict[str, Span] = {}
    place = 0
    for name, value in (told or {}).items():
        key = _KEY.match(text, _after(_COMMA, text, place))
        if key is None or plainly(_name, key[0]) != name:
            return None
        start = _after(_COLON, text, key.end())
        place = start + _size(value)
        if not text.startswith(bytes(value), start):
            return None
        spans[name] = (start, place)
    ended = not spans or text[place:].strip() == b"}"
    return spans if told is not None and ended else None


def elements(text: bytes) -> tuple[Span, ...] | None:
    """Where the elements of a list stand; None for what is no list."""
    told = plainly(_list, text)
    if told is None:
        return None
    spans: list[Span] = []
    place = 0
    for value in told:
        start = _after(_COMMA, text, place)
        place = start + _size(value)
        spans.append((start, place))
    return tuple(spans)


def with_inserted(text: bytes, spans: tuple[Span, ...], index: int, element: bytes) -> bytes:
    """A list whose elements stand at ``spans``, with one more before that of this index; after all where none has."""
    if not spans:
        return with_element(text, 0, element) or text
    if index < len(spans):
        return with_piece(text, spans[index][0], element + b",")
    return with_piece(text, spans[-1][1], b"," + element)


def _after(pattern: re.Pattern[bytes], text: bytes, place: int) -> int:
    found = pattern.match(text, place)
    return place if found is None else found.end()


def _size(value: msgspec.Raw) -> int:
    return memoryview(value).nbytes
