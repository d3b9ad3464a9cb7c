"""A level that costs more than it saves, end to end: suspended by the gateway itself, kept by what is under way, given
back by an operator."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.path.books.scene import said
from tests.path.terser.scene import FORMATS, WORDS, cli, config, told
from tests.support.client import Got
from tests.support.gateway import Gateway
from tests.support.provider import Provider, Received, Scripted, json_answer
from tests.support.waiting import until

WIRE = FORMATS["anthropic"]
MODEL = "claude-sonnet-4-5"
SUSPENDED = {"intensity": "off", "reason": "suspended", "arm": "exempt"}
EACH = 60
"""Conversations in each arm: some more than it takes to say anything."""


def dear(received: Received) -> Scripted:
    """Whoever is asked to be brief answers three times as much."""
    length = (900 if WORDS.encode() in received.body else 300) + len(received.body) % 7
    usage = b'{"input_tokens":50,"output_tokens":%d}' % length
    return json_answer(b'{"type":"message","model":"%s","usage":%s}' % (MODEL.encode(), usage))


class Asking:
    """Begins conversations, always the same ones, so that chance falls alike in every run."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._numbers = count()

    def first(self) -> dict[str, Any]:
        return {**WIRE.first(f"How do rainbows form? ({next(self._numbers)})"), "model": MODEL}

    def send(self, body: dict[str, Any], **headers: str) -> Got:
        got = WIRE.send(self._gateway, body, **headers)
        assert got.status == 200
        return got

    def begin(self) -> tuple[dict[str, Any], dict[str, str]]:
        """A new conversation, and what its answer says."""
        first = self.first()
        return first, told(self.send(first))


@pytest.fixture(params=[1, 2], ids=["alone", "two workers"])
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Gateway, Provider]]:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pepper").write_bytes(bytes(range(32)))
    with Provider(dear) as provider:
        rows = {**config(provider, keys={"intensity": "full", "holdout": 50}), "workers": request.param}
        with Gateway(rows, tmp_path) as gateway:
            yield gateway, provider


def in_the_books(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "data" / "penstock.db")) as database:
        return int(database.execute("SELECT count(*) FROM entries").fetchone()[0])


def test_a_level_that_loses_money_is_suspended(gateway: tuple[Gateway, Provider]) -> None:
    """From the next conversation on, in every worker; those under way keep their words, or keep being left alone; an
    override still wins; and what an operator gives back stays given."""
    house, provider = gateway
    asking = Asking(house)
    begun: dict[str, list[dict[str, Any]]] = {"treated": [], "control": []}
    while min(map(len, begun.values())) < EACH:
        first, says = asking.begin()
        begun[says["arm"]].append(first)
    until(lambda: in_the_books(house.folder) == sum(map(len, begun.values())))
    assert not said(house, "is suspended for")

    os.kill(house.pid, signal.SIGHUP)
    until(lambda: said(house, "is suspended for"))
    until(lambda: asking.begin()[1] == SUSPENDED, 30)
    time.sleep(0.6)
    for _ in range(12):
        first, says = asking.begin()
        assert says == SUSPENDED
        assert provider.received[-1].body == json.dumps(first).encode()
    assert said(house, "is suspended for") == 1
    line = next(line for line in house.output if "is suspended for" in line)
    assert f"full is suspended for {MODEL} with the key test (file:test)" in line
    assert "loses money (net cost saved: -" in line

    later = WIRE.later(begun["treated"][0])
    assert told(asking.send(later))["arm"] == "treated"
    assert provider.received[-1].body.count(WORDS.encode()) == 1
    later = WIRE.later(begun["control"][0])
    assert told(asking.send(later))["arm"] == "control"
    assert provider.received[-1].body == json.dumps(later).encode()
    assert told(asking.send(asking.first(), X_Penstock_Intensity="full"))["arm"] == "forced"
    assert provider.received[-1].body.count(WORDS.encode()) == 1
    # What began under the suspension goes on without, whatever comes.
    bare = first

    shown = cli(house, "savings")
    command = line.split("To reverse it: penstock ")[1].split()
    assert f"To reverse it: penstock {' '.join(command)}" in shown
    cli(house, *command)
    until(lambda: asking.begin()[1]["arm"] in begun, 30)
    # A judgement that began in the second of the lifting would not count.
    time.sleep(2)
    assert cli(house, "savings", "judge") == "Nothing is suspended that was not before.\n"
    time.sleep(0.6)
    assert {asking.begin()[1]["reason"] for _ in range(12)} == {"default"}
    assert told(asking.send(WIRE.later(bare))) == SUSPENDED
    assert said(house, "is suspended for") == 1
