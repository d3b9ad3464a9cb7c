"""Which stored objects a form names: multipart, as file uploads come, or URL-encoded. Pure.

A form's fields are JSON's keys flattened: ``video[id]``, ``input_reference[file_id]``. Parts that are files name
nothing; a part that is itself JSON is looked through like a body.
"""

import email.message
import email.parser
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from penstock.core.document import NotReadableError
from penstock.core.route import Stored
from penstock.policies.own import naming
from penstock.policies.own.naming import Name

_STEPS = re.compile(r"[\[\].]+")


def is_form(content_type: bytes | None) -> bool:
    """Whether a body of this type is a form."""
    kind = (content_type or b"").partition(b";")[0].strip().lower()
    return kind in {b"multipart/form-data", b"application/x-www-form-urlencoded"}


def in_form(stored: Stored, plain: bytes, content_type: bytes, dialect: str) -> list[Name]:
    """The ids in a form's fields; NotReadableError for a form without a boundary."""
    head = email.message.Message()
    head["content-type"] = content_type.decode("latin-1")
    if head.get_content_type() == "application/x-www-form-urlencoded":
        fields: Iterator[tuple[str, bytes]] = (
            (key, value.encode()) for key, value in parse_qsl(plain.decode("latin-1"))
        )
    else:
        boundary = head.get_boundary()
        if not boundary:
            raise NotReadableError("the request's multipart body has no boundary")
        fields = _parts(plain, boundary.encode("latin-1"))
    return [name for field, value in fields for name in _named(stored, field, value, dialect)]


def _parts(plain: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    parser = email.parser.BytesHeaderParser()
    for part in plain.split(b"--" + boundary)[1:]:
        headers, _, value = part.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
        parsed = parser.parsebytes(headers)
        field = parsed.get_param("name", header="content-disposition")
        if field is not None and parsed.get_param("filename", header="content-disposition") is None:
            # RFC 2231's form of a parameter comes as charset, language and value.
            yield field if isinstance(field, str) else field[2], value.strip()


def _named(stored: Stored, field: str, value: bytes, dialect: str) -> Iterator[Name]:
    if naming.is_json(value):
        yield from naming.in_body(stored, value, dialect)
    steps = [step for step in _STEPS.split(field) if step and not step.isdigit()]
    for key in steps[:1] if steps[1:] == ["id"] else steps[-1:]:
        if key in stored.fields:
            yield from naming.resolved(key, value.decode("utf-8", "replace"))
