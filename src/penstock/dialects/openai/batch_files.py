"""Chat requests in the file of a batch, which is uploaded as a form: its ``purpose`` is ``batch``, its ``file`` holds a
JSON object a line, whose ``url`` is a path and whose ``body`` the request (OpenAI, Batch API guide).

Lines of any other kind are passed over. Some compatible servers leave ``/v1`` out of the path. A file that comes in
parts of its own (``/v1/uploads``) can't be read: no part of it need hold a whole line. Pure; never raises.
"""

import re
from collections.abc import Callable, Iterator

import msgspec

from penstock.core import multipart
from penstock.core.forms import FormField, form_field
from penstock.core.legible import NotReadableError
from penstock.dialects.counting import plainly
from penstock.dialects.spans import Span, member

UPLOAD = "files.create"

OPERATIONS = {
    "/chat/completions": "chat.completions.create",
    "/responses": "responses.create",
    "/completions": "completions.create",
    "/embeddings": "embeddings.create",
    "/moderations": "moderations.create",
    "/images/generations": "images.generate",
    "/images/edits": "images.edit",
}
"""What a line may ask for, by its path."""
_CHATS = frozenset({"chat.completions.create", "responses.create"})
_BATCH = b"batch"
_MARK = b"\xef\xbb\xbf"

# A part that is a file, to the first byte of its content that is no space.
_FILE = re.compile(rb"filename\*?=[^\r\n]*+\r?\n(?:[^\r\n]++\r?\n)*+\r?\n(?:%b)?+\s*+(\S)" % _MARK, re.I)
_FIRST_LOOK, _LOOKED_AT = 256, 4096


class _Line(msgspec.Struct, gc=False):
    url: str = ""


_line = msgspec.json.Decoder(_Line).decode


def telling(content_type: bytes | None) -> Callable[[bytes], bool | None] | None:
    """What tells of a form while it arrives whether it is a batch's file; None for what is no form."""
    purpose = form_field(content_type, b"purpose")
    return None if purpose is None else _Telling(purpose).see


class _Telling:
    """The purpose may stand behind the file. A file that begins with something else than an object is no batch's, and
    is not kept waiting for it."""

    __slots__ = ("_beginning", "_looks_at", "_purpose")

    def __init__(self, purpose: FormField) -> None:
        self._purpose = purpose
        self._beginning = b""
        self._looks_at = _FIRST_LOOK

    def see(self, data: bytes) -> bool | None:
        """As ``Speaking.telling`` has it."""
        self._purpose.see(data)
        if self._purpose.value is not None:
            return self._purpose.value.encode() == _BATCH
        return False if self._other(data) else None

    def _other(self, data: bytes) -> bool:
        if self._looks_at > _LOOKED_AT:
            return False
        self._beginning += data[: _LOOKED_AT - len(self._beginning)]
        if len(self._beginning) < self._looks_at:
            return False
        # Not at every piece: a sender chooses their size.
        self._looks_at = 2 * len(self._beginning)
        found = _FILE.search(self._beginning)
        return found is not None and found[1] != b"{"


def requests(body: bytes, content_type: bytes | None) -> tuple[Span, ...] | None:
    """Where the lines stand that are chat requests; None for what is no batch's file, none where it can't be read."""
    if form_field(content_type, b"purpose") is None:
        return None
    try:
        form = multipart.parts(body, content_type or b"")
    except NotReadableError:
        return ()
    if {body[part.start : part.end].strip() for part in form if part.name == b"purpose"} != {_BATCH}:
        return None
    files = (part for part in form if part.name == b"file")
    return tuple(span for part in files for span in lines(body, part.start, part.end))


def lines(body: bytes, start: int, end: int) -> Iterator[Span]:
    """The lines between these places that are chat requests."""
    start += len(_MARK) if body.startswith(_MARK, start, end) else 0
    while start < end:
        stop = body.find(b"\n", start, end)
        stop = end if stop < 0 else stop
        if _operation(body[start:stop]):
            yield start, stop
        start = stop + 1


def asked(line: bytes) -> tuple[str, int, int] | None:
    """What a line asks for, and where the request stands in it: operation, start and end."""
    operation = _operation(line)
    span = member(line, "body") if operation else None
    return None if operation is None or span is None else (operation, *span)


def _operation(line: bytes) -> str | None:
    operation = OPERATIONS.get(path_of(line))
    return operation if operation in _CHATS else None


def path_of(line: bytes) -> str:
    """The path that a line's request would go to, without ``/v1``; empty where it tells none."""
    told = plainly(_line, line)
    return told.url.removeprefix("/v1") if told else ""
