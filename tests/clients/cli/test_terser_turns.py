"""Codex and Gemini CLI where terser answers are on: what a provider has cached of a turn begins the next one."""

import json
from pathlib import Path
from typing import Any

from tests.clients.cli import codex, gemini_cli, gemini_stream, responses_stream
from tests.clients.cli.stage import Stage, staged
from tests.clients.terser import words
from tests.support.unworded import unworded

OURS = words("full")


def turns(stage: Stage) -> list[dict[str, Any]]:
    """The bodies as they arrived, each with the words once and the client's own bytes around them."""
    sent = [one.request for one in stage.witness.passed()]
    for arrived, own in zip(stage.judge.arrived, sent, strict=True):
        assert own.body in [one.body for one in unworded(arrived.path, arrived.body, OURS)]
    return [json.loads(one.body) for one in stage.judge.arrived]


def test_codex_goes_on_where_it_was(tmp_path: Path) -> None:
    """The words begin its input, where its instructions stand; the second call begins with all of the first."""
    order = responses_stream.call("exec_command", 1, cmd="echo sum-$((40+2))")
    answers = [responses_stream.response(order), responses_stream.response(responses_stream.words("It is 42."))]
    with staged(tmp_path, answers, intensity="full") as scene:
        told = codex.ask(scene, "add", "--dangerously-bypass-approvals-and-sandbox")
        assert told.out == "It is 42.\n"
        scene.check(2)
        first, second = turns(scene)
    assert first["input"][0] == {"role": "developer", "content": OURS}
    assert (second.get("instructions"), second.get("tools")) == (first.get("instructions"), first.get("tools"))
    assert second["input"][: len(first["input"])] == first["input"]
    assert len(second["input"]) > len(first["input"])


def test_gemini_cli_goes_on_where_it_was(tmp_path: Path) -> None:
    """The words are the first part of its system instruction; the second call begins with all of the first."""
    order = gemini_stream.call("run_shell_command", command="echo ran", description="x")
    answers = [gemini_stream.chunks(order), gemini_stream.chunks(gemini_stream.text("It is done."))]
    with staged(tmp_path, answers, intensity="full") as scene:
        told = gemini_cli.ask(scene, "run", "--approval-mode", "yolo", "-m", "gemini-2.5-flash")
        assert told.out == "It is done.\n"
        scene.check(2, prefix="/gemini")
        first, second = turns(scene)
    assert first["systemInstruction"]["parts"][0] == {"text": OURS}
    assert (second["systemInstruction"], second["tools"]) == (first["systemInstruction"], first["tools"])
    assert second["contents"][: len(first["contents"])] == first["contents"]
    assert len(second["contents"]) > len(first["contents"])
