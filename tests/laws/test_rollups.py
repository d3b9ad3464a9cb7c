"""The sums by hour and day are those of the entries, whatever happens while they are kept; and reports are exact."""

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from penstock.core.books import BooksError, By, Filter, UsageRow
from penstock.core.caller import Secret
from penstock.core.entry import Entry
from penstock.core.usage import Consumption, Source, Usage
from penstock.stores.ledger import Ledger
from penstock.stores.reports import Reports
from penstock.stores.retention import Retention
from penstock.stores.site import Site
from tests.support.books import AT, entry, used
from tests.support.rollups import agree

pytestmark = pytest.mark.slow

DAY, HOUR = 86_400, 3_600
MIDNIGHT = AT - AT % DAY


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    server = Secret(request.getfixturevalue("database_url")) if request.param == "postgresql" else None
    engine = Site(tmp_path / "data", server).open()
    yield engine
    engine.dispose()


def invented(draw: random.Random, count: int, first: int = 0) -> list[Entry]:
    """Exchanges of three days, of some keys, people and models, and some that fetch the same batches."""
    return [_invented(draw, number) for number in range(first, first + count)]


def _invented(draw: random.Random, number: int) -> Entry:
    key = draw.choice(["", "key_1", "key_2", "key_3"])
    counted = used(
        draw.choice([None, "claude-1", "claude-2"]),
        source=draw.choice([Source.REPORTED, Source.REPORTED, Source.ESTIMATED]),
        input=draw.randrange(1000),
        output=draw.randrange(1000),
        input_audio=draw.choice([0, 0, 7]),
        reasoning=draw.randrange(9),
        tools=draw.choice([(), (), (("web_search", draw.randrange(1, 4)),), (("code", 1), ("web_search", 1))]),
    )
    outcome, status = draw.choice([("served", 200), ("served", 200), ("failed", 502), ("abandoned", 0)])
    return entry(
        number,
        at=MIDNIGHT + draw.choice([0.0, HOUR - 0.001, draw.uniform(0, 3 * DAY)]),
        key=key,
        key_name={"": "", "key_1": draw.choice(["ada", "ada-2"])}.get(key, key[-1:]),
        team=draw.choice(["", "red"]) if key else "",
        owner="ada" if key == "key_1" else "",
        provider=draw.choice(["anthropic", "other"]),
        model=draw.choice(["", "claude"]),
        outcome=outcome,
        status=status,
        cost=draw.choice([None, 0, draw.randrange(10**6)]),
        batch=draw.choice(["", "", "", "b1", "b2"]),
        consumption=draw.choice([counted, counted, Consumption()]),
        bytes_in=draw.randrange(10**6),
        duration=draw.random(),
    )


@pytest.mark.parametrize("seed", range(6))
def test_sums_are_those_of_the_entries(engine: Engine, seed: int) -> None:
    """After appends in any order and company: some again, some twice in one, some that fail before they are made."""
    draw = random.Random(seed)
    there = invented(draw, 150)
    ledgers = [Ledger(engine), Ledger(engine)]
    for _ in range(30):
        some = draw.choices(there, k=draw.randrange(1, 40))
        if draw.random() < 0.2:
            with engine.execution_options(writes=True).begin() as connection:
                connection.execute(text("ALTER TABLE rollup_tools RENAME TO away"))
            try:
                for ledger in ledgers:
                    ledger.append(some)
            except BooksError:
                pass
            with engine.execution_options(writes=True).begin() as connection:
                connection.execute(text("ALTER TABLE away RENAME TO rollup_tools"))
        draw.choice(ledgers).append(some)
    assert agree(engine) > 100


def naive(told: Sequence[Entry], by: Sequence[By], which: Filter) -> dict[tuple[str, ...], tuple[object, ...]]:
    """The same as a report, one exchange after the other."""
    found: dict[tuple[str, ...], list[Entry]] = {}
    for one in told:
        if _fits(one, which):
            found.setdefault(tuple(_named(one, name) for name in by), []).append(one)
    return {
        group: (
            len(ones),
            sum(one.outcome != "served" for one in ones),
            sum((one.consumption.usage for one in ones), Usage()),
            sum(one.cost or 0 for one in ones),
            sum(one.cost is None for one in ones),
            sum(one.consumption.source is Source.ESTIMATED for one in ones),
        )
        for group, ones in found.items()
    }


def _named(one: Entry, by: By) -> str:
    opened = one.opened
    match by:
        case By.DAY:
            return f"2026-11-{20 + 1 + int((round(opened.at * 1e3) - MIDNIGHT * 1e3) // (DAY * 1e3)):02}"
        case By.MODEL:
            return one.consumption.model or opened.model
        case By.STATUS:
            return str(one.status)
        case By.USER:
            return opened.owner
        case _:
            return str(getattr(opened, by.value))


def _fits(one: Entry, which: Filter) -> bool:
    opened, at = one.opened, round(one.opened.at * 1e3)
    return (
        (which.since is None or at >= round(which.since * 1e3))
        and (which.until is None or at < round(which.until * 1e3))
        and (which.key is None or which.key in {opened.key, opened.key_name})
        and (which.team is None or which.team == opened.team)
        and (which.owner is None or which.owner == opened.owner)
        and (which.provider is None or which.provider == opened.provider)
        and (which.model is None or which.model in {opened.model, one.consumption.model})
        and (which.status is None or which.status[0] <= one.status <= which.status[1])
        and (which.outcome is None or which.outcome == one.outcome)
    )


def told(rows: Sequence[UsageRow]) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {
        row.group: (row.exchanges, row.not_served, row.usage, row.cost, row.unpriced, row.estimated) for row in rows
    }


GROUPS = [
    [],
    [By.DAY],
    [By.KEY],
    [By.TEAM, By.USER],
    [By.DAY, By.KEY],
    [By.MODEL, By.DAY],
    [By.PROVIDER, By.STATUS],
    list(By),
]
MOMENTS = [None, MIDNIGHT, MIDNIGHT + HOUR, MIDNIGHT + HOUR - 0.001, MIDNIGHT + 1.5 * HOUR, MIDNIGHT + DAY + 5000.5]
ABOUT = [
    *({}, {"key": "ada"}, {"key": "key_2"}, {"team": "red"}, {"owner": "ada"}, {"provider": "other"}),
    *({"model": "claude"}, {"model": "claude-2"}, {"status": (500, 599)}, {"outcome": "abandoned"}),
]


def test_reports_say_what_one_who_counts_says(engine: Engine) -> None:
    """By any groups, of any span to the millisecond, of anything that can be asked for; and the same after a prune."""
    draw = random.Random(7)
    there = [one for one in invented(draw, 600) if not one.batch]
    Ledger(engine).append(there)
    reports = Reports(engine)
    spans = [*itertools.product(MOMENTS, MOMENTS), (MIDNIGHT + 10 * HOUR + 1, MIDNIGHT + 10 * HOUR + 1800)]
    for since, until in spans:
        by, about = draw.choice(GROUPS), draw.choice(ABOUT)
        which = Filter(since=since, until=until, **about)  # type: ignore[arg-type]
        assert told(reports.usage(by, which)) == naive(there, by, which), (by, which)
    for by, about in itertools.product(GROUPS, ABOUT):
        which = Filter(since=MIDNIGHT + HOUR, until=MIDNIGHT + 2 * DAY, **about)  # type: ignore[arg-type]
        assert told(reports.usage(by, which)) == naive(there, by, which), (by, which)
    assert sum(Retention(engine).remove(MIDNIGHT + DAY)) > 100
    which = Filter(since=MIDNIGHT + HOUR, until=MIDNIGHT + 2 * DAY + 77)
    assert told(reports.usage(list(By), which)) == naive(there, list(By), which)
