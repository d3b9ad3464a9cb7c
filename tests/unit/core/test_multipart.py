"""The parts of multipart forms, beside what the standard library's mail parser makes of the same bytes."""

import email.policy
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.legible import NotReadableError
from penstock.core.multipart import MOST_PARTS, Part, essence, parts

PARSER = BytesParser(policy=email.policy.HTTP)
BOUNDARIES = st.text("abcXYZ019'()+_./:=?-", min_size=1, max_size=70)
ENDS = st.sampled_from([b"\r\n", b"\n"])
NAMES = st.text("abc[]_- é", min_size=1, max_size=12).filter(lambda name: name == name.strip())
# Anything that a delimiter could be mistaken for, or the reverse.
CONTENTS = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--", b"{}", b" ", b"--a", b"\xef\xbb\xbf", b"\x00"]), max_size=12
).map(b"".join)


def expected(body: bytes, kind: bytes) -> list[tuple[bytes | None, bytes | None, bytes]]:
    """Name, file name and content of each part, as the mail parser has them."""
    message = PARSER.parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body)
    found = []
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        name, filename = part.get_param("name", header="content-disposition"), part.get_filename()
        assert isinstance(content, bytes)
        named = [None if each is None else str(each).encode("utf-8", "surrogateescape") for each in (name, filename)]
        found.append((named[0], named[1], content))
    return found


def told(body: bytes, kind: bytes) -> list[tuple[bytes | None, bytes | None, bytes]]:
    return [(part.name, part.filename, body[part.start : part.end]) for part in parts(body, kind)]


@given(
    boundary=BOUNDARIES,
    end=ENDS,
    fields=st.lists(st.tuples(NAMES, st.none() | NAMES, CONTENTS), min_size=1, max_size=5),
    more=st.sampled_from([b"", b"Content-Type: application/jsonl", b"X: y"]),
    padding=st.sampled_from([b"", b" ", b"\t "]),
    around=st.tuples(st.sampled_from([b"", b"\r\n", b"\n"]), st.sampled_from([b"", b"\r\n", b"\n", b"\r\n\r\n"])),
)
def test_the_parts_are_those_of_another_reader(
    boundary: str,
    end: bytes,
    fields: list[tuple[str, str | None, bytes]],
    more: bytes,
    padding: bytes,
    around: tuple[bytes, bytes],
) -> None:
    """Names, file names and contents, byte for byte; a form in which a delimiter may be mistaken is refused instead."""
    delimiter = b"--" + boundary.encode()
    body = around[0]
    for name, filename, content in fields:
        line = f'Content-Disposition: form-data; name="{name}"' + (
            "" if filename is None else f'; filename="{filename}"'
        )
        headers = [line.encode(), *([more] if more else [])]
        body += delimiter + padding + end + end.join(headers) + end + end + content + end
    body += delimiter + b"--" + padding + around[1]
    kind = b'multipart/form-data; boundary="%b"' % boundary.encode()
    if body.count(delimiter) == len(fields) + 1:
        found = told(body, kind)
        assert [content for _, _, content in found] == [content for _, _, content in expected(body, kind)]
        written = [(name.encode(), None if file is None else file.encode(), data) for name, file, data in fields]
        # With Unix's line ends a return at a content's end is taken for a part of the line end, by both.
        assert [(name, file) for name, file, _ in found] == [(name, file) for name, file, _ in written]
        if end == b"\r\n":
            assert found == written
        if all(name.isascii() and (file or "").isascii() for name, file, _ in fields):
            assert found == expected(body, kind)
    else:
        try:
            found = told(body, kind)
        except NotReadableError:
            return
        assert [content for _, _, content in found] == [content for _, _, content in expected(body, kind)]


@given(body=st.binary(max_size=80) | st.lists(st.sampled_from(
    [b"--b", b"--", b"\r\n", b"\n", b" ", b"x", b"Content-Disposition: form-data; name=a", b":", b";", b'"']
), max_size=20).map(b"".join))  # fmt: skip
def test_no_bytes_make_it_stumble(body: bytes) -> None:
    """Parts inside of the body, one behind the other, or a refusal."""
    try:
        found = parts(body, b"multipart/form-data; boundary=b")
    except NotReadableError:
        return
    edges = [0, *(edge for part in found for edge in (part.start, part.end)), len(body)]
    assert edges == sorted(edges)


A_PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
ALONE = "must begin and end with its boundary"
UNREADABLE = "a header that cannot be read, or one twice"
REFUSED = {
    "nothing": (b"", ALONE),
    "no end": (A_PART, ALONE),
    "something before it": (b"x\r\n" + A_PART + b"--b--", ALONE),
    "something behind it": (A_PART + b"--b--\r\nx", ALONE),
    "a delimiter inside of a line": (A_PART[:-2] + b" --b\r\n" + A_PART + b"--b--", ALONE),
    "a delimiter with more behind it": (A_PART + b"--bb\r\n\r\n--b--", ALONE),
    "no headers": (b"--b\r\n\r\n1\r\n--b--", "no headers"),
    "headers without an end": (b"--b\r\nX: 1\r\n" + A_PART + b"--b--", "no headers"),
    "headers too long": (A_PART.replace(b'"a"', b'"' + b"a" * 20_000 + b'"') + b"--b--", "or too long ones"),
    "a header twice": (
        A_PART.replace(b"\r\n\r\n", b"\r\nContent-Disposition: form-data\r\n\r\n") + b"--b--",
        UNREADABLE,
    ),
    "a folded header": (A_PART.replace(b"form-data;", b"form-data;\r\n ") + b"--b--", UNREADABLE),
    "a header behind a space": (A_PART.replace(b"Content", b" Content") + b"--b--", UNREADABLE),
    "a header without a name": (A_PART.replace(b"Content-Disposition", b"") + b"--b--", UNREADABLE),
    "a name in two ways": (
        A_PART.replace(b'"a"', b"\"a\"; name*=utf-8''b") + b"--b--",
        "more than one reading of its name",
    ),
    "a file name that may be none": (
        A_PART.replace(b'"a"', b'"a"; filename=""; filename*=utf-8\'\'b') + b"--b--",
        "more than one reading of its filename",
    ),
    "a quote behind a backslash": (A_PART.replace(b'"a"', rb'"a\"') + b"--b--", "a header of the form cannot be read"),
    "a name with a backslash": (A_PART.replace(b'"a"', rb'"a\b"') + b"--b--", "more than one reading of its name"),
    "half a parameter": (A_PART.replace(b'"a"', b'"a"; x') + b"--b--", "a header of the form cannot be read"),
    "a name in an unknown alphabet": (
        A_PART.replace(b'name="a"', b"name*=koi8-r''a") + b"--b--",
        "a parameter that cannot",
    ),
    "too many parts": (A_PART * (MOST_PARTS + 1) + b"--b--", f"more than {MOST_PARTS} fields"),
}


@pytest.mark.parametrize(("body", "words"), REFUSED.values(), ids=REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(body: bytes, words: str) -> None:
    """And so is what nobody sends."""
    with pytest.raises(NotReadableError, match=words):
        parts(body, b"multipart/form-data; boundary=b")


def test_as_many_parts_as_are_allowed_are_read() -> None:
    """Only one more is too many."""
    assert len(parts(A_PART * MOST_PARTS + b"--b--", b"multipart/form-data; boundary=b")) == MOST_PARTS


@pytest.mark.parametrize("kind", [b"multipart/form-data", b"multipart/form-data; boundary=b; boundary=c",
                                  b"multipart/form-data; boundary=" + b"b" * 71, b"x" * 2000])  # fmt: skip
def test_a_form_without_a_plain_boundary_is_refused(kind: bytes) -> None:
    """There must be one, and one alone."""
    with pytest.raises(NotReadableError):
        parts(A_PART + b"--b--", kind)


def test_a_part_may_say_nothing_of_itself() -> None:
    """Then it is the bytes that stand there, of no name and no kind; a colon may stand in what a header says."""
    body = b"--b\r\nContent-Type : y:z\r\n\r\n1\r\n--b--"
    start = body.index(b"1")
    assert parts(body, b"multipart/form-data; boundary=b") == (Part(start, start + 1, None, None, b"", b"y:z"),)
    body = body.replace(b"Content-Type", b"X")
    (found,) = parts(body, b"multipart/form-data; boundary=b")
    assert found.content_type == b""
    assert essence(None) == b""
    assert essence(b" Text/Plain ;charset=utf-8") == b"text/plain"


def test_a_part_says_how_its_content_is_written() -> None:
    """And a file that is named in two spellings has a name."""
    head = b"Content-Disposition: form-data; name=f; filename=\"a\"; filename*=UTF-8''%C3%A4"
    body = b"--b\r\n%b\r\ncontent-type:Text/Plain\r\nContent-Transfer-Encoding: Base64\r\n\r\nMQ==\r\n--b--" % head
    (found,) = parts(body, b"multipart/form-data; boundary=b")
    start = body.index(b"MQ==")
    named = found.named
    assert found == Part(start, start + 4, b"f", b"a", b"base64", b"Text/Plain", named)
    # Behind the character set.
    assert [body[slice(*place)] for place in named] == [b"a", b"%C3%A4"]
