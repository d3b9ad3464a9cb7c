"""How often a message is taken for one that asks again though it may not: on prompts of others, and on what users of
recorded conversations said next. The page tells these numbers.

Read from the data folder; where it is absent, these skip and say so.
"""

import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.policies.compress.reasks import asks_again
from tests.laws.prefix.requests import SPOKEN
from tests.support.corpus import recorded

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "terser-answers.md"


def prompts() -> Iterator[str]:
    """All that begin a conversation of their own, and so ask for nothing again."""
    named = os.environ.get("PENSTOCK_TEST_DATA")
    folder = Path(named or "") / "data" / "prompts"
    if not named or not folder.is_dir():
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with data/prompts in it")
    for name in ("arena-hard-v2.jsonl", "ifeval.jsonl"):
        yield from (json.loads(line)["prompt"] for line in (folder / name).read_bytes().splitlines())
    with (folder / "truthfulqa.csv").open(newline="") as file:
        yield from (row["Question"] for row in csv.DictReader(file))


def said_later() -> set[tuple[str, ...]]:
    """What users said in later requests, each once: recorded tests say the same again and again."""
    found = set()
    for exchange in recorded():
        way = None if exchange.response_only else SPOKEN.get(exchange.protocol)
        opening = way.speaking.opening(way.route, bytes(exchange.request_body)) if way else None
        if way and opening and (texts := way.speaking.said(opening.latest)):
            found.add(texts)
    return found


def told(pattern: str) -> tuple[int, ...]:
    """The numbers at this place of the page."""
    found = re.search(pattern, " ".join(PAGE.read_text("utf-8").split()))
    assert found is not None
    return tuple(int(number.replace(",", "")) for number in found.groups())


def test_prompts_of_others_ask_for_nothing_again() -> None:
    """Hardly any is taken for a message that does, and the page says how many."""
    every = list(prompts())
    taken = sum(asks_again([prompt]) for prompt in every)
    assert taken / len(every) < 0.005
    assert (taken, len(every)) == told(r"Of ([\d,]+) prompts .* ([\d,]+) are taken")[::-1]


def test_recorded_users_are_understood() -> None:
    """Of all that they said next, the one that asks for more is found, and nothing else."""
    said = said_later()
    assert len(said) >= 150
    assert [texts for texts in said if asks_again(texts)] == [("Tell me more.",)]
    assert (len(said), 1) == told(r"Of ([\d,]+) different messages .* ([\d,]+) is taken")
