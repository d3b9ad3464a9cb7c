"""Codex through the gateway, as a provider of the user's own making and as the built-in one with another address."""

import base64
import json
import signal
from typing import Any

import pytest

from tests.clients.cli.attachments import write_picture
from tests.clients.cli.codex import BUILT_IN, CUSTOM, ask, log_in, words, write_settings
from tests.clients.cli.conftest import Staged
from tests.clients.cli.responses_stream import call, error, events, numbered, reasoning, response
from tests.clients.cli.responses_stream import words as said
from tests.clients.cli.stage import STRANGER_KEY, Stage
from tests.clients.cli.terminal import interrupt
from tests.support.gateway import KEY
from tests.support.provider import CUT, Pause, Scripted, stream_answer

UNLEASHED = "--dangerously-bypass-approvals-and-sandbox"
"""Its sandbox needs namespaces that a container may not grant; the only commands run here are the tests' own."""

UPGRADE = "GET /v1/responses 426"

WAYS = {"custom": (CUSTOM, []), "built in": (BUILT_IN, [UPGRADE])}


def items(stage: Stage, number: int) -> list[dict[str, Any]]:
    """The input items of a call as it reached the provider."""
    found = json.loads(stage.received[number].body)["input"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
def test_a_prompt_is_one_streamed_call(stage: Staged, path: str) -> None:
    """One prompt is one POST with the client's bytes and headers, its own ones included, under both base URLs."""
    scene = stage(response(said("Water runs downhill.")))
    told = ask(scene, "say something", path=path)
    assert (told.code, told.out) == (0, "Water runs downhill.\n")
    scene.check(1, prefix=path.removesuffix("/v1"))
    request = scene.received[0]
    assert request.target == "/v1/responses"
    assert request.header("originator") == "codex_exec"
    assert json.loads(request.header("x-codex-turn-metadata") or "")["session_id"] == request.header("session-id")


def test_an_answer_that_comes_all_at_once_ends_as_the_provider_ended_it(stage: Staged) -> None:
    """A short answer that arrives in one read is as complete as one in many: nothing is put behind its ending."""
    at_once = b"".join(numbered(*events((said("Short."),))))
    scene = stage(stream_answer(at_once))
    told = ask(scene, "be brief")
    assert told.out == "Short.\n"
    scene.check(1)


def test_a_websocket_is_declined_once(stage: Staged) -> None:
    """The built-in provider asks for a WebSocket first; 426 sends it to POST at once, all that the provider sees."""
    scene = stage(response(said("Over HTTP, then.")))
    told = ask(scene, "say something", template=BUILT_IN)
    assert told.out == "Over HTTP, then.\n"
    assert scene.asked() == [UPGRADE, "POST /v1/responses 200"]
    scene.check(1, answered_here={426})


@pytest.mark.parametrize(
    ("way", "code", "status"), [("login", 0, 200), ("CODEX_API_KEY", 0, 200), ("OPENAI_API_KEY", 1, 401)]
)
def test_the_built_in_provider_takes_the_key_as_pages_say(stage: Staged, way: str, code: int, status: int) -> None:
    """From a login, or for ``exec`` from a variable of Codex's own. At OpenAI's it does not look, so none is sent."""
    scene = stage(response(said("Let in.")))
    home = write_settings(scene, BUILT_IN, "/v1", 0)
    given = {"CODEX_HOME": str(home)}
    if way == "login":
        assert log_in(scene, home, scene.key).code == 0
    else:
        given[way] = scene.key
    told = scene.desk.run(words("say something"), given)
    assert told.code == code, told.err
    assert f"POST /v1/responses {status}" in scene.asked()
    assert len(scene.received) == (status == 200)


@pytest.mark.parametrize(("template", "before"), WAYS.values(), ids=WAYS)
def test_parallel_tools_run_once_each_and_reasoning_comes_back_sealed(
    stage: Staged, template: str, before: list[str]
) -> None:
    """Two calls in one answer are run and answered in one continuation, which brings the sealed reasoning back."""
    sums = [call("exec_command", n, cmd=f"echo ran >> ran; echo sum-$((40+{n}))") for n in (1, 2)]
    scene = stage(response(reasoning("two sums", "c2VhbGVk"), *sums), response(said("Both are done.")))
    told = ask(scene, "add", UNLEASHED, template=template)
    assert told.out == "Both are done.\n"
    assert scene.asked() == [*before, "POST /v1/responses 200", "POST /v1/responses 200"]
    scene.check(2, answered_here={426})
    tail = items(scene, 1)[-5:]
    assert [item["type"] for item in tail] == ["reasoning", *["function_call"] * 2, *["function_call_output"] * 2]
    assert tail[0]["encrypted_content"] == "c2VhbGVk"
    assert [item["call_id"] for item in tail[3:]] == ["call_1", "call_2"]
    assert ["sum-41" in tail[3]["output"], "sum-42" in tail[4]["output"]] == [True, True]
    assert (scene.desk.work / "ran").read_text() == "ran\nran\n"


def test_a_picture_reaches_the_provider_whole(stage: Staged) -> None:
    """An attached picture travels as a data URL, byte for byte."""
    scene = stage(response(said("Red.")))
    picture = write_picture(scene.desk.work / "red.png")
    told = ask(scene, "what colour?", "--image=red.png")
    assert told.out == "Red.\n"
    scene.check(1)
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    assert url in [part.get("image_url") for item in items(scene, 0) for part in item.get("content", [])]


FINAL = {
    "bad request": (error(400, "unsupported", "no such thing here"), "no such thing here"),
    "no room": (error(400, "context_length_exceeded", "too long"), "ran out of room in the model's context window"),
}


@pytest.mark.parametrize(("refusal", "shown"), FINAL.values(), ids=FINAL)
def test_what_is_final_is_asked_once(stage: Staged, refusal: Scripted, shown: str) -> None:
    """Status, code and words pass, so the client stops and shows the provider's reason."""
    scene = stage(refusal)
    told = ask(scene, "hello")
    assert told.code == 1
    assert shown in told.err
    scene.check(1)


def test_a_broken_provider_is_tried_again_by_the_client_alone(stage: Staged) -> None:
    """A 500 passes; the provider sees one call more, which is the client's."""
    scene = stage(error(500, "server_error", "oh"), response(said("Back again.")))
    told = ask(scene, "hello")
    assert told.out == "Back again.\n"
    scene.check(2)


def test_an_unknown_key_never_reaches_the_provider(stage: Staged) -> None:
    """The gateway's own 401 is shown with its words; Codex retries a 401 as often as it is told to, here never."""
    scene = stage()
    told = ask(scene, "hello", key=STRANGER_KEY, retries=0)
    assert told.code == 1
    assert "401 Unauthorized" in told.err
    assert scene.asked() == ["POST /v1/responses 401"]
    assert scene.received == []


def test_a_cut_stream_ends_in_an_error_and_is_asked_again(stage: Staged) -> None:
    """A stream that the provider cuts is closed by the gateway with an error event; the client asks once more."""
    begun = numbered(*events((said("Half of an answer"),)))[:10]
    scene = stage(stream_answer(*begun, CUT), response(said("The whole answer.")))
    told = ask(scene, "hello")
    assert told.out == "The whole answer.\n"
    assert len(scene.received) == 2
    first = scene.witness.passed()[0]
    assert first.complete
    added = first.body.removeprefix(b"".join(begun))
    assert added != first.body
    assert json.loads(added.partition(b"data: ")[2])["type"] in {"error", "response.failed"}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_client_that_leaves_takes_the_call_with_it(stage: Staged, ending: signal.Signals) -> None:
    """Interrupted or killed in mid-stream: the provider's stream is closed at once, and nothing else is asked."""
    begun = numbered(*events((said("A long story"),)))[:6]
    scene = stage(stream_answer(*begun, Pause(60)))
    home = write_settings(scene, CUSTOM, "/v1", retries=0)
    with scene.desk.started(words("tell me"), {"CODEX_HOME": str(home), "PENSTOCK_KEY": KEY}) as process:
        scene.wait_for_call()
        interrupt(process, ending)
        scene.wait_for_close()
    assert len(scene.received) == 1
