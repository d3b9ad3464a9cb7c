"""Claude Code when something goes wrong: it retries what can be retried, asks nothing in vain, and shows the cause.

What it makes of each status and stream ending by itself is in wire contract 3.4, 3.5, 3.8 and 3.9.
"""

import json
import signal
from pathlib import Path

import pytest

from tests.clients.cli.anthropic_stream import call, error, frame, frames, message, opening, streamed, text, whole
from tests.clients.cli.claude_code import MODEL, ask, environment, words
from tests.clients.cli.conftest import Staged
from tests.clients.cli.stage import STRANGER_KEY, Between, staged
from tests.clients.cli.terminal import interrupt
from tests.support.provider import CUT, Pause, Scripted, json_answer, stream_answer

NO_RETRY = ("x-should-retry", "false")


def test_an_unknown_key_is_refused_once(stage: Staged) -> None:
    """The gateway's own 401 ends the matter: one question, words that name the key, no call to the provider."""
    scene = stage()
    told = ask(scene, "hello", ANTHROPIC_AUTH_TOKEN=STRANGER_KEY)
    assert told.code == 1
    assert told.out.startswith("Failed to authenticate. API Error: 401")
    assert "key" in told.out
    assert scene.asked() == ["POST /v1/messages?beta=true 401"]
    assert scene.received == []


REFUSED = {
    "unknown": error(401, "authentication_error", "no such key", NO_RETRY),
    "forbidden": error(403, "permission_error", "no such key", NO_RETRY),
}


@pytest.mark.parametrize("refusal", REFUSED.values(), ids=REFUSED)
def test_the_callers_own_refused_key_is_told_to_the_caller(stage: Staged, refusal: Scripted) -> None:
    """A 401 or 403 on the caller's own provider key passes, with the header that stops the client's retries."""
    scene = stage(refusal)
    told = ask(scene, "hello", ANTHROPIC_CUSTOM_HEADERS="X-Provider-Key: old-key")
    assert told.out == f"Failed to authenticate. API Error: {refusal.status} no such key\n"
    scene.check(1, credential="old-key")


@pytest.mark.parametrize("refusal", REFUSED.values(), ids=REFUSED)
def test_the_operators_refused_key_does_not_send_users_to_log_in(stage: Staged, refusal: Scripted) -> None:
    """A 401 or 403 on the operator's key becomes a 502 without retries, because no login of the user's could help."""
    scene = stage(refusal)
    told = ask(scene, "hello")
    assert scene.asked() == ["POST /v1/messages?beta=true 502"]
    assert len(scene.received) == 1
    assert told.out.startswith("API Error: 502")
    assert "operator" in told.out
    assert "log" not in told.out.lower()


RETRIED = {
    "overloaded": error(529, "overloaded_error", "busy"),
    "throttled": error(429, "rate_limit_error", "slow down", ("retry-after", "1")),
    "broken": error(500, "api_error", "oh"),
}


@pytest.mark.parametrize("refusal", RETRIED.values(), ids=RETRIED)
def test_what_passes_is_tried_again_by_the_client_alone(stage: Staged, refusal: Scripted) -> None:
    """The provider sees one call more, which is the client's: the gateway adds none of its own."""
    scene = stage(refusal, message(text("Back again.")))
    told = ask(scene, "hello")
    assert told.out == "Back again.\n"
    scene.check(2)
    assert scene.received[0].body == scene.received[1].body


FINAL = {
    "cap": (error(429, "billing_error", "cap reached, resets Monday", NO_RETRY), "429) · cap reached, resets Monday"),
    "too large": (error(413, "request_too_large", "too large"), "Request too large"),
    "unpaid": (error(402, "billing_error", "no credit"), "API Error: 402 no credit"),
}


@pytest.mark.parametrize(("refusal", "shown"), FINAL.values(), ids=FINAL)
def test_what_is_final_is_asked_once(stage: Staged, refusal: Scripted, shown: str) -> None:
    """Status, headers and words pass, so the client stops and shows the provider's reason."""
    scene = stage(refusal)
    told = ask(scene, "hello")
    assert told.code == 1
    assert shown in told.out
    scene.check(1)


FEATURES = {"context_management": (), "safeguards": ("--permission-mode", "auto")}


@pytest.mark.parametrize(("feature", "options"), FEATURES.items(), ids=FEATURES)
def test_a_refused_feature_is_dropped_by_its_name(stage: Staged, feature: str, options: tuple[str, ...]) -> None:
    """The client reads the provider's wording to learn what to leave out; its next call goes without it."""
    refusal = error(400, "invalid_request_error", f"{feature}: Extra inputs are not permitted")
    scene = stage(refusal, message(text("Without it, then.")))
    told = ask(scene, "hello", *options)
    assert told.out == "Without it, then.\n"
    scene.check(2)
    assert [feature in json.loads(one.body) for one in scene.received] == [True, False]


def test_an_unknown_model_is_asked_for_twice(stage: Staged) -> None:
    """A 404 makes the client ask once more without a stream: that unary answer passes too."""
    scene = stage(error(404, "not_found_error", f"model: {MODEL}"), whole(text("In one piece.")))
    told = ask(scene, "hello")
    assert told.out == "In one piece.\n"
    scene.check(2)
    assert [json.loads(one.body).get("stream") for one in scene.received] == [True, False]


def test_a_stream_cut_in_mid_sentence_ends_in_an_error_event(stage: Staged) -> None:
    """The client hears of the cut, does not take half an answer for a whole one, and asks again without a stream."""
    begun = b"".join(streamed(0, text("Half of an answ"))[:-1])
    scene = stage(stream_answer(opening(MODEL), begun, CUT), whole(text("The whole answer.")))
    told = ask(scene, "hello")
    assert told.out == "The whole answer.\n"
    assert len(scene.received) == 2
    first = scene.witness.passed()[0]
    assert first.complete
    assert first.body.startswith(opening(MODEL) + begun)
    assert b"\nevent: error\n" in first.body.removeprefix(opening(MODEL) + begun[:-1])


def test_a_tool_call_before_a_cut_runs_once(stage: Staged) -> None:
    """A call that was complete when the stream broke is run, and not run again."""
    sums = call("Bash", 1, command="echo ran >> ran; echo sum-$((40+2))")
    begun = frames(sums, model=MODEL)[:-2]
    scene = stage(stream_answer(*begun, CUT), message(text("Done.")))
    told = ask(scene, "add", "--allowedTools", "Bash")
    assert told.out == "Done.\n"
    assert len(scene.received) == 2
    assert b"\nevent: error\n" in scene.witness.passed()[0].body
    assert b"sum-42" in scene.received[1].body
    assert (scene.desk.work / "ran").read_text() == "ran\n"


def test_an_error_event_of_the_provider_passes(stage: Staged) -> None:
    """An error event before any content reaches the client, which tries the stream again."""
    broken = frame("error", error={"type": "overloaded_error", "message": "busy"}, request_id="req_1")
    scene = stage(stream_answer(broken), message(text("Second time.")))
    told = ask(scene, "hello")
    assert told.out == "Second time.\n"
    scene.check(2)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_client_that_leaves_takes_the_call_with_it(stage: Staged, ending: signal.Signals) -> None:
    """Interrupted or killed in mid-stream: the provider's stream is closed at once, and nothing else is asked."""
    begun = b"".join(streamed(0, text("A long story"))[:-1])
    scene = stage(stream_answer(opening(MODEL), begun, Pause(60)))
    with scene.desk.started(words("tell me"), environment(scene)) as process:
        scene.wait_for_call()
        interrupt(process, ending)
        scene.wait_for_close()
    assert len(scene.received) == 1


COUNTED = {
    "counted": json_answer(b'{"input_tokens": 17}'),
    "not there": error(404, "not_found_error", "Not Found"),
    "not supported": error(501, "not_supported", "count_tokens is not available", NO_RETRY),
}


@pytest.mark.parametrize("answer", COUNTED.values(), ids=COUNTED)
def test_context_counts_each_thing_once(tmp_path: Path, answer: Scripted) -> None:
    """``/context`` sends as many count_tokens calls through the gateway as without it, and is answered."""
    counts = []
    ways: tuple[Between, ...] = ("nothing", "gateway")
    for between in ways:
        with staged(tmp_path / between, [answer] * 60, between=between) as scene:
            told = ask(scene, "/context")
            assert "## Context Usage" in told.out
            counts.append(len(scene.received))
            assert {one.path for one in scene.received} == {"/v1/messages/count_tokens"}
            if between == "gateway":
                scene.check(counts[0])
    assert 20 <= counts[0] == counts[1] <= 30


def test_models_are_discovered_through_the_gateway(stage: Staged) -> None:
    """Discovery is one list, in Anthropic's shape, whose Claude models the client keeps for its picker."""
    entries = [
        {"type": "model", "id": name, "display_name": name.title(), "created_at": "2026-10-01T00:00:00Z"}
        for name in ("claude-house-1", "other-house-2")
    ]
    listing = {"data": entries, "has_more": False, "first_id": "claude-house-1", "last_id": "other-house-2"}
    answers = {"/v1/models": json_answer(json.dumps(listing).encode()), "/v1/messages": message(text("Hello."))}
    scene = stage(*[lambda request: answers[request.path]] * 2)
    discovery = {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": ""}
    told = ask(scene, "hello", **discovery)
    assert told.out == "Hello.\n"
    assert sorted(scene.asked()) == ["GET /v1/models?limit=1000 200", "POST /v1/messages?beta=true 200"]
    assert sorted(one.path for one in scene.received) == ["/v1/messages", "/v1/models"]
    kept = json.loads((scene.desk.home / ".claude/cache/gateway-models.json").read_text())
    assert kept["models"] == [{"id": "claude-house-1", "display_name": "Claude-House-1"}]
