"""Where words stand in uploads: what a form holds, as lines that people can read."""

import json
from typing import Any

import pytest

from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError
from penstock.core.text import Edit, placed, spliced
from tests.support.walked import WALKING, route

KIND = b"multipart/form-data; boundary=b"
BINARY = bytes(range(256))


def part(name: str, content: bytes | str, filename: str | None = None, kind: str = "") -> bytes:
    said = content if isinstance(content, bytes) else content.encode()
    file = "" if filename is None else f'; filename="{filename}"'
    typed = f"\r\nContent-Type: {kind}" if kind else ""
    head = f'Content-Disposition: form-data; name="{name}"{file}{typed}\r\n\r\n'
    return b"--b\r\n" + head.encode() + said + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


def head(kind: bytes = KIND, *more: tuple[bytes, bytes]) -> RequestHead:
    return RequestHead("POST", b"/", ((b"content-type", kind), *more))


def told(dialect: str, path: str, body: bytes, given: RequestHead | None = None) -> list[str]:
    """A line for each text and each thing attached, with the group where there are several."""
    where, walking, lines = route(dialect, path), WALKING[dialect], []
    given = given or head()
    assert walking.reads(where, given)
    for block in walking.uploaded(where, given, body):
        reading = walking.texts(where, block, body[block.start : block.end])
        group = f"{block.group} " if block.group else ""
        lines += [f"{group}{text.matter.value}: {text.value}" for text in reading.texts]
        lines += [f"{group}<{one.sort.value}>" for one in reading.attached]
    return lines


def test_a_forms_fields_say_what_json_of_the_same_name_says() -> None:
    """Choices say nothing, lists keep their brackets, and what is unknown is words."""
    body = form(
        part("model", "gpt-image-1"),
        part("prompt", "A b"),
        part("image[]", BINARY, "a.png", "image/png"),
        part("mask", "https://example.com/a.png"),
        part("user", "u-1"),
        part("odd[x]", "c"),
        part("size", "auto"),
    )
    assert told("openai", "/v1/images/edits", body) == [
        "user: A b", "document: a.png", "<image>", "other: https://example.com/a.png", "<elsewhere>",
        "identifier: u-1", "other: c",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "kind", "expected"),
    [
        ("a\nb", "text/plain", ["document: a\nb"]),
        ("\ufeffa", "", ["document: a"]),
        ("", "text/plain", []),
        ('{"a": "b",\n "c": [123456]}', "", ["name: a", "document: b", "name: c", "document: 123456"]),
        ('{"a": "b"}\n\nnone\n["c"]', "", ["1 name: a", "1 document: b", "2 document: none", "3 document: c"]),
        ('{"a": "\\ud83d"}', "", ['document: {"a": "\\ud83d"}']),
        (BINARY, "image/gif", ["<image>"]),
        (BINARY, "audio/mpeg", ["<audio>"]),
        (BINARY, "", ["<file>"]),
        (b"%PDF-1.4\x00", "image/gif", ["<pdf>"]),
        (b"\xe4", "text/plain", ["<file>"]),
        (b"a" * 5000 + b"\x00", "text/plain", ["<file>"]),
        ('["a", "b"]', "", ["1 document: a", "1 document: b"]),
        (' [\n"a"]', "", ["document: a"]),
        ('{"a": 1}\n \n"b"\n', "", ["1 name: a", "2 document: b"]),
        ('{broken\n{"a": 1}', "", ['document: {broken\n{"a": 1}']),
        ("7", "", ["document: 7"]),
    ],
)
def test_a_files_bytes_say_what_it_is(content: bytes | str, kind: str, expected: list[str]) -> None:
    """Not the type that it is given."""
    body = form(part("file", content, "f", kind))
    for dialect in ("openai", "anthropic"):
        assert told(dialect, "/v1/files", body) == ["document: f", *expected]


def line(url: str, **body: Any) -> str:
    return json.dumps({"custom_id": "me", "method": "POST", "url": url, "body": body})


def test_a_batch_is_many_requests() -> None:
    """Each a conversation of its own; a line of another kind is a text of its own."""
    lines = [
        line("/v1/chat/completions", model="m", messages=[{"role": "user", "content": "a"}]),
        line("/responses", model="m", instructions="b", input="c"),
        line("/v1/embeddings", model="m", input=["d"]),
        line("/v1/other", model="e"),
        '{"url":"/v1/responses","note":"f","body":{"input":"g"}}',
    ]
    body = form(part("purpose", "batch"), part("file", "\n".join(lines), "f.jsonl"))
    assert told("openai", "/v1/files", body) == [
        "document: f.jsonl", "1 user: a", "2 system: b", "2 user: c", "3 document: d",
        "4 name: custom_id", "4 document: me", "4 name: method", "4 document: POST", "4 name: url",
        "4 document: /v1/other", "4 name: body", "4 name: model", "4 document: e", "5 user: g", "5 name: note",
        "5 other: f",
    ]  # fmt: skip


def test_what_was_measured_before_can_not_be_changed() -> None:
    """A part of an upload is bytes, whatever they are."""
    for content, kind in (("a", ""), ("a", "text/plain"), (BINARY, "image/png")):
        body = form(part("data", content, "p", kind))
        assert told("openai", "/v1/uploads/u/parts", body) == ["document: p", "<file>"]


def test_only_what_announces_bytes_is_read_on_a_route_of_bytes() -> None:
    """Gemini's uploads: the pieces have the type of their start."""
    start = head(b"application/json", (b"x-goog-upload-command", b"start"))
    body = b'{"file": {"displayName": "a"}, "odd": "b"}'
    path = "/upload/v1beta/files"
    assert told("gemini", path, body, start) == ["name: displayName", "document: a", "name: odd", "other: b"]
    piece = head(b"application/json", (b"x-goog-upload-command", b"upload, finalize"))
    assert not WALKING["gemini"].reads(route("gemini", path), piece)
    twice = head(b"application/json", *[(b"x-goog-upload-command", one) for one in (b"start", b"upload")])
    assert not WALKING["gemini"].reads(route("gemini", path), twice)


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (form(part("a", "b")) + b"x", head()),
        (form(part("a", "b")), head(KIND, (b"content-type", KIND))),
        (form(part("a", "b")), head(KIND, (b"content-encoding", b"gzip"))),
        (form(part("a", "b").replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)), head()),
        (form(part("prompt", b"\xff")), head()),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(body: bytes, given: RequestHead) -> None:
    """Nor what is no text where a text must be."""
    with pytest.raises(NotReadableError):
        told("openai", "/v1/images/edits", body, given)


def test_only_forms_are_uploads() -> None:
    """Where a route takes a form at all."""
    openai = WALKING["openai"]
    assert openai.reads(route("openai", "/v1/videos"), head())
    assert not openai.reads(route("openai", "/v1/videos"), head(b"application/json"))
    assert not openai.reads(route("openai", "/v1/chat/completions"), head())
    assert not openai.reads(route("openai", "/v1/images/edits"), head(b"application/x-www-form-urlencoded"))


def test_edits_of_a_bare_text_stand_where_its_letters_do() -> None:
    """In any order, among letters of any length, and nothing is escaped."""
    said = 'a"\u00e4\u20ac\U0001f600z\n' * 3
    body = form(part("file", said, "f"))
    walking, where = WALKING["openai"], route("openai", "/v1/files")
    (block,) = [one for one in walking.uploaded(where, head(), body) if one.end - one.start > 1]
    piece = body[block.start : block.end]
    (text,) = walking.texts(where, block, piece).texts
    places = [place for place, letter in enumerate(said) if letter == "z"]
    edits = [Edit(text, place, place + 1, '"put"') for place in (places[2], places[0], places[1])]
    assert spliced(piece, placed(piece, edits)).decode() == said.replace("z", '"put"')
