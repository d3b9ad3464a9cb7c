"""Judges: four forms of asking, when the answer waits, what is remembered, what no verdict means."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.path.content.scene import MESSAGES, OTHER_KEY, Scene, question, scene
from tests.path.content.streams import STREAMS, events, text_of, whole
from tests.path.content.test_answers import _shown
from tests.support.command import piped
from tests.support.provider import Pause, Received, Scripted, json_answer, stream_answer
from tests.support.waiting import until

SPARED = "how do I bake bread"
BAD = "how do I build the forbidden thing"

CHAT_JUDGE = {"kind": "chat", "model": "tiny", "question": "Does it ask for the forbidden thing?"}
GUARD = {"kind": "llama-guard", "model": "guard", "provider": "local-openai"}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "chat, openai": ({**CHAT_JUDGE, "provider": "local-openai"}, "/local/v1/chat/completions"),
    "chat, anthropic": ({**CHAT_JUDGE, "provider": "local-anthropic"}, "/local/v1/messages"),
    "chat, gemini": ({**CHAT_JUDGE, "provider": "local-gemini"}, "/local/v1beta/models/tiny:generateContent"),
    "llama guard": (
        {"kind": "llama-guard", "model": "guard", "provider": "local-openai"},
        "/local/v1/chat/completions",
    ),
    "moderation": ({"kind": "moderation", "provider": "local-openai"}, "/local/v1/moderations"),
    "http": ({"kind": "http", "provider": "local-openai", "path": "/judge"}, "/local/v1/judge"),
}


def verdict(request: Received) -> Scripted:
    """What a judge of the path's kind says: it minds texts with the word forbidden."""
    text = request.body.decode()
    bad = BAD in text
    if request.path.endswith("/moderations"):
        categories = {"violence": bad, "hate": False}
        return json_answer(json.dumps({"results": [{"flagged": bad, "categories": categories}]}).encode())
    if request.path.endswith("/judge"):
        return json_answer(json.dumps({"violates": bad, "categories": ["weapons"] * bad}).encode())
    words = ("unsafe\nS9", "safe") if '"guard"' in text else ("YES", "No.")
    said = words[0] if bad else words[1]
    if request.path.endswith("/messages"):
        return json_answer(json.dumps({"content": [{"type": "text", "text": said}]}).encode())
    if request.path.endswith(":generateContent"):
        return json_answer(json.dumps({"candidates": [{"content": {"parts": [{"text": said}]}}]}).encode())
    return json_answer(json.dumps({"choices": [{"message": {"content": said}}]}).encode())


def script(request: Received) -> Scripted:
    if request.path.startswith("/local"):
        return verdict(request)
    if b'"stream": true' in request.body:
        return stream_answer(*STREAMS[MESSAGES](["Well, ", "flour."]))
    return json_answer(whole(MESSAGES, "Well, flour."))


def policy(judge: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"house": {"contact": "Ada", "judges": [{"name": "hazards", **judge}], **more}}


def judged(found: Scene) -> list[Received]:
    return [one for one in found.sent if one.path.startswith("/local")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_kind_is_asked_and_heard(tmp_path: Path, kind: str, stream: bool) -> None:
    """The judge is asked at its provider's address with nobody's credential; a no withholds the answer, a stream before
    its first byte."""
    judge, path = KINDS[kind]
    with scene(tmp_path, policy(judge), script) as found:
        good = found.ask(MESSAGES, question(MESSAGES, SPARED, stream=stream))
        assert good.status == 200
        assert good.body == (
            b"".join(STREAMS[MESSAGES](["Well, ", "flour."])) if stream else whole(MESSAGES, "Well, flour.")
        )
        assert "x-penstock-policy" not in good.headers
        asked = judged(found)
        assert [one.path for one in asked] == [path]
        assert SPARED in asked[0].body.decode()
        assert (asked[0].header("x-api-key"), asked[0].header("authorization")) == (None, None)
        bad = found.ask(MESSAGES, question(MESSAGES, BAD, stream=stream))
        assert (bad.status, bad.headers["x-penstock-policy"]) == (400, "house=block")
        assert json.loads(bad.body)["error"]["message"].endswith("its judge says no. Ask Ada.")
        assert b"flour" not in bad.body


def test_only_what_is_new_is_judged_and_a_tenant_knows_nothing_of_another(tmp_path: Path) -> None:
    """A second turn asks about itself; the same again asks nothing; another key's first time is a first time."""
    with scene(tmp_path, policy(KINDS["llama guard"][0]), script) as found:
        first = question(MESSAGES, SPARED)
        assert found.ask(MESSAGES, first).status == 200
        turns = [
            *first["messages"],
            {"role": "assistant", "content": "Flour."},
            {"role": "user", "content": "and yeast?"},
        ]
        assert found.ask(MESSAGES, {**first, "messages": turns}).status == 200
        assert [SPARED in one.body.decode() for one in judged(found)] == [True, False]
        assert found.ask(MESSAGES, {**first, "messages": turns}).status == 200
        assert len(judged(found)) == 2
        assert found.ask(MESSAGES, first, key=OTHER_KEY).status == 200
        assert len(judged(found)) == 3


def test_one_bad_turn_does_not_condemn_the_others(tmp_path: Path) -> None:
    """Of several new turns that are refused together, those are free again that come without the bad one."""
    with scene(tmp_path, policy(KINDS["llama guard"][0]), script) as found:
        turns = [{"role": "user", "content": SPARED}, {"role": "assistant", "content": "Flour."}]
        both = {**question(MESSAGES, ""), "messages": [*turns, {"role": "user", "content": BAD}]}
        assert found.ask(MESSAGES, both).status == 400
        assert found.ask(MESSAGES, both).status == 400
        assert len(judged(found)) == 1
        assert found.ask(MESSAGES, question(MESSAGES, SPARED)).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(b'{"choices":[{"message":{"content":"I think that it is safe"}}]}'),
        json_answer(b"{}"),
        json_answer(b"<html>"),
        json_answer(b'{"error":{}}', status=503),
        Scripted(200, (("content-type", "application/json"),), (Pause(3), b"{}")),
    ],
    ids=["other words", "nothing", "no JSON", "an error", "too late"],
)
@pytest.mark.parametrize(("unavailable", "status"), [("block", 400), ("flag", 200), ("allow", 200)])
def test_what_no_verdict_means(tmp_path: Path, answer: Scripted, unavailable: str, status: int) -> None:
    """Closed or open, as the policy says; and it is not remembered."""

    def silent(request: Received) -> Scripted:
        return answer if request.path.startswith("/local") else script(request)

    judge = {**KINDS["llama guard"][0], "unavailable": unavailable, "seconds": 0.5}
    with scene(tmp_path, policy(judge), silent) as found:
        got = found.ask(MESSAGES, question(MESSAGES, SPARED))
        assert got.status == status
        told = {"block": "house=block", "flag": "house=flag", "allow": None}[unavailable]
        assert got.headers.get("x-penstock-policy") == told
        found.ask(MESSAGES, question(MESSAGES, SPARED))
        assert len(judged(found)) == 2


def test_judge_and_provider_work_at_once(tmp_path: Path) -> None:
    """The provider is called while the judge still thinks, unless the judge is to be asked first."""
    for first, asked in ((False, 2), (True, 1)):
        folder = tmp_path / str(first)
        folder.mkdir()
        with scene(folder, policy({**KINDS["http"][0], "first": first}), _slow(script)) as found:
            assert found.ask(MESSAGES, question(MESSAGES, BAD)).status == 400
            assert len(found.sent) == asked


def _slow(then: Callable[[Received], Scripted]) -> Callable[[Received], Scripted]:
    def answer(request: Received) -> Scripted:
        found = then(request)
        if not request.path.startswith("/local"):
            return found
        return Scripted(found.status, found.headers, (Pause(0.5), *found.pieces))

    return answer


def test_categories_choose_what_counts(tmp_path: Path) -> None:
    """An objection in other categories is none."""
    judge = {**KINDS["llama guard"][0], "categories": ["S1", "S2"]}
    with scene(tmp_path, policy(judge), script) as found:
        assert found.ask(MESSAGES, question(MESSAGES, BAD)).status == 200
    judge["categories"] = ["S9"]
    (tmp_path / "other").mkdir()
    with scene(tmp_path / "other", policy(judge), script) as found:
        assert found.ask(MESSAGES, question(MESSAGES, BAD)).status == 400


def test_watching_waits_for_nobody(tmp_path: Path) -> None:
    """In monitor mode the answer does not wait, and what the judge said by its end is told."""

    def late(request: Received) -> Scripted:
        if request.path.startswith("/local"):
            return script(request)
        return stream_answer(*STREAMS[MESSAGES](["Well."])[:-1], Pause(0.5), STREAMS[MESSAGES](["Well."])[-1])

    with scene(tmp_path, policy(KINDS["http"][0], mode="monitor"), late) as found:
        got = found.ask(MESSAGES, question(MESSAGES, BAD, stream=True))
        assert (got.status, text_of(got.body)) == (200, "Well.")
        assert events(got.body)[-1]["type"] == "message_stop"
        until(lambda: '"check": "judges.hazards"' in _shown(found, got.headers["x-penstock-exchange-id"]))


def test_a_judge_sees_no_private_value_unless_it_is_local(tmp_path: Path) -> None:
    """With scrubbing on, a judge gets tokens, as the provider does; a local one the words themselves."""
    judges = [
        {"name": "outside", **KINDS["http"][0]},
        {"name": "house", **KINDS["http"][0], "path": "/local-judge", "local": True},
    ]

    def both(request: Received) -> Scripted:
        return verdict(request) if request.path.startswith("/local") else script(request)

    with scene(tmp_path, {"house": {"judges": judges}}, both, scrub={"wanted": True}) as found:
        got = found.ask(MESSAGES, question(MESSAGES, "write to grace.hopper@navy-example.org, please"))
        assert got.status in {200, 400}
        seen = {one.path: "grace.hopper@navy-example.org" in one.body.decode() for one in judged(found)}
        assert seen == {"/local/v1/judge": False, "/local/v1/local-judge": True}


def test_what_a_judge_spends_is_in_the_books(tmp_path: Path) -> None:
    """As an exchange of its own under nobody's key, with its tokens and price; a service that is no model has none."""
    usage = {"prompt_tokens": 80, "completion_tokens": 1, "total_tokens": 81}

    def judge(request: Received) -> Scripted:
        if b"gpt-5-mini" not in request.body:
            return script(request)
        return json_answer(json.dumps({"choices": [{"message": {"content": "NO"}}], "usage": usage}).encode())

    judges = [{"name": "legal", **CHAT_JUDGE, "provider": "openai", "model": "gpt-5-mini"},
              {"name": "plain", **KINDS["http"][0]}]  # fmt: skip
    with scene(tmp_path, {"house": {"judges": judges}}, judge) as found:
        assert found.ask(MESSAGES, question(MESSAGES, SPARED)).status == 200
        config = str(found.gateway.folder / "penstock.yaml")

        def lines() -> list[dict[str, Any]]:
            told = piped("log", "--json", "--config", config, folder=tmp_path)
            return [json.loads(line) for line in told.stdout.splitlines()]

        until(lambda: len(lines()) == 2)
        own = next(line for line in lines() if line["provider"] == "openai")
        assert (own["key"], own["key_name"], own["team"]) == ("", "", "")
        assert (own["model"], own["operation"], own["outcome"]) == ("gpt-5-mini", "chat.completions.create", "served")
        assert (own["total_input"], own["total_output"], own["source"]) == (80, 1, "reported")
        assert own["cost_micro_dollars"] > 0
        shown = piped("show", own["id"], "--config", config, folder=tmp_path).stdout
        assert "penstock-judge/legal" in shown
        assert SPARED not in shown


def test_a_judge_can_send_a_request_elsewhere(tmp_path: Path) -> None:
    """Before it leaves, to another model there; what was judged once goes the same way again without being asked."""
    judge = {**KINDS["http"][0], "first": True, "action": "route-to"}
    more = {"route_to": {"provider": "local-anthropic", "model": "tiny"}}

    def answers(request: Received) -> Scripted:
        return verdict(request) if request.path.endswith("/judge") else json_answer(whole(MESSAGES, "Well, flour."))

    with scene(tmp_path, policy(judge, **more), answers) as found:
        for _ in range(2):
            got = found.ask(MESSAGES, question(MESSAGES, BAD))
            assert (got.status, got.headers["x-penstock-policy"]) == (200, "house=route-to")
            assert found.sent[-1].path == "/local/v1/messages"
            assert json.loads(found.sent[-1].body) == {**question(MESSAGES, BAD), "model": "tiny"}
        assert len([one for one in found.sent if one.path.endswith("/judge")]) == 1
        assert found.ask(MESSAGES, question(MESSAGES, SPARED)).status == 200
        assert (found.sent[-1].path, json.loads(found.sent[-1].body)["model"]) == ("/v1/messages", "m")
