"""The process that reads one PDF: its bytes come on standard input, what they say goes out as JSON. Never imported.

It knows nothing of the gateway, and is given nothing of it. Whatever goes wrong here ends it, and is told by how it
ends. Words are looked for wherever a PDF has them: on pages, in comments and forms, in bookmarks and properties.
"""

import contextlib
import io
import json
import logging
import re
import resource
import sys
import unicodedata
from collections.abc import Iterator

# What is encrypted is not read, so nothing that decrypts need be loaded.
sys.modules["cryptography"] = sys.modules["Crypto"] = None  # type: ignore[assignment]

from pypdf import PageObject, PdfReader  # noqa: E402
from pypdf.errors import DependencyError, LimitReachedError  # noqa: E402
from pypdf.generic import (  # noqa: E402
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

MOST_MEMORY = 768 * 1024 * 1024
"""Bytes of address space: a stream may unpack to 75 MB, pypdf's own bound, and is copied a few times."""
MOST_LETTERS = 4_000_000
MOST_OBJECTS = 500_000
MOST_STRANGE = 0.2
"""Of a page's letters those that are none, past which nobody knows what it says."""
FEW = 16
"""Letters of a page that need not be any: bullets and boxes."""

# What holds no words of people's, or leads back to where one comes from.
_PASSED = frozenset({
    "/Parent", "/P", "/Prev", "/ID", "/Font", "/FontDescriptor", "/CIDSystemInfo", "/CreationDate", "/ModDate", "/M",
    "/DA", "/ColorSpace", "/Lang",
})  # fmt: skip
_TAG = re.compile(r"<[^<>]{0,2000}>")
# Of what pypdf notes while it mends a file: slips of its index, after which nothing is missing. Anything else may mean
# that a page is read in part, or not at all.
_HARMLESS = (
    "Ignoring wrong pointing object", "Xref table not zero-indexed", "Multiple definitions in dictionary",
    "Superfluous whitespace", "EOF marker", "Duplicate %%EOF", "startxref on same line", "/Prev=0",
    "incorrect startxref pointer", "parsing for Object Streams",
)  # fmt: skip
# A reference to an object that is nowhere stands for nothing (ISO 32000-1, 7.3.10).
_NOTHING = re.compile(r"Object \d+ \d+ not defined")


def main() -> None:
    """One PDF."""
    _limited(int(sys.argv[1]))
    data = sys.stdin.buffer.read()
    mended = _Mended()
    logging.getLogger("pypdf").addHandler(mended)
    try:
        told = _told(PdfReader(io.BytesIO(data), strict=False))
    except DependencyError:
        told = {"unread": "encrypted"}
    except (LimitReachedError, MemoryError):
        told = {"unread": "long"}
    if mended.badly and "text" in told:
        told = {"unread": "damaged"}
    json.dump(told, sys.stdout)


class _Mended(logging.Handler):
    """Hears what pypdf notes, which raises for hardly anything that it can pass over."""

    badly = False

    def emit(self, record: logging.LogRecord) -> None:
        """One note."""
        said = record.getMessage()
        self.badly = self.badly or not (said.startswith(_HARMLESS) or _NOTHING.match(said))


def _limited(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # It writes no file, and opens few.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    # macOS has no such limit, and says so in this way.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _told(reader: PdfReader) -> dict[str, object]:
    if reader.is_encrypted:
        return {"unread": "encrypted"}
    pages, letters = [], 0
    for page in reader.pages:
        said = "\n".join((page.extract_text(), *_drawn(page)))
        letters += len(said)
        if letters > MOST_LETTERS:
            return {"unread": "long"}
        if _garbled(said):
            return {"unread": "garbled"}
        pages.append(said)
    if not any(said.strip() for said in pages):
        return {"unread": "empty"}
    beside = _Beside()
    beside.walk(reader.trailer)
    if beside.files:
        return {"unread": "files"}
    text = "\n\n".join((*pages, "\n".join(dict.fromkeys(beside.said))))
    if len(text) > MOST_LETTERS:
        return {"unread": "long"}
    return {"text": text, "pictures": beside.pictures}


def _drawn(page: PageObject) -> Iterator[str]:
    """What is drawn for the comments and the fields of a page."""
    listed = page.get("/Annots")
    notes = listed.get_object() if listed is not None else ()
    for note in notes if isinstance(notes, ArrayObject) else ():
        found = note.get_object()
        drawn = found.get("/AP") if isinstance(found, DictionaryObject) else None
        looks = drawn.get_object() if drawn is not None else None
        normal = looks.get("/N") if isinstance(looks, DictionaryObject) else None
        form = normal.get_object() if normal is not None else None
        if isinstance(form, StreamObject):
            yield page.extract_xform_text(form)  # type: ignore[arg-type]


def _garbled(said: str) -> bool:
    letters = [letter for letter in said if not letter.isspace()]
    strange = sum(letter == "\ufffd" or unicodedata.category(letter) in {"Cc", "Cn", "Co", "Cs"} for letter in letters)
    return strange > FEW and strange > MOST_STRANGE * len(letters)


class _Beside:
    """What stands in a PDF beside what its pages draw."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.pictures = 0
        self.files = False

    def walk(self, top: PdfObject) -> None:
        """All that can be reached."""
        waiting: list[PdfObject] = [top]
        seen: set[tuple[int, int]] = set()
        for _ in range(MOST_OBJECTS):
            if not waiting:
                return
            one = waiting.pop()
            if isinstance(one, IndirectObject):
                where = one.idnum, one.generation
                if where in seen:
                    continue
                seen.add(where)
                found = one.get_object()
                if found is None:
                    continue
                one = found
            if isinstance(one, TextStringObject):
                self.said.append(str(one))
            elif isinstance(one, ArrayObject):
                waiting += one
            elif isinstance(one, DictionaryObject):
                waiting += self._members(one)
        raise LimitReachedError("too many objects")

    def _members(self, one: DictionaryObject) -> list[PdfObject]:
        self.files = self.files or "/EF" in one
        if isinstance(one, StreamObject):
            self.pictures += one.get("/Subtype") == "/Image"
            if one.get("/Type") == "/Metadata":
                self.said.append(_TAG.sub("\n", one.get_data().decode("utf-8", "replace")))
        forms = one.get("/XFA")
        if forms is not None:
            self._form(forms.get_object())
        return [value for name, value in dict.items(one) if name not in _PASSED]

    def _form(self, forms: PdfObject | None) -> None:
        """A form in XML: one stream, or a list of names and streams."""
        for part in forms if isinstance(forms, ArrayObject) else [forms]:
            found = part.get_object() if part is not None else None
            if isinstance(found, StreamObject):
                self.said.append(_TAG.sub("\n", found.get_data().decode("utf-8", "replace")))


if __name__ == "__main__":
    main()
