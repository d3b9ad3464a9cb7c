"""What one key makes behind the operator's credential, no other key can read, change, delete or name.

The providers are doubles that keep things and, like providers, serve one account: what reaches them is answered. So a
404 with nothing received upstream is the gateway's doing, and everything else would show.
"""

import json
import signal
import sqlite3
from os import kill
from pathlib import Path

import pytest

from penstock.route_rows import ROWS as TABLE
from tests.path.stored.keepers import OPENAI
from tests.path.stored.scene import FORM, MAKING, A, B, C, D, Scene, serving, words
from tests.support.gateway import CALLER_KEY, Gateway

# Every way to ask for an object of each kind; ``{}`` in a path and ``ID`` in a body stand for its id.
ASKING: dict[str, tuple[tuple[str, str, object], ...]] = {
    "file": (
        ("GET", "/v1/files/{}", None),
        ("GET", "/openai/v1/files/{}/content", None),
        ("POST", "/v1/batches", {"input_file_id": "ID"}),
        ("POST", "/v1/responses", {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "ID"}]}]}),
        ("POST", "/v1/responses", {"tools": [{"type": "code_interpreter", "container": {"file_ids": ["ID"]}}]}),
        ("POST", "/v1/responses/input_tokens", {"input": [{"content": [{"type": "input_image", "file_id": "ID"}]}]}),
        ("POST", "/v1/chat/completions", {"messages": [{"content": [{"type": "file", "file": {"file_id": "ID"}}]}]}),
        ("POST", "/v1/threads", {"messages": [{"attachments": [{"file_id": "ID"}]}]}),
        ("POST", "/v1/threads", {"tool_resources": {"code_interpreter": {"file_ids": ["ID"]}}}),
        ("POST", "/v1/assistants", {"tool_resources": {"file_search": {"vector_stores": [{"file_ids": ["ID"]}]}}}),
        ("POST", "/v1/fine_tuning/jobs", {"training_file": "ID", "model": "m"}),
        ("POST", "/v1/fine_tuning/jobs", {"validation_file": "ID", "model": "m"}),
        ("POST", "/v1/vector_stores", {"file_ids": ["ID"]}),
        ("POST", "/v1/containers", {"file_ids": ["ID"]}),
        ("POST", "/v1/videos", {"input_reference": {"file_id": "ID"}}),
        ("POST", "/v1/conversations", {"items": [{"content": [{"type": "input_file", "file_id": "ID"}]}]}),
        ("GET", "/v1/files?after={}", None),
        ("DELETE", "/v1/files/{}", None),
    ),
    "upload": (
        ("POST", "/v1/uploads/{}/parts", FORM),
        ("POST", "/v1/uploads/{}/complete", {"part_ids": []}),
        ("POST", "/v1/uploads/{}/cancel", None),
    ),
    "batch": (("GET", "/v1/batches/{}", None), ("POST", "/v1/batches/{}/cancel", None)),
    "assistant": (
        ("GET", "/v1/assistants/{}", None),
        ("POST", "/v1/assistants/{}", {"name": "new"}),
        ("POST", "/v1/threads/runs", {"assistant_id": "ID"}),
        ("GET", "/v1/assistants?before={}", None),
        ("DELETE", "/v1/assistants/{}", None),
    ),
    "thread": (
        ("GET", "/v1/threads/{}", None),
        ("POST", "/v1/threads/{}", {"metadata": {}}),
        ("POST", "/v1/threads/{}/messages", {"role": "user", "content": "hi"}),
        ("GET", "/v1/threads/{}/messages", None),
        ("GET", "/v1/threads/{}/messages/msg_1", None),
        ("GET", "/v1/threads/{}/runs", None),
        ("POST", "/v1/threads/{}/runs/run_1/submit_tool_outputs", {"tool_outputs": []}),
        ("GET", "/v1/threads/{}/runs/run_1/steps", None),
        ("DELETE", "/v1/threads/{}", None),
    ),
    "vector store": (
        ("GET", "/v1/vector_stores/{}", None),
        ("POST", "/v1/vector_stores/{}", {"name": "new"}),
        ("POST", "/v1/vector_stores/{}/search", {"query": "secrets"}),
        ("GET", "/v1/vector_stores/{}/files", None),
        ("GET", "/v1/vector_stores/{}/files/file-1/content", None),
        ("POST", "/v1/responses", {"tools": [{"type": "file_search", "vector_store_ids": ["ID"]}]}),
        ("POST", "/v1/threads", {"tool_resources": {"file_search": {"vector_store_ids": ["ID"]}}}),
        ("DELETE", "/v1/vector_stores/{}", None),
    ),
    "video": (
        ("GET", "/v1/videos/{}", None),
        ("GET", "/v1/videos/{}/content", None),
        ("POST", "/v1/videos/{}/remix", {"prompt": "again"}),
        ("POST", "/v1/videos/edits", {"video": {"id": "ID"}}),
        ("POST", "/v1/videos/extensions", {"video": {"id": "ID"}}),
        ("DELETE", "/v1/videos/{}", None),
    ),
    "character": (("GET", "/v1/videos/characters/{}", None),),
    "response": (
        ("GET", "/v1/responses/{}", None),
        ("GET", "/v1/responses/{}?stream=true", None),
        ("GET", "/v1/responses/{}/input_items", None),
        ("POST", "/v1/responses/{}/cancel", None),
        ("POST", "/v1/responses", {"input": "go on", "previous_response_id": "ID"}),
        ("POST", "/v1/responses", {"input": "go on", "previous_response_id": "ID", "store": False}),
        ("POST", "/v1/responses/input_tokens", {"previous_response_id": "ID"}),
        ("POST", "/v1/responses/compact", {"previous_response_id": "ID"}),
        ("DELETE", "/v1/responses/{}", None),
    ),
    "conversation": (
        ("GET", "/v1/conversations/{}", None),
        ("POST", "/v1/conversations/{}", {"metadata": {}}),
        ("GET", "/v1/conversations/{}/items", None),
        ("POST", "/v1/conversations/{}/items", {"items": []}),
        ("POST", "/v1/responses", {"input": "hi", "conversation": "ID"}),
        ("POST", "/v1/responses", {"input": "hi", "conversation": {"id": "ID"}}),
        ("DELETE", "/v1/conversations/{}", None),
    ),
    "job": (
        ("GET", "/v1/fine_tuning/jobs/{}", None),
        ("GET", "/v1/fine_tuning/jobs/{}/events", None),
        ("GET", "/v1/fine_tuning/jobs/{}/checkpoints", None),
        ("POST", "/v1/fine_tuning/jobs/{}/pause", None),
        ("POST", "/v1/fine_tuning/jobs/{}/cancel", None),
    ),
    "container": (
        ("GET", "/v1/containers/{}", None),
        ("GET", "/v1/containers/{}/files", None),
        ("GET", "/v1/containers/{}/files/cfile_1/content", None),
        ("POST", "/v1/responses", {"tools": [{"type": "code_interpreter", "container": "ID"}]}),
        ("POST", "/v1/responses", {"tools": [{"type": "shell", "environment": {"container_id": "ID"}}]}),
        ("DELETE", "/v1/containers/{}", None),
    ),
    "completion": (
        ("GET", "/v1/chat/completions/{}", None),
        ("POST", "/v1/chat/completions/{}", {"metadata": {}}),
        ("GET", "/v1/chat/completions/{}/messages", None),
        ("DELETE", "/v1/chat/completions/{}", None),
    ),
    "batch of messages": (
        ("GET", "/v1/messages/batches/{}", None),
        ("GET", "/anthropic/v1/messages/batches/{}/results", None),
        ("POST", "/v1/messages/batches/{}/cancel", None),
        ("GET", "/anthropic/v1/messages/batches?after_id={}", None),
        ("DELETE", "/v1/messages/batches/{}", None),
    ),
    "anthropic file": (
        ("GET", "/anthropic/v1/files/{}", None),
        ("GET", "/anthropic/v1/files/{}/content", None),
        ("POST", "/v1/messages", {"messages": [{"content": [{"source": {"type": "file", "file_id": "ID"}}]}]}),
        ("POST", "/v1/messages", {"messages": [{"content": [{"type": "container_upload", "file_id": "ID"}]}]}),
        (
            "POST",
            "/v1/messages/count_tokens",
            {"messages": [{"content": [{"type": "tool_result", "content": [{"source": {"file_id": "ID"}}]}]}]},
        ),
        (
            "POST",
            "/v1/messages/batches",
            {"requests": [{"params": {"messages": [{"content": [{"source": {"file_id": "ID"}}]}]}}]},
        ),
        ("DELETE", "/anthropic/v1/files/{}", None),
    ),
    "cache": (
        ("GET", "/gemini/v1beta/{}", None),
        ("GET", "/gemini/v1/{}", None),
        ("PATCH", "/gemini/v1beta/{}", {"ttl": "60s"}),
        ("POST", "/gemini/v1beta/models/m:generateContent", {"cachedContent": "ID"}),
        ("POST", "/gemini/v1beta/models/m:generateContent", {"cached_content": "ID"}),
        ("POST", "/gemini/v1beta/models/m:countTokens", {"generateContentRequest": {"cachedContent": "ID"}}),
        ("DELETE", "/gemini/v1beta/{}", None),
    ),
}  # fmt: skip

ROWS = [pytest.param(kind, *row, id=f"{kind}: {row[0]} {row[1]}") for kind, rows in ASKING.items() for row in rows]


def naming(name: str, body: object) -> object:
    return json.loads(json.dumps(body).replace('"ID"', f'"{name}"')) if isinstance(body, dict) else body


@pytest.mark.parametrize(("kind", "method", "target", "body"), ROWS)
def test_only_its_maker_reaches_an_object(scene: Scene, kind: str, method: str, target: str, body: object) -> None:
    """B's request for A's object is 404 like one for an object that never was, and no provider hears of it; A's own
    request passes as it was sent."""
    name = scene.make_named(A, kind)
    before = scene.received()
    refused = scene.ask(B, method, target.format(name), naming(name, body))
    assert (refused.status, scene.received()) == (404, before), refused
    own = scene.ask(A, method, target.format(name), naming(name, body))
    assert (own.status, scene.received()) == (200, before + 1), own
    latest = scene.latest()
    assert latest.method == method
    if isinstance(body, dict):
        assert latest.body == json.dumps(naming(name, body)).encode()


# What a list goes on from may be an object that is gone, which the provider answers in its own way.
NAMED_ROWS = [row for row in ROWS if "?after" not in str(row.values[2]) and "?before" not in str(row.values[2])]


@pytest.mark.parametrize(("kind", "method", "target", "body"), NAMED_ROWS)
def test_an_object_of_others_looks_like_none(scene: Scene, kind: str, method: str, target: str, body: object) -> None:
    """The refusal does not tell whether there is such an object: but for the id, it reads the same."""
    name = scene.make_named(A, kind)
    never = name[:-1] + "x"
    others = scene.ask(B, method, target.format(name), naming(name, body))
    nobodys = scene.ask(B, method, target.format(never), naming(never, body))
    assert (others.status, nobodys.status) == (404, 404)
    assert words(nobodys).replace(never, name) == words(others)


@pytest.mark.parametrize("kind", [kind for kind, rows in ASKING.items() if rows[-1][0] == "DELETE"])
def test_what_its_maker_deletes_is_gone_for_everyone(scene: Scene, kind: str) -> None:
    """After a delete the id belongs to nobody: the gateway answers 404 by itself."""
    name = scene.make_named(A, kind)
    method, target, _ = ASKING[kind][-1]
    assert scene.ask(A, method, target.format(name)).status == 200
    before = scene.received()
    assert scene.ask(A, method, target.format(name)).status == 404
    assert scene.received() == before


def test_a_failed_delete_forgets_nothing(scene: Scene) -> None:
    """What the provider did not delete is still its maker's."""
    name = scene.make_named(A, "file")
    kept = scene.keepers["openai"].objects.pop(name)
    assert scene.ask(A, "DELETE", f"/v1/files/{name}").status == 404
    scene.keepers["openai"].objects[name] = kept
    assert scene.ask(A, "GET", f"/v1/files/{name}").status == 200


FORMS = [
    ("file", "/v1/videos", 'name="input_reference[file_id]"'),
    ("video", "/v1/videos/edits", 'name="video[id]"'),
    ("video", "/v1/videos/extensions", 'name="video[id]"'),
]


@pytest.mark.parametrize(("kind", "target", "field"), FORMS)
def test_a_form_names_its_makers_objects_alone(scene: Scene, kind: str, target: str, field: str) -> None:
    """The SDKs send these calls as multipart forms, where a field of a field is spelt with brackets."""
    name = scene.make_named(A, kind)
    form = f"--x\r\nContent-Disposition: form-data; {field}\r\n\r\n{name}\r\n--x--\r\n".encode()
    for key, status in ((B, 404), (A, 200)):
        got = scene.ask(key, "POST", target, form, content_type="multipart/form-data; boundary=x")
        assert got.status == status, (key, got)
    assert scene.latest().body == form


def test_a_team_shares_what_its_keys_make(scene: Scene) -> None:
    """The tenant is the team where a key has one."""
    made = scene.make(C, *MAKING["vector store"])
    assert scene.ask(D, "GET", f"/v1/vector_stores/{made['id']}").status == 200
    assert scene.ask(A, "GET", f"/v1/vector_stores/{made['id']}").status == 404


def test_every_kept_family_of_the_route_table_is_asked_for() -> None:
    """A family that the table gains must gain its rows here."""
    makers = {(row.dialect, row.operation) for row in TABLE if row.stored and row.stored.makes}
    along_the_way = {
        ("anthropic", "messages.create"), ("openai", "threads.create_and_run"), ("openai", "responses.compact"),
        ("openai", "uploads.complete"), ("openai", "videos.edit"), ("openai", "videos.extend"),
        ("openai", "videos.remix"), ("gemini", "files.upload"), ("gemini", "files.upload_piece"),
    }  # fmt: skip
    assert len(makers - along_the_way) == len(MAKING) == len(ASKING)


def test_the_callers_own_credential_passes(scene: Scene) -> None:
    """With X-Provider-Key the provider itself knows whose objects are whose: nothing is refused, written or cut."""
    made = scene.make(A, *MAKING["file"])
    own = {"x_provider_key": CALLER_KEY}
    assert scene.ask(B, "GET", f"/v1/files/{made['id']}", None, **own).status == 200
    assert scene.ask(B, "GET", "/v1/files/file-nobodys", None, **own).status == 404
    assert scene.providers["openai"].received[-1].path == "/v1/files/file-nobodys"
    brought = scene.make(B, *MAKING["file"], **own)
    assert scene.ask(B, "GET", f"/v1/files/{brought['id']}").status == 404
    listed = json.loads(scene.ask(B, "GET", "/v1/files?limit=9999", None, **own).body)["data"]
    assert {made["id"], brought["id"]} <= {file["id"] for file in listed}


def test_the_record_survives_a_killed_gateway(tmp_path: Path) -> None:
    """An id that a client has seen is written down, even if the process is killed the moment after."""
    with serving(tmp_path) as scene:
        made = scene.make(A, *MAKING["file"])
        kill(scene.gateway.pid, signal.SIGKILL)
        with Gateway(scene.gateway.config, tmp_path) as again:
            scene.gateway = again
            assert scene.ask(A, "GET", f"/v1/files/{made['id']}").status == 200
            assert scene.ask(B, "GET", f"/v1/files/{made['id']}").status == 404


def test_without_the_record_no_id_reaches_a_client(fresh: Scene) -> None:
    """A database that fails makes requests about stored objects 503, which a retry can help; others go on."""
    made = fresh.make(A, *MAKING["file"])
    with sqlite3.connect(fresh.gateway.folder / "data" / "penstock.db") as database:
        database.execute("ALTER TABLE objects RENAME TO elsewhere")
    for method, target, body in (
        ("POST", *MAKING["file"]),
        ("POST", *MAKING["response"]),
        ("POST", "/v1/messages", {"thread": {"type": "create"}, "messages": [], "stream": True}),
        ("GET", f"/v1/files/{made['id']}", None),
        ("GET", "/v1/files", None),
    ):
        got = fresh.ask(A, method, target, body)
        assert got.status == 503, (method, target, got)
        assert not any(prefix.encode() in got.body for prefix in (*OPENAI.values(), "msg_"))
    chat = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert fresh.ask(A, "POST", "/v1/chat/completions", chat).status == 200
    assert fresh.ask(A, "POST", "/v1/responses", {"model": "m", "input": "hi", "store": False}).status == 200
    with sqlite3.connect(fresh.gateway.folder / "data" / "penstock.db") as database:
        database.execute("ALTER TABLE elsewhere RENAME TO objects")
    database.close()
    assert fresh.ask(A, "GET", f"/v1/files/{made['id']}").status == 200
