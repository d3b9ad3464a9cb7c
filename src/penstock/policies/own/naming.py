"""Which stored objects a request names: in its path, its query and its body. Pure.

A body is looked through as bytes first: half a megabyte of chat that names nothing costs a scan. Only when a field's
name stands in it (or an escape that could spell one) is it decoded, every one of several equal keys looked at.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

import msgspec
from ahocorasick_rs import BytesAhoCorasick

from penstock.core.legible import NotReadableError
from penstock.core.route import Match, Stored


class Name(msgspec.Struct, frozen=True):
    """One id that a request names, and the field, parameter or kind of item that names it."""

    field: str
    id: str


# Keys below which stands the caller's own data: tool inputs and schemas, and parts of earlier answers that providers
# show again but never look up. A function's ``file_id`` argument is no file of the provider's.
_OPAQUE = {
    "anthropic": frozenset({"input", "input_schema", "input_examples", "schema", "metadata", "citations"}),
    "openai": frozenset({"parameters", "schema", "json_schema", "metadata", "annotations", "results", "logprobs"}),
    "gemini": frozenset(
        {
            "args", "response", "parameters", "parametersJsonSchema", "parameters_json_schema", "labels",
            "responseSchema", "response_schema", "responseJsonSchema", "response_json_schema",
        }
    ),
}  # fmt: skip

_JSON = re.compile(rb"\s*[{\[]")

# A key may be written with escapes ("file\u005fid"). Encoders escape control, HTML and non-ASCII characters, never
# letters or the underscore, so that these are rare enough to decode the body for.
_DISGUISED = re.compile(rb"\\u00(?:4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])")

_ESCAPE = b"\\u00"

# It tells every place in what it is handed, as a list: a body of nothing else must not fill the memory with places.
_AT_ONCE = 64 * 1024
_LONGEST_PIECE = 64

# Its tables are seldom in the processor's caches when a request comes: for 1 kB it took 8 to 19 µs in a gateway that
# serves others meanwhile, and a pattern 2.5.
_SMALL = 16 * 1024

# Fine-tuned models are named where every model is; only their prefix says that a tenant made them.
TUNED_MODEL = "ft:"

# A file's URI is its name below an API version, under whatever host the provider calls itself. Addresses of others (a
# video page, a public document, a bucket) are no stored objects.
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*+:)?//([^/]*+)(.*)", re.IGNORECASE | re.DOTALL)
_GOOGLES = re.compile(r"(?<!storage)\.googleapis\.com", re.IGNORECASE)
_OWN_PATH = re.compile(r"/(?:v1|v1beta|v1alpha)/files/([^/:?#]+)", re.IGNORECASE)
# Without a host, or under Google's, a file's name anywhere counts: lenient readers skip whatever stands before it.
_FILES = re.compile(r"(?<![a-z0-9_-])files/+([^/:?#]+)", re.IGNORECASE)
_LONGEST_URI = 2048
# Readers of addresses drop these wherever they stand, and take a backslash for a slash (WHATWG URL, 4.4).
_AS_READ = str.maketrans({"\t": None, "\n": None, "\r": None, "\\": "/"})

# Items whose content stands at the provider, under their id: OpenAI answers 404 "Item with id 'rs_…' not found" to a
# reasoning item that it does not keep, unless the item brings its content along.
_CONTENT = {"item_reference": None, "reasoning": "encrypted_content", "image_generation_call": "result"}


def in_path(stored: Stored, match: Match) -> list[Name]:
    """The ids in the path; ``files/{file}`` spells a longer name out."""
    found = []
    for name in stored.names:
        field = parameter_of(name)
        value = match.parameter(field)
        if value is not None:
            found.append(Name(field, spelt(name, value)))
    return found


def spelt(name: str, value: str) -> str:
    """The object's full name for a path parameter's value."""
    head, brace, _ = name.partition("{")
    return head + value if brace else value


def parameter_of(name: str) -> str:
    """The path parameter that a name is made of."""
    return name.partition("{")[2].removesuffix("}") or name


def in_query(stored: Stored, query: bytes) -> list[Name]:
    """The ids in the query, each value of a repeated parameter."""
    if not query or not stored.queries:
        return []
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=False)
    return [Name(key, value) for key, value in pairs if key in stored.queries]


def is_json(plain: bytes) -> bool:
    """Whether a body begins like a JSON object or list."""
    return _JSON.match(plain) is not None


def in_body(stored: Stored, plain: bytes, dialect: str) -> list[Name]:
    """The ids in a JSON body; NotReadableError for one that cannot be looked through."""
    if not plain or not (stored.fields or stored.items):
        return []
    if plain[:1] in {b"\xff", b"\xfe", b"\xef"} or b"\x00" in plain[:4]:
        # RFC 8259 8.1; a lenient provider would read what this gateway cannot search.
        raise NotReadableError("the request body must be JSON in UTF-8 without a byte order mark")
    names: list[Name] = []
    if stored.fields and suspicious(stored, plain):
        names += _in_fields(plain, stored.fields, _OPAQUE[dialect])
    if stored.items:
        names += _in_items(plain, stored.items)
    return list(dict.fromkeys(names))


def suspicious(stored: Stored, plain: bytes) -> bool:
    """Whether a body may hold one of the fields. False is certain; True costs a closer look."""
    if _needles(stored.fields).search(plain) is not None:
        return True
    # The plain search is at once through what the pattern would walk byte by byte.
    return _ESCAPE in plain and _DISGUISED.search(plain) is not None


def quiet(stored: Stored, plain: bytes) -> bool:
    """Whether a body for certain neither names a stored object nor has one made: the way of nearly every prompt."""
    if stored.unless or not stored.asked:
        return False
    if len(plain) <= _SMALL:
        return _ESCAPE not in plain and _needles(stored.fields, stored.asked).search(plain) is None
    automaton = _automaton(stored.fields, stored.asked)
    view = memoryview(plain)
    return not any(
        automaton.find_matches_as_indexes(view[start : start + _AT_ONCE + _LONGEST_PIECE])
        for start in range(0, len(plain), _AT_ONCE)
    )


@lru_cache(maxsize=256)
def _automaton(fields: tuple[str, ...], others: tuple[str, ...]) -> BytesAhoCorasick:
    """Finds all of them, and what begins an escape, in a quarter of the time that a pattern takes for a large body."""
    pieces = [*_pieces(fields), *others]
    if any(len(piece) > _LONGEST_PIECE for piece in pieces):
        raise ValueError(f"pieces that are looked for in bodies have at most {_LONGEST_PIECE} letters")
    return BytesAhoCorasick([piece.encode() for piece in pieces] + [_ESCAPE])


@lru_cache(maxsize=256)
def _needles(fields: tuple[str, ...], others: tuple[str, ...] = ()) -> re.Pattern[bytes]:
    return _any_of((*_pieces(fields), *others))


def _pieces(fields: tuple[str, ...]) -> list[str]:
    pieces = [f'"{field}"' for field in fields if field != "model"]
    return [*pieces, f'"{TUNED_MODEL}'] if "model" in fields else pieces


@lru_cache(maxsize=256)
def _any_of(pieces: tuple[str, ...]) -> re.Pattern[bytes]:
    # All begin with a quote: the pattern skips from quote to quote at the speed of memory, and reads the body once.
    if not all(piece.startswith('"') for piece in pieces):
        raise ValueError("pieces that are looked for in bodies begin with a quote")
    rest = "|".join(re.escape(piece[1:]) for piece in pieces)
    return re.compile(f'"(?:{rest})'.encode())


# Far more than any conversation holds, braces within its texts included; looking at as many takes a third of a second.
_MOST_CONTAINERS = 1_000_000


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it stands, with keys that come twice."""


def _in_fields(plain: bytes, fields: tuple[str, ...], opaque: frozenset[str]) -> Iterator[Name]:
    if plain.count(b"{") + plain.count(b"[") > _MOST_CONTAINERS:
        raise NotReadableError(f"the request body names stored objects among more than {_MOST_CONTAINERS} others")
    try:
        waiting = [json.loads(plain, object_pairs_hook=_Pairs)]
    except RecursionError:
        raise NotReadableError("the request body is nested too deeply") from None
    except ValueError as error:
        raise NotReadableError(f"the request body is not valid JSON: {error}") from None
    while waiting:
        value = waiting.pop()
        if not isinstance(value, _Pairs):
            if isinstance(value, list):
                waiting.extend(reversed(value))
            continue
        for key, inner in value:
            if key in fields:
                yield from _named(key, inner)
            if key not in opaque and isinstance(inner, list):
                waiting.append(inner)


def _named(field: str, value: object) -> Iterator[Name]:
    if isinstance(value, _Pairs):
        values: Iterable[object] = [inner for key, inner in value if key == "id"]
    elif isinstance(value, list):
        values = value
    else:
        values = (value,)
    for each in values:
        if isinstance(each, str) and each:
            yield from resolved(field, each)


def resolved(field: str, value: str) -> list[Name]:
    """The objects that a field's value may name: mostly the value itself, sometimes none."""
    if field == "model":
        return [Name(field, value)] if value.startswith(TUNED_MODEL) else []
    if field in {"fileUri", "file_uri"}:
        return [Name(field, f"files/{file}") for file in _files(value)]
    return [Name(field, value)] if value else []


def _files(value: str) -> list[str]:
    if len(value) > _LONGEST_URI:
        raise NotReadableError(f"a file's URI must not be longer than {_LONGEST_URI} characters")
    uri = unquote(value).translate(_AS_READ).strip()
    address = _ADDRESS.match(uri)
    if address is None or _GOOGLES.search(address[1]):
        return _FILES.findall(uri)
    own = _OWN_PATH.match(address[2])
    return [own[1]] if own else []


class _Item(msgspec.Struct):
    type: str | None = None
    id: str | None = None
    role: msgspec.Raw = msgspec.Raw(b"")
    encrypted_content: msgspec.Raw = msgspec.Raw(b"")
    result: msgspec.Raw = msgspec.Raw(b"")


_decode_items = msgspec.json.Decoder(list[_Item]).decode
_EMPTY = {b"", b"null", b'""'}


def _in_items(plain: bytes, keys: tuple[str, ...]) -> Iterator[Name]:
    try:
        body = msgspec.json.decode(plain, type=dict[str, msgspec.Raw])
        for key in keys:
            value = bytes(body.get(key, b""))
            if value.startswith(b"["):
                yield from _references(value)
    except msgspec.ValidationError:
        # No object: the provider refuses it in its own words.
        return
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotReadableError(f"the request body is not valid JSON: {error}") from None


def _references(items: bytes) -> Iterator[Name]:
    try:
        decoded = _decode_items(items)
    except msgspec.ValidationError:
        # Some item is not what it should be; the others are looked at all the same.
        decoded = [item for raw in msgspec.json.decode(items, type=list[msgspec.Raw]) for item in _loosely(raw)]
    for item in decoded:
        # Without a type, an item is a message if it has a role, else a reference.
        kind = item.type or ("message" if bytes(item.role) else "item_reference")
        if not item.id or kind not in _CONTENT:
            continue
        brought = _CONTENT[kind]
        if brought is None or bytes(getattr(item, brought)) in _EMPTY:
            yield Name("item", item.id)


def _loosely(raw: msgspec.Raw) -> list[_Item]:
    try:
        return [msgspec.json.decode(raw, type=_Item)]
    except msgspec.ValidationError:
        return []


def keeps(stored: Stored, plain: bytes | None) -> bool:
    """Whether the answer to this body can name something that a later request may ask for."""
    if plain is None or not (stored.asked or stored.unless):
        return True
    if stored.unless and not _declined(stored.unless, plain):
        return True
    return bool(stored.asked) and _any_of(stored.asked).search(plain) is not None


def _declined(key: str, plain: bytes) -> bool:
    if f'"{key}"'.encode() not in plain:
        return False
    try:
        return bytes(msgspec.json.decode(plain, type=dict[str, msgspec.Raw]).get(key, b"")) == b"false"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
