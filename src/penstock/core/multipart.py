"""Where the parts of a multipart form stand (RFC 7578), as offsets: what is found can be read, and rewritten in place.

Pure, for every policy and dialect that looks into a form that is held. A form that two readers could read in two ways
is refused, and so is one whose reading would cost too much: what is found here is what any provider finds.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

import msgspec

from penstock.core.legible import NotReadableError

ESSENCE = b"multipart/form-data"

# No client sends nearly as much.
MOST_PARTS = 1000
_LONGEST_TYPE = 1024
_LONGEST_HEADERS = 4096

_PARAMETER = re.compile(rb'[ \t]*+;[ \t]*+([^\s=;"]++)[ \t]*+=[ \t]*+(?:"([^"]*+)"|([^;"]*+))')
_END = re.compile(rb"[ \t;]*+\Z")
# RFC 2046 5.1.1, without the characters at which some readers cut.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_./:=?-]{1,70}")
_LINE_ENDED = re.compile(rb"(?:--)?+[ \t]*+(?:(\r?\n)|\Z)")
# Behind ``filename*=`` come a character set and a language first, each before an apostrophe (RFC 8187).
_SET = rb"(?(1)(?:[^'\"\r\n;]*+'[^'\"\r\n;]*+')?+|)"
_FILENAME = re.compile(
    rb'filename(\*)?+[ \t]*+=[ \t]*+(?:"%b([^"\r\n]*+)"|%b([^;"\r\n]++))' % (_SET, _SET), re.IGNORECASE
)
_BLANK = re.compile(rb"\r?\n\r?\n")
_CHARSETS = {"", "utf-8", "us-ascii", "iso-8859-1"}


class Part(msgspec.Struct, frozen=True, gc=False):
    """One part of a form; its content stands from ``start`` to ``end``."""

    start: int
    end: int
    name: bytes | None
    filename: bytes | None
    """An empty one is none to many readers."""
    transfer_encoding: bytes
    """In lower case; empty for a content that stands there as it is."""
    content_type: bytes = b""
    named: tuple[tuple[int, int], ...] = ()
    """Where its file name stands, as it is written; in two spellings, as a rule, where it stands twice."""


def essence(content_type: bytes | None) -> bytes:
    """A content type without its parameters."""
    return (content_type or b"").partition(b";")[0].strip().lower()


def parts(body: bytes, content_type: bytes) -> tuple[Part, ...]:
    """All parts, in order; NotReadableError for a form that can't be read in one way alone."""
    if len(content_type) > _LONGEST_TYPE:
        raise NotReadableError("the request's content type is too long")
    boundary = parameter(content_type, b"boundary")
    if not boundary or not _BOUNDARY.fullmatch(boundary):
        raise NotReadableError("the request's multipart body has no boundary, or none that can be read")
    lines = list(_delimiters(body, b"--" + boundary))
    if not lines or body[: lines[0][0]].strip() or body[lines[-1][1] :].strip():
        raise _alone()
    return tuple(_part(body, begun, end) for (_, begun), (end, _) in itertools.pairwise(lines))


def _delimiters(body: bytes, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """Where each delimiter's line begins, the line end before it included, and what follows it."""
    at = body.find(delimiter)
    # One for the end, and one round to see that nothing follows.
    for _ in range(MOST_PARTS + 2):
        if at < 0:
            return
        ended = _LINE_ENDED.match(body, at + len(delimiter))
        if ended is None or (at and body[at - 1 : at] != b"\n"):
            raise _alone()
        yield at - (2 if body[max(0, at - 2) : at] == b"\r\n" else min(at, 1)), ended.end()
        at = body.find(delimiter, ended.end())
    raise NotReadableError(f"the form has more than {MOST_PARTS} fields")


def _part(body: bytes, begun: int, end: int) -> Part:
    blank = _BLANK.search(body, begun, min(end, begun + _LONGEST_HEADERS))
    if blank is None:
        raise NotReadableError("a part of the form has no headers, or too long ones")
    headers = _headers(body[begun : blank.start()])
    disposition = headers.get(b"content-disposition", b"")
    name, filename = parameter(disposition, b"name"), parameter(disposition, b"filename")
    return Part(
        blank.end(),
        end,
        name,
        filename,
        headers.get(b"content-transfer-encoding", b"").lower(),
        headers.get(b"content-type", b""),
        () if filename is None else _spans(_FILENAME.finditer(body, begun, blank.start())),
    )


def _spans(found: Iterable[re.Match[bytes]]) -> tuple[tuple[int, int], ...]:
    return tuple(one.span(2) if one[2] is not None else one.span(3) for one in found)


def _headers(block: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in re.split(rb"\r?\n", block):
        name, colon, value = line.partition(b":")
        name = name.rstrip().lower()
        if not colon or not name or line[:1].isspace() or name in found:
            raise NotReadableError("a part of the form has a header that cannot be read, or one twice")
        found[name] = value.strip()
    return found


def parameter(header: bytes, wanted: bytes) -> bytes | None:
    """One parameter of a header; of two spellings of it, readers would take one or the other: NotReadableError."""
    position, found = len(header.partition(b";")[0]), []
    while _END.match(header, position) is None:
        met = _PARAMETER.match(header, position)
        # Whether a backslash spares a quote depends on the reader; clients write %22.
        if met is None or met[0].endswith(b'\\"'):
            raise NotReadableError("a header of the form cannot be read")
        key, value = met[1].lower(), met[2] if met[2] is not None else met[3].strip()
        if key.partition(b"*")[0] == wanted:
            found.append(value if key == wanted else _extended(key[len(wanted) :], value))
        position = met.end()
    # Of two file names that are none to nobody, whichever is read makes a file of the part (RFC 6266, 4.3).
    several = len(found) > 1 and not (wanted == b"filename" and all(found))
    if several or (wanted == b"name" and found and b"\\" in found[0]):
        raise NotReadableError(f"a header of the form has more than one reading of its {wanted.decode()}")
    return found[0] if found else None


def _extended(suffix: bytes, value: bytes) -> bytes:
    charset, _, rest = value.decode("latin-1").partition("'")
    _, quote, text = rest.partition("'")
    if suffix != b"*" or not quote or charset.lower() not in _CHARSETS:
        raise NotReadableError("a header of the form has a parameter that cannot be read")
    return unquote(text).encode("utf-8", "replace")


def _alone() -> NotReadableError:
    return NotReadableError("the multipart body must begin and end with its boundary, alone on its lines")
