"""What comes about along the way is its maker's too, and names are found however a request spells them."""

import json

import pytest

from tests.path.stored.scene import MAKING, A, B, Scene


def test_what_an_object_leads_to_is_its_makers_too(scene: Scene) -> None:
    """A batch's output file, a tuned model, an upload's file, a response's conversation and container, a run's thread:
    A can use them, B cannot."""
    batch = scene.make(A, *MAKING["batch"])
    response = scene.make(A, *MAKING["response"])
    run = scene.make(A, "/v1/threads/runs", {"model": "m"})
    upload = scene.make(A, *MAKING["upload"])
    file = scene.make(A, f"/v1/uploads/{upload['id']}/complete", {"part_ids": []})["file"]
    job = scene.make(A, *MAKING["job"])
    remix = scene.make(A, f"/v1/videos/{scene.make(A, *MAKING['video'])['id']}/remix", {"prompt": "again"})
    message = scene.make(A, "/v1/messages", {"tools": [{"type": "code_execution_20250825"}], "messages": []})
    wrote = message["content"][0]["content"]["content"][0]["file_id"]
    reaching = (
        ("GET", f"/v1/files/{batch['output_file_id']}", None),
        ("GET", f"/v1/conversations/{response['conversation']['id']}", None),
        ("GET", f"/v1/containers/{response['output'][0]['container_id']}", None),
        ("GET", f"/v1/threads/{run['thread_id']}", None),
        ("GET", f"/v1/files/{file['id']}", None),
        ("GET", f"/v1/files/{job['result_files'][0]}", None),
        ("POST", "/v1/chat/completions", {"model": job["fine_tuned_model"], "messages": []}),
        ("POST", "/v1/responses", {"model": job["fine_tuned_model"], "input": "hi"}),
        ("GET", f"/v1/videos/{remix['id']}", None),
        ("POST", "/v1/messages", {"container": message["container"]["id"], "messages": []}),
        ("POST", "/v1/messages", {"container": {"id": message["container"]["id"]}, "messages": []}),
        ("GET", f"/anthropic/v1/files/{wrote}/content", None),
    )
    for method, target, body in reaching:
        before = scene.received()
        assert (scene.ask(B, method, target, body).status, scene.received()) == (404, before), (method, target, body)
        assert scene.ask(A, method, target, body).status in {200}, (method, target, body)


def test_a_thread_of_messages_is_its_makers(scene: Scene) -> None:
    """The message that a thread goes on from may be named by the tenant alone that got it."""
    made = scene.make(A, "/v1/messages", {"thread": {"type": "create"}, "messages": []})
    going_on = {"thread": {"type": "continue", "previous_message_id": made["id"]}, "messages": []}
    assert scene.ask(B, "POST", "/v1/messages", going_on).status == 404
    assert scene.ask(A, "POST", "/v1/messages", going_on).status == 200


def test_items_are_named_by_their_makers_alone(scene: Scene) -> None:
    """Responses loads stored items by id: references, and reasoning that does not bring its content along."""
    item = scene.make(A, *MAKING["response"])["output"][1]["id"]
    for reference in (
        {"type": "item_reference", "id": item},
        {"id": item},
        {"id": item, "type": None},
        {"type": "reasoning", "id": item, "summary": []},
        {"type": "reasoning", "id": item, "summary": [], "encrypted_content": None},
    ):
        for target, key in (("/v1/responses", "input"), ("/v1/conversations", "items")):
            body = {"model": "m", key: [{"role": "user", "content": "hi"}, reference]}
            assert scene.ask(B, "POST", target, body).status == 404, reference
            assert scene.ask(A, "POST", target, body).status == 200, reference
    brought = {"type": "reasoning", "id": "rs_nobodys", "encrypted_content": "gAAAA", "summary": []}
    assert scene.ask(B, "POST", "/v1/responses", {"model": "m", "input": [brought]}).status == 200


DISGUISES = [
    pytest.param(b'{"model":"m","previous_response\\u005fid":"%b"}', id="an escape in the key"),
    pytest.param(b'{"model":"m","\\u0070revious_response_id":"%b"}', id="an escaped letter"),
    pytest.param(b'{"model":"m","previous_response_id":"%b","previous_response_id":null}', id="the first of two"),
    pytest.param(b'{"model":"m","previous_response_id":null,"previous_response_id":"%b"}', id="the second of two"),
    pytest.param(b'{"model":"m", "previous_response_id"\n\t:\r "%b"}', id="white space"),
    pytest.param(b'{"model":"m","conversation":{"id":"%b","id":"x"}}', id="an id that comes twice"),
    pytest.param(b'{"model":"m","metadata":{"file_id":"x"},"tools":[[[{"container":"%b"}]]]}', id="deep down"),
]


@pytest.mark.parametrize("body", DISGUISES)
def test_disguises_do_not_help(scene: Scene, body: bytes) -> None:
    """JSON can spell a key in many ways; each is found."""
    name = scene.make(A, *MAKING["response"])["id"]
    before = scene.received()
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in name)
    for spelt in (name.encode(), escaped.encode()):
        assert scene.ask(B, "POST", "/v1/responses", body % spelt).status == 404
    assert scene.received() == before


KINDS = ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", "application/json"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("target", "field"), [("/v1/videos/edits", "video"), ("/v1/batches", "input_file_id")])
def test_a_false_type_does_not_help(scene: Scene, kind: str, target: str, field: str) -> None:
    """A provider may read JSON whatever its Content-Type says, so it is looked through as JSON."""
    name = scene.make_named(A, "file")
    body = b"\n" * 200 + json.dumps({field: name}).encode()
    assert scene.ask(B, "POST", target, body, content_type=kind).status == 404


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_a_body_that_cannot_be_searched_is_refused(scene: Scene, encoding: str) -> None:
    """A provider may read encodings of JSON that hide a name from the gateway, so they are not passed on."""
    name = scene.make(A, *MAKING["file"])["id"]
    before = scene.received()
    assert scene.ask(B, "POST", "/v1/batches", json.dumps({"input_file_id": name}).encode(encoding)).status == 400
    assert scene.received() == before


GENERATE = "/gemini/v1beta/models/m:generateContent"


def test_what_only_looks_like_a_name_passes(scene: Scene) -> None:
    """A tool's own parameter, a schema's property, a caller's metadata and words in a text name nothing."""
    for target, body in (
        ("/v1/messages", {"messages": [{"content": [{"type": "tool_use", "input": {"file_id": "mine"}}]}]}),
        (
            "/v1/messages",
            {"tools": [{"input_schema": {"properties": {"file_id": {"type": "string"}}}}], "messages": []},
        ),
        ("/v1/messages", {"messages": [{"role": "user", "content": 'what is "file_id": "file_1"?'}]}),
        ("/v1/chat/completions", {"messages": [], "tools": [{"function": {"parameters": {"required": ["file_id"]}}}]}),
        ("/v1/responses", {"input": "hi", "metadata": {"conversation": "conv_mine"}}),
        (GENERATE, {"contents": [{"parts": [{"functionCall": {"args": {"fileUri": "files/x"}}}]}]}),
        (GENERATE, {"contents": [{"parts": [{"fileData": {"fileUri": "https://youtu.be/x"}}]}]}),
        (GENERATE, {"contents": [{"parts": [{"fileData": {"fileUri": "https://example.com/files/x"}}]}]}),
    ):
        assert scene.ask(B, "POST", target, body).status == 200, body


def test_the_operators_own_tuned_model_serves_everyone(scene: Scene) -> None:
    """A model that nobody tuned through this gateway is not a tenant's; deleting one takes its maker."""
    assert scene.ask(B, "POST", "/v1/chat/completions", {"model": "ft:gpt-5:house", "messages": []}).status == 200
    tuned = scene.make(A, *MAKING["job"])["fine_tuned_model"]
    assert scene.ask(B, "DELETE", f"/v1/models/{tuned}").status == 404
    assert scene.ask(B, "DELETE", "/v1/models/ft:gpt-5:house").status == 404
    assert scene.ask(B, "GET", f"/v1/models/{tuned}").status == 404
