"""PDFs that a request brings: each is read once, however often a conversation brings it again.

Nothing in one can be masked. So one whose words can be told is looked through, and any other is refused, in words that
say what its sender can do. What is remembered of PDFs is their words, in this process and nowhere else.
"""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.finding import Matter
from penstock.core.generations import Generations
from penstock.core.legible import NotReadableError
from penstock.core.pages import Extract, Pages, Unread
from penstock.core.text import Attached, Reading, Sort, Text
from penstock.core.tree import JsonForm, Node, string
from penstock.policies.scrub.masking import CODE

AT_ONCE = 2
"""PDFs that are read at the same time; each takes a processor."""
MOST_NEW = 20
"""That one request may bring."""
MOST_REMEMBERED = 8_000_000
"""Letters, of each generation of PDFs."""
LEAST = 1000
"""Letters that one without any weighs."""
LONGEST_WAIT = 30.0
"""Seconds for others' PDFs to be read first."""

# Either alphabet to the first; lines to one.
_PLAIN = str.maketrans("-_", "+/", " \t\r\n")

_INSTEAD = "Send its words as text, or ask your gateway's operator."
_WORDS: Mapping[Unread, str] = {
    Unread.ENCRYPTED: f"it is encrypted. Send it without a password. {_INSTEAD}",
    Unread.DAMAGED: f"it is damaged. Save or print it as a new PDF. {_INSTEAD}",
    Unread.LONG: f"it takes too long to read. Send fewer pages at a time. {_INSTEAD}",
    Unread.EMPTY: f"it holds no text, as PDFs from scanners do. {_INSTEAD}",
    Unread.GARBLED: f"its fonts do not say which letters they draw. Save or print it as a new PDF. {_INSTEAD}",
    Unread.FILES: f"it holds other files. Send it without them. {_INSTEAD}",
    Unread.BUSY: "too many others are being read. Try again.",
}


def unread(pdf: bytes) -> Pages:
    """Reads none."""
    del pdf
    return Pages(unread=Unread.BUSY)


class Paper(msgspec.Struct, frozen=True, gc=False):
    """One PDF."""

    name: bytes
    """A hash of its bytes."""
    content: bytes


class UnopenedError(Exception):
    """A request brings PDFs that nobody has read yet."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        super().__init__()
        self.papers = papers


class Papers:
    """One installation's PDFs."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._known: Generations[Pages] = Generations(MOST_REMEMBERED, lambda pages: LEAST + len(pages.text))
        self._turn = asyncio.Semaphore(AT_ONCE)

    def opened(self, reading: Reading, piece: bytes) -> Reading:
        """What a block holds, with the words of its PDFs; UnopenedError for those that are to be read first, FaultError
        for one that can't be."""
        texts, attached, new = list(reading.texts), list(reading.attached), []
        for one in reading.attached:
            if one.sort is not Sort.PDF:
                continue
            paper = _paper(one, piece)
            pages = self._known.get(paper.name)
            if pages is None:
                new.append(paper)
            elif pages.unread is not None:
                raise unreadable(pages.unread)
            else:
                texts.append(Text(one.start, one.end, pages.text, Matter.DOCUMENT, fixed=True))
                attached += [Attached(Sort.IMAGE, one.start, one.end)] * pages.pictures
        if new:
            raise UnopenedError(new)
        return Reading(tuple(texts), tuple(attached), reading.sealed)

    async def read(self, papers: Sequence[Paper]) -> None:
        """Read these, one after the other, beside the loop; FaultError where that can't be done now."""
        for paper in papers:
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    await self._turn.acquire()
            except TimeoutError:
                raise unreadable(Unread.BUSY) from None
            try:
                # Somebody may have brought it while this one waited.
                if self._known.get(paper.name) is None:
                    self._keep(paper, await asyncio.to_thread(self._extract, paper.content))
            finally:
                self._turn.release()

    def read_now(self, papers: Sequence[Paper]) -> None:
        """The same, for whoever can't wait otherwise."""
        for paper in papers:
            self._keep(paper, self._extract(paper.content))

    def _keep(self, paper: Paper, pages: Pages) -> None:
        if pages.unread is Unread.BUSY:
            raise unreadable(pages.unread)
        self._known.keep(paper.name, pages)


def bounded(papers: Sequence[Paper], before: int) -> int:
    """How many a request has brought with these; FaultError for too many."""
    if before + len(papers) > MOST_NEW:
        words = f"There are more than {MOST_NEW} new PDFs in this request. Send fewer at a time."
        raise refuse(FaultKind.REFUSED, words, code=CODE)
    return before + len(papers)


def unreadable(why: Unread) -> FaultError:
    """The refusal of a PDF that nobody can look through."""
    if why is Unread.BUSY:
        return refuse(FaultKind.OVERLOADED, f"A PDF in this request can't be read now: {_WORDS[why]}")
    words = f"A PDF in this request can't be looked through for private values: {_WORDS[why]}"
    return refuse(FaultKind.REFUSED, words, code=CODE)


def _paper(attached: Attached, piece: bytes) -> Paper:
    content = piece[attached.start : attached.end] if attached.bare else _decoded(attached, piece)
    return Paper(blake2b(content, digest_size=20).digest(), content)


def _decoded(attached: Attached, piece: bytes) -> bytes:
    """Base64 of either alphabet (RFC 4648), in lines or in one; FaultError for anything else."""
    if attached.data is None:
        raise unreadable(Unread.DAMAGED)
    try:
        said = string(piece, Node(*attached.data, JsonForm.STRING))
        plain = said.partition("base64,")[2] if said.startswith("data:") else said
        plain = plain.translate(_PLAIN)
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (NotReadableError, ValueError):
        raise unreadable(Unread.DAMAGED) from None
