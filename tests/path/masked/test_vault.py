"""State at the provider: with the vault on, values come back in what is fetched later; without it tokens stay."""

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.path.masked.scene import IBAN, JANE, JOE, VALUES, A, B, Scene, field_of, file_of, scrubbing, tokens_in
from tests.support.client import Got
from tests.support.command import piped
from tests.support.gateway import CALLER_KEY
from tests.support.provider import Received, Scripted, json_answer, stream_answer

VAULT = {"vault": {"days": 30}}
JSON_LINES = (("content-type", "application/jsonl"),)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scrubbing(tmp_path_factory.mktemp("scene"), VAULT) as running:
        yield running


def question(url: str = "/v1/chat/completions") -> str:
    asked = {"model": "m", "messages": [{"role": "user", "content": f"Write to {JANE}, from {JOE}."}]}
    return json.dumps({"custom_id": "1", "method": "POST", "url": url, "body": asked})


def masked(got: Got, received: Received) -> list[str]:
    """It was taken, and no value went out; the tokens that did."""
    assert got.status == 200, got
    assert not any(value.encode() in received.body for value in VALUES)
    return tokens_in(received.body)


def batch_of(scene: Scene, number: str, key: str = A) -> tuple[str, str]:
    """A batch from its file to its results; the tokens that its answers say."""
    scene.keeper.says("POST /v1/files", {"id": f"file-{number}", "object": "file", "filename": "b.jsonl"})
    scene.keeper.says("POST /v1/batches", {"id": f"batch_{number}", "object": "batch", "output_file_id": None})
    got = scene.upload(field_of("purpose", "batch"), file_of("file", question(), filename="b.jsonl"), key=key)
    jane, joe = masked(got, scene.keeper.latest())
    made = {"input_file_id": f"file-{number}", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    assert scene.ask("POST", "/v1/batches", made, key=key).status == 200
    batch = {"id": f"batch_{number}", "object": "batch", "output_file_id": f"file-out-{number}"}
    scene.keeper.says(f"GET /v1/batches/batch_{number}", batch)
    assert json.loads(scene.ask("GET", f"/v1/batches/batch_{number}", key=key).body) == batch
    return jane, joe


def result(text: str, arguments: dict[str, str]) -> dict[str, object]:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps(arguments)}}
    message = {"role": "assistant", "content": text, "tool_calls": [call]}
    body = {"id": "chatcmpl-1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    return {"id": "r", "custom_id": "1", "response": {"status_code": 200, "body": body}, "error": None}


def results(scene: Scene, number: str, *lines: object, size: int = 7) -> bytes:
    """The provider has these results, and sends them in small pieces."""
    whole = "".join(json.dumps(line) + "\n" for line in lines).encode()
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    scene.keeper.answers[f"GET /v1/files/file-out-{number}/content"] = lambda _: Scripted(200, JSON_LINES, pieces)
    return whole


def test_results_of_a_batch_come_back_with_values(scene: Scene) -> None:
    """Also to a gateway that was started anew, in pieces cut anywhere; in text and in what a tool is given."""
    jane, joe = batch_of(scene, "1")
    results(scene, "1", result(f"Dear {jane},", {"to": joe, "odd": 'a"b'}), result("none", {}))
    scene.restart()
    got = scene.ask("GET", "/v1/files/file-out-1/content")
    first, second = (json.loads(line) for line in got.body.splitlines())
    assert first == result(f"Dear {JANE},", {"to": JOE, "odd": 'a"b'})
    assert second == result("none", {})
    # The client's own file, too.
    sent = question().replace(JANE, jane).replace(JOE, joe).encode()
    scene.keeper.answers["GET /v1/files/file-1/content"] = lambda _: Scripted(200, JSON_LINES, (sent,))
    assert scene.ask("GET", "/v1/files/file-1/content").body == question().encode()


def test_another_tenant_gets_nothing(scene: Scene) -> None:
    """Neither the objects nor, should it know tokens, their values: not even in an object of its own."""
    jane, joe = batch_of(scene, "2")
    whole = results(scene, "2", result(f"{jane} {joe}", {}))
    assert scene.ask("GET", "/v1/files/file-out-2/content", key=B).status == 404
    batch_of(scene, "3", key=B)
    results(scene, "3", result(f"{jane} {joe}", {}))
    assert scene.ask("GET", "/v1/files/file-out-3/content", key=B).body == whole


def test_a_token_of_another_object_stays(scene: Scene) -> None:
    """Of the same tenant, too: only what an object may hold is restored in it."""
    (jane, _) = batch_of(scene, "4")
    scene.keeper.says("POST /v1/files", {"id": "file-other"})
    masked(scene.upload(file_of("file", f"pay {IBAN}", "text/plain")), scene.keeper.latest())
    answer = f"{jane} {tokens_in(scene.keeper.latest().body)[0]}".encode()
    scene.keeper.answers["GET /v1/files/file-other/content"] = lambda _: Scripted(200, (), (answer,))
    assert scene.ask("GET", "/v1/files/file-other/content").body == f"{jane} {IBAN}".encode()


def test_a_files_text_comes_back_as_it_was(scene: Scene) -> None:
    """Whatever it is: prose, a table, JSON over several lines; a range of it, or an error, as the provider says it."""
    texts = (
        f'"x"\n{JANE},"{JOE}"\n',
        json.dumps({"a": [JANE, {"b": f'"{JOE}"'}]}, indent=1),
        f"{{no JSON {JANE} {JOE}",
    )
    for number, text in enumerate(texts):
        name = f"file-text{number}"
        scene.keeper.says("POST /v1/files", {"id": name, "filename": "a.txt"})
        masked(scene.upload(file_of("file", text, "text/plain")), scene.keeper.latest())
        stored = scene.keeper.latest().body.split(b"\r\n\r\n", 1)[1].rpartition(b"\r\n--")[0]
        assert stored != text.encode()
        pieces = [stored[start : start + 3] for start in range(0, len(stored), 3)]
        scene.keeper.answers[f"GET /v1/files/{name}/content"] = lambda _, pieces=pieces: Scripted(200, (), pieces)
        assert scene.ask("GET", f"/v1/files/{name}/content").body == text.encode()
        scene.keeper.answers[f"GET /v1/files/{name}/content"] = lambda _, stored=stored: Scripted(206, (), (stored,))
        assert scene.ask("GET", f"/v1/files/{name}/content", range="bytes=0-99").body == stored


def stored_response(name: str, text: str) -> dict[str, object]:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": f"msg_{name}", "type": "message", "role": "assistant", "content": [part]}
    return {"id": name, "object": "response", "status": "completed", "output": [item]}


def test_a_conversation_of_responses_goes_on(scene: Scene) -> None:
    """What an earlier turn brought comes back in a later one, in a stream too, and is masked there again."""
    scene.keeper.says("POST /v1/responses", stored_response("resp_1", "Yes."))
    got = scene.ask("POST", "/v1/responses", {"model": "m", "input": f"I am {JANE}"})
    (jane,) = masked(got, scene.keeper.latest())
    scene.restart()
    scene.keeper.says("POST /v1/responses", stored_response("resp_2", f"You are {jane}."))
    asked = {"model": "m", "previous_response_id": "resp_1", "input": f"Who am I, and who is {JOE}?"}
    got = scene.ask("POST", "/v1/responses", asked)
    (joe,) = masked(got, scene.keeper.latest())
    assert json.loads(got.body) == stored_response("resp_2", f"You are {JANE}.")
    deltas = [f"{jane[:7]}", f"{jane[7:]} and {joe}", "."]
    frames = [{"type": "response.created", "response": {"id": "resp_3"}, "sequence_number": 0}]
    frames += [
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": delta,
         "sequence_number": number + 1}
        for number, delta in enumerate(deltas)
    ]  # fmt: skip
    frames.append({"type": "response.completed", "response": {"id": "resp_3"}, "sequence_number": 9})
    events = [f"event: {frame['type']}\ndata: {json.dumps(frame)}\n\n".encode() for frame in frames]
    scene.keeper.answers["POST /v1/responses"] = lambda _: stream_answer(*events)
    asked = {"model": "m", "previous_response_id": "resp_2", "input": "Both?", "stream": True}
    got = scene.ask("POST", "/v1/responses", asked)
    told = [json.loads(line[6:]) for line in got.body.splitlines() if line.startswith(b"data: ")]
    assert "".join(event.get("delta", "") for event in told) == f"{JANE} and {JOE}."
    # The stream's own object is known: what it holds is restored when it is fetched.
    scene.keeper.says("GET /v1/responses/resp_3", stored_response("resp_3", f"{jane} and {joe}"))
    got = scene.ask("GET", "/v1/responses/resp_3")
    assert json.loads(got.body) == stored_response("resp_3", f"{JANE} and {JOE}")
    assert got.headers["x-penstock-scrubbed"] == "none"


def test_what_the_provider_holds_is_masked_wherever_it_is_said_again(tmp_path: Path) -> None:
    """What only its surroundings gave away is known from then on, in the requests that go on."""
    with scrubbing(tmp_path, VAULT) as scene:
        scene.keeper.says("POST /v1/responses", stored_response("resp_1", "Yes."))
        assert (
            scene.ask("POST", "/v1/responses", {"model": "m", "input": "My passport number is C01X00T47."}).status
            == 200
        )
        (token,) = tokens_in(scene.keeper.latest().body)
        asked = {"model": "m", "previous_response_id": "resp_1", "input": "say: C01X00T47"}
        assert scene.ask("POST", "/v1/responses", asked).status == 200
        assert tokens_in(scene.keeper.latest().body) == [token]
        assert scene.ask("POST", "/v1/responses", {**asked, "previous_response_id": None}).status == 200
        assert tokens_in(scene.keeper.latest().body) == []


def test_what_is_not_kept_at_the_provider_is_not_kept_here(scene: Scene) -> None:
    """``store: false``, and a chat that nobody can ask for again."""
    before = rows(scene)
    scene.keeper.says("POST /v1/responses", stored_response("resp_9", "Yes."))
    scene.ask("POST", "/v1/responses", {"model": "m", "input": "uvw@canary-mail.com", "store": False})
    scene.keeper.says("POST /v1/chat/completions", {"id": "chatcmpl-9", "choices": []})
    asked = {"model": "m", "messages": [{"role": "user", "content": "xyz@canary-mail.com"}]}
    assert scene.ask("POST", "/v1/chat/completions", asked).status == 200
    assert rows(scene) == before


def rows(scene: Scene) -> tuple[int, int]:
    with sqlite3.connect(f"file:{scene.folder}/data/penstock.db?mode=ro", uri=True) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM vault_{name}").fetchone()[0] for name in ("sets", "objects")
        ]
    connection.close()
    return counts[0], counts[1]


def test_threads_and_assistants(scene: Scene) -> None:
    """A thread has what its messages and its runs' assistant brought."""
    scene.keeper.says("POST /v1/assistants", {"id": "asst_1", "instructions": "?"})
    got = scene.ask("POST", "/v1/assistants", {"model": "m", "instructions": f"Write for {JOE}."})
    (joe,) = masked(got, scene.keeper.latest())
    scene.keeper.says("POST /v1/threads", {"id": "thread_1"})
    assert scene.ask("POST", "/v1/threads", {}).status == 200
    scene.keeper.says("POST /v1/threads/thread_1/messages", {"id": "msg_1"})
    got = scene.ask("POST", "/v1/threads/thread_1/messages", {"role": "user", "content": f"I am {JANE}"})
    (jane,) = masked(got, scene.keeper.latest())
    scene.keeper.says("POST /v1/threads/thread_1/runs", {"id": "run_1", "instructions": f"Write for {joe}."})
    got = scene.ask("POST", "/v1/threads/thread_1/runs", {"assistant_id": "asst_1"})
    assert json.loads(got.body)["instructions"] == f"Write for {JOE}."
    said = {"id": "msg_2", "content": [{"type": "text", "text": {"value": f"{jane}: {joe}", "annotations": []}}]}
    scene.keeper.says("GET /v1/threads/thread_1/messages", {"data": [said], "has_more": False})
    got = scene.ask("GET", "/v1/threads/thread_1/messages")
    assert json.loads(got.body)["data"][0]["content"][0]["text"]["value"] == f"{JANE}: {JOE}"


def test_messages_of_a_batch_of_anthropics(scene: Scene) -> None:
    """Its results are lines, and its thinking stays as it was signed."""
    scene.keeper.says("POST /v1/messages/batches", {"id": "msgbatch_1", "results_url": None})
    params = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": f"I am {JANE}"}]}
    made = {"requests": [{"custom_id": "a", "params": params}]}
    (jane,) = masked(scene.ask("POST", "/anthropic/v1/messages/batches", made), scene.keeper.latest())
    content = [
        {"type": "thinking", "thinking": f"so {jane}", "signature": "s"},
        {"type": "text", "text": f"Hello {jane}"},
    ]
    line = {"custom_id": "a", "result": {"type": "succeeded", "message": {"id": "m", "content": content}}}
    whole = json.dumps(line).encode()
    path = "/v1/messages/batches/msgbatch_1/results"
    scene.keeper.answers[f"GET {path}"] = lambda _: Scripted(200, JSON_LINES, (whole[:90], whole[90:]))
    got = scene.ask("GET", f"/anthropic{path}")
    content[1]["text"] = f"Hello {JANE}"
    assert json.loads(got.body) == {**line, "result": {"type": "succeeded", "message": {"id": "m", "content": content}}}


def test_a_cache_of_geminis(scene: Scene) -> None:
    """What it holds comes back in the answers that use it."""
    scene.keeper.says("POST /v1beta/cachedContents", {"name": "cachedContents/c1"})
    content = {"role": "user", "parts": [{"text": f"{JANE} is here"}]}
    made = {"model": "models/m", "contents": [content]}
    (jane,) = masked(scene.ask("POST", "/gemini/v1beta/cachedContents", made), scene.keeper.latest())
    said = {"candidates": [{"content": {"parts": [{"text": f"It is {jane}"}], "role": "model"}}]}
    scene.keeper.says("POST /v1beta/models/m:generateContent", said)
    asked = {"cachedContent": "cachedContents/c1", "contents": [{"role": "user", "parts": [{"text": "Who?"}]}]}
    got = scene.ask("POST", "/gemini/v1beta/models/m:generateContent", asked)
    assert json.loads(got.body)["candidates"][0]["content"]["parts"][0]["text"] == f"It is {JANE}"


def test_what_is_deleted_is_forgotten(scene: Scene) -> None:
    """With the object go its values, unless another one has them too."""
    scene.keeper.says("POST /v1/files", {"id": "file-gone"})
    masked(scene.upload(file_of("file", "only here: rst@canary-mail.com", "text/plain")), scene.keeper.latest())
    sets, objects = rows(scene)
    scene.keeper.says("DELETE /v1/files/file-gone", {"id": "file-gone", "deleted": True})
    assert scene.ask("DELETE", "/v1/files/file-gone").status == 200
    assert rows(scene) == (sets - 1, objects - 1)


def test_without_the_vault_tokens_stay_and_nothing_is_kept(tmp_path: Path) -> None:
    """As it is unless somebody asks for it."""
    with scrubbing(tmp_path) as scene:
        jane, joe = batch_of(scene, "1")
        whole = results(scene, "1", result(f"{jane} {joe}", {}))
        got = scene.ask("GET", "/v1/files/file-out-1/content")
        assert got.body == whole
        assert got.headers["content-length"] == str(len(whole))
        assert rows(scene) == (0, 0)


def test_values_are_nowhere_in_clear(scene: Scene) -> None:
    """Not in the database, its log, the journal, nor in what the gateway says."""
    for number in ("91", "92", "93", "94"):
        jane, joe = batch_of(scene, number)
        results(scene, number, result(f"{jane} {joe}", {}))
        assert JANE.encode() in scene.ask("GET", f"/v1/files/file-out-{number}/content").body
    sets, objects = rows(scene)
    assert sets > 0
    assert objects > 3
    for name, content in scene.data().items():
        assert not any(value.encode() in content for value in VALUES), name
    assert not any(value.encode() in scene.keeper.seen() for value in VALUES)


def test_errors_come_back_with_values(scene: Scene) -> None:
    """A stream request that is answered with an error in JSON: its words may name a token."""

    def refusing(request: Received) -> Scripted:
        token = tokens_in(request.body)[0]
        return json_answer(json.dumps({"error": {"message": f"No such person: {token}"}}).encode(), status=400)

    scene.keeper.answers["POST /v1/chat/completions"] = refusing
    asked = {"model": "m", "stream": True, "messages": [{"role": "user", "content": JANE}]}
    got = scene.ask("POST", "/v1/chat/completions", asked)
    assert (got.status, json.loads(got.body)["error"]["message"]) == (400, f"No such person: {JANE}")


def test_what_has_ended_is_gone(tmp_path: Path) -> None:
    """After its days nothing comes back, and the next one that is kept takes the rows away."""
    with scrubbing(tmp_path, {"vault": {"days": 1}}) as scene:
        jane, _ = batch_of(scene, "1")
        whole = results(scene, "1", result(jane, {}))
        assert JANE.encode() in scene.ask("GET", "/v1/files/file-out-1/content").body
        with sqlite3.connect(scene.folder / "data" / "penstock.db") as connection:
            (ends,) = connection.execute("SELECT max(ends) FROM vault_objects").fetchone()
            assert 86_000 < ends - time.time() <= 86_400
            connection.execute("UPDATE vault_objects SET ends = ends - 86500")
        connection.close()
        assert scene.ask("GET", "/v1/files/file-out-1/content").body == whole


def test_a_tenant_is_emptied_while_the_gateway_runs(tmp_path: Path) -> None:
    """From then on tokens come back, and nobody else loses anything."""
    with scrubbing(tmp_path, VAULT) as scene:
        jane, _ = batch_of(scene, "1")
        other, _ = batch_of(scene, "2", key=B)
        whole = results(scene, "1", result(jane, {}))
        results(scene, "2", result(other, {}))
        assert JANE.encode() in scene.ask("GET", "/v1/files/file-out-1/content").body
        ended = piped("vault", "empty", "a", "--yes", "--config", "penstock.yaml", folder=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, "1 set of values removed.\n")
        assert scene.ask("GET", "/v1/files/file-out-1/content").body == whole
        assert JANE.encode() in scene.ask("GET", "/v1/files/file-out-2/content", key=B).body


def test_the_callers_own_credential_has_a_vault_too(scene: Scene) -> None:
    """Nobody here knows whose the object is at the provider; its values are the tenant's all the same."""
    own = {"x_provider_key": CALLER_KEY}
    scene.keeper.says("POST /v1/responses", stored_response("resp_own", "Yes."))
    got = scene.ask("POST", "/v1/responses", {"model": "m", "input": f"I am {JANE}"}, **own)
    (jane,) = masked(got, scene.keeper.latest())
    stored = stored_response("resp_own", f"You are {jane}")
    scene.keeper.says("GET /v1/responses/resp_own", stored)
    got = scene.ask("GET", "/v1/responses/resp_own", **own)
    assert json.loads(got.body) == stored_response("resp_own", f"You are {JANE}")
    assert json.loads(scene.ask("GET", "/v1/responses/resp_own", key=B, **own).body) == stored


def test_a_database_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """What goes on from a stored object is to be tried again; what names none goes on, and is not kept."""
    with scrubbing(tmp_path, VAULT) as scene:
        own = {"x_provider_key": CALLER_KEY}
        with sqlite3.connect(tmp_path / "data" / "penstock.db") as connection:
            connection.execute("DROP TABLE vault_objects")
        connection.close()
        asked = {"model": "m", "previous_response_id": "resp_1", "input": "Who?"}
        before = len(scene.keeper.received)
        assert scene.ask("POST", "/v1/responses", asked, **own).status == 503
        assert len(scene.keeper.received) == before
        scene.keeper.says("POST /v1/responses", stored_response("resp_1", "Yes."))
        assert scene.ask("POST", "/v1/responses", {"model": "m", "input": f"I am {JANE}"}, **own).status == 200
        assert JANE not in "".join(scene.gateway.output if scene.gateway else [])
