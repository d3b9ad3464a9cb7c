"""Request bodies as typed values, and what is wrong with a body as something each dialect can put into words."""

import re
from typing import TypeVar

import msgspec

_AT = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(.*?)`")
_EXPECTED = re.compile(r"Expected `(.*?)`, got `(.*?)`")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")

Body = TypeVar("Body")


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with a body, and where (``messages.0.content``; empty for the whole)."""

    place: str = ""
    missing: bool = False
    malformed: bool = False
    expected: str = ""
    found: str = ""
    words: str = ""


class UndecodableError(ValueError):
    """A body that is not what its route takes."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.words)
        self.complaint = complaint


def decoded(body: bytes, kind: type[Body]) -> Body:
    """The body as this type; unknown fields are left out, as every provider's API is an open list."""
    try:
        return msgspec.json.decode(body, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise UndecodableError(_complaint(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UndecodableError(Complaint(malformed=True, words=str(error))) from None


def is_object(text: str) -> bool:
    """Whether the text is a JSON object."""
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _complaint(words: str) -> Complaint:
    at = _AT.search(words)
    place = _INDEX.sub(r".\1", at[1]) if at else ""
    if missing := _MISSING.search(words):
        return Complaint(place=f"{place}.{missing[1]}".strip("."), missing=True, words=words)
    expected = _EXPECTED.search(words)
    return Complaint(
        place=place,
        expected=expected[1] if expected else "",
        found=expected[2] if expected else "",
        words=words[: at.start()] if at else words,
    )
