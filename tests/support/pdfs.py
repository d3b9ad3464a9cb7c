"""PDFs written by hand, object by object: as small as they can be, and as wrong as a test wants them."""

import zlib
from collections.abc import Mapping, Sequence

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
PIXEL = (
    b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\n"
    b"stream\n\x80\nendstream"
)


def stream(content: bytes, more: bytes = b"", *, packed: bool = False) -> bytes:
    """A stream object."""
    data, how = (zlib.compress(content, 9), b"/Filter /FlateDecode ") if packed else (content, b"")
    return b"<< /Length %d %b%b >>\nstream\n%b\nendstream" % (len(data), how, more, data)


def drawing(*lines: str) -> bytes:
    """Operators that draw these lines, each as a string in hexadecimal: none of it can be read in the file."""
    shown = b" ".join(b"<%b> Tj T*" % line.encode("cp1252").hex().encode() for line in lines)
    return b"BT /F1 12 Tf 14 TL 72 720 Td " + shown + b" ET"


def pdf(
    *pages: Sequence[str] | bytes,
    page: bytes = b"",
    resources: bytes = b"",
    catalog: bytes = b"",
    trailer: bytes = b"",
    font: bytes = FONT,
    packed: bool = True,
    objects: Mapping[int, bytes] | None = None,
) -> bytes:
    """A PDF of these pages: lines, or a page's whole content. What is added to its page, its resources, its catalog and
    its trailer may name ``objects``, which have numbers from 100."""
    placed: dict[int, bytes] = {1: b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalog, 3: font}
    kids = []
    for number, content in enumerate(pages):
        first = 10 + 2 * number
        drawn = content if isinstance(content, bytes) else drawing(*content)
        kids.append(b"%d 0 R" % first)
        placed[first] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> %b >> %b >>" % (first + 1, resources, page)
        )
        placed[first + 1] = stream(drawn, packed=packed)
    placed[2] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b" ".join(kids), len(kids))
    placed |= objects or {}
    return _written(placed, trailer)


def _written(objects: Mapping[int, bytes], trailer: bytes) -> bytes:
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {}
    for number, content in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start, size = len(out), max(objects) + 1
    rows = [b"0000000000 65535 f \n"]
    rows += [b"%010d 00000 n \n" % places[one] if one in places else b"0000000000 00000 f \n" for one in range(1, size)]
    out += b"xref\n0 %d\n" % size + b"".join(rows)
    return out + b"trailer\n<< /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
