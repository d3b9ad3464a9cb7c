"""The examples of five published pages, run as their readers would run them: bash with curl, Python, Node.

Only host and keys are replaced (seeds/README.md). Each runs against a scripted provider, where what arrives is looked
at, and in the demo, where it must work for somebody who has no provider key at all.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clients.answers.anthropic import GREETING
from tests.clients.installed import GENERATIONS, MODULES, NODE, python
from tests.clients.stage import OPERATORS_KEY, OWN_KEY, Stage
from tests.clients.terser import Judge
from tests.support.gateway import KEY
from tests.support.provider import Received

SEEDS = Path(__file__).with_name("seeds")
CURL = [str(path.relative_to(SEEDS)) for path in sorted(SEEDS.rglob("*.sh"))]
PROGRAMS = [str(path.relative_to(SEEDS)) for pattern in ("*.py", "*.mjs") for path in sorted(SEEDS.rglob(pattern))]

# Python in both generations of its SDKs; Node has one.
RUNS = [
    (example, generation)
    for example in PROGRAMS
    for generation in GENERATIONS
    if example.endswith(".py") or generation == GENERATIONS[0]
]

# This one's body is not JSON; it has a test of its own.
ELLIPSIS = "openai-proxy/override.sh"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed on this machine")


def filled(example: str, origin: str) -> str:
    """An example with the reader's own host and keys."""
    text = (SEEDS / example).read_text()
    return text.replace("{{ORIGIN}}", origin).replace("{{KEY}}", KEY).replace("{{PROVIDER_KEY}}", OWN_KEY)


def ran(command: Sequence[str | Path], folder: Path) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_program(example: str, generation: str, origin: str, folder: Path) -> str:
    """A Python or Node example, as a file of the reader's own."""
    program = folder / Path(example).name
    program.write_text(filled(example, origin))
    if program.suffix == ".py":
        return ran([python(generation), program], folder)
    (folder / "node_modules").symlink_to(MODULES)
    return ran([NODE, program], folder)


def received(stage: Stage, example: str, before: int) -> list[Received]:
    """What the provider received since; the pages' two kinds of credential decide which of its keys it saw."""
    dialect = "openai" if example.startswith("openai") else "anthropic"
    since = stage.providers[dialect].received[before:]
    key = OWN_KEY if "-proxy/" in example else OPERATORS_KEY
    for request in since:
        shown = request.header("x-api-key") or request.header("authorization")
        assert shown in {key, f"Bearer {key}"}
        assert KEY not in f"{request.target} {request.headers} {request.body!r}"
    return since


def count(stage: Stage, example: str) -> int:
    return len(stage.providers["openai" if example.startswith("openai") else "anthropic"].received)


def events(text: str) -> list[str]:
    return re.findall(r"^event: (\w+)$", text, re.MULTILINE)


def words(answer: dict[str, Any]) -> str:
    return "".join(block.get("text", "") for block in answer.get("content", []))


def sent_by(example: str) -> bytes:
    """The body that an example's curl sends."""
    found = re.search(r"(?:-d|--data) '(.*)'", (SEEDS / example).read_text(), re.DOTALL)
    assert found is not None
    return found[1].encode()


@needs_curl
@pytest.mark.parametrize("example", [example for example in CURL if example != ELLIPSIS])
def test_a_curl_example_reaches_the_provider_to_the_byte(stage: Stage, example: str, tmp_path: Path) -> None:
    """The body arrives as it stands on the page, ``anthropic-version`` too, and what the provider says is printed."""
    before = count(stage, example)
    printed = ran(["bash", "-c", filled(example, stage.gateway.url)], tmp_path)
    (request,) = received(stage, example, before)
    assert request.body == sent_by(example)
    assert request.header("anthropic-version") == "2023-06-01"
    counting = example.endswith("count-tokens.sh")
    assert request.target == "/v1/messages" + ("/count_tokens" if counting else "")
    if json.loads(request.body).get("stream"):
        assert events(printed)[-1] == "message_stop"
    else:
        assert json.loads(printed).get("id", counting) in {"msg_scripted", True}


@needs_curl
@pytest.mark.parametrize("example", [example for example in CURL if example != ELLIPSIS])
def test_a_curl_example_works_in_the_demo(stage: Stage, example: str, tmp_path: Path) -> None:
    """A complete answer of the kind that the example asks for."""
    printed = ran(["bash", "-c", filled(example, stage.demo.url)], tmp_path)
    body = json.loads(sent_by(example))
    if body.get("stream"):
        assert events(printed)[0] == "message_start"
        assert events(printed)[-1] == "message_stop"
        return
    answer = json.loads(printed)
    if example.endswith("count-tokens.sh"):
        assert answer["input_tokens"] > 0
        return
    assert answer["model"] == body["model"]
    kinds = [block["type"] for block in answer["content"]]
    wanted = {"tools": "tool_use", "thinking": "thinking", "web-search": "web_search_tool_result"}
    assert wanted.get(Path(example).stem, "text") in kinds


@needs_curl
def test_the_example_that_leaves_its_messages_to_the_reader(stage: Stage, tmp_path: Path) -> None:
    """``[...]`` is not JSON: 400 in OpenAI's envelope, as any broken body; with messages in its place it works."""
    before = count(stage, ELLIPSIS)
    literal = filled(ELLIPSIS, stage.gateway.url)
    refused = json.loads(ran(["bash", "-c", literal], tmp_path))
    assert refused["error"]["type"] == "invalid_request_error"
    assert not received(stage, ELLIPSIS, before)
    messages = '[{"role": "user", "content": "Count to 10"}]'
    hearing = stage.providers["openai"].hearing
    assert isinstance(hearing, Judge)
    with hearing.asking("ultra"):
        answer = json.loads(ran(["bash", "-c", literal.replace("[...]", messages)], tmp_path))
    assert answer["choices"][0]["message"]["content"] == f"{GREETING}: Count to 10"
    (request,) = received(stage, ELLIPSIS, before)
    assert request.body == sent_by(ELLIPSIS).replace(b"[...]", messages.encode())
    assert request.header("x-mintoken-intensity") is None


@needs_curl
@pytest.mark.parametrize("credential", ["x-api-key: ", "Authorization: Bearer "])
def test_the_raw_request_of_a_page_is_accepted_with_either_credential(
    stage: Stage, credential: str, tmp_path: Path
) -> None:
    """The page shows a body and names two ways to show the key; its answer has at least the fields of the page's."""
    example = "messages-endpoint/request.json"
    shape = json.loads((SEEDS / "messages-endpoint/response.json").read_text())
    for origin in (stage.gateway.url, stage.demo.url):
        before = count(stage, example)
        headers = [f"{credential}{KEY}", "anthropic-version: 2023-06-01", "Content-Type: application/json"]
        shown = [word for header in headers for word in ("-H", header)]
        body = (SEEDS / example).read_text()
        answer = json.loads(ran(["curl", "-s", f"{origin}/v1/messages", *shown, "-d", body], tmp_path))
        assert shape.keys() <= answer.keys()
        assert shape["usage"].keys() <= answer["usage"].keys()
        assert answer["stop_reason"] == shape["stop_reason"]
        sent = received(stage, example, before)
        assert [request.body for request in sent] == ([body.encode()] if origin == stage.gateway.url else [])


@pytest.mark.parametrize(("example", "generation"), RUNS)
def test_a_program_of_a_page_prints_what_the_provider_says(
    stage: Stage, example: str, generation: str, tmp_path: Path
) -> None:
    """It ends well, prints the words of the provider, and makes the requests that it says and no other."""
    before = count(stage, example)
    printed = run_program(example, generation, stage.gateway.url, tmp_path)
    sent = received(stage, example, before)
    asked = [json.loads(request.body)["messages"][-1]["content"] for request in sent]
    if Path(example).stem == "system-cache":
        assert printed == "Cache creation tokens: 3\nCache read tokens: 4\n"
    elif Path(example).stem == "thinking":
        assert printed == f"[Thinking] Let me think …{GREETING}: {asked[0]}"
    else:
        assert printed.strip() == "\n".join(f"{GREETING}: {question}" for question in asked)
    assert len(sent) == (2 if Path(example).stem == "messages" else 1)


@pytest.mark.parametrize("example", [example for example in PROGRAMS if "-proxy/" not in example])
def test_a_program_of_a_page_works_in_the_demo(stage: Stage, example: str, tmp_path: Path) -> None:
    """It prints something and ends well. (Those that bring a provider key of their own mean a real provider.)"""
    assert run_program(example, GENERATIONS[0], stage.demo.url, tmp_path).strip()


def test_the_examples_are_the_pages_own() -> None:
    """Each paragraph stands on one of the pages, but for white space and what the placeholders stand for."""
    data = os.environ.get("PENSTOCK_TEST_DATA")
    if data is None or not (Path(data) / "seeds").is_dir():
        pytest.skip("PENSTOCK_TEST_DATA names no folder that has the pages")
    pages = ["".join(page.read_text().split()) for page in (Path(data) / "seeds").glob("*.txt")]
    for path in [*SEEDS.rglob("*.sh"), *SEEDS.rglob("*.py"), *SEEDS.rglob("*.json")]:
        for paragraph in path.read_text().split("\n\n"):
            pattern = re.sub(r"\\\{\\\{\w+\\\}\\\}", r"[\\w:/.$-]+", re.escape("".join(paragraph.split())))
            assert any(re.search(pattern, page) for page in pages), f"{path.name}: {paragraph}"
