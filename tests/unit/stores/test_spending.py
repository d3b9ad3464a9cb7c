"""What was spent hour by hour is what each exchange spends, added up."""

import random

from sqlalchemy import Engine

from penstock.core.books import Filter
from penstock.core.quota import Period, Quota, Unit
from penstock.core.spending import spending
from penstock.core.usage import Consumption
from penstock.stores.ledger import Ledger
from penstock.stores.spending import Spending
from tests.support.books import AT, entry, used

HOUR = int(AT // 3600)


def test_it_is_what_the_entries_spend(engine: Engine) -> None:
    """In every unit, of every hour, of a key, a team, a user and of all; what was refused spends nothing."""
    draw = random.Random(3)
    there = [
        entry(
            number,
            at=AT + draw.randrange(4) * 3600,
            key=draw.choice(["key_1", "key_2"]),
            team=draw.choice(["red", ""]),
            owner=draw.choice(["ada", "bob"]),
            provider=draw.choice(["anthropic", ""]),
            status=draw.choice([200, 404, 529, 0]),
            cost=draw.choice([None, 5, 7]),
            consumption=draw.choice([Consumption(), used(input=3, reasoning=2), used(input_audio=4), used(input=0)]),
        )
        for number in range(400)
    ]
    Ledger(engine).append(there)
    units = {
        Unit.REQUESTS: "answered", Unit.OUTPUT: "output", Unit.INPUT: "input", Unit.DOLLARS: "cost",
    }  # fmt: skip
    for about in ({}, {"key": "key_1"}, {"team": "red"}, {"owner": "bob"}):
        found = list(Spending(engine).hours(Filter(since=(HOUR + 1) * 3600, until=(HOUR + 3) * 3600, **about)))
        for hour in (HOUR + 1, HOUR + 2):
            mine = [
                one
                for one in there
                if one.opened.at // 3600 == hour
                and all(getattr(one.opened, name) == value for name, value in about.items())
            ]
            hours = [one for one in found if one.hour == hour]
            assert sum(one.exchanges for one in hours) == len(mine)
            assert sum(one.sent for one in hours) == sum(one.opened.provider != "" for one in mine)
            assert sum(one.unpriced for one in hours) == sum(one.cost is None for one in mine)
            for unit, name in units.items():
                quota = Quota(unit, Period.DAY, 1)
                assert sum(getattr(one, name) for one in hours) == sum(spending(quota, one) for one in mine), (
                    unit,
                    about,
                )
        assert {one.hour for one in found} == {HOUR + 1, HOUR + 2}


def test_it_is_told_apart_by_what_quotas_ask_for(engine: Engine) -> None:
    """The model asked for and the operation: a quota may hold for some models, and what is not counted spends none."""
    Ledger(engine).append([entry(1), entry(2, model="other"), entry(3, operation="messages.count_tokens")])
    found = [(one.dialect, one.operation, one.model, one.exchanges) for one in Spending(engine).hours(Filter())]
    assert found == [
        ("anthropic", "messages", "claude", 1),
        ("anthropic", "messages", "other", 1),
        ("anthropic", "messages.count_tokens", "claude", 1),
    ]
