"""Which stored objects a form names: multipart, as file uploads come, or URL-encoded. Pure.

A form's fields are JSON's keys flattened: ``video[id]``, ``input_reference[file_id]``. Parts that are files name
nothing; a part that is itself JSON is looked through like a body. A form that can't be read in one way alone is refused
(``core.multipart``).
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from penstock.core import multipart
from penstock.core.legible import NotReadableError
from penstock.core.multipart import essence
from penstock.core.route import Stored
from penstock.policies.own import naming
from penstock.policies.own.naming import Name

_STEPS = re.compile(r"[\[\].]+")

URLENCODED = b"application/x-www-form-urlencoded"
_PLAIN_ENCODINGS = {b"", b"7bit", b"8bit", b"binary"}


def is_form(content_type: bytes | None) -> bool:
    """Whether a body of this type is a form."""
    return essence(content_type) in {multipart.ESSENCE, URLENCODED}


def in_form(stored: Stored, plain: bytes, content_type: bytes, dialect: str) -> list[Name]:
    """The ids in a form's fields; NotReadableError for a form that cannot be read in one way alone."""
    fields = _pairs(plain) if essence(content_type) == URLENCODED else _fields(plain, content_type)
    return [name for field, value in fields for name in _named(stored, field, value, dialect)]


def _pairs(plain: bytes) -> Iterator[tuple[str, bytes]]:
    text = plain.decode("latin-1")
    # Older readers also take a semicolon for a separator.
    for separator in "&;" if ";" in text else "&":
        try:
            pairs = parse_qsl(text.replace(";", "&") if separator == ";" else text, max_num_fields=multipart.MOST_PARTS)
        except ValueError:
            raise NotReadableError(f"the form has more than {multipart.MOST_PARTS} fields") from None
        for key, value in pairs:
            yield key, value.encode()


def _fields(plain: bytes, content_type: bytes) -> Iterator[tuple[str, bytes]]:
    for part in multipart.parts(plain, content_type):
        # An empty file name is no file to many readers.
        if part.name is None or part.filename:
            continue
        if part.transfer_encoding not in _PLAIN_ENCODINGS:
            raise NotReadableError("a field of the form must be sent without a transfer encoding")
        yield part.name.decode("utf-8", "replace"), plain[part.start : part.end].strip()


def _named(stored: Stored, field: str, value: bytes, dialect: str) -> Iterator[Name]:
    if naming.is_json(value):
        yield from naming.in_body(stored, value, dialect)
    steps = [step for step in _STEPS.split(field) if step and not step.isdigit()]
    for key in steps[:1] if steps[1:] == ["id"] else steps[-1:]:
        if key in stored.fields:
            yield from naming.resolved(key, value.decode("utf-8", "replace"))
