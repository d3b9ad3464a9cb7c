"""Conversations of both arms as the books hold them: one request each, with lengths that a test sets."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from penstock.core.entry import Entry
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.ledger.findings import SavingsReport
from penstock.ledger.observed import Observed
from penstock.ledger.savings import Savings
from tests.support.books import entry, used

MODEL = "claude-sonnet-4-5"


def conversations(arm: Arm, count: int, output: int, *, at: float, name: str = "", **fields: Any) -> Iterator[Entry]:
    """So many, whose answers have about ``output`` tokens, one a second from ``at`` on; priced at $3 and $15."""
    chance = Random(f"{arm} {output} {name}")
    text = 60 if arm is Arm.TREATED else 0
    level = fields.pop("intensity", Intensity.FULL)
    for number in range(count):
        length = round(output * (0.9 + 0.2 * chance.random()))
        whole = f"{name} {arm.value} {level.value} {number}"
        usage = used(MODEL, input=300 + text, output=length)
        decided = Terseness(arm, "default", level, f"{level.value}-1", whole, "question", added=4 * text, holdout=25)
        told = {"at": at + number, "model": MODEL, "operation": "messages.create", "consumption": usage}
        cost = 3 * (300 + text) + 15 * length
        yield entry(whole, **{**told, "cost": cost, "terseness": decided, **fields})


def losing(at: float, name: str = "", **fields: Any) -> list[Entry]:
    """Treated conversations that surely cost more than those that were left alone."""
    treated = conversations(Arm.TREATED, 300, 1_400, at=at, name=name, **fields)
    return [*treated, *conversations(Arm.CONTROL, 100, 1_000, at=at, name=name, **fields)]


def saving(at: float, name: str = "", **fields: Any) -> list[Entry]:
    """Treated conversations that surely cost less."""
    treated = conversations(Arm.TREATED, 300, 600, at=at, name=name, **fields)
    return [*treated, *conversations(Arm.CONTROL, 100, 1_000, at=at, name=name, **fields)]


def savings(rows: Iterable[Observed]) -> SavingsReport:
    """What these rows say."""
    counted = Savings()
    for row in rows:
        counted.add(row)
    return counted.report()
