"""What is used when nobody waits for it, by streams that do not tell, and while counters can't be asked."""

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.path.limits.scene import MESSAGES, MODEL, answer, error, question, scene
from tests.support.client import ask
from tests.support.provider import Received, Scripted, json_answer, stream_answer

RESULTS = "/v1/messages/batches/b1/results"


def batch(request: Received) -> Scripted:
    """A batch of two, whose results used 40 output tokens each."""
    if request.path.endswith("/results"):
        usage = {"input_tokens": 5, "output_tokens": 40}
        message = {"id": "m", "type": "message", "model": MODEL, "content": [], "usage": usage}
        line = {"custom_id": "1", "result": {"type": "succeeded", "message": message}}
        body = (json.dumps(line) + "\n") * 2
        return Scripted(200, (("content-type", "application/x-jsonl"),), (body.encode(),))
    if request.path == MESSAGES:
        return answer(request)
    return json_answer(b'{"id":"b1","type":"message_batch","processing_status":"ended","results_url":null}')


def test_a_batch_is_charged_when_its_results_are_fetched_and_once(tmp_path: Path) -> None:
    """However often they are."""
    asked = {"requests": [{"custom_id": "1", "params": question(max_tokens=9)}]}
    with scene(tmp_path, ["100 output tokens per day"], batch) as scened:
        assert scened.ask(asked, "/v1/messages/batches").status == 200
        assert [ask(scened.gateway, RESULTS, None, method="GET").status for _ in range(4)] == [200] * 4
        until = time.monotonic() + 30
        # The books count them a moment later; these questions are answered with nothing.
        while (used := scened.ask(question(given=0)).headers.get("x-penstock-tokens-used")) in {None, "0"}:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert used == "80"


def test_a_batch_is_held_against_what_is_left(tmp_path: Path) -> None:
    """Its results count like any other answer's."""
    asked = {"requests": [{"custom_id": "1", "params": question(max_tokens=9)}]}
    with scene(tmp_path, ["80 output tokens per day"], batch) as scened:
        assert scened.ask(asked, "/v1/messages/batches").status == 200
        assert ask(scened.gateway, RESULTS, None, method="GET").status == 200
        until = time.monotonic() + 30
        while scened.ask(asked, "/v1/messages/batches").status != 429:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert ask(scened.gateway, RESULTS, None, method="GET").status == 200


def test_a_strict_quota_lets_no_batch_pass(tmp_path: Path) -> None:
    """Nothing could be held for one until somebody reads its results; one of other models is none of its business."""
    quota = "1M output tokens per day for claude-opus-*, strict"
    with scene(tmp_path, [quota], batch) as scened:
        for models, status in ((["claude-opus-4-5", MODEL], 400), ([MODEL, MODEL], 200)):
            lines = [{"custom_id": str(at), "params": question(model=one)} for at, one in enumerate(models)]
            got = scened.ask({"requests": lines}, "/v1/messages/batches")
            assert got.status == status
            assert status == 200 or "a batch is charged when its results are read" in error(got)["message"]
        got = scened.ask({"input_file_id": "f", "endpoint": "/v1/responses"}, "/openai/v1/batches")
        refused = json.loads(got.body)["error"]
        assert (got.status, refused["code"]) == (400, "request_exceeds_quota")
        assert "a batch is charged when its results are read" in refused["message"]
        assert [one.path for one in scened.sent] == ["/v1/messages/batches"]


def test_streams_that_would_not_tell_are_asked(tmp_path: Path) -> None:
    """OpenAI's tell their usage only when asked: for a key with a quota of tokens the gateway asks, and shows nothing
    of it."""
    asked: list[bytes] = []

    def chat(request: Received) -> Scripted:
        asked.append(request.body)
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5"}
        said = {**chunk, "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]}
        usage = {"prompt_tokens": 5, "completion_tokens": 600, "total_tokens": 605}
        told = [said, {**chunk, "choices": [], "usage": usage}] if b"include_usage" in request.body else [said]
        return stream_answer(*(f"data: {json.dumps(one)}\n\n".encode() for one in told), b"data: [DONE]\n\n")

    body = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    with scene(tmp_path, ["500 output tokens per day"], chat) as scened:
        got = scened.ask(body, "/v1/chat/completions")
        assert b"include_usage" in asked[0]
        assert b'"usage"' not in got.body
        assert scened.ask(body, "/v1/chat/completions").status == 429


@pytest.mark.slow
@pytest.mark.parametrize(("says", "statuses"), [("open", {200}), ("closed", {503}), ("local", {200, 429})])
def test_while_counters_do_not_answer_a_quota_does_what_it_says(tmp_path: Path, says: str, statuses: set[int]) -> None:
    """Pass, refuse, or count within the process's share; it is said once, and counted right afterwards."""
    with scene(tmp_path, [f"12 requests per day, {says}"], workers=2) as scened:
        while scened.ask().status == 503:
            time.sleep(0.05)
        away, back = threading.Event(), threading.Event()
        locking = threading.Thread(target=_locked, args=(tmp_path / "data" / "counters.db", away, back))
        locking.start()
        assert away.wait(10)
        got = [scened.ask().status for _ in range(20)]
        back.set()
        locking.join()
        assert set(got) <= statuses | {200}
        assert statuses <= set(got)
        if says == "closed":
            refused = [one for one in got if one == 503]
            assert len(refused) >= 18
        if says == "local":
            assert got.count(200) <= 11
        until = time.monotonic() + 30
        while (last := scened.ask().status) == 503 or (last == 429 and says == "closed"):
            assert time.monotonic() < until
            time.sleep(0.1)


def _locked(path: Path, away: threading.Event, back: threading.Event) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as database:
        database.execute("BEGIN IMMEDIATE")
        away.set()
        back.wait(30)
        database.execute("ROLLBACK")
