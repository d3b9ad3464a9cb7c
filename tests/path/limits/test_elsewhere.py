"""What is used when nobody waits for it, by streams that do not tell, and while counters can't be asked."""

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.path.limits.scene import MODEL, error, question, scene
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
    return json_answer(b'{"id":"b1","type":"message_batch","processing_status":"ended","results_url":null}')


def test_a_batch_is_charged_when_its_results_are_fetched_and_once(tmp_path: Path) -> None:
    """However often they are."""
    asked = {"requests": [{"custom_id": "1", "params": question(max_tokens=9)}]}
    with scene(tmp_path, ["150 output tokens per day, strict"], batch) as scened:
        assert scened.ask(asked, "/v1/messages/batches").status == 200
        assert [ask(scened.gateway, RESULTS, None, method="GET").status for _ in range(4)] == [200] * 4
        until = time.monotonic() + 30
        # The books count them a moment later.
        while "has 150 left" in (words := error(scened.ask(question(max_tokens=151)))["message"]):
            assert time.monotonic() < until
            time.sleep(0.1)
        assert "has 70 left" in words


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


def test_a_strict_quota_adds_up_the_lines_of_a_batch(tmp_path: Path) -> None:
    """All of them must fit."""
    lines = [{"custom_id": str(number), "params": question(max_tokens=400)} for number in range(3)]
    with scene(tmp_path, ["1000 output tokens per day, strict"], batch) as scened:
        refused = scened.ask({"requests": lines}, "/v1/messages/batches")
        assert (refused.status, "may use 1,200" in error(refused)["message"]) == (429, True)
        assert scened.ask({"requests": lines[:2]}, "/v1/messages/batches").status == 200


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


@pytest.mark.slow
def test_twice_as_many_as_a_rate_allows_are_admitted_at_the_rate(tmp_path: Path) -> None:
    """To within two requests over the seconds that it takes, and never more than the burst beyond."""
    with scene(tmp_path, ["600 requests per minute, burst 10"]) as scened:
        began, passed, sent = time.monotonic(), 0, 0
        while (elapsed := time.monotonic() - began) < 6:
            if sent < elapsed * 25:
                sent += 1
                passed += scened.ask().status == 200
                assert passed <= 10 + (time.monotonic() - began) * 10 + 1
            else:
                time.sleep(0.002)
        allowed = 10 + elapsed * 10
        assert sent > 1.5 * allowed
        assert abs(passed - allowed) <= 2
