"""Which stored objects an answer names: the ids at a row's paths, in a whole body or in a stream's events. Pure.

Only explicit paths are read. A model can be talked into writing any id into its text or a tool's input, and an id that
stands there makes nobody its owner.
"""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qsl, urlsplit

import msgspec

from penstock.core.head import Header, first
from penstock.core.legible import legible

_HEADER = "header:"

# Where the first event of a stream wraps the object that a whole answer would be.
_WRAPPERS = ("response", "message")


def ids(answer: object, paths: Iterable[str]) -> list[str]:
    """The strings at these dotted paths, each once; ``*`` stands for every element of a list."""
    return list(dict.fromkeys(name for path in paths for name in _at(answer, path.split("."))))


def first_ids(event: object, paths: Iterable[str]) -> list[str]:
    """The same in a stream's event, which may wrap the object."""
    wrapped = [event.get(name) for name in _WRAPPERS] if isinstance(event, dict) else []
    return list(dict.fromkeys(name for each in (event, *wrapped) for name in ids(each, paths)))


def in_headers(headers: Iterable[Header], paths: Iterable[str]) -> list[str]:
    """The ids at paths of the form ``header:name?parameter``."""
    found: list[str] = []
    for path in paths:
        if path.startswith(_HEADER):
            name, _, parameter = path.removeprefix(_HEADER).partition("?")
            url = first(headers, name.encode()) or b""
            found += [value for key, value in parse_qsl(urlsplit(url.decode("latin-1")).query) if key == parameter]
    return found


def _at(value: object, steps: Sequence[str]) -> Iterator[str]:
    if not steps:
        if isinstance(value, str) and value:
            yield value
    elif steps[0] == "*":
        if isinstance(value, list):
            for each in value:
                yield from _at(each, steps[1:])
    elif isinstance(value, dict):
        yield from _at(value.get(steps[0]), steps[1:])


def decoded(body: bytes) -> object:
    """A JSON value, or None for what is none. Half a character, as where an answer was cut short, reads as unknown."""
    try:
        return msgspec.json.decode(legible(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def events(frames: bytes, pieces: Iterable[bytes] = ()) -> Iterator[object]:
    """The data of whole server-sent events; with ``pieces``, of those events that hold one of them."""
    wanted = tuple(pieces)
    for frame in frames.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n"):
        if wanted and not any(piece in frame for piece in wanted):
            continue
        lines = (line[5:].removeprefix(b" ") for line in frame.split(b"\n") if line.startswith(b"data:"))
        data = decoded(b"\n".join(lines))
        if data is not None:
            yield data
