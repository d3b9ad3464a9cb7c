"""Where a member of the outermost object stands in a JSON text, and the elements of a list that begins somewhere.

Half a megabyte of history is not read for it: a place is proven by the shorter side of the text, which must be the
beginning of one open object, or the rest of one. So what stands deeper down, is overridden by a later member of the
same name, or is part of a string is never taken for the member. Of a text that is no JSON nothing is claimed: whoever
edits it has read it before. Knows no dialect; never raises.
"""

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from penstock.dialects.counting import plainly
from penstock.dialects.splicing import TRIES, places

Span = tuple[int, int]
"""Where something begins and ends in a text."""

_SPACES = re.compile(rb"[ \t\r\n]*")
_COLON = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PLAIN = re.compile(_STRING + rb"|[-+.\w]+", re.DOTALL)
_TOKEN = re.compile(_STRING + rb"|[\[\]{}\"]", re.DOTALL)
_DEEPER = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}

_SHORT = 30_000
"""Up to here the end of a value is found sooner than a decoder reads all that follows it."""
_SOON = 100_000
"""Up to here a decoder tells where a value ends sooner than it is found."""
_MOST = 1_000
"""So often a name is met in what people send; who sends more of it need not be served at any price."""
_AGAIN = 64
"""So many members of one name and one value are looked at."""
_HEAD = 200
"""Two long values that begin alike for so long are rarely two."""

_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def member(text: bytes, name: str) -> Span | None:
    """The value of the outermost object's member of this name; None without one whose name is written plainly."""
    start = member_start(text, name)
    if start is None:
        return None
    if len(text) - start > _SOON:
        end = _end(text, start, len(text))
        return None if end is None else (start, end)
    # No later member has this name: this one was the last.
    rest = plainly(_members, b'{"%b":' % name.encode() + text[start:])
    return None if rest is None else (start, start + memoryview(rest[name]).nbytes)


def member_start(text: bytes, name: str) -> int | None:
    """Where that value begins; of two members with one name the last counts, as for most decoders."""
    for tried, place in enumerate(_named(text, name)):
        if tried == TRIES:
            # A name that is met often: one reading tells the value, and which of all these can hold it.
            value = bytes((plainly(_members, text) or {}).get(name, b"-"))
            same = (place for place in _named(text, name) if text.startswith(value, place))
            return next((place for place in islice(same, _AGAIN) if _is_outermost(text, place)), None)
        if _is_outermost(text, place):
            return place
    return None


def value_start(text: bytes, name: str, value: msgspec.Raw) -> int | None:
    """The same where a decoder has told the value: for what is large and stands near the beginning."""
    size, head = memoryview(value).nbytes, bytes(memoryview(value)[:_HEAD])
    like = (place for place in islice(places(text, name), _MOST) if text.startswith(head, place))
    for place in islice(like, TRIES):
        rest = plainly(_members, b'{"":0' + text[place + size :])
        if rest is not None and name not in rest:
            return place
    return member_start(text, name)


def _named(text: bytes, name: str) -> Iterator[int]:
    """Where values of this name begin, however deep, the last first: backwards a long text is searched far sooner."""
    token = b'"%b"' % name.encode()
    found = text.rfind(token)
    for _ in range(_MOST):
        if found < 0:
            return
        # An unescaped quote before a name begins a string: inside the text of another string these are never met.
        colon = _COLON.match(text, found + len(token)) if text[found - 1 : found] != b"\\" else None
        if colon is not None:
            yield colon.end()
        found = text.rfind(token, 0, found)


def _is_outermost(text: bytes, place: int) -> bool:
    if place < len(text) - place:
        return plainly(_members, text[:place] + b"null}") is not None
    return plainly(_members, b'{"":' + text[place:]) is not None


def elements(text: bytes, start: int) -> Iterator[Span]:
    """The elements of the list that is a member of the outermost object and begins here, one after the other as they
    are asked for; none of what is no list."""
    before, begun, found = b"[", start, 0
    while text.startswith(before, begun):
        first = _after_spaces(text, begun + 1)
        end = _end(text, first, first + _SHORT)
        if end is None:
            yield from islice(_read_elements(text, start), found, None)
            return
        yield first, end
        begun, before, found = _after_spaces(text, end), b",", found + 1


def _read_elements(text: bytes, start: int) -> Iterator[Span]:
    """The same of a list that has been read: where an element is long itself, this is sooner."""
    rest = plainly(_members, b'{"":' + text[start:])
    value = bytes(rest[""]) if rest else b""
    if not text.startswith(value, start):
        # A later member has this name, too.
        value = text[start : _end(text, start, len(text)) or start]
    end = start
    for one in plainly(_list, value) or ():
        first = _after_spaces(text, end + 1)
        end = first + memoryview(one).nbytes
        yield first, end
        end = _after_spaces(text, end)


def _end(text: bytes, start: int, most: int) -> int | None:
    """Where the value ends that begins here; None where none does, or not so soon."""
    plain = _PLAIN.match(text, start, most)
    if plain is not None:
        return plain.end()
    if text[start : start + 1] not in {b"[", b"{"}:
        return None
    depth = 0
    for found in _TOKEN.finditer(text, start, most):
        if found[0] == b'"':
            # A string that does not end, or not so soon.
            return None
        depth += _DEEPER.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


def _after_spaces(text: bytes, place: int) -> int:
    found = _SPACES.match(text, place)
    return place if found is None else found.end()
