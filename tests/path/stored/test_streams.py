"""Ids in the middle of a stream are written down before the client sees them, like those of whole answers."""

import json
import sqlite3
import threading

import openai

from tests.path.stored.scene import A, B, Scene


def test_streams_write_down_what_they_name_before_the_client_sees_it(scene: Scene) -> None:
    """Ids in a stream's first event and in later ones are usable at once, by their maker alone; the bytes pass."""
    with openai.OpenAI(api_key=A, base_url=f"{scene.gateway.url}/v1", max_retries=0) as client:
        names = []
        for event in client.responses.create(model="m", input="hi", stream=True):
            if event.type == "response.created":
                names.append(("responses", event.response.id))
                assert scene.ask(A, "GET", f"/v1/responses/{event.response.id}").status == 200
            if event.type == "response.output_item.added" and event.item.type == "code_interpreter_call":
                names.append(("containers", event.item.container_id))
                assert scene.ask(A, "GET", f"/v1/containers/{event.item.container_id}").status == 200
    assert [family for family, _ in names] == ["responses", "containers"]
    for family, name in names:
        assert scene.ask(B, "GET", f"/v1/{family}/{name}").status == 404
    asked = {"model": "m", "messages": [], "stream": True, "tools": [{"type": "code_execution_20250825"}]}
    stream = scene.ask(A, "POST", "/v1/messages", asked).body
    events = [json.loads(line[6:]) for line in stream.split(b"\n") if line.startswith(b"data: ")]
    assert [event["type"] for event in events][::4] == ["message_start", "message_stop"]
    wrote = events[1]["content_block"]["content"]["content"][0]["file_id"]
    container = events[3]["delta"]["container"]["id"]
    for key, status in ((A, 200), (B, 404)):
        assert scene.ask(key, "GET", f"/anthropic/v1/files/{wrote}").status == status
        assert scene.ask(key, "POST", "/v1/messages", {"container": container, "messages": []}).status == status
    run = scene.ask(A, "POST", "/v1/threads/runs", {"stream": True}).body
    thread = json.loads(run.split(b"data: ")[1].split(b"\n")[0])["id"]
    for key, status in ((A, 200), (B, 404)):
        assert scene.ask(key, "GET", f"/v1/threads/{thread}").status == status


def test_a_stream_breaks_off_where_the_record_fails(fresh: Scene) -> None:
    """An id in a stream's middle that cannot be written down does not reach the client."""
    with sqlite3.connect(fresh.gateway.folder / "data" / "penstock.db") as database:
        database.execute(
            "CREATE TRIGGER no_containers BEFORE INSERT ON objects WHEN new.id LIKE 'cntr_%' "
            "BEGIN SELECT RAISE(FAIL, 'no'); END"
        )
    database.close()
    got = fresh.ask(A, "POST", "/v1/responses", {"model": "m", "input": "hi", "stream": True})
    assert got.status == 200
    assert b"resp_" in got.body
    assert b"cntr_" not in got.body
    assert b'"error"' in got.body


def test_a_slow_record_loses_nothing_of_a_stream(fresh: Scene) -> None:
    """The provider's whole stream may have come before the first of its ids is written down: all of it goes out then,
    with everything that it names on record."""
    database = sqlite3.connect(
        fresh.gateway.folder / "data" / "penstock.db", isolation_level=None, check_same_thread=False
    )
    database.execute("BEGIN IMMEDIATE")
    threading.Timer(0.6, database.execute, ("COMMIT",)).start()
    got = fresh.ask(A, "POST", "/v1/responses", {"model": "m", "input": "hi", "stream": True})
    database.close()
    assert got.body.endswith(b"}\n\n")
    events = [json.loads(line[6:]) for line in got.body.split(b"\n") if line.startswith(b"data: ")]
    assert [event["type"] for event in events][::3] == ["response.created", "response.completed"]
    assert fresh.ask(A, "GET", f"/v1/responses/{events[0]['response']['id']}").status == 200
    assert fresh.ask(A, "GET", f"/v1/containers/{events[1]['item']['container_id']}").status == 200
