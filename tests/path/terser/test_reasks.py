"""Users who ask again for what an answer left out, end to end: seen in every format, counted, and acted on."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.path.terser.scene import FORMATS, Format, answer, cli, config, fresh, told
from tests.support.client import ask
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.waiting import until

ARMS = {"treated", "control"}
EACH = 40
"""Conversations in each arm."""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with (
        Provider(answer) as provider,
        Gateway(config(provider, keys={"intensity": "full", "holdout": 50}), tmp_path) as gateway,
    ):
        yield gateway


def rows(gateway: Gateway, count: int) -> list[tuple[Any, ...]]:
    """What the books hold of each exchange, when they hold so many: arm, conversation, whether it is a later request,
    whether it asks again."""

    def read() -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(gateway.folder / "data" / "penstock.db")) as database:
            query = "SELECT arm, beginning, later, reasked FROM entries ORDER BY number"
            return database.execute(query).fetchall()

    until(lambda: len(read()) == count)
    return read()


def saying(body: dict[str, Any], text: str) -> dict[str, Any]:
    """The same request with another last question; as ``scene`` writes it, that is "Why?"."""
    found: dict[str, Any] = json.loads(json.dumps(body).replace("Why?", text))
    return found


@pytest.mark.parametrize("wire", FORMATS.values(), ids=FORMATS)
def test_it_is_seen_in_both_arms(gateway: Gateway, wire: Format) -> None:
    """Of a later request's own question, and of nothing else: a first one says the same, a request of somebody's own
    wish is in no arm, and a new question is none."""
    seen = set()
    sent = 0
    while {arm for arm, _ in seen} != ARMS:
        first = wire.first(fresh("Explain in more detail"))
        begun = told(wire.send(gateway, first))["arm"]
        later = wire.later(first)
        wire.send(gateway, saying(later, "Thanks. And in Peru?"))
        wire.send(gateway, later)
        wire.send(gateway, later, X_Penstock_Intensity="lite")
        sent += 4
        found = rows(gateway, sent)[-4:]
        assert [row[0] for row in found] == [begun, begun, begun, "forced"]
        assert len({row[1] for row in found}) == 1
        assert [row[2] for row in found] == [0, 1, 1, 1]
        seen.add((begun, tuple(row[3] for row in found)))
    assert seen == {(arm, (0, 0, 1, 0)) for arm in ARMS}


def test_a_conversation_that_the_provider_holds(gateway: Gateway) -> None:
    """It is one conversation, whatever its turns continue; each is a later request of it, and a second branch of it is
    no repeated prompt."""
    wire = FORMATS["responses"]
    name = json.loads(wire.send(gateway, wire.first(fresh())).body)["id"]
    for text in ("And in Peru?", "Please elaborate.", "Thanks!"):
        more = {"model": "m", "instructions": "Be kind.", "previous_response_id": name, "input": text}
        name = json.loads(wire.send(gateway, more).body)["id"]
    wire.send(gateway, {**more, "input": "Why?"})
    found = rows(gateway, 5)
    assert len({row[:2] for row in found}) == 1
    assert [row[2:] for row in found] == [(0, 0), (1, 0), (1, 1), (1, 0), (1, 1)]
    guards = report(gateway)["total"]["guards"]
    happened = {one["guard"]: one["treated"] + one["control"] for one in guards}
    assert (happened["re-asked"], happened["repeated"]) == (1, 0)


def test_a_count_asks_for_nothing(gateway: Gateway) -> None:
    """It has no answer, and its question comes again with the call itself."""
    wire = FORMATS["anthropic"]
    first = wire.first(fresh())
    wire.send(gateway, first)
    later = wire.later(first)
    ask(
        gateway,
        "/v1/messages/count_tokens",
        json.dumps({name: later[name] for name in ("model", "system", "messages")}),
    )
    assert [row[3] for row in rows(gateway, 2)] == [0, 0]


def test_a_level_whose_answers_are_asked_again_is_suspended(tmp_path: Path) -> None:
    """Most users ask again after a terse answer and none after another: the books say so, the level is suspended for
    it, and new conversations are left alone."""
    wire = FORMATS["anthropic"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pepper").write_bytes(bytes(range(32)))
    with (
        Provider(answer) as provider,
        Gateway(config(provider, keys={"intensity": "full", "holdout": 50}), tmp_path) as gateway,
    ):
        counted = dict.fromkeys(ARMS, 0)
        sent = 0
        while min(counted.values()) < EACH:
            first = wire.first(f"How do rainbows form? ({sent})")
            arm = told(wire.send(gateway, first))["arm"]
            counted[arm] += 1
            wire.send(gateway, saying(wire.later(first), "Why?" if arm == "treated" else "And in Peru?"))
            sent += 2
        rows(gateway, sent)
        (found,) = (one for one in report(gateway)["total"]["guards"] if one["guard"] == "re-asked")
        assert (found["treated"], found["control"], found["broken"]) == (counted["treated"], 0, True)
        assert found["more"]["point"] == 1
        assert "re-asked in" in cli(gateway, "savings")
        assert "worse answers (re-asked: +100.0 % [" in cli(gateway, "savings", "judge")
        says = lambda: told(wire.send(gateway, wire.first(fresh())))["reason"]  # noqa: E731
        until(lambda: says() == "suspended", 30)


def report(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli(gateway, "savings", "--json"))
    return found["report"]
