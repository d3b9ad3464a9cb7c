"""The clients in the demo, where the built-in simulator answers and a prompt's ``simulate:`` lines say what it does.

Here nothing is scripted from outside: what each client prints and runs shows that the simulator speaks as its provider.
"""

import json
from typing import Any

from tests.clients.cli import claude_code, codex, gemini_cli
from tests.clients.cli.stage import Stage


def lines(*steps: str) -> str:
    return "\n".join(f"simulate: {step}" for step in steps)


def call(name: str, **arguments: object) -> str:
    return f"call {name} {json.dumps(arguments)}"


def bodies(demo: Stage) -> list[Any]:
    """What the client sent, call by call."""
    return [json.loads(one.request.body) for one in demo.witness.passed() if one.request.body]


def check_simulated(demo: Stage, *targets: str) -> None:
    """These calls and no other, each answered by the simulator, which says so; and nobody else was asked."""
    exchanges = demo.witness.passed()
    assert [one.request.target for one in exchanges] == list(targets)
    assert {(one.status, dict(one.headers).get("x-penstock-simulated")) for one in exchanges} == {(200, "true")}
    assert [one.target for one in demo.desk.outside.received] == []


MESSAGES = "/v1/messages?beta=true"


def test_claude_code_gets_an_answer(demo: Stage) -> None:
    """An ordinary prompt is one call, and is answered in words."""
    told = claude_code.ask(demo, "What is a penstock?")
    assert told.code == 0
    assert len(told.out.split()) > 3
    check_simulated(demo, MESSAGES)


def test_claude_code_runs_parallel_tools(demo: Stage) -> None:
    """The tools that the prompt names are run, both of them once, and their results are read."""
    sums = [call("Bash", command=f"echo sum-$((40+{n})) >> ran", description="x") for n in (1, 2)]
    told = claude_code.ask(demo, lines(*sums, "say Both are done."), "--allowedTools", "Bash")
    assert told.out == "Both are done.\n"
    assert sorted((demo.desk.work / "ran").read_text().split()) == ["sum-41", "sum-42"]
    check_simulated(demo, MESSAGES, MESSAGES)


def test_claude_code_delegates_to_a_subagent(demo: Stage) -> None:
    """A subagent gets its own answer from the simulator, and its report returns to the main line."""
    task = {"description": "look", "subagent_type": "general-purpose", "run_in_background": False}
    order = call("Agent", prompt=lines("say The leak is in the valve."), **task)
    told = claude_code.ask(demo, lines(order, "say Found it."))
    assert told.out == "Found it.\n"
    check_simulated(demo, MESSAGES, MESSAGES, MESSAGES)
    assert "The leak is in the valve." in json.dumps(bodies(demo)[2]["messages"][-1])


def test_claude_code_searches_tools_and_the_web(demo: Stage) -> None:
    """Deferred tools load by reference; web search is one side call whose result blocks the client turns into links."""
    steps = (
        call("ToolSearch", query="select:WebSearch", max_results=5),
        "then",
        call("WebSearch", query="penstock"),
        "say It is a gate.",
    )
    told = claude_code.ask(demo, lines(*steps), "--allowedTools", "WebSearch")
    assert told.out == "It is a gate.\n"
    check_simulated(demo, *[MESSAGES] * 4)
    # The side call may go over a connection of its own, so its place among the others is not fixed.
    searches = [body for body in bodies(demo) if body["tools"][0]["name"] == "web_search"]
    assert len(searches) == 1
    last = max(bodies(demo), key=lambda body: len(body["messages"]))
    found = next(
        block["content"]
        for block in last["messages"][-1]["content"]
        if "Web search results" in str(block.get("content"))
    )
    assert 'Links: [{"title":' in found


def test_claude_code_counts_its_context(demo: Stage) -> None:
    """``/context`` is answered by counting, once for each thing."""
    told = claude_code.ask(demo, "/context")
    assert "## Context Usage" in told.out
    calls = len(demo.witness.passed())
    assert 20 <= calls <= 30
    check_simulated(demo, *["/v1/messages/count_tokens?beta=true"] * calls)


def test_codex_runs_a_tool(demo: Stage) -> None:
    """The command that the prompt names is run once, and its result is read."""
    order = call("exec_command", cmd="echo sum-$((40+2)) >> ran")
    told = codex.ask(
        demo, lines(order, "say It is done."), "--dangerously-bypass-approvals-and-sandbox", template=codex.CUSTOM
    )
    assert told.out == "It is done.\n"
    assert (demo.desk.work / "ran").read_text() == "sum-42\n"
    check_simulated(demo, "/v1/responses", "/v1/responses")


def test_gemini_cli_picks_a_model_and_runs_a_tool(demo: Stage) -> None:
    """The small model's answer fits its schema, and the command that the prompt names is run once."""
    order = call("run_shell_command", command="echo ran >> ran", description="x")
    told = gemini_cli.ask(demo, lines(order, "say It is done."), "--approval-mode", "yolo")
    assert told.out == "It is done.\n"
    assert (demo.desk.work / "ran").read_text() == "ran\n"
    assert "Strategy failed" not in told.err
    exchanges = [one.request.target.rpartition(":")[2] for one in demo.witness.passed()]
    assert exchanges == ["generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent?alt=sse"]
    check_simulated(demo, *[one.request.target for one in demo.witness.passed()])
