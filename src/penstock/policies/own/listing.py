"""Lists of stored objects, cut to the caller's own: what a page holds, what it becomes, and how to ask for the next.

Pure. Kept elements keep their bytes; of the envelope only the cursors change. A page that needs no cut stays as it is.
"""

from collections.abc import Container
from urllib.parse import parse_qsl, quote, unquote_plus

import msgspec

# The greatest page that these lists give (openai and anthropic list params), to get past others' elements in few calls.
GREATEST_PAGE = 100

# Far beyond any limit, and far below what int() refuses to read (4,300 digits).
_DIGITS = 9

# The answer's field that leads to the next page, and the query parameter that takes it.
_TOKENS = (("nextPageToken", "pageToken"), ("next_page", "page"))
# The parameter that goes forward from an id, and the one that goes back from it.
_CURSORS = {"anthropic": ("after_id", "before_id"), "openai": ("after", "before")}


class Page(msgspec.Struct, frozen=True):
    """One page of a list, its elements undecoded."""

    envelope: dict[str, bytes]
    elements: tuple[bytes, ...]
    ids: tuple[str | None, ...]

    @property
    def more(self) -> bool:
        """Whether the provider has more elements after this page."""
        return self.envelope.get("has_more") == b"true" or self.continued

    @property
    def continued(self) -> bool:
        """Whether the next page is named by a token, and not by this page's last element."""
        return any(_token(self, field) for field, _ in _TOKENS)


def read(body: bytes, field: str, element: str) -> Page | None:
    """The page in an answer, or None for an answer that is no page."""
    try:
        envelope = {name: bytes(raw) for name, raw in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items()}
        raws = msgspec.json.decode(envelope.get(field, b"[]"), type=list[msgspec.Raw] | None) or []
        names = tuple(_name(raw, element) for raw in raws)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return None
    return Page(envelope, tuple(bytes(raw) for raw in raws), names)


def _name(raw: msgspec.Raw, element: str) -> str | None:
    found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get(element)
    return msgspec.json.decode(found, type=str) if found is not None and bytes(found)[:1] == b'"' else None


def own(page: Page, mine: Container[str | None], limit: int | None = None) -> Page:
    """The page with the caller's own elements alone, at most ``limit`` of them."""
    kept = [(raw, name) for raw, name in zip(page.elements, page.ids, strict=True) if name is not None and name in mine]
    envelope = page.envelope
    if limit is not None and len(kept) > limit:
        kept = kept[:limit]
        envelope = {**envelope, "has_more": b"true"}
    return Page(envelope, tuple(raw for raw, _ in kept), tuple(name for _, name in kept))


def written(page: Page, field: str) -> bytes:
    """A page as an answer's body; its cursors name its own first and last elements."""
    envelope = {**page.envelope, field: b"[" + b",".join(page.elements) + b"]"}
    for cursor, place in (("first_id", 0), ("last_id", -1)):
        if cursor in envelope:
            envelope[cursor] = msgspec.json.encode(page.ids[place] if page.ids else None)
    return b"{" + b",".join(msgspec.json.encode(name) + b":" + raw for name, raw in envelope.items()) + b"}"


def following(query: bytes, page: Page, dialect: str) -> bytes | None:
    """The query that asks for the page after this one, or None where nothing can lead there."""
    for field, parameter in _TOKENS:
        token = _token(page, field)
        if token:
            return _with(query, {parameter: token})
    names = [name for name in page.ids if name is not None]
    if dialect not in _CURSORS or not names:
        return None
    forward, back = _CURSORS[dialect]
    if any(unquote_plus(part.partition("=")[0]) == back for part in query.decode("latin-1").split("&")):
        return _with(query, {back: names[0]})
    asked = dict(parse_qsl(query.decode("latin-1"))).get("limit", "")
    limit = max(GREATEST_PAGE, int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _DIGITS else 0)
    return _with(query, {forward: names[-1], "limit": str(limit)})


def _token(page: Page, field: str) -> str | None:
    raw = page.envelope.get(field, b"null")
    return msgspec.json.decode(raw, type=str) if raw[:1] == b'"' else None


def _with(query: bytes, changes: dict[str, str]) -> bytes:
    parts = [part for part in query.decode("latin-1").split("&") if part]
    kept = [part for part in parts if unquote_plus(part.partition("=")[0]) not in changes]
    kept += [f"{name}={quote(value, safe='')}" for name, value in changes.items()]
    return "&".join(kept).encode("latin-1")
