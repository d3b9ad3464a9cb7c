"""PDFs that are scanned: in each dialect's requests and in uploads, from a client to the provider that gets them."""

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from tests.path.masked.scene import FORM, JANE, A, Scene, field_of, file_of, form, scrubbing
from tests.support.client import Got
from tests.support.pdfs import PIXEL, pdf
from tests.support.spent import held_up

CLEAN = pdf(["Quarterly report", "All is well."])
PRIVATE = pdf(["Quarterly report"], ["Questions go to", JANE])
SCANNED = pdf(b"q 9 0 0 9 0 0 cm /I1 Do Q", resources=b"/XObject << /I1 100 0 R >>", objects={100: PIXEL})


def locked(content: bytes) -> bytes:
    """Encrypted, as one with a password to change it is: anybody can open it."""
    writer, out = PdfWriter(clone_from=PdfReader(io.BytesIO(content))), io.BytesIO()
    writer.encrypt("", "owner", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


LOCKED = locked(PRIVATE)
TORN = b"%PDF-1.7\n\x00\x01"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    settings = {"attached": {"pdf": "scan"}, "kinds": {"person": "allow"}, "seconds": 2}
    with scrubbing(tmp_path_factory.mktemp("scene"), settings) as running:
        yield running


def messages(data: str) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/pdf", "data": data}
    return {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": [{"type": "document", "source": source}]}],
    }


def results(data: str) -> dict[str, Any]:
    inner = messages(data)["messages"][0]["content"]
    result = {"type": "tool_result", "tool_use_id": "t", "content": inner}
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": [result]}]}


def chat(data: str) -> dict[str, Any]:
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{data}"}
    return {"model": "m", "messages": [{"role": "user", "content": [{"type": "file", "file": file}]}]}


def responses(data: str) -> dict[str, Any]:
    part = {"type": "input_file", "filename": "a.pdf", "file_data": data}
    return {"model": "m", "input": [{"role": "user", "content": [part]}]}


def contents(data: str) -> dict[str, Any]:
    parts = [{"inlineData": {"mimeType": "application/pdf", "data": data}}, {"text": "Sum up"}]
    return {"contents": [{"role": "user", "parts": parts}]}


WAYS = {
    "/v1/messages": messages,
    "/v1/messages ": results,
    "/v1/chat/completions": chat,
    "/v1/responses": responses,
    "/gemini/v1beta/models/m:generateContent": contents,
}


def sent(scene: Scene, way: str, content: bytes) -> tuple[Got, bytes]:
    """What became of a request with a PDF, and its body."""
    body = json.dumps(WAYS[way](base64.b64encode(content).decode())).encode()
    return scene.ask("POST", way.strip(), body), body


def uploaded(scene: Scene, content: bytes, target: str = "/v1/files") -> tuple[Got, bytes]:
    """The same of an upload."""
    body = form(field_of("purpose", "user_data"), file_of("file", content, "application/pdf", "a.pdf"))
    return scene.ask("POST", target, body, content_type=FORM), body


def asked(scene: Scene, way: str, content: bytes) -> tuple[Got, bytes]:
    return uploaded(scene, content, way) if way.endswith("/files") else sent(scene, way, content)


EVERYWHERE = [*WAYS, "/v1/files", "/anthropic/v1/files"]


@pytest.mark.parametrize("way", EVERYWHERE)
def test_a_pdf_without_private_values_passes_as_it_is(scene: Scene, way: str) -> None:
    """And the answer says that it was looked through."""
    got, body = asked(scene, way, CLEAN)
    assert got.status == 200, got
    assert scene.keeper.latest().body == body
    assert got.headers["x-penstock-scrubbed"] == "attached=1;scan"


@pytest.mark.parametrize("way", EVERYWHERE)
def test_a_pdf_with_a_private_value_stays_in_the_house(scene: Scene, way: str) -> None:
    """The refusal says which kind, in the client's dialect, and what else can be done."""
    before = len(scene.keeper.received)
    got, _ = asked(scene, way, PRIVATE)
    assert got.status == 400
    said = json.loads(got.body)["error"]
    assert "'email'" in said["message"]
    assert "as text" in said["message"]
    assert JANE not in said["message"]
    assert got.headers["x-should-retry"] == "false"
    assert len(scene.keeper.received) == before
    again, _ = asked(scene, way, CLEAN)
    assert again.status == 200, "another PDF in the same place is another PDF"


@pytest.mark.parametrize("way", ["/v1/messages", "/v1/files"])
@pytest.mark.parametrize(
    ("content", "word"),
    [(LOCKED, "password"), (TORN, "damaged"), (SCANNED, "no text"), (PRIVATE[:300], "damaged")],
    ids=["locked", "torn", "scanned", "cut"],
)
def test_a_pdf_that_cannot_be_read_stays_in_the_house(scene: Scene, way: str, content: bytes, word: str) -> None:
    """And its sender is told why."""
    before = len(scene.keeper.received)
    got, _ = asked(scene, way, content)
    assert got.status == 400
    assert word in json.loads(got.body)["error"]["message"]
    assert len(scene.keeper.received) == before


def test_a_pdf_all_of_whose_bytes_are_letters_is_none_the_less_a_pdf(scene: Scene) -> None:
    """Its words are spelt otherwise in it, and a mask would break it."""
    plain = b"%PDF-1.4\n" + pdf(["Questions go to", JANE], packed=False).split(b"\n", 2)[2]
    plain.decode("ascii")
    got, _ = uploaded(scene, plain)
    assert got.status == 400
    assert "'email'" in json.loads(got.body)["error"]["message"]


def test_others_are_served_while_a_pdf_is_read(scene: Scene) -> None:
    """A PDF that takes all the time that it may holds nobody up, and is refused."""
    assert scene.gateway is not None
    pid = scene.gateway.pid
    endless = pdf(*[b"BT /F1 9 Tf (x) Tj ET " + b"q Q " * 600_000] * 40)
    told: list[int] = []
    slow = threading.Thread(target=lambda: told.append(sent(scene, "/v1/messages", endless)[0].status))
    slow.start()
    time.sleep(0.3)
    longest = 0.0
    while slow.is_alive() and not told:
        plain = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        got, held = held_up(pid, lambda plain=plain: scene.ask("POST", "/v1/messages", plain))
        assert got.status == 200
        longest = max(longest, held)
        time.sleep(0.05)
    slow.join()
    assert told == [400]
    assert longest < 1.0


def test_no_process_is_left_and_no_word_is_written(scene: Scene) -> None:
    """What was read of a PDF is in no file and no log."""
    uploaded(scene, PRIVATE)
    assert scene.gateway is not None
    assert not any(JANE.encode() in content for content in scene.data().values())
    assert A.encode() not in b"".join(scene.data().values())
