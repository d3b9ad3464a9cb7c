"""The route table: method and path → dialect and operation. Stop 1's second half.

Rows are data. A path is looked up in each dialect's rows; where two dialects share a path (``/v1/models``,
``/v1/files``) the request's headers decide, and ``/anthropic``, ``/openai`` and ``/gemini`` in front always do.
Only templates that stand here are ever called upstream. It reads no body.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.route import Match, Route
from penstock.route_rows import ROWS

# What may stand in a path parameter after percent-decoding. Model names of some providers hold a slash; dot segments
# never pass, so a decoded parameter cannot climb out of its template.
_PARAMETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@~+/ -]*|[-_][A-Za-z0-9._:@~+/-]+")
_PREFIXES = {"anthropic": "anthropic", "openai": "openai", "gemini": "gemini"}


class _Node:
    __slots__ = ("children", "parameter", "rows")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: tuple[str, _Node] | None = None
        self.rows: dict[str, Route] = {}


def _plant(rows: Iterable[Route]) -> _Node:
    root = _Node()
    for row in rows:
        node = root
        for segment in _segments(row.template, row.dialect):
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = (segment[1:-1], _Node())
                node = node.parameter[1]
            else:
                node = node.children.setdefault(segment, _Node())
        node.rows[row.method] = row
    return root


def _segments(path: str, dialect: str) -> list[str]:
    segments = path[1:].split("/")
    if dialect == "gemini":
        # Google's custom verbs hang on the last segment: models/{model}:generateContent.
        last, colon, verb = segments[-1].rpartition(":")
        if colon and last and "{" not in verb:
            segments[-1:] = [last, ":" + verb]
    return segments


_TREES = {name: _plant(row for row in ROWS if row.dialect == name) for name in ("anthropic", "openai", "gemini")}


_KNOWN: dict[tuple[str, bytes, bool], Match] = {}
"""Matches of paths without parameters: as many as there are rows and prefixes, whatever clients send."""


def match(head: RequestHead) -> Match:
    """The route of a request; FaultError 404 for an unknown path, 405 for a known one with another method."""
    key = (head.method, head.path, _anthropic(head))
    known = _KNOWN.get(key)
    if known is None:
        known = _match(head)
        if not known.parameters:
            _KNOWN[key] = known
    return known


def _match(head: RequestHead) -> Match:
    path = head.path.decode("latin-1")
    prefix, dialects, rest = _namespace(path, head)
    found = [(dialect, hit) for dialect in dialects if (hit := _find(dialect, rest)) is not None]
    allowed: set[str] = set()
    for dialect, (rows, values) in found:
        route = rows.get(head.method) or (rows.get("GET") if head.method == "HEAD" else None)
        if route is not None:
            parameters = tuple((name, unquote(value)) for name, value in values)
            if not all(_harmless(value) for _, value in parameters):
                raise refuse(
                    FaultKind.NOT_FOUND,
                    "The path holds a parameter that no identifier can have. Check what the client puts there.",
                )
            upstream = rest.removeprefix("/v1") if dialect == "openai" else rest
            return Match(route=route, parameters=parameters, path=upstream, prefix=prefix)
        allowed.update(rows)
    if found and head.get(b"upgrade") is not None:
        # Codex tries a WebSocket first; 426 makes it send a POST at once, anything else costs it seconds (wire
        # contract 4.4).
        words = "This gateway speaks no WebSocket here; send the request as a POST."
        raise refuse(FaultKind.UPGRADE_REFUSED, words)
    if found:
        words = f"{head.method} is not allowed here; this path takes {', '.join(sorted(allowed))}."
        fault = Fault(kind=FaultKind.METHOD_NOT_ALLOWED, words=words, allow=tuple(sorted(allowed)))
        raise FaultError(fault)
    raise refuse(FaultKind.NOT_FOUND, _not_found(path))


def dialect_of(head: RequestHead) -> str:
    """The dialect in which to speak to a client whose path means nothing to us (or not yet)."""
    _, dialects, rest = _namespace(head.path.decode("latin-1"), head)
    for dialect in dialects:
        if _find(dialect, rest) is not None:
            return dialect
    return dialects[0]


def _namespace(path: str, head: RequestHead) -> tuple[str, tuple[str, ...], str]:
    first, _, tail = path[1:].partition("/")
    dialect = _PREFIXES.get(first)
    if dialect is not None:
        dialects: tuple[str, ...] = (dialect,)
        prefix, rest = "/" + first, "/" + tail
    else:
        dialects = ("anthropic", "openai") if _anthropic(head) else ("openai", "anthropic")
        prefix, rest = "", path
    if rest.startswith("/v1/v1/") and dialect != "gemini":
        # An Anthropic SDK appends /v1/messages to a base URL that already ends in /v1.
        prefix, rest = prefix + "/v1", rest[3:]
        dialects = tuple(name for name in dialects if name == "anthropic") or dialects
    return prefix, dialects, rest


def _anthropic(head: RequestHead) -> bool:
    """The client says that it speaks Anthropic's dialect, which decides where two dialects share a path."""
    return head.get(b"anthropic-version") is not None or head.get(b"anthropic-beta") is not None


def _find(dialect: str, path: str) -> tuple[dict[str, Route], list[tuple[str, str]]] | None:
    node = _TREES[dialect]
    values: list[tuple[str, str]] = []
    for segment in _segments(path, dialect):
        child = node.children.get(segment)
        if child is None:
            if node.parameter is None or not segment:
                return None
            name, child = node.parameter
            values.append((name, segment))
        node = child
    return (node.rows, values) if node.rows else None


def _harmless(value: str) -> bool:
    if _PARAMETER.fullmatch(value) is None:
        return False
    return not any(part in {"", ".", ".."} for part in value.split("/"))


def _not_found(path: str) -> str:
    for dialect, tree in _TREES.items():
        if tree is not None and path.startswith("/") and _find(dialect, "/v1" + path) is not None:
            return f"There is no such route. The base URL must end in /v1 here: /v1{path}."
        if dialect == "gemini" and _find(dialect, path) is not None:
            return f"There is no such route. Gemini's routes stand under /gemini: /gemini{path}."
    return "There is no such route on this gateway. Check the base URL that the client was given."
