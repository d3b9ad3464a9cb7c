"""Content policies over forms and files: held, read as what they are, and refused where nobody can read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.path.content.scene import CANARY, MESSAGES, OTHER_KEY, Scene, question, scene
from tests.path.content.test_judges import BAD, KINDS, judged, policy, script
from tests.path.masked.scene import FORM, field_of, file_of, form
from tests.support.client import Got
from tests.support.gateway import KEY

PNG = b"\x89PNG\r\n\x1a\n\x00\x00" + bytes(range(256))
POLICIES = {
    "house": {"terms": [{"name": "projects", "terms": [CANARY]}]},
    "names": {"terms": [{"name": "people", "terms": ["Grace Hopper"], "action": "mask"}], "mask": "[a person]"},
    "files": {"attachments": {"allow": ["image"], "size": 1000}},
    "tools": {"teams": ["research"], "tools": {"deny": ["bash"]}},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("content"), POLICIES, limits={"body": 100_000}) as found:
        yield found


def upload(running: Scene, *parts: bytes, target: str = "/v1/files", key: str = KEY) -> tuple[Got, bytes]:
    body = form(*parts)
    return running.ask(target, body, key=key, **{"content-type": FORM}), body


def said(got: Got) -> str:
    return str(json.loads(got.body)["error"]["message"])


@pytest.mark.parametrize(
    "parts",
    [
        (file_of("file", f"all of {CANARY}\n", "text/plain", "a.txt"),),
        (file_of("file", "a", "text/plain", f"{CANARY}.txt"),),
        (file_of("file", json.dumps({"a": [f"the {CANARY}"]}), "application/json", "a.json"),),
        (field_of("prompt", f"draw a {CANARY}"), file_of("image", PNG, "image/png")),
    ],
    ids=["text", "name", "JSON", "field"],
)
def test_words_in_a_form_are_the_requests_words(running: Scene, parts: tuple[bytes, ...]) -> None:
    """In its fields, its files and their names."""
    before = len(running.sent)
    got, _ = upload(running, *parts, target="/v1/images/edits" if len(parts) > 1 else "/v1/files")
    assert got.status == 400
    assert "a term that is not allowed" in said(got)
    assert CANARY not in said(got)
    assert len(running.sent) == before


def test_a_form_without_such_words_goes_as_it_came(running: Scene) -> None:
    """Every byte of it."""
    got, body = upload(running, field_of("purpose", "user_data"), file_of("file", "a bird\n", "text/plain", "a.txt"))
    assert got.status == 200
    assert running.sent[-1].body == body


def test_a_mask_changes_its_words_alone(running: Scene) -> None:
    """In a file too, whose form is as long as it is then."""
    got, body = upload(running, file_of("file", "by Grace Hopper, \u00e4\n", "text/plain", "a.txt"))
    assert got.status == 200
    assert running.sent[-1].body == body.replace(b"Grace Hopper", b"[a person]")
    assert running.sent[-1].header("content-length") == str(len(running.sent[-1].body))


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (file_of("file", b"PK\x03\x04\x00", "application/zip", "a.zip"), "it holds a file"),
        (file_of("file", b"%PDF-1.7\n\x00", "image/png", "a.png"), "it holds a PDF"),
        (file_of("file", PNG * 4, "image/png", "a.png"), "attachments of 1000 bytes"),
    ],
    ids=["zip", "pdf", "large"],
)
def test_files_are_attachments(running: Scene, part: bytes, words: str) -> None:
    """Of the sort and the size that their bytes say."""
    got, _ = upload(running, part)
    assert got.status == 400
    assert words in said(got)
    assert upload(running, file_of("file", PNG, "image/png", "a.png"))[0].status == 200


def test_what_is_too_large_to_be_held_cannot_be_read(running: Scene) -> None:
    """Nor what is torn."""
    got, _ = upload(running, file_of("file", "a " * 100_000, "text/plain", "a.txt"))
    assert got.status == 400
    assert "its words can't be read" in said(got)
    torn = running.ask("/v1/files", form(field_of("a", "b"))[:-9], **{"content-type": FORM})
    assert torn.status == 400


def test_tools_of_a_batch_are_no_way_around(running: Scene) -> None:
    """Where some are not allowed, a file of requests that declare any is refused; others pass."""
    line: dict[str, Any] = {
        "custom_id": "1",
        "url": "/v1/chat/completions",
        "body": question("/v1/chat/completions", "a"),
    }
    plain = file_of("file", json.dumps(line), "application/jsonl", "b.jsonl")
    assert upload(running, field_of("purpose", "batch"), plain, key=OTHER_KEY)[0].status == 200
    line["body"]["tools"] = [{"type": "function", "function": {"name": "bash"}}]
    tools = file_of("file", json.dumps(line), "application/jsonl", "b.jsonl")
    got, _ = upload(running, field_of("purpose", "batch"), tools, key=OTHER_KEY)
    assert got.status == 400
    assert "tools can't be read" in said(got)


def test_judges_are_asked_about_files(tmp_path: Path) -> None:
    """One that says no withholds what became of the upload; where nothing is said nobody is asked."""
    with scene(tmp_path, policy({**KINDS["http"][0], "first": True}), script) as found:
        good, _ = upload(found, file_of("file", "bread", "text/plain", "a.txt"))
        assert good.status == 200
        assert [b"bread" in one.body for one in judged(found)] == [True]
        bad, _ = upload(found, file_of("file", f"{BAD}\n", "text/plain", "b.txt"))
        assert bad.status == 400
        assert not any(BAD.encode() in one.body for one in found.sent if one not in judged(found))
        before = len(judged(found))
        assert upload(found, file_of("file", PNG, "image/png", "a"))[0].status == 200
        assert len(judged(found)) == before + 1, "its name is new"
        assert found.ask(MESSAGES, question(MESSAGES, "bread")).status == 200
