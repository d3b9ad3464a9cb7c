"""Where words stand in uploads: in the fields of a form, in the names of its files, and in files that are text.

What a file is its bytes say, not the type that a client gave it: UTF-8 without control characters is text, whatever it
is called. Text that is JSON, or JSON lines, is walked leaf by leaf; of a batch's file each line as the request that it
is. Of all other bytes only the sort is told. Knows no dialect; NotReadableError is all it raises.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from penstock.core import multipart
from penstock.core.finding import Matter
from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError
from penstock.core.multipart import Part, essence
from penstock.core.route import Body, Match
from penstock.core.text import Attached, Block, Line, Reading, Sort, Text
from penstock.core.tree import tree
from penstock.dialects.outline import after_spaces, members, outermost
from penstock.dialects.placed import STRANGE, Place, Row, Silent, Splitter, Streamed, Tabled, in_order
from penstock.dialects.spans import Span
from penstock.dialects.walked import Walk, leaves, sort_of, under

Lines = Callable[[bytes], Row | None]
"""The members of a line of JSON whose words are a request's; None for any other line."""

_BARE = "bare "
_WRITTEN = "written"
_SORTS = {f"attached {sort.value}": sort for sort in Sort}
_MARK = b"\xef\xbb\xbf"
_PDF = b"%PDF-"
_AS_IT_IS = {b"", b"7bit", b"8bit", b"binary"}
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_FIRST_LOOK = 4096
_BEGINNING = 200
"""Characters of a field: enough to see whether it is an address, or a data URL."""

_read = msgspec.json.Decoder(msgspec.Raw).decode


def _no_request(line: bytes) -> Row | None:
    del line
    return None


class Filed(Tabled):
    """``Tabled``, uploads too."""

    def __init__(
        self,
        rows: Mapping[str, Row | Silent | Streamed],
        bodiless: frozenset[str],
        *,
        lines: Lines = _no_request,
        announces: Callable[[RequestHead], bool] = lambda _: False,
    ) -> None:
        """``announces``: by its head a request is the JSON that announces bytes, where a route has both."""
        super().__init__(rows, bodiless)
        self._lines = lines
        self._announces = announces
        self.shapes[_WRITTEN] = under(Matter.DOCUMENT, leaves)

    def reads(self, match: Match, head: RequestHead) -> bool:
        """A form on a route that takes one; and what announces bytes."""
        if match.route.body is Body.BYTES:
            return self._announces(head)
        is_form = essence(head.get(b"content-type")) == multipart.ESSENCE
        return is_form and match.route.body in {Body.ANY, Body.FORM}

    def uploaded(self, match: Match, head: RequestHead, body: bytes) -> list[Block]:
        """In the order in which a model reads them."""
        kinds = [value for name, value in head.headers if name == b"content-type"]
        if head.get(b"content-encoding") not in {None, b"identity"} or len(kinds) > 1:
            raise NotReadableError("it is compressed, or has two types")
        row = self.rows[match.route.operation]
        if match.route.body is Body.BYTES:
            form = row.form if isinstance(row, Streamed) else Row({})
            return in_order(Splitter(body).blocks(form, outermost(body))) if body.strip() else []
        if isinstance(row, Silent):
            return []
        return in_order(_Form(body, row, self._lines).blocks(kinds[0] if kinds else b""))

    def texts(self, match: Match, block: Block, piece: bytes) -> Reading:
        """What a block holds."""
        if block.kind in _SORTS:
            return Reading(attached=(Attached(_SORTS[block.kind], 0, len(piece), bare=True),))
        if block.kind.startswith(_BARE):
            return self._bare(block.kind.removeprefix(_BARE), piece)
        return super().texts(match, block, piece)

    def _bare(self, kind: str, piece: bytes) -> Reading:
        """A text of which JSON of the same operation would say what it is."""
        try:
            value = piece.decode()
        except UnicodeDecodeError:
            raise NotReadableError("a field of the form is no UTF-8") from None
        walk = Walk(msgspec.json.encode(value[:_BEGINNING]))
        self.shapes[kind](walk, tree(walk.piece), Matter.OTHER)
        found = walk.reading()
        matter = found.texts[0].matter if found.texts else Matter.OTHER
        return Reading((Text(0, len(piece), value, matter, bare=True),), found.attached)


class _Form:
    """One form, coming apart."""

    def __init__(self, body: bytes, row: Row | Streamed, lines: Lines) -> None:
        self._body = body
        self._row = row if isinstance(row, Row) else row.form
        self._measured = isinstance(row, Streamed) and row.measured
        self._lines = lines
        self._group = 0

    def blocks(self, content_type: bytes) -> Iterator[Block]:
        """Of all its parts."""
        for part in multipart.parts(self._body, content_type):
            if part.transfer_encoding not in _AS_IT_IS:
                raise NotReadableError("a part of the form has a transfer encoding")
            for start, end in part.named:
                yield Block(start, end, Line.APART, _BARE + _WRITTEN)
            if part.filename:
                yield from self._file(part)
            else:
                yield from self._field(part)

    def _field(self, part: Part) -> Iterator[Block]:
        name = (part.name or b"").decode("utf-8", "replace").partition("[")[0]
        place = self._row.members.get(name, STRANGE)
        if name not in self._row.plain:
            kind = place.kind if isinstance(place, Place) else STRANGE.kind
            yield Block(part.start, part.end, Line.APART, _BARE + kind)

    def _file(self, part: Part) -> Iterator[Block]:
        start, end = part.start, part.end
        content = memoryview(self._body)[start:end]
        if not content:
            return
        # A PDF is none that could be changed, nor read, letter by letter, though all of it may be letters.
        is_pdf = self._body.startswith(_PDF, start)
        if not is_pdf and not self._measured and _is_text(content):
            start += len(_MARK) if self._body.startswith(_MARK, start) else 0
            yield from self._text((start, end))
        else:
            sort = Sort.PDF if is_pdf else sort_of(part.content_type.decode("latin-1"))
            yield Block(start, end, Line.APART, f"attached {(Sort.FILE if self._measured else sort).value}")

    def _text(self, span: Span) -> Iterator[Block]:
        """JSON lines, if the first is one; JSON; or words."""
        start, end = span
        if self._body.startswith((b"{", b"["), after_spaces(self._body, start)):
            lines = self._of_lines(span)
            first = next(lines, None)
            if first is not None and self._is_json(first):
                for line in (first, *lines):
                    yield from self._line(line)
                return
            if self._is_json(span):
                yield Block(start, end, Line.APART, _WRITTEN)
                return
        yield Block(start, end, Line.APART, _BARE + _WRITTEN)

    def _of_lines(self, span: Span) -> Iterator[Span]:
        """Those that hold something."""
        start, end = span
        while start < end:
            stop = self._body.find(b"\n", start, end)
            stop = end if stop < 0 else stop
            if self._body[start:stop].strip():
                yield start, stop
            start = stop + 1

    def _line(self, span: Span) -> Iterator[Block]:
        """Each is a conversation of its own, if it is one, and like a file of its own if not."""
        self._group += 1
        start, end = span
        row = self._lines(self._body[start:end])
        if row is not None:
            inner = after_spaces(self._body, start), start + len(self._body[start:end].rstrip())
            try:
                # All of it, before any of it counts.
                members(self._body, inner)
                yield from list(Splitter(self._body, self._group).blocks(row, inner))
            except NotReadableError:
                row = None
            else:
                return
        kind = _WRITTEN if self._is_json(span) else _BARE + _WRITTEN
        yield Block(start, end, Line.TURNS, kind, self._group)

    def _is_json(self, span: Span) -> bool:
        try:
            _read(memoryview(self._body)[span[0] : span[1]])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        return True


def _is_text(content: memoryview) -> bool:
    if _CONTROLS.search(content[:_FIRST_LOOK]) is not None or _CONTROLS.search(content) is not None:
        return False
    try:
        str(content, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
