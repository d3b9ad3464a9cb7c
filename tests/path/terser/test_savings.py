"""A saving that is known, from the first request to what ``penstock savings`` says of it.

The simulator shortens its answers by a documented part where it meets the gateway's words. Everything else is real: the
draw, the words, the books, the estimate. The installation's secret is fixed, so the same conversations fall to the same
arms in every run.
"""

import http.client
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.command import piped
from tests.support.gateway import OPERATOR_KEY, Gateway
from tests.support.simulator import simulated
from tests.support.waiting import until

pytestmark = pytest.mark.slow

CONNECTIONS = 8
OBEYS, IGNORES, TALKS = "claude-haiku-4-5", "gpt-5-nano", "gemini-2.5-flash-lite"
TRUTH = {OBEYS: 0.4, IGNORES: 0.0, TALKS: -0.15}
"""What ``full`` saves of each model's output tokens: docs/reference/simulator.md says so."""
KEYS = {name: f"mt_live_{name}0000000000000000000000000000" for name in ("measured", "begun", "unmeasured")}
WHY = "Why? ({})"
HOW = "How do rainbows form, and which of them are doubled? ({})"


@dataclass
class Account:
    """What the client itself saw: conversations by model and arm, requests, and output tokens."""

    conversations: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)

    def note(self, arm: str, tokens: int) -> None:
        """One request more."""
        self.requests[arm] += 1
        self.tokens[arm] += tokens

    @property
    def exempt(self) -> tuple[int, int]:
        """Requests and output tokens of what could not be treated."""
        return self.requests["exempt"], self.tokens["exempt"]


class Client:
    """One connection that is kept."""

    def __init__(self, gateway: Gateway, key: str, account: Account) -> None:
        self._connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=60)
        self._headers = {"content-type": "application/json", "x-api-key": key}
        self._account = account

    def talk(self, model: str, number: int, turns: int) -> None:
        """A conversation, with what the model really answered as its history."""
        said: list[str] = [HOW.format(number)]
        arms = set()
        for turn in range(turns):
            arm, text = self._ask(model, said)
            arms.add(arm)
            said += [text, WHY.format(f"{number}.{turn}")]
        (arm,) = arms
        self._account.conversations[model, arm] += 1

    def exempt(self, number: int) -> None:
        """A request whose answer must be JSON: nothing is added to those."""
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
        form = {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
        assert self._ask(OBEYS, [HOW.format(f"as JSON, {number}")], **form)[0] == "exempt"

    def _ask(self, model: str, said: list[str], **more: Any) -> tuple[str, str]:
        path, body = asked(model, said)
        self._connection.request("POST", path, json.dumps({**body, **more}), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        text, tokens = answered(json.loads(content))
        arm = answer.headers["x-penstock-arm"]
        self._account.note(arm, tokens)
        return arm, text

    def close(self) -> None:
        self._connection.close()


def asked(model: str, said: list[str]) -> tuple[str, dict[str, Any]]:
    """A request of the model's own dialect, user and model speaking in turn."""
    if model == TALKS:
        roles = ("user", "model")
        turns = [{"role": roles[at % 2], "parts": [{"text": text}]} for at, text in enumerate(said)]
        return f"/gemini/v1beta/models/{model}:generateContent", {"contents": turns}
    messages = [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(said)]
    if model == IGNORES:
        return "/v1/chat/completions", {"model": model, "messages": messages}
    return "/v1/messages", {"model": model, "max_tokens": 4000, "messages": messages}


def answered(told: dict[str, Any]) -> tuple[str, int]:
    """The text of an answer and its output tokens."""
    if "content" in told:
        return told["content"][0]["text"], told["usage"]["output_tokens"]
    if "choices" in told:
        return told["choices"][0]["message"]["content"], told["usage"]["completion_tokens"]
    return told["candidates"][0]["content"]["parts"][0]["text"], told["usageMetadata"]["candidatesTokenCount"]


@dataclass
class Scene:
    """A gateway that has served."""

    gateway: Gateway
    accounts: dict[str, Account]

    def savings(self, *arguments: str) -> str:
        done = piped("savings", *arguments, "--config", "penstock.yaml", folder=self.gateway.folder)
        assert done.returncode == 0, done
        return done.stdout

    def report(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.savings("--json", *arguments))
        return found["report"]

    def books(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.gateway.folder / "data" / "penstock.db")) as database:
            return database.execute(query).fetchall()


def config(simulator: str) -> dict[str, Any]:
    row = {"api_key": OPERATOR_KEY}
    return {
        "listen": "127.0.0.1:0",
        "providers": {
            "anthropic": {"dialect": "anthropic", "base_url": simulator, **row},
            "openai": {"dialect": "openai", "base_url": f"{simulator}/v1", **row},
            "gemini": {"dialect": "gemini", "base_url": simulator, **row},
        },
        "keys": [
            {"name": name, "key": key, "intensity": "full", "holdout": 0 if name == "unmeasured" else 40}
            for name, key in KEYS.items()
        ],
    }


def serve(gateway: Gateway) -> dict[str, Account]:
    """400 conversations with a model that obeys, 160 with each of those that don't, and some by keys that have no
    more than begun; over a few connections at once."""
    accounts = {name: Account() for name in KEYS}

    def live(place: int) -> None:
        clients = {name: Client(gateway, key, accounts[name]) for name, key in KEYS.items()}
        for number in range(place, 400, CONNECTIONS):
            clients["measured"].talk(OBEYS, number, 1 + number % 3)
        for number in range(place, 160, CONNECTIONS):
            clients["measured"].talk(IGNORES, number, 1)
            clients["measured"].talk(TALKS, number, 1)
        for number in range(place, 40, CONNECTIONS):
            clients["measured"].exempt(number)
            clients["begun"].talk(OBEYS, number, 1)
            clients["unmeasured"].talk(OBEYS, number, 1)
        for client in clients.values():
            client.close()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for _ in pool.map(live, range(CONNECTIONS)):
            pass
    return accounts


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("savings")
    (folder / "data").mkdir()
    (folder / "data" / "pepper").write_bytes(b"always the same, 32 bytes of it.")
    with simulated() as simulator, Gateway(config(simulator), folder) as gateway:
        accounts = serve(gateway)
        scene = Scene(gateway, accounts)
        expected = sum(sum(account.requests.values()) for account in accounts.values())
        until(lambda: scene.books("SELECT COUNT(*) FROM entries") == [(expected,)], 30)
        yield scene


@pytest.mark.parametrize("model", TRUTH)
def test_the_known_saving_is_found(scene: Scene, model: str) -> None:
    """The truth lies inside the interval, of conversations that the client counted itself; where nothing is saved,
    nothing is claimed."""
    total = scene.report("--key", "measured", "--model", model)["total"]
    found = total["visible"]
    assert found["standing"] == "measured", found
    assert found["saved"]["low"] < TRUTH[model] < found["saved"]["high"], found
    counted = scene.accounts["measured"].conversations
    sides = [total[arm]["conversations"] for arm in ("treated", "control")]
    assert sides == [counted[model, "treated"], counted[model, "control"]]
    assert 0.3 < sides[1] / sum(sides) < 0.5
    if model == OBEYS:
        assert found["saved"]["low"] > 0.1
        # The words are paid for, so that money saves less than tokens do.
        assert total["cost"]["standing"] == "measured"
        assert total["cost"]["saved"]["point"] < found["saved"]["point"]
        assert total["on_input"] < 0 < total["on_output"]
    else:
        assert found["saved"]["low"] < 0


def test_conversations_left_alone_had_nothing_added(scene: Scene) -> None:
    """Every control request went as it came, every treated one with the words; each conversation on one side."""
    rows = scene.books("SELECT arm, MIN(added), MAX(added), COUNT(*) FROM entries GROUP BY arm ORDER BY arm")
    added = {arm: (least, most) for arm, least, most, _ in rows}
    assert added["control"] == added["exempt"] == (0, 0)
    assert added["treated"][0] > 100
    assert {arm: count for arm, _, _, count in rows} == sum(
        (account.requests for account in scene.accounts.values()), Counter()
    )
    hygiene = scene.report("--key", "measured")["total"]["hygiene"]
    assert hygiene == {"control_changed": 0, "in_both_arms": 0, "treated_unchanged": 0}


def test_coverage_is_what_the_client_counted(scene: Scene) -> None:
    """Requests that could be treated, of all chats, and their part of the output; in words, too."""
    account = scene.accounts["measured"]
    everything = sum(account.requests.values()), sum(account.tokens.values())
    requests, tokens = (whole - exempt for whole, exempt in zip(everything, account.exempt, strict=True))
    coverage = scene.report("--key", "measured")["coverage"]
    assert coverage == {
        "requests": everything[0],
        "eligible_requests": requests,
        "output_tokens": everything[1],
        "eligible_output_tokens": tokens,
    }
    words = f"Of all chat requests {requests / everything[0]:.0%} could".replace("%", " %")
    assert words in scene.savings("--key", "measured")


def test_without_a_holdout_nothing_is_claimed(scene: Scene) -> None:
    """However many were treated."""
    assert scene.report("--key", "unmeasured")["total"]["visible"]["saved"] is None
    shown = scene.savings("--key", "unmeasured")
    assert "not measured: no holdout" in shown
    assert "unmeasured" in shown
    assert "[" not in shown


def test_with_few_conversations_it_says_how_many_are_needed(scene: Scene) -> None:
    """The smaller arm's number, counted by the client too, and no number beside it that looks like a result."""
    counted = scene.accounts["begun"].conversations
    fewer = min(counted[OBEYS, arm] for arm in ("treated", "control"))
    shown = scene.savings("--key", "begun")
    assert f"not enough data (n = {fewer}, needed 50)" in shown
    assert "[" not in shown
