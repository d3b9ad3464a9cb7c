"""Terser answers end to end: who gets the words, who decides it, and what the answer says of it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.path.terser.scene import FORMATS, WORDS, Format, answer, cli, config, fresh, told
from tests.support.client import ask
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.waiting import until

every_format = pytest.mark.parametrize("wire", FORMATS.values(), ids=FORMATS)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(answer) as provider:
        yield provider


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Provider]]:
    """A gateway whose key says ``full``, with no holdout."""
    with (
        Provider(answer) as provider,
        Gateway(config(provider, keys={"intensity": "full"}), tmp_path_factory.mktemp("full")) as gateway,
    ):
        yield gateway, provider


@every_format
def test_a_keys_intensity_puts_the_words_in(full: tuple[Gateway, Provider], wire: Format) -> None:
    """Once, before the client's own system text, which keeps its words; and the answer says so."""
    gateway, provider = full
    body = wire.first(fresh())
    got = wire.send(gateway, body)
    assert got.status == 200
    sent = provider.received[-1].body
    assert sent.count(WORDS.encode()) == 1
    assert sent.count(b"Be kind.") == 1
    assert sent.index(WORDS.encode()) < sent.index(b"Be kind.")
    assert told(got) | {"rules": ""} == {"intensity": "full", "reason": "default", "arm": "treated", "rules": ""}
    assert told(got)["rules"].startswith("full-")
    assert got.headers["x-mintoken-intensity"] == "full"


@every_format
def test_a_later_turn_extends_the_one_before(full: tuple[Gateway, Provider], wire: Format) -> None:
    """The rewritten request begins like the rewritten request before it."""
    gateway, provider = full
    first = wire.first(fresh())
    wire.send(gateway, first)
    before = json.loads(provider.received[-1].body)
    got = wire.send(gateway, wire.later(first))
    after = json.loads(provider.received[-1].body)
    lists = [name for name in ("messages", "input", "contents") if name in before]
    assert {**before, **dict.fromkeys(lists)} == {**after, **dict.fromkeys(lists)}
    assert all(after[name][: len(before[name])] == before[name] for name in lists)
    assert told(got)["arm"] == "treated"


@every_format
def test_a_request_may_want_something_else(full: tuple[Gateway, Provider], wire: Format) -> None:
    """An override holds for its own request: the turn after it is as if it had not been."""
    gateway, provider = full
    first = wire.first(fresh())
    wire.send(gateway, first)
    second = wire.later(first)
    got = wire.send(gateway, second, X_Mintoken_Intensity="none")
    assert WORDS.encode() not in provider.received[-1].body
    assert provider.received[-1].body == json.dumps(second).encode()
    assert told(got) == {"intensity": "off", "reason": "override-cache-break", "arm": "forced"}
    got = wire.send(gateway, second, X_Penstock_Intensity="full")
    assert told(got)["reason"] == "override"
    got = wire.send(gateway, wire.later(second))
    assert provider.received[-1].body.count(WORDS.encode()) == 1
    assert told(got)["arm"] == "treated"


@every_format
def test_an_override_works_where_nothing_is_set(tmp_path: Path, provider: Provider, wire: Format) -> None:
    """In a header or in the query; the conversation goes on without, and plain answers say that nothing ran."""
    with Gateway(config(provider), tmp_path) as gateway:
        first = wire.first(fresh())
        got = wire.send(gateway, first)
        assert provider.received[-1].body == json.dumps(first).encode()
        assert told(got) == {"intensity": "off"}
        got = ask(gateway, wire.target + "?intensity=FULL", json.dumps(first))
        assert provider.received[-1].body.count(WORDS.encode()) == 1
        assert "intensity" not in provider.received[-1].target
        assert told(got)["arm"] == "forced"
        got = wire.send(gateway, wire.later(first))
        assert WORDS.encode() not in provider.received[-1].body
        got = wire.send(gateway, first, X_Penstock_Intensity="loud")
        assert got.status == 400
        assert b"off, lite, full and ultra" in got.body


@every_format
def test_the_control_arm_keeps_its_bytes(tmp_path: Path, provider: Provider, wire: Format) -> None:
    """Half of the conversations are left alone, byte for byte, and each stays on its side."""
    with Gateway(config(provider, keys={"intensity": "full", "holdout": 50}), tmp_path) as gateway:
        arms = []
        for _ in range(40):
            first = wire.first(fresh())
            for body in (first, wire.later(first)):
                raw = json.dumps(body, indent=1).encode()
                got = wire.send(gateway, raw)
                arms.append(told(got)["arm"])
                same = provider.received[-1].body == raw
                assert same is (told(got)["arm"] == "control")
                assert got.headers["x-penstock-intensity"] == ("off" if same else "full")
        assert arms[::2] == arms[1::2]
        assert 8 <= arms[::2].count("control") <= 32
        # An override is on no side.
        assert told(wire.send(gateway, wire.first(fresh()), X_Penstock_Intensity="lite"))["arm"] == "forced"


@every_format
def test_a_conversation_keeps_what_it_began_with(tmp_path: Path, provider: Provider, wire: Format) -> None:
    """Over a changed default, other words and a restart; the next conversation has the new ones."""
    rows = config(provider, keys={"intensity": "full"})
    first = wire.first(fresh())
    with Gateway(rows, tmp_path) as gateway:
        wire.send(gateway, first)
    rows["keys"][0]["intensity"] = "off"
    rows["terser"]["rules"] = {"full": "Anders."}
    with Gateway(rows, tmp_path) as gateway:
        got = wire.send(gateway, wire.later(first))
        assert provider.received[-1].body.count(WORDS.encode()) == 1
        assert told(got)["intensity"] == "full"
        assert told(wire.send(gateway, wire.first(fresh()))) == {"intensity": "off"}
    rows["keys"][0]["intensity"] = "lite"
    with Gateway(rows, tmp_path) as gateway:
        got = wire.send(gateway, wire.later(first))
        assert provider.received[-1].body.count(WORDS.encode()) == 1
        assert told(got)["intensity"] == "full"
        assert told(wire.send(gateway, wire.first(fresh())))["intensity"] == "lite"


def test_what_began_unseen_goes_on_unseen(tmp_path: Path, provider: Provider) -> None:
    """A key that wants terser answers from now on: running conversations are left alone, for their thinking would be
    refused with another system text."""
    wire = FORMATS["anthropic"]
    with Gateway(config(provider), tmp_path) as gateway:
        key = made(gateway, "--name", "late")
        until(lambda: wire.send(gateway, wire.first(fresh()), x_api_key=key).status == 200, 30)
        first = wire.first(fresh())
        assert told(wire.send(gateway, first, x_api_key=key)) == {"intensity": "off"}
        cli(gateway, "keys", "set", "late", "--intensity", "full")
        fresh_one = lambda: told(wire.send(gateway, wire.first(fresh()), x_api_key=key))  # noqa: E731
        until(lambda: fresh_one().get("arm") == "treated", 30)
        later = wire.later(first)
        got = wire.send(gateway, later, x_api_key=key)
        assert told(got) == {"intensity": "off", "reason": "begun-before", "arm": "exempt"}
        assert provider.received[-1].body == json.dumps(later).encode()


def test_what_detection_looks_for_is_read_before_the_first_request(tmp_path: Path, provider: Provider) -> None:
    """By a thread, as soon as a key wants it while the gateway runs: no request waits. It takes two megabytes."""

    def holds() -> int:
        status = Path(f"/proc/{gateway.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    with Gateway(config(provider), tmp_path) as gateway:
        key = made(gateway, "--name", "late")
        until(lambda: ask(gateway, "/v1/messages", b"{}", {"x-api-key": key}).status != 401, 30)
        before = holds()
        cli(gateway, "keys", "set", "late", "--intensity", "full")
        until(lambda: holds() - before > 1_000, 30)


def test_teams_and_the_installation_decide_for_their_keys(tmp_path: Path, provider: Provider) -> None:
    """The key before the team, the team before the installation."""
    wire = FORMATS["anthropic"]
    rows = config(provider, keys={"team": "calm"}, intensity="ultra", teams={"calm": {"intensity": "lite"}})
    rows["keys"].append({"name": "other", "key": "mt_live_other00000000000000000000000000000", "holdout": 50})
    rows["keys"].append(
        {"name": "third", "key": "mt_live_third00000000000000000000000000000", "team": "calm"} | {"intensity": "off"}
    )
    with Gateway(rows, tmp_path) as gateway:
        found = [
            told(wire.send(gateway, wire.first(fresh()), x_api_key=row["key"]))["intensity"] for row in rows["keys"]
        ]
        assert found[0] == "lite"
        assert found[1] in {"ultra", "off"}
        assert found[2] == "off"


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Provider_Key": "sk-ant-oat01-canary"},
        {"Anthropic_Beta": "claude-code-20250219,oauth-2025-04-20", "X_Provider_Key": "sk-canary-some-key"},
    ],
)
def test_a_subscription_is_left_alone(full: tuple[Gateway, Provider], headers: dict[str, str]) -> None:
    """Known by its token or its beta, against an override too."""
    gateway, provider = full
    body = json.dumps(FORMATS["anthropic"].first(fresh())).encode()
    for override in ({}, {"X_Penstock_Intensity": "ultra"}):
        got = FORMATS["anthropic"].send(gateway, body, **headers, **override)
        assert provider.received[-1].body == body
        assert told(got) == {"intensity": "off", "reason": "subscription", "arm": "exempt"}


def test_a_count_follows_its_conversation(full: tuple[Gateway, Provider]) -> None:
    """A count of what a decided conversation would send has the words too; a count alone is left as it is."""
    gateway, provider = full
    first = FORMATS["anthropic"].first(fresh())
    counted = {name: first[name] for name in ("model", "system", "messages")}
    got = ask(gateway, "/v1/messages/count_tokens", json.dumps(counted))
    assert provider.received[-1].body == json.dumps(counted).encode()
    assert (got.headers["x-penstock-reason"], got.headers["x-penstock-arm"]) == ("count-alone", "exempt")
    FORMATS["anthropic"].send(gateway, first)
    ask(gateway, "/v1/messages/count_tokens", json.dumps(counted))
    assert provider.received[-1].body.count(WORDS.encode()) == 1


def test_a_response_goes_on_as_it_began(full: tuple[Gateway, Provider]) -> None:
    """What continues a response that the provider holds follows its decision; of an unknown one nothing is known."""
    gateway, provider = full
    got = FORMATS["responses"].send(gateway, FORMATS["responses"].first(fresh()))
    name = json.loads(got.body)["id"]
    more: dict[str, Any] = {"model": "m", "instructions": "Be kind.", "previous_response_id": name, "input": "Why?"}
    got = FORMATS["responses"].send(gateway, more)
    assert provider.received[-1].body.count(WORDS.encode()) == 1
    assert told(got)["arm"] == "treated"


def test_the_books_know_what_was_decided(tmp_path: Path, provider: Provider) -> None:
    """Each entry has its arm, its reason and its conversation; the two turns of one conversation share that."""
    wire = FORMATS["anthropic"]
    with Gateway(config(provider, keys={"intensity": "full"}), tmp_path) as gateway:
        first = wire.first(fresh())
        for body in (first, wire.later(first)):
            wire.send(gateway, body)
        wire.send(gateway, first, X_Penstock_Intensity="lite")
    with closing(sqlite3.connect(tmp_path / "data" / "penstock.db")) as database:
        rows = database.execute("SELECT intensity, arm, reason, rules, beginning, added FROM entries ORDER BY number")
        found = rows.fetchall()
    assert [row[:3] for row in found] == [
        ("full", "treated", "default"), ("full", "treated", "default"), ("lite", "forced", "override"),
    ]  # fmt: skip
    assert len({row[4] for row in found}) == 1
    assert len(found[0][4]) == 32
    assert found[0][5] == len(WORDS) + len("\\n\\n")
    assert found[2][5] > found[0][5]


def made(gateway: Gateway, *arguments: str) -> str:
    return cli(gateway, "keys", "create", *arguments).splitlines()[0]
