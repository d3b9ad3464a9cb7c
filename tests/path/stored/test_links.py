"""Absolute links in answers lead back to the gateway, and whoever follows one needs no more than it holds."""

import json
from pathlib import Path

import anthropic
from google import genai
from google.genai import types

from tests.path.stored.scene import A, B, Scene
from tests.support.client import ask
from tests.support.gateway import CALLER_KEY, OPERATOR_KEY


def test_batch_results_come_through_the_gateway(scene: Scene) -> None:
    """The SDK fetches ``results_url`` with the gateway key: the link must lead back here, under the client's prefix."""
    for prefix in ("", "/anthropic"):
        with anthropic.Anthropic(api_key=A, base_url=f"{scene.gateway.url}{prefix}", max_retries=0) as client:
            batch = client.messages.batches.create(requests=[])
            here = f"{scene.gateway.url}{prefix}/v1/messages/batches/{batch.id}/results"
            assert batch.results_url == here
            assert [batch.results_url for batch in client.messages.batches.list()][-1] == here
            assert [result.custom_id for result in client.messages.batches.results(batch.id)] == [batch.id]
    kept = scene.keepers["anthropic"].objects[batch.id]
    got = scene.ask(A, "GET", f"/anthropic/v1/messages/batches/{batch.id}")
    there, here = json.dumps(kept["results_url"]).encode(), json.dumps(batch.results_url).encode()
    assert got.body.replace(here, there) == json.dumps(kept).encode()


def test_an_upload_goes_on_through_the_gateway(scene: Scene, tmp_path: Path) -> None:
    """google-genai sends an upload's pieces to the URL that the start named, without a key: the URL itself is proof."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"0123456789" * 1000)
    names = {}
    for key in (A, B):
        with genai.Client(
            api_key=key, http_options=types.HttpOptions(base_url=f"{scene.gateway.url}/gemini")
        ) as client:
            names[key] = client.files.upload(file=path).name
            assert client.files.get(name=names[key]).name == names[key]
    pieces = [each for each in scene.providers["gemini"].received if "upload_id" in each.target][-2:]
    for piece in pieces:
        assert piece.body == path.read_bytes()
        assert piece.header("x-goog-api-key") == OPERATOR_KEY
        assert "ticket" not in piece.target
    for key, other in ((A, B), (B, A)):
        assert scene.ask(key, "GET", f"/gemini/v1beta/{names[other]}").status == 404
        for part in (
            {"fileUri": names[other]},
            {"file_uri": f"https://generativelanguage.googleapis.com/v1beta/{names[other]}"},
        ):
            body = {"contents": [{"parts": [{"fileData": part}]}]}
            assert scene.ask(key, "POST", "/gemini/v1beta/models/m:generateContent", body).status == 404


START = {"x-goog-upload-command": "start", "x-goog-upload-protocol": "resumable"}
FINALIZE = {"x-goog-upload-command": "upload, finalize", "content-type": "application/json"}


def begun(scene: Scene, key: str, **headers: str) -> str:
    """The path to which the pieces of a new upload go."""
    got = ask(scene.gateway, "/gemini/upload/v1beta/files", b"{}", {**START, **headers}, key=key)
    for name in ("x-goog-upload-url", "x-goog-upload-control-url"):
        assert got.headers[name].startswith(f"{scene.gateway.url}/gemini/upload/v1beta/files?upload_id=")
    return got.headers["x-goog-upload-url"].removeprefix(scene.gateway.url)


def test_an_upload_is_its_beginners(scene: Scene) -> None:
    """A piece without a ticket and without the beginner's key, or with another upload's ticket, is refused; the file
    that comes of the upload is the beginner's."""
    own, others = begun(scene, A), begun(scene, B)
    bare = own.partition("&penstock_ticket=")[0]
    stolen = f"{bare}&penstock_ticket={others.partition('&penstock_ticket=')[2]}"
    before = scene.received()
    for target, key, status in ((bare, None, 401), (stolen, None, 401), (bare, B, 404), (stolen, B, 404)):
        assert ask(scene.gateway, target, b"bytes", FINALIZE, key=key).status == status, (target, key)
    assert scene.received() == before
    done = ask(scene.gateway, own, b"\x00 not JSON", FINALIZE, key=None)
    assert done.status == 200
    name = json.loads(done.body)["file"]["name"]
    assert scene.ask(A, "GET", f"/gemini/v1beta/{name}").status == 200
    assert scene.ask(B, "GET", f"/gemini/v1beta/{name}").status == 404


def test_an_upload_under_the_callers_own_credential_needs_no_other(scene: Scene) -> None:
    """The pieces go up without any credential: not the operator's, who has no part in this upload."""
    path = begun(scene, A, **{"x-provider-key": CALLER_KEY})
    assert ask(scene.gateway, path, b"bytes", FINALIZE, key=None).status == 200
    assert scene.latest().header("x-goog-api-key") is None
    assert scene.latest().header("authorization") is None
    assert "ticket" not in scene.latest().target
