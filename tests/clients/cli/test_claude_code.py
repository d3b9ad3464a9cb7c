"""Claude Code at work through the gateway: words, tools, agents, search, files; nothing twice, nothing changed."""

import base64
import json
from typing import Any

import pytest

from tests.clients.cli.anthropic_stream import call, message, searched, text, thinking
from tests.clients.cli.attachments import write_pdf, write_picture
from tests.clients.cli.claude_code import MODEL, ask
from tests.clients.cli.conftest import Staged
from tests.clients.cli.stage import Stage
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY


def body(stage: Stage, number: int) -> dict[str, Any]:
    """The body of a call as it reached the provider."""
    found = json.loads(stage.received[number].body)
    assert isinstance(found, dict)
    return found


def results(stage: Stage, number: int) -> list[Any]:
    """The last message of a call: what the tools said."""
    content = body(stage, number)["messages"][-1]["content"]
    return [block for block in content if block["type"] == "tool_result"]


@pytest.mark.parametrize(
    ("path", "prefix"), [("", ""), ("/anthropic", "/anthropic"), ("/v1", "/v1")], ids=["/", "/anthropic", "/v1"]
)
def test_a_prompt_is_one_streamed_call(stage: Staged, path: str, prefix: str) -> None:
    """One prompt is one call with the client's bytes and headers, under every base URL that users write."""
    scene = stage(message(text("Water runs downhill.")))
    told = ask(scene, "say something", path=path)
    assert (told.code, told.out) == (0, "Water runs downhill.\n")
    scene.check(1, prefix=prefix)
    request = scene.received[0]
    assert request.target == "/v1/messages?beta=true"
    assert request.header("anthropic-version") == "2023-06-01"
    assert (body(scene, 0)["stream"], body(scene, 0)["model"]) == (True, MODEL)


MODELS = {"claude-opus-4-6": "adaptive", "claude-haiku-4-5": "enabled", "house/any-model": "adaptive"}


@pytest.mark.parametrize(("model", "thinking_asked"), MODELS.items(), ids=MODELS)
def test_a_model_goes_under_the_name_it_was_given(stage: Staged, model: str, thinking_asked: str) -> None:
    """The client shapes its call by the model's name; name and shape pass, of a model that nobody knows too."""
    scene = stage(message(text("Here."), model=model))
    told = ask(scene, "who are you?", "--model", model)
    assert told.out == "Here.\n"
    scene.check(1)
    assert (body(scene, 0)["model"], body(scene, 0)["thinking"]["type"]) == (model, thinking_asked)


CREDENTIALS = {
    "auth token": ({}, OPERATOR_KEY),
    "api key": ({"ANTHROPIC_AUTH_TOKEN": "", "ANTHROPIC_API_KEY": KEY}, OPERATOR_KEY),
    "own provider key": ({"ANTHROPIC_CUSTOM_HEADERS": f"X-Provider-Key: {CALLER_KEY}"}, CALLER_KEY),
    "own login": (
        {"ANTHROPIC_AUTH_TOKEN": CALLER_KEY, "ANTHROPIC_CUSTOM_HEADERS": f"X-Penstock-Key: {KEY}"},
        CALLER_KEY,
    ),
}


@pytest.mark.parametrize(("variables", "credential"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_each_way_to_give_a_key_works(stage: Staged, variables: dict[str, str], credential: str) -> None:
    """The gateway's key is taken from wherever the client puts it; the provider sees the one credential that pays."""
    scene = stage(message(text("Paid.")))
    told = ask(scene, "who pays?", **variables)
    assert told.out == "Paid.\n"
    scene.check(1, credential=credential)


def test_a_key_from_a_helper_command_works(stage: Staged) -> None:
    """``apiKeyHelper`` puts the same key into two headers; neither reaches the provider."""
    scene = stage(message(text("Helped.")))
    settings = json.dumps({"apiKeyHelper": f"echo {KEY}"})
    told = ask(scene, "who pays?", "--settings", settings, ANTHROPIC_AUTH_TOKEN="")
    assert told.out == "Helped.\n"
    sent = scene.witness.passed()[0].request
    assert (sent.header("x-api-key"), sent.header("authorization")) == (KEY, f"Bearer {KEY}")
    scene.check(1)


def test_parallel_tools_run_once_each_and_thinking_comes_back_signed(stage: Staged) -> None:
    """Two calls in one answer are run and answered in one next call, which brings back the thinking's signature."""
    plan = thinking("two sums at once", "c2lnbmVk" * 40)
    sums = [call("Bash", n, command=f"echo sum-$((40+{n})) >> ran; echo sum-$((40+{n}))") for n in (1, 2)]
    scene = stage(message(plan, *sums), message(text("Both are done.")))
    told = ask(scene, "add", "--allowedTools", "Bash")
    assert told.out == "Both are done.\n"
    scene.check(2)
    told_back = {one["tool_use_id"][-2:]: one["content"] for one in results(scene, 1)}
    assert told_back == {"01": "sum-41", "02": "sum-42"}
    turn = body(scene, 1)["messages"][-2]["content"]
    assert [block["type"] for block in turn] == ["thinking", "tool_use", "tool_use"]
    assert turn[0]["signature"] == plan["signature"]
    assert sorted((scene.desk.work / "ran").read_text().split()) == ["sum-41", "sum-42"]


def test_a_subagent_speaks_for_itself(stage: Staged) -> None:
    """A subagent's calls carry its own id and the session's, with hints, and its report returns to the main line."""
    task = {"description": "look", "prompt": "find the leak", "subagent_type": "general-purpose"}
    scene = stage(
        message(call("Agent", 1, **task, run_in_background=False)),
        message(text("The leak is in the valve.")),
        message(text("Found it.")),
    )
    told = ask(scene, "delegate", CLAUDE_CODE_GATEWAY_HINT_HEADERS="1")
    assert told.out == "Found it.\n"
    scene.check(3)
    main, agent, after = scene.received
    assert [one.header("x-claude-code-request-class") for one in scene.received] == ["main", "subagent", "main"]
    assert len({one.header("x-claude-code-session-id") for one in scene.received}) == 1
    assert agent.header("x-claude-code-agent-id")
    assert main.header("x-claude-code-agent-id") is None
    assert b"find the leak" in agent.body
    assert b"The leak is in the valve." in after.body


def test_tool_search_and_web_search_keep_their_block_types(stage: Staged) -> None:
    """Deferred tools are loaded by reference, and web search is one side call whose result blocks become links."""
    scene = stage(
        message(call("ToolSearch", 1, query="select:WebSearch", max_results=5)),
        message(call("WebSearch", 2, query="penstock")),
        message(*searched("penstock", "What a penstock is", "https://example.com/p"), text("A gate and a pipe.")),
        message(text("It is a gate.")),
    )
    told = ask(scene, "look it up", "--allowedTools", "WebSearch")
    assert told.out == "It is a gate.\n"
    scene.check(4)
    [loaded] = results(scene, 1)
    assert loaded["content"] == [{"type": "tool_reference", "tool_name": "WebSearch"}]
    assert [tool["name"] for tool in body(scene, 1)["tools"] if tool.get("defer_loading")] == [
        "WebSearch",
        "DeferredToolPlaceholder",
    ]
    assert body(scene, 2)["tools"] == [{"type": "web_search_20250305", "name": "web_search", "max_uses": 8}]
    found = results(scene, 3)[-1]["content"]
    assert '{"title":"What a penstock is","url":"https://example.com/p"}' in found
    assert "A gate and a pipe." in found


def test_a_compacted_session_goes_on(stage: Staged) -> None:
    """``/compact`` is one call that holds the conversation; what comes after it begins with the summary."""
    session = "5c1ce6a4-9f7c-4c63-9ab1-0a2f0f3ff2f1"
    summary = "<summary>The valve is number 17.</summary>"
    scene = stage(message(text("Noted.")), message(text(summary)), message(text("17.")))
    ask(scene, "the valve is number 17", "--session-id", session)
    ask(scene, "/compact", "--resume", session)
    told = ask(scene, "which valve?", "--resume", session)
    assert told.out == "17.\n"
    scene.check(3)
    assert "Noted." in json.dumps(body(scene, 1)["messages"])
    last = json.dumps(body(scene, 2)["messages"])
    assert ["The valve is number 17." in last, "Noted." in last] == [True, False]


def test_a_picture_and_a_pdf_reach_the_provider_whole(stage: Staged) -> None:
    """Files that the client reads travel inside tool results, byte for byte."""
    scene = stage(
        message(call("Read", 1, file_path="red.png"), call("Read", 2, file_path="page.pdf")),
        message(text("Red, and an empty page.")),
    )
    picture = write_picture(scene.desk.work / "red.png")
    page = write_pdf(scene.desk.work / "page.pdf")
    told = ask(scene, "what is in red.png and page.pdf?")
    assert told.out == "Red, and an empty page.\n"
    scene.check(2)
    sent = json.dumps(body(scene, 1)["messages"][-1])
    assert base64.b64encode(picture).decode() in sent
    assert base64.b64encode(page).decode() in sent
