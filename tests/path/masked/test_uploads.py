"""Uploads with scrubbing on: what can be read goes out with tokens and else as it came, and the rest not at all."""

import gzip
import json
from collections.abc import Iterator

import pytest

from tests.path.masked.scene import (
    FORM,
    IBAN,
    JANE,
    JOE,
    VALUES,
    A,
    Scene,
    field_of,
    file_of,
    form,
    scrubbing,
    tokens_in,
    unmasked,
)
from tests.support.client import Got

CHAT = {
    "custom_id": "1",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "m", "messages": [{"role": "user", "content": f"Write to {JANE}."}]},
}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256))
PDF = b"%PDF-1.7\n\x00\x01"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scrubbing(tmp_path_factory.mktemp("scene"), limits={"body": 300_000}) as running:
        yield running


def went(scene: Scene, got: Got, body: bytes, *values: str) -> bytes:
    """The request went out with a token for each of the values, in their order, and nothing else changed."""
    assert got.status == 200, got
    sent = scene.keeper.latest()
    tokens = tokens_in(sent.body)
    assert len(tokens) == len(values), (tokens, sent.body)
    assert unmasked(sent.body, dict(zip(tokens, values, strict=True))) == body
    assert sent.header("content-length") == str(len(sent.body))
    assert not any(value.encode() in scene.keeper.seen() for value in VALUES)
    return sent.body


def refused(scene: Scene, got: Got, *words: str) -> None:
    """Nothing went out, and the answer says why and repeats nothing."""
    assert got.status in {400, 413}, got
    said = json.loads(got.body)["error"]["message"]
    assert all(word in said for word in words), said
    assert not any(value in said for value in VALUES)


def test_each_line_of_a_batch_is_masked_as_the_request_that_it_is(scene: Scene) -> None:
    """Chats, responses, embeddings; what a line notes for itself, and a line that is no JSON."""
    lines = [
        json.dumps(CHAT),
        json.dumps({"custom_id": "2", "url": "/v1/responses", "body": {"model": "m", "input": f"Pay {IBAN}."}}),
        json.dumps({"custom_id": "3", "url": "/v1/embeddings", "body": {"input": [f"from {JOE}"]}}, indent=None),
        json.dumps({"custom_id": "4", "url": "/v1/unheard", "body": {"id": f"{JANE}", "x": {"y": JOE}}}),
        f"no JSON but {IBAN}",
        "",
    ]
    body = form(field_of("purpose", "batch"), file_of("file", "\r\n".join(lines), filename="b.jsonl"))
    got = scene.ask("POST", "/v1/files", body, content_type=FORM)
    sent = went(scene, got, body, JANE, IBAN, JOE)
    assert sent.count(b"EMAIL_") == 4
    assert sent.count(b"IBAN_") == 2


TEXTS = {
    "text": (f"Dear {JANE},\n\tyours, {JOE}\n", "text/plain", "a.txt"),
    "markdown": (f"# Mail\n- {JANE}\n- \u00e4\u00f6\u00fc \U0001f600 {JOE}\n", "text/markdown", "a.md"),
    "csv": (f'"name","mail"\n"J\u00f6rg","{JANE}"\n"Joe","{JOE}"\n', "text/csv", "a.csv"),
    "JSON": (json.dumps({"id": JANE, "to": [{"mail": JOE}]}, indent=2), "application/json", "a.json"),
    "JSON lines": (f'{{"id":"{JANE}"}}\n{{"mail":"{JOE}"}}\n', "application/octet-stream", "a.jsonl"),
    "tuning": (
        json.dumps({"messages": [{"role": "user", "content": f"I am {JANE}"}]})
        + "\n"
        + json.dumps({"messages": [{"role": "user", "content": f"\u00fcber {JOE}"}]}),
        "application/jsonl",
        "t.jsonl",
    ),
    "text that is called a picture": (f"{JANE} {JOE}", "image/png", "a.png"),
}


@pytest.mark.parametrize("target", ["/v1/files", "/anthropic/v1/files"])
@pytest.mark.parametrize("text", TEXTS)
def test_a_file_of_text_is_masked(scene: Scene, text: str, target: str) -> None:
    """Whatever it is called, wherever in the form it stands."""
    content, kind, name = TEXTS[text]
    body = form(file_of("file", content, kind, name), field_of("purpose", "user_data"))
    got = scene.ask("POST", target, body, content_type=FORM)
    went(scene, got, body, JANE, JOE)


def test_names_of_files_are_masked(scene: Scene) -> None:
    """Also in the spelling for other alphabets."""
    other = file_of("file", "a", "text/plain", "b.txt").replace(
        b'"b.txt"', b"\"x.txt\"; filename*=utf-8''%b" % JOE.encode()
    )
    body = form(file_of("file", "a", "text/plain", f"about {JANE}"), other)
    went(scene, scene.ask("POST", "/v1/files", body, content_type=FORM), body, JANE, JOE)


def test_the_fields_of_forms_are_masked_and_pictures_pass(scene: Scene) -> None:
    """A prompt is the user's words; what is a choice stays."""
    body = form(
        field_of("model", "gpt-image-1"),
        file_of("image[]", PNG, "image/png", "a.png"),
        field_of("prompt", f"A card for {JANE} \u2013 {JOE}"),
        field_of("n", "12345678"),
    )
    got = scene.ask("POST", "/v1/images/edits", body, content_type=FORM)
    went(scene, got, body, JANE, JOE)
    assert "email=2" in got.headers["x-penstock-scrubbed"]
    assert "attached=1;flag" in got.headers["x-penstock-scrubbed"]


def test_transcriptions_keep_their_sound_and_their_model(scene: Scene) -> None:
    """And the books still know the model of a form that was held."""
    body = form(
        file_of("file", b"RIFF\x00\x01" + PNG, "audio/wav", "a.wav"),
        field_of("model", "whisper-1"),
        field_of("prompt", f"They speak of {JANE}."),
    )
    scene.keeper.says("POST /v1/audio/transcriptions", {"text": "hello"})
    got = scene.ask("POST", "/v1/audio/transcriptions", body, content_type=FORM)
    went(scene, got, body, JANE)


@pytest.mark.parametrize(
    ("what", "target", "parts"),
    [
        ("pdf", "/v1/files", (file_of("file", PDF, "application/pdf", "a.pdf"),)),
        ("pdf", "/v1/files", (file_of("file", PDF, "image/png", "a.png"),)),
        ("file", "/v1/files", (file_of("file", PNG, "application/zip", "a.zip"),)),
        ("file", "/v1/files", (file_of("file", JANE.encode("utf-16"), "text/plain", "a.txt"),)),
        ("file", "/v1/uploads/up-1/parts", (file_of("data", f"{JANE}", "text/plain"),)),
    ],
)
def test_what_cannot_be_read_is_refused(scene: Scene, what: str, target: str, parts: tuple[bytes, ...]) -> None:
    """A PDF by its bytes, other files, and a part whose length was announced before."""
    if "uploads" in target:
        scene.keeper.says("POST /v1/uploads", {"id": "up-1"})
        assert scene.ask("POST", "/v1/uploads", {"bytes": 9, "purpose": "batch"}).status == 200
    before = len(scene.keeper.received)
    refused(scene, scene.upload(*parts, target=target), what)
    assert len(scene.keeper.received) == before


def test_a_form_of_two_readings_and_other_bodies_are_refused(scene: Scene) -> None:
    """Broken forms, compressed ones, forms in the older encoding, chunks of anything."""
    whole = form(field_of("prompt", JANE))
    refused(scene, scene.ask("POST", "/v1/images/edits", whole + b"x", content_type=FORM), "boundary")
    zipped = gzip.compress(whole)
    refused(scene, scene.ask("POST", "/v1/images/edits", zipped, content_type=FORM, content_encoding="gzip"))
    older = f"prompt={JANE}".encode()
    refused(scene, scene.ask("POST", "/v1/images/edits", older, content_type="application/x-www-form-urlencoded"))
    chunked = scene.ask("POST", "/v1/images/edits", older, content_type="text/plain", transfer_encoding="chunked")
    assert chunked.status in {400, 408}
    assert not any(value.encode() in scene.keeper.seen() for value in VALUES)


def test_a_form_that_is_too_large_is_refused_with_words(scene: Scene) -> None:
    """It can't be held, so it can't be looked through."""
    refused(scene, scene.upload(file_of("file", f"{JANE} " * 20_000, "text/plain")), "too large", "limits.body")


def test_a_compressed_body_goes_out_plain_where_something_is_masked(scene: Scene) -> None:
    """Without the header that spoke of its encoding; with nothing to mask it stays as it came."""
    for said, zipped in ((f"I am {JANE}", False), ("I am nobody", True)):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": f"{said} \ud83d"}]}).encode()
        got = scene.ask("POST", "/v1/chat/completions", gzip.compress(body), content_encoding="gzip")
        assert got.status == 200, got
        sent = scene.keeper.latest()
        assert sent.header("content-encoding") == ("gzip" if zipped else None)
        plain = gzip.decompress(sent.body) if zipped else sent.body
        assert unmasked(plain, dict.fromkeys(tokens_in(plain), JANE)) == body
        assert JANE.encode() not in sent.body


def test_gemini_uploads(scene: Scene) -> None:
    """The start says a name; the pieces can't change their length, and are refused."""
    start = {"file": {"displayName": f"Letter to {JANE}"}}
    got = scene.ask("POST", "/gemini/upload/v1beta/files", start, x_goog_upload_command="start")
    went(scene, got, json.dumps(start).encode(), JANE)
    before = len(scene.keeper.received)
    piece = JANE.encode()
    refused(scene, scene.ask("POST", "/gemini/upload/v1beta/files", piece, x_goog_upload_command="upload, finalize"))
    assert len(scene.keeper.received) == before


def test_what_cannot_be_read_passes_where_the_operator_lets_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Too large, broken, of another form; what can be read is masked all the same."""
    rules = {"unreadable": "allow", "attached": {"file": "allow", "pdf": "flag"}}
    with scrubbing(tmp_path_factory.mktemp("lenient"), rules, limits={"body": 300_000}) as scene:
        large = form(file_of("file", f"{JANE} " * 20_000, "text/plain"))
        pdf = form(file_of("file", PDF, "application/pdf", "a.pdf"))
        for body in (large, form(field_of("purpose", "x")) + b"torn", pdf):
            assert scene.ask("POST", "/v1/files", body, content_type=FORM).status == 200
            assert scene.keeper.latest().body == body
        body = form(field_of("odd", b"\xff\xfe"), file_of("file", f"{JANE}", "text/plain"))
        assert scene.ask("POST", "/v1/files", body, content_type=FORM, key=A).status == 200
        assert unmasked(scene.keeper.latest().body, dict.fromkeys(tokens_in(scene.keeper.latest().body), JANE)) == body
        assert JANE.encode() not in scene.keeper.latest().body
