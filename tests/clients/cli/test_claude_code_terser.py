"""Claude Code where terser answers are on: what it has cached stays as it was, and no subscription is touched."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.cli.anthropic_stream import call, message, text
from tests.clients.cli.claude_code import ask
from tests.clients.cli.stage import Answer, Between, Stage, staged
from tests.clients.terser import GUARD, words
from tests.support.gateway import KEY

API_KEY = {"ANTHROPIC_AUTH_TOKEN": "", "ANTHROPIC_API_KEY": KEY}

OURS = {"type": "text", "text": words("full")}

LOGIN = "sk-ant-oat01-canary-subscription-5d0c7b1e93f8"

LOGINS = {
    "own login": {"ANTHROPIC_AUTH_TOKEN": LOGIN, "ANTHROPIC_CUSTOM_HEADERS": f"X-Penstock-Key: {KEY}"},
    "own provider key": {"ANTHROPIC_CUSTOM_HEADERS": f"X-Provider-Key: {LOGIN}"},
}


def two_turns() -> list[Answer]:
    return [message(call("Bash", 1, command="echo sum-$((40+2))")), message(text("It is 42."))]


def bodies(stage: Stage) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Call by call: what the client sent, and what arrived at the provider."""
    sent = [json.loads(one.request.body) for one in stage.witness.passed()]
    return list(zip(sent, (json.loads(one.body) for one in stage.judge.arrived), strict=True))


def marks(value: Any, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Where cache marks stand, in the order of the request, and which."""
    if isinstance(value, dict):
        if "cache_control" in value:
            yield path, value["cache_control"]
        for name, inner in value.items():
            yield from marks(inner, *path, name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from marks(inner, *path, number)


def at(body: dict[str, Any], path: tuple[str | int, ...]) -> Any:
    """What stands at a place."""
    value: Any = body
    for step in path:
        value = value[step]
    return value


def test_the_words_are_the_last_system_block_of_every_turn(tmp_path: Path) -> None:
    """With an API key each turn has them behind all that the client says, unmarked; every other byte is its own."""
    with staged(tmp_path, two_turns(), intensity="full") as scene:
        told = ask(scene, "add", "--allowedTools", "Bash", **API_KEY)
        assert told.out == "It is 42.\n"
        scene.check(2)
        for sent, arrived in bodies(scene):
            assert len(sent["system"]) > 1
            assert arrived["system"] == [*sent["system"], OURS]
        ours = b"," + json.dumps(OURS, separators=(",", ":")).encode()
        assert [one.body.replace(ours, b"", 1) for one in scene.judge.arrived] == [
            one.request.body for one in scene.witness.passed()
        ]
        for one in scene.witness.passed():
            told_by = dict(one.headers)
            assert (told_by["x-penstock-intensity"], told_by["x-penstock-arm"]) == ("full", "treated")


def test_cache_marks_keep_their_places(tmp_path: Path) -> None:
    """The blocks that are marked, their order and number are those of a call without the gateway, turn by turn."""
    places: dict[str, list[list[tuple[str | int, ...]]]] = {}
    ways: tuple[Between, ...] = ("nothing", "gateway")
    for between in ways:
        with staged(tmp_path / between, two_turns(), between=between, intensity="full") as scene:
            ask(scene, "add", "--allowedTools", "Bash", **{**API_KEY, "ANTHROPIC_API_KEY": scene.key})
            turns = bodies(scene)
            for sent, arrived in turns:
                assert list(marks(arrived)) == list(marks(sent))
                assert [at(arrived, path) for path, _ in marks(arrived)] == [at(sent, path) for path, _ in marks(sent)]
            places[between] = [[path for path, _ in marks(arrived)] for _, arrived in turns]
    assert places["gateway"] == places["nothing"]
    assert [1 <= len(turn) <= 4 for turn in places["gateway"]] == [True, True]
    assert any(path[0] == "system" for path in places["gateway"][0])


@pytest.mark.parametrize("variables", LOGINS.values(), ids=LOGINS)
def test_a_subscription_is_not_touched(tmp_path: Path, variables: dict[str, str]) -> None:
    """With somebody's own login every turn arrives as it was sent, to the byte, and the answer says why."""
    with staged(tmp_path, two_turns(), intensity="full") as scene:
        told = ask(scene, "add", "--allowedTools", "Bash", **variables)
        assert told.out == "It is 42.\n"
        scene.check(2, credential=LOGIN)
        passed = scene.witness.passed()
        assert [one.body for one in scene.judge.arrived] == [one.request.body for one in passed]
        assert not [one for one in scene.judge.arrived if GUARD in one.body]
        said = [dict(one.headers) for one in passed]
        assert [(one["x-penstock-intensity"], one["x-penstock-arm"], one["x-penstock-reason"]) for one in said] == [
            ("off", "exempt", "subscription")
        ] * 2
