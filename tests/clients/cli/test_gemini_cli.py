"""Gemini CLI through the gateway: the small call that picks a model, then the stream; tools, search, files, faults."""

import base64
import json
import signal
from typing import Any

import pytest

from tests.clients.cli.attachments import write_pdf, write_picture
from tests.clients.cli.conftest import Staged
from tests.clients.cli.gemini_cli import ROUTED, ask, environment, words
from tests.clients.cli.gemini_stream import call, chunks, error, text, whole
from tests.clients.cli.stage import STRANGER_KEY, Stage
from tests.clients.cli.terminal import interrupt
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY
from tests.support.provider import Pause, Scripted, json_answer, stream_answer

FIXED = ("-m", "gemini-2.5-flash")
"""With a model named, it does not ask which one to use."""

STREAM = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


def contents(stage: Stage, number: int) -> list[dict[str, Any]]:
    """The turns of a call as it reached the provider."""
    found = json.loads(stage.received[number].body)["contents"]
    assert isinstance(found, list)
    return found


def test_a_prompt_is_routed_and_then_streamed(stage: Staged) -> None:
    """One prompt is one unary call to the small model and one stream from the model that it picked."""
    scene = stage(ROUTED, chunks({"text": "hm", "thought": True}, text("Water runs "), text("downhill.")))
    told = ask(scene, "say something")
    assert (told.code, told.out) == (0, "Water runs downhill.\n")
    scene.check(2, prefix="/gemini")
    assert [one.target for one in scene.received] == [
        "/v1beta/models/gemini-3.5-flash-lite:generateContent",
        "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse",
    ]
    assert "responseJsonSchema" in json.loads(scene.received[0].body)["generationConfig"]


CREDENTIALS = {
    "own provider key": (KEY, f"X-Provider-Key:{CALLER_KEY}", CALLER_KEY),
    "own key in its own place": (CALLER_KEY, f"X-Penstock-Key:{KEY}", CALLER_KEY),
    "key in both places": (KEY, f"X-Penstock-Key:{KEY}", OPERATOR_KEY),
}


@pytest.mark.parametrize(("key", "header", "credential"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_each_way_to_give_a_key_works(stage: Staged, key: str, header: str, credential: str) -> None:
    """The gateway's key is taken from wherever the client puts it; the provider sees the one credential that pays."""
    scene = stage(chunks(text("Paid.")))
    told = ask(scene, "who pays?", *FIXED, GEMINI_API_KEY=key, GEMINI_CLI_CUSTOM_HEADERS=header)
    assert told.out == "Paid.\n"
    scene.check(1, prefix="/gemini", credential=credential)


def test_parallel_tools_run_once_each_and_signatures_come_back(stage: Staged) -> None:
    """Two calls in one answer are run and answered in one next call, which brings their signatures back."""
    commands = [call("run_shell_command", command=f"echo ran-{n} | tee -a ran", description="x") for n in (1, 2)]
    scene = stage(chunks(*commands), chunks(text("Both are done.")))
    told = ask(scene, "run", "--approval-mode", "yolo", *FIXED)
    assert told.out == "Both are done.\n"
    scene.check(2, prefix="/gemini")
    model, user = contents(scene, 1)[-2:]
    assert [part["thoughtSignature"] for part in model["parts"]] == ["c2lnbmVkLTE="] * 2
    outputs = [part["functionResponse"]["response"]["output"] for part in user["parts"]]
    assert ["ran-1" in outputs[0], "ran-2" in outputs[1]] == [True, True]
    assert sorted((scene.desk.work / "ran").read_text().split()) == ["ran-1", "ran-2"]


def test_a_web_search_is_one_side_call(stage: Staged) -> None:
    """The search tool asks a model of its own with ``googleSearch``; what it found goes back to the main line."""
    scene = stage(
        chunks(call("google_web_search", query="penstock")),
        whole(text("A gate and a pipe.")),
        chunks(text("It is a gate.")),
    )
    told = ask(scene, "look it up", "--approval-mode", "yolo", *FIXED)
    assert told.out == "It is a gate.\n"
    scene.check(3, prefix="/gemini")
    assert {"googleSearch": {}} in json.loads(scene.received[1].body)["tools"]
    assert "A gate and a pipe." in json.dumps(contents(scene, 2)[-1])


def test_a_picture_and_a_pdf_reach_the_provider_whole(stage: Staged) -> None:
    """Files named in the prompt are counted first, and travel inline, byte for byte."""
    counted = json_answer(b'{"totalTokens": 700}')
    scene = stage(counted, chunks(text("Red, and an empty page.")))
    files = {
        "image/png": write_picture(scene.desk.work / "red.png"),
        "application/pdf": write_pdf(scene.desk.work / "page.pdf"),
    }
    told = ask(scene, "what is in @red.png and @page.pdf", *FIXED)
    assert told.out == "Red, and an empty page.\n"
    scene.check(2, prefix="/gemini")
    assert [one.path.rpartition(":")[2] for one in scene.received] == ["countTokens", "streamGenerateContent"]
    parts = [part["inlineData"] for part in contents(scene, 1)[-1]["parts"] if "inlineData" in part]
    assert {part["mimeType"]: base64.b64decode(part["data"]) for part in parts} == files


FINAL = {
    "bad request": (error(400, "INVALID_ARGUMENT", "no such thing here"), "no such thing here"),
    "no such model": (error(404, "NOT_FOUND", "no such model here"), "no such model here"),
}


@pytest.mark.parametrize(("refusal", "shown"), FINAL.values(), ids=FINAL)
def test_what_is_final_is_asked_once(stage: Staged, refusal: Scripted, shown: str) -> None:
    """Status and words pass, so the client stops and shows the provider's reason."""
    scene = stage(refusal)
    told = ask(scene, "hello", *FIXED)
    assert told.code == 1
    assert shown in told.err
    scene.check(1, prefix="/gemini")


def test_a_busy_provider_is_tried_again_by_the_client_alone(stage: Staged) -> None:
    """A 503 passes; the provider sees one call more, which is the client's."""
    scene = stage(error(503, "UNAVAILABLE", "busy"), chunks(text("Back again.")))
    told = ask(scene, "hello", *FIXED)
    assert told.out == "Back again.\n"
    scene.check(2, prefix="/gemini")


def test_an_unknown_key_is_refused_once(stage: Staged) -> None:
    """The gateway's own 401 ends the matter: one question, words of its own, no call to the provider."""
    scene = stage()
    told = ask(scene, "hello", *FIXED, GEMINI_API_KEY=STRANGER_KEY)
    assert told.code == 1
    assert "UNAUTHENTICATED" in told.err
    assert scene.asked() == [f"POST /gemini{STREAM} 401"]
    assert scene.received == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_client_that_leaves_takes_the_call_with_it(stage: Staged, ending: signal.Signals) -> None:
    """Interrupted or killed in mid-stream: the provider's stream is closed at once, and nothing else is asked."""
    begun = [piece for piece in chunks(text("A long story"), text("!")).pieces if isinstance(piece, bytes)]
    scene = stage(stream_answer(begun[0], Pause(60)))
    with scene.desk.started(words("tell me", *FIXED), environment(scene)) as process:
        scene.wait_for_call()
        interrupt(process, ending)
        scene.wait_for_close()
    assert len(scene.received) == 1
