"""Values of every kind through every format, well and badly: they come back, and are found nowhere else.

Looked through are what the provider received, every file of the data folder, what the process printed, its access log,
the metrics page, and what the commands show.
"""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.path.masked.scene import TOKEN
from tests.path.scrub.repeater import heard, repeat
from tests.support.client import Got, ask
from tests.support.command import PENSTOCK, environment
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings
from tests.support.private_values import KINDS, RULES, TOOLS_ONLY, told_anywhere
from tests.support.provider import Provider
from tests.support.waiting import until

BLOCKS, JUDGED = "mt_live_blocks000000000000000000000000000000000", "mt_live_judged000000000000000000000000000000000"
DICE = Random("canaries")
FIRST = [make(DICE) for make in KINDS.values()]
"""One of each kind."""
AGAIN = [make(DICE) for make in KINDS.values()]
CANARIES = [one.value for one in (*FIRST, *AGAIN)]
SAID, RESULT = (" and ".join(one.said for one in values) + "." for values in (FIRST, AGAIN))
SCHEMA = {"type": "object", "properties": {"text": {"type": "string", "description": f"as {FIRST[0].value}"}}}
INPUT = {"text": SAID, "deep": [{"more": FIRST[3].value}]}

Body = dict[str, Any]


def _messages() -> Body:
    call = {"type": "tool_use", "id": "t", "name": "w", "input": INPUT}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": RESULT}]}
    return {
        "model": "m", "max_tokens": 9, "system": [{"type": "text", "text": f"You serve {FIRST[0].value}."}],
        "tools": [{"name": "w", "description": f"For {AGAIN[1].said}", "input_schema": SCHEMA}],
        "messages": [{"role": "user", "content": SAID}, {"role": "assistant", "content": [call]},
                     {"role": "user", "content": [result]}],
        "metadata": {"user_id": FIRST[0].value},
    }  # fmt: skip


def _chat() -> Body:
    function = {"name": "w", "description": f"For {AGAIN[1].said}", "parameters": SCHEMA}
    call = {"id": "c", "type": "function", "function": {"name": "w", "arguments": json.dumps(INPUT)}}
    return {
        "model": "m", "user": FIRST[0].value, "tools": [{"type": "function", "function": function}],
        "messages": [{"role": "developer", "content": f"You serve {FIRST[0].value}."},
                     {"role": "user", "content": [{"type": "text", "text": SAID}]},
                     {"role": "assistant", "content": None, "tool_calls": [call]},
                     {"role": "tool", "tool_call_id": "c", "content": RESULT}],
    }  # fmt: skip


def _responses() -> Body:
    return {
        "model": "m", "instructions": f"You serve {FIRST[0].value}.",
        "tools": [{"type": "function", "name": "w", "description": f"For {AGAIN[1].said}", "parameters": SCHEMA}],
        "input": [{"role": "user", "content": [{"type": "input_text", "text": SAID}]},
                  {"type": "function_call", "call_id": "c", "name": "w", "arguments": json.dumps(INPUT)},
                  {"type": "function_call_output", "call_id": "c", "output": RESULT}],
    }  # fmt: skip


def _gemini() -> Body:
    return {
        "systemInstruction": {"parts": [{"text": f"You serve {FIRST[0].value}."}]},
        "tools": [{"functionDeclarations": [{"name": "w", "description": f"For {AGAIN[1].said}"}]}],
        "contents": [{"role": "user", "parts": [{"text": SAID}]},
                     {"role": "model", "parts": [{"functionCall": {"name": "w", "args": INPUT}}]},
                     {"role": "user", "parts": [{"functionResponse": {"name": "w", "response": {"is": RESULT}}}]}],
    }  # fmt: skip


@dataclass(frozen=True)
class Format:
    """How a format is asked: whole, and as a stream."""

    target: str
    body: Body
    streamed: str = ""
    answers: bool = True
    """Words come back."""

    def ask(self, gateway: Gateway, *, stream: bool, key: str = KEY, way: str = "") -> Got:
        """The whole answer; ``way`` is how the provider goes wrong."""
        body = {**self.body, "stream": True} if stream and not self.streamed else self.body
        target = self.streamed if stream and self.streamed else self.target
        return ask(gateway, target, json.dumps(body), {"x-ask": way}, key=key)


BOTH = f"{SAID} {RESULT}"
GEMINI = "/gemini/v1beta/models/m:"
FORMATS = {
    "messages": Format("/v1/messages", _messages()),
    "chat": Format("/v1/chat/completions", _chat()),
    "responses": Format("/v1/responses", _responses()),
    "gemini": Format(f"{GEMINI}generateContent", _gemini(), f"{GEMINI}streamGenerateContent?alt=sse"),
    "completions": Format("/v1/completions", {"model": "m", "prompt": BOTH}),
    "embeddings": Format("/v1/embeddings", {"model": "m", "input": [SAID, RESULT]}, answers=False),
    "count_tokens": Format("/v1/messages/count_tokens", _messages(), answers=False),
    "input_tokens": Format("/v1/responses/input_tokens", _responses(), answers=False),
    "countTokens": Format(f"{GEMINI}countTokens", {"contents": _gemini()["contents"]}, answers=False),
}
SPEAKING = [name for name, one in FORMATS.items() if one.answers]


@dataclass
class House:
    """What runs."""

    gateway: Gateway
    provider: Provider
    folder: Path

    def command(self, *words: str, typed: str = "") -> str:
        """What a command prints, of both kinds."""
        done = subprocess.run(
            [*PENSTOCK, *words, "--config", "penstock.yaml"],
            input=typed, text=True, capture_output=True, cwd=self.folder, env=environment(), timeout=120,
        )  # fmt: skip
        return done.stdout + done.stderr

    def row(self, exchange: str) -> Body:
        """What the books say of it; they are written a moment after the answer."""
        shown: list[str] = []

        def written() -> bool:
            shown.append(self.command("show", exchange, "--json"))
            return shown[-1].startswith("{")

        until(written)
        found: Body = json.loads(shown[-1])
        return found

    def places(self) -> Iterator[tuple[str, bytes]]:
        """Everything that holds anything of the requests, but for the clients themselves."""
        for request in {one.body: one for one in self.provider.received}.values():
            yield f"head {request.target}", repr(request.headers).encode()
            yield f"body {request.target}", request.body
        for path in self.folder.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(self.folder)), path.read_bytes()
        yield "output", "".join(self.gateway.output).encode()
        yield "metrics", ask(self.gateway, "/metrics", None, method="GET", key=None).body
        log = self.command("log", "-n", "500", "--json")
        yield "log", log.encode()
        found = [json.loads(line)["id"] for line in log.splitlines()]
        for one in found[:: max(1, len(found) // 4)]:
            yield f"show {one}", self.command("show", one, "--json").encode()


def leaks(places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where a canary stands that should not."""
    return [f"{name}: {one[:6]}…" for name, text in places for one in told_anywhere(text, CANARIES)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with Provider(repeat) as provider:
        base = {"anthropic": "", "openai": "/v1", "gemini": ""}
        rows = {name: {"dialect": name, "base_url": provider.base_url + path, "api_key": OPERATOR_KEY}
                for name, path in base.items()}  # fmt: skip
        # The operator's own documents hold the operator's own terms, and are no place for this search.
        terms = tmp_path_factory.mktemp("terms") / "terms.txt"
        terms.write_text("\n".join(RULES["terms"]["project"]["terms"]))
        scrub = {**RULES, "wanted": True, "terms": {"project": {"file": str(terms)}}}
        config = {**settings(**rows), "access_log": "json", "access_log_file": "access.log", "scrub": scrub}
        config["keys"] += [
            {"name": "blocks", "key": BLOCKS, "scrub": {"kinds": {"iban": "block"}}},
            {"name": "judged", "key": JUDGED},
        ]
        words = [{"name": "words", "terms": ["came from"]}]
        config["policies"] = {"words": {"keys": ["judged"], "terms": words}}
        with Gateway(config, folder) as gateway:
            yield House(gateway, provider, folder)


def test_a_house_that_keeps_values_is_found_out(house: House) -> None:
    """Without scrubbing the same search finds them."""
    off = "mt_live_off000000000000000000000000000000000000"
    with Provider(repeat) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        folder = house.folder.parent / "open house"
        folder.mkdir()
        with Gateway({**settings(anthropic=row), "keys": [{"name": "off", "key": off}]}, folder) as gateway:
            FORMATS["messages"].ask(gateway, stream=False, key=off)
            found = leaks(House(gateway, provider, folder).places())
            assert len([one for one in found if one.startswith("body")]) == len(CANARIES)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", FORMATS)
def test_there_and_back(house: House, name: str, stream: bool) -> None:
    """All values go out as tokens; keys come back to tools alone, everything else wherever the model says it."""
    form = FORMATS[name]
    if stream and not form.answers:
        pytest.skip("nothing streams there")
    got = form.ask(house.gateway, stream=stream)
    assert got.status == 200, got
    told = dict(one.split("=") for one in got.headers["x-penstock-scrubbed"].split(", "))
    assert set(KINDS) <= set(told)
    assert len(set(TOKEN.findall(house.provider.received[-1].body.decode()))) >= len(set(CANARIES))
    assert not told_anywhere(house.provider.received[-1].body, CANARIES)
    if not form.answers:
        return
    said = heard(got.body)
    back = [one for one in (*FIRST, *AGAIN) if one.kind not in TOOLS_ONLY]
    assert [one for one in back if json.dumps(one.value, ensure_ascii=False)[1:-1] not in said] == []
    assert len(set(TOKEN.findall(said))) <= 2, "only the two keys stay tokens in words"
    row = house.row(got.headers["x-penstock-exchange-id"])
    assert sum(count[3] for count in row["scrubbed"][0]) >= len(CANARIES)
    assert row["scrubbed"][2] >= len(back), "so many tokens were restored"


WRONG = ("500", "400", "429", "html", "broken", "cut")


@pytest.mark.parametrize(("name", "way"), list(product(SPEAKING, WRONG)))
def test_nothing_is_told_when_things_go_wrong(house: House, name: str, way: str) -> None:
    """A provider that fails, in every way, whole and in streams; clients read errors with their own values at most."""
    for stream in (False, True):
        got = FORMATS[name].ask(house.gateway, stream=stream, way=way)
        assert got.status in {200, 400, 429, 500, 502}, got
    assert "Traceback" not in "".join(house.gateway.output)


@pytest.mark.parametrize("key", [BLOCKS, JUDGED], ids=["a kind that is blocked", "a content policy"])
@pytest.mark.parametrize("name", FORMATS)
def test_a_refusal_repeats_nothing(house: House, name: str, key: str) -> None:
    """In the words of the client's dialect: what it is and where, never the value."""
    before = len(house.provider.received)
    for stream in (False, True):
        got = FORMATS[name].ask(house.gateway, stream=stream, key=key)
        error = json.loads(got.body)["error"]
        assert got.status == 400
        assert got.headers["x-should-retry"] == "false"
        assert told_anywhere(got.body, CANARIES) == []
        if "anthropic" in got.headers.get("x-penstock-provider", "") or name in {"messages", "count_tokens"}:
            assert error["type"] == "invalid_request_error"
        elif name in {"gemini", "countTokens"}:
            assert error["status"] == "INVALID_ARGUMENT"
        else:
            assert error["code"] == "content_policy_violation"
    assert house.provider.received[before:] == []


BROKEN = [
    ("no JSON", lambda said: f'{{"messages": [{{"role": "user", "content": "{said}'.encode()),
    ("a list", lambda said: json.dumps([said]).encode()),
    ("bytes", lambda said: b'{"messages": [{"role": "user", "content": "\xff\xfe ' + said.encode() + b'"}]}'),
    ("deep", lambda said: b'{"messages": ' + b"[" * 5_000 + json.dumps(said).encode() + b"]" * 5_000 + b"}"),
    ("words", lambda said: said.encode()),
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("how", "body"), BROKEN, ids=[how for how, _ in BROKEN])
def test_a_body_that_cannot_be_read_goes_nowhere(house: House, name: str, how: str, body: Any) -> None:
    """It is refused, and what was in it is told nowhere."""
    before = len(house.provider.received)
    got = ask(house.gateway, FORMATS[name].target, body(FIRST[0].value))
    assert 400 <= got.status < 500, (how, got)
    assert told_anywhere(got.body, CANARIES) == []
    assert house.provider.received[before:] == []


def test_explain_tells_kinds_and_no_values(house: House) -> None:
    """It shows what would go out: tokens."""
    told = house.command("explain", "--key", "test", "--json", typed=json.dumps(FORMATS["messages"].body))
    shown = house.command("explain", "--key", "test", typed=json.dumps(FORMATS["messages"].body))
    assert "tokens in the place of values: 1 of the kind email (system)" in shown
    assert told_anywhere(told.encode(), CANARIES) == []
    assert told_anywhere(shown.encode(), CANARIES) == []


def test_nothing_is_kept(house: House) -> None:
    """After all of that the search finds nothing."""
    for name, stream in product(SPEAKING, (False, True)):
        FORMATS[name].ask(house.gateway, stream=stream)
    places = list(house.places())
    names = [name for name, _ in places]
    assert {"output", "metrics", "log", "access.log", "data/penstock.db"} <= set(names)
    assert any("journal" in name for name in names)
    assert any(name.startswith("show ") for name in names)
    assert leaks(places) == []
