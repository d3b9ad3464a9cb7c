"""Which stored objects a form names: multipart, as file uploads come, or URL-encoded. Pure.

A form's fields are JSON's keys flattened: ``video[id]``, ``input_reference[file_id]``. Parts that are files name
nothing; a part that is itself JSON is looked through like a body. A form that two readers could read in two ways is
refused, and so is one whose reading would cost too much.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from penstock.core.document import NotReadableError
from penstock.core.route import Stored
from penstock.policies.own import naming
from penstock.policies.own.naming import Name

_STEPS = re.compile(r"[\[\].]+")

URLENCODED = b"application/x-www-form-urlencoded"
_MULTIPART = b"multipart/form-data"

# No client sends nearly as much.
_MOST_FIELDS = 1000
_LONGEST_TYPE = 1024
_LONGEST_HEADERS = 4096

_PARAMETER = re.compile(rb'[ \t]*+;[ \t]*+([^\s=;"]++)[ \t]*+=[ \t]*+(?:"([^"]*+)"|([^;"]*+))')
_END = re.compile(rb"[ \t;]*+\Z")
# RFC 2046 5.1.1, without the characters at which some readers cut.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_./:=?-]{1,70}")
_BLANK = re.compile(rb"\r?\n\r?\n")
_PLAIN_ENCODINGS = {b"", b"7bit", b"8bit", b"binary"}
_CHARSETS = {"", "utf-8", "us-ascii", "iso-8859-1"}


def essence(content_type: bytes | None) -> bytes:
    """A content type without its parameters."""
    return (content_type or b"").partition(b";")[0].strip().lower()


def is_form(content_type: bytes | None) -> bool:
    """Whether a body of this type is a form."""
    return essence(content_type) in {_MULTIPART, URLENCODED}


def in_form(stored: Stored, plain: bytes, content_type: bytes, dialect: str) -> list[Name]:
    """The ids in a form's fields; NotReadableError for a form that cannot be read in one way alone."""
    if len(content_type) > _LONGEST_TYPE:
        raise NotReadableError("the request's content type is too long")
    if essence(content_type) == URLENCODED:
        fields = _pairs(plain)
    else:
        boundary = _parameters(content_type, b"boundary")
        if not boundary or not _BOUNDARY.fullmatch(boundary):
            raise NotReadableError("the request's multipart body has no boundary, or none that can be read")
        fields = _parts(plain, b"--" + boundary)
    return [name for field, value in fields for name in _named(stored, field, value, dialect)]


def _pairs(plain: bytes) -> Iterator[tuple[str, bytes]]:
    text = plain.decode("latin-1")
    # Older readers also take a semicolon for a separator.
    for separator in "&;" if ";" in text else "&":
        try:
            pairs = parse_qsl(text.replace(";", "&") if separator == ";" else text, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise _too_many() from None
        for key, value in pairs:
            yield key, value.encode()


def _parts(plain: bytes, delimiter: bytes) -> Iterator[tuple[str, bytes]]:
    count = plain.count(delimiter)
    if count > _MOST_FIELDS:
        raise _too_many()
    line = rb"(?:\A|\r?\n)" + re.escape(delimiter) + rb"(?:--)?+[ \t]*+(?=\r?\n|\Z)"
    before, *parts = re.split(line, plain)
    if not parts or before.strip() or len(parts) != count or parts[-1].strip():
        raise NotReadableError("the multipart body must begin and end with its boundary, alone on its lines")
    for part in parts[:-1]:
        field = _field(part)
        if field is not None:
            yield field


def _field(part: bytes) -> tuple[str, bytes] | None:
    part = part.removeprefix(b"\r").removeprefix(b"\n")
    blank = _BLANK.search(part, 0, _LONGEST_HEADERS)
    if blank is None:
        raise NotReadableError("a part of the form has no headers, or too long ones")
    headers = _headers(part[: blank.start()])
    disposition = headers.get(b"content-disposition", b"")
    name = _parameters(disposition, b"name")
    # An empty file name is no file to many readers.
    if name is None or _parameters(disposition, b"filename"):
        return None
    if headers.get(b"content-transfer-encoding", b"").lower() not in _PLAIN_ENCODINGS:
        raise NotReadableError("a field of the form must be sent without a transfer encoding")
    return name.decode("utf-8", "replace"), part[blank.end() :].strip()


def _headers(block: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for line in re.split(rb"\r?\n", block):
        name, colon, value = line.partition(b":")
        name = name.rstrip().lower()
        if not colon or not name or line[:1].isspace() or name in found:
            raise NotReadableError("a part of the form has a header that cannot be read, or one twice")
        found[name] = value.strip()
    return found


def _parameters(header: bytes, wanted: bytes) -> bytes | None:
    """One parameter of a header; of two spellings of it, readers would take one or the other."""
    position, found = len(header.partition(b";")[0]), []
    while _END.match(header, position) is None:
        parameter = _PARAMETER.match(header, position)
        # Whether a backslash spares a quote depends on the reader; clients write %22.
        if parameter is None or parameter[0].endswith(b'\\"'):
            raise NotReadableError("a header of the form cannot be read")
        key, value = parameter[1].lower(), parameter[2] if parameter[2] is not None else parameter[3].strip()
        if key.partition(b"*")[0] == wanted:
            found.append(value if key == wanted else _extended(key[len(wanted) :], value))
        position = parameter.end()
    if len(found) > 1 or (wanted == b"name" and found and b"\\" in found[0]):
        raise NotReadableError(f"a header of the form has more than one reading of its {wanted.decode()}")
    return found[0] if found else None


def _extended(suffix: bytes, value: bytes) -> bytes:
    charset, _, rest = value.decode("latin-1").partition("'")
    _, quote, text = rest.partition("'")
    if suffix != b"*" or not quote or charset.lower() not in _CHARSETS:
        raise NotReadableError("a header of the form has a parameter that cannot be read")
    return unquote(text).encode("utf-8", "replace")


def _too_many() -> NotReadableError:
    return NotReadableError(f"the form has more than {_MOST_FIELDS} fields")


def _named(stored: Stored, field: str, value: bytes, dialect: str) -> Iterator[Name]:
    if naming.is_json(value):
        yield from naming.in_body(stored, value, dialect)
    steps = [step for step in _STEPS.split(field) if step and not step.isdigit()]
    for key in steps[:1] if steps[1:] == ["id"] else steps[-1:]:
        if key in stored.fields:
            yield from naming.resolved(key, value.decode("utf-8", "replace"))
