"""What is read of PDFs, and what is said of those that can't be: each by a process of its own."""

import time

import pytest

from penstock.core.pages import Unread
from penstock.pdf import extract
from tests.support.pdfs import PIXEL, pdf, stream

pytestmark = pytest.mark.slow

SECONDS = 5.0
WORDS = ["Dear Ann,", "write to ann.lee@corp.de"]
SCAN = b"q 612 0 0 792 0 0 cm /I1 Do Q"
IMAGES = b"/XObject << /I1 100 0 R >>"


def test_every_page_is_read() -> None:
    """Compressed or not, however its strings are spelt."""
    for packed in (True, False):
        told = extract(pdf(WORDS, ["Second page", "Grüße"], packed=packed), SECONDS)
        assert told.unread is None
        assert [line for line in told.text.splitlines() if line] == [*WORDS, "Second page", "Grüße"]


def test_letters_that_are_moved_together_are_one_word() -> None:
    """A line as text setters write it: pieces with spaces of their own between them."""
    content = b"BT /F1 12 Tf 72 720 Td [(ann.l) -20 (ee@) 15 (cor) -3 (p.de)] TJ ET"
    assert extract(pdf(content), SECONDS).text.split() == ["ann.lee@corp.de"]


NOTE = b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (%b) >>"
DRAWN = b"<< /Type /Annot /Subtype /FreeText /Rect [0 0 9 9] /AP << /N 101 0 R >> >>"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /Font << /F1 3 0 R >> >>"
XMP = b"<x:xmpmeta><dc:creator>ann.lee@corp.de</dc:creator></x:xmpmeta>"
HIDDEN = "ann.lee@corp.de"

BESIDE = {
    "a comment": pdf(["Text"], page=b"/Annots [100 0 R]", objects={100: NOTE % HIDDEN.encode()}),
    "a comment in UTF-16": pdf(
        ["Text"], page=b"/Annots [100 0 R]", objects={100: NOTE.replace(b"(%b)", b"<FEFF%b>") %
                                                      HIDDEN.encode("utf-16-be").hex().encode()}
    ),
    "a drawn comment": pdf(
        ["Text"], page=b"/Annots [100 0 R]",
        objects={100: DRAWN, 101: stream(b"BT /F1 9 Tf (%b) Tj ET" % HIDDEN.encode(), FORM, packed=True)},
    ),
    "a form's field": pdf(
        ["Text"], catalog=b"/AcroForm << /Fields [100 0 R] >>",
        objects={100: b"<< /FT /Tx /T (mail) /V (%b) >>" % HIDDEN.encode()},
    ),
    "a form in XML": pdf(
        ["Text"], catalog=b"/AcroForm << /Fields [] /XFA [(datasets) 100 0 R] >>",
        objects={100: stream(b"<data><mail>%b</mail></data>" % HIDDEN.encode(), packed=True)},
    ),
    "a bookmark": pdf(
        ["Text"], catalog=b"/Outlines << /First 100 0 R >>",
        objects={100: b"<< /Title (%b) /Dest [10 0 R /Fit] >>" % HIDDEN.encode()},
    ),
    "a property": pdf(["Text"], trailer=b"/Info 100 0 R", objects={100: b"<< /Author (%b) >>" % HIDDEN.encode()}),
    "metadata": pdf(
        ["Text"], catalog=b"/Metadata 100 0 R",
        objects={100: stream(XMP, b"/Type /Metadata /Subtype /XML", packed=True)},
    ),
    "a link": pdf(
        ["Text"], page=b"/Annots [<< /Subtype /Link /A << /S /URI /URI (mailto:%b) >> >>]" % HIDDEN.encode(),
    ),
    "a form that a page draws": pdf(
        b"/X1 Do", resources=b"/XObject << /X1 100 0 R >>",
        objects={100: stream(b"BT /F1 9 Tf (%b) Tj ET" % HIDDEN.encode(), FORM, packed=True)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("where", BESIDE)
def test_words_are_found_wherever_a_pdf_has_them(where: str) -> None:
    """Not on its pages alone."""
    told = extract(BESIDE[where], SECONDS)
    assert told.unread is None
    assert HIDDEN in told.text


def test_slips_of_the_index_are_mended() -> None:
    """As other programs do: its places are wrong, and all that they should lead to is there."""
    moved = pdf(WORDS).replace(b"%PDF-1.7\n", b"%PDF-1.7\n%moved\n")
    assert HIDDEN in extract(moved, SECONDS).text


def test_pictures_are_counted() -> None:
    """A page of words may have some; what is nothing but one holds no words."""
    both = extract(pdf(WORDS, SCAN, resources=IMAGES, objects={100: PIXEL}), SECONDS)
    assert (both.unread, both.pictures) == (None, 1)
    assert extract(pdf(SCAN, resources=IMAGES, objects={100: PIXEL}), SECONDS).unread is Unread.EMPTY


UNMAPPED = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+X /Encoding /Identity-H /DescendantFonts [<< /Type /Font "
    b"/Subtype /CIDFontType2 /BaseFont /AAAAAA+X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) "
    b"/Supplement 0 >> /DW 1000 >>] >>"
)
GLYPHS = b"BT /F1 12 Tf 72 720 Td <%b> Tj ET" % "".join(f"{number:04x}" for number in range(1, 30)).encode()

UNREAD = {
    "encrypted": (
        pdf(WORDS, trailer=b"/Encrypt 100 0 R /ID [<00> <00>]", objects={
            100: b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%b> /U <%b> >>" % (b"00" * 32, b"00" * 32)}),
        Unread.ENCRYPTED,
    ),
    "no PDF": (b"%PDF-1.7\n\x00\x01", Unread.DAMAGED),
    "nothing": (b"", Unread.DAMAGED),
    "cut": (pdf(WORDS)[:200], Unread.DAMAGED),
    "a torn page beside a whole one": (
        pdf(WORDS, ["Whole"]).replace(b"\nstream\nx", b"\nstream\nz", 1), Unread.DAMAGED
    ),
    "no page": (pdf(), Unread.EMPTY),
    "a page without words": (pdf(b"0 0 m 9 9 l S"), Unread.EMPTY),
    "letters that nobody knows": (pdf(GLYPHS, font=UNMAPPED), Unread.GARBLED),
    "another file inside": (
        pdf(WORDS, catalog=b"/Names << /EmbeddedFiles << /Names [(a) 100 0 R] >> >>", objects={
            100: b"<< /Type /Filespec /F (a.txt) /EF << /F 101 0 R >> >>", 101: stream(b"ann.lee@corp.de")}),
        Unread.FILES,
    ),
    "a page of itself": (pdf(WORDS).replace(b"/Kids [10 0 R]", b"/Kids [ 2 0 R]"), Unread.DAMAGED),
    "lists in lists": (pdf(b"[" * 100_000 + b"]" * 100_000), Unread.EMPTY),
}  # fmt: skip


@pytest.mark.parametrize("what", UNREAD)
def test_what_cannot_be_read_is_told(what: str) -> None:
    """Never as a PDF without private values."""
    content, why = UNREAD[what]
    told = extract(content, SECONDS)
    assert (told.unread, told.text) == (why, "")


BOMBS = {
    "a bomb": lambda: pdf(b"BT /F1 9 Tf (x) Tj ET " + b" " * 200_000_000),
    "bombs in a row": lambda: pdf(*[b"BT /F1 9 Tf (x) Tj ET " + b"q Q " * 600_000] * 40),
    "words without an end": lambda: pdf(b"BT /F1 9 Tf " + b"(%b) Tj T* " % (b"a" * 48) * 200_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_what_takes_too_long_or_too_much_ends(bomb: str) -> None:
    """In its time, and in the memory of its own process alone."""
    content = BOMBS[bomb]()
    assert len(content) < 500_000
    before = time.monotonic()
    told = extract(content, 1.0)
    assert told.unread is Unread.LONG
    # A process that goes on until its memory is used up takes minutes.
    assert time.monotonic() - before < 15
