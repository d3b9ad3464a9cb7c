"""Questions to the books: sums that an accountant would sign, and a log that loses and repeats nothing."""

import time
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from penstock.core.books import By, Filter, UsageRow, total
from penstock.core.usage import Consumption, Source, Usage
from penstock.stores.filling import Filling
from penstock.stores.ledger import Ledger
from penstock.stores.reports import Reports
from penstock.stores.schema import entries
from penstock.stores.site import Site
from tests.support.books import AT, entry, used
from tests.support.older import as_before
from tests.support.rollups import agree

pytestmark = pytest.mark.slow

DAY = 86_400.0
MIDNIGHT = AT - AT % DAY


@pytest.fixture
def reports(engine: Engine) -> Reports:
    """Over six exchanges of three days, two keys, two models and two providers."""
    Ledger(engine).append([
        entry(1, at=MIDNIGHT - 0.001, consumption=used(input=100, output=10, tools=(("web_search", 2),)), cost=70),
        entry(2, at=MIDNIGHT, consumption=used(input=200, cache_read=50, output=20), cost=80),
        entry(3, at=MIDNIGHT + 1, consumption=used("new-1", input=300, reasoning=3), cost=None),
        entry(4, at=MIDNIGHT + DAY - 0.001, key="key_2", key_name="bob", team="", provider="openai", cost=5,
              consumption=used("gpt", source=Source.ESTIMATED, input=30, output=10)),
        entry(5, at=MIDNIGHT + DAY, outcome="failed", status=502, consumption=Consumption(), cost=0, model="gpt"),
        entry(6, at=MIDNIGHT + DAY, consumption=used(input=10, output=5, tools=(("web_search", 1), ("x", 4))), cost=1),
    ])  # fmt: skip
    return Reports(engine)


def told(rows: object) -> list[tuple[tuple[str, ...], int, int, int]]:
    """Group, exchanges, tokens and cost."""
    assert isinstance(rows, list)
    return [(row.group, row.exchanges, row.tokens, row.cost) for row in rows]


def test_days_are_in_utc_and_begin_at_midnight(reports: Reports) -> None:
    """A millisecond before belongs to the day before."""
    assert told(reports.usage([By.DAY])) == [
        (("2026-11-20",), 1, 110, 70),
        (("2026-11-21",), 3, 613, 85),
        (("2026-11-22",), 2, 15, 1),
    ]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (By.KEY, [("key_1",), ("key_2",)]),
        (By.TEAM, [("",), ("research",)]),
        (By.MODEL, [("claude-1",), ("gpt",), ("new-1",)]),
        (By.PROVIDER, [("anthropic",), ("openai",)]),
        (By.STATUS, [("200",), ("502",)]),
    ],
)
def test_usage_groups_by_anything(reports: Reports, by: By, groups: list[tuple[str]]) -> None:
    """Each group once, in order; a model that never answered counts under the name that was asked for."""
    assert [row.group for row in reports.usage([by])] == groups


def test_several_groupings_keep_their_order(reports: Reports) -> None:
    """As they were asked for, the first the outermost."""
    assert told(reports.usage([By.KEY, By.MODEL])) == [
        (("key_1", "claude-1"), 3, 395, 151),
        (("key_1", "gpt"), 1, 0, 0),
        (("key_1", "new-1"), 1, 303, 0),
        (("key_2", "gpt"), 1, 40, 5),
    ]


def test_what_has_no_price_and_what_was_estimated_is_told_beside_the_sums(reports: Reports) -> None:
    """Unpriced is not 0, and an estimate is no report."""
    (row,) = reports.usage([])
    assert row == UsageRow(
        exchanges=6,
        not_served=1,
        usage=Usage(input=640, cache_read=50, output=45, reasoning=3, tools=(("web_search", 3), ("x", 4))),
        cost=156,
        unpriced=1,
        estimated=1,
        estimated_tokens=40,
        estimated_cost=5,
    )
    assert row.estimated_share == pytest.approx(40 / 738)


@pytest.mark.parametrize("by", [[By.DAY], [By.KEY, By.STATUS], list(By)])
def test_groups_add_up_to_the_whole(reports: Reports, by: list[By]) -> None:
    """Whatever the grouping, nothing is left out or counted twice."""
    (whole,) = reports.usage([])
    assert total(reports.usage(by)) == whole


def test_a_keys_name_is_told_beside_its_identity(reports: Reports) -> None:
    """And only where one key is meant."""
    assert [row.key_name for row in reports.usage([By.KEY])] == ["alice", "bob"]
    assert {row.key_name for row in reports.usage([By.DAY])} == {""}


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Filter(since=MIDNIGHT, until=MIDNIGHT + DAY), "4 3 2"),
        (Filter(key="bob"), "4"),
        (Filter(key="key_2"), "4"),
        (Filter(team="research", status=(500, 599)), "5"),
        (Filter(status=(200, 200), provider="openai"), "4"),
        (Filter(model="gpt"), "5 4"),
        (Filter(outcome="failed"), "5"),
        (Filter(tenant="team:other"), ""),
    ],
)
def test_a_filter_chooses_exchanges(reports: Reports, which: Filter, found: str) -> None:
    """The same ones in the log, and in the sums."""
    lines = reports.newest(which, most=99).lines
    assert " ".join(line.id for line in lines) == found
    assert sum(row.exchanges for row in reports.usage([], which)) == len(lines)


def test_the_log_shows_the_latest_first(reports: Reports) -> None:
    """By the time at which an exchange began; of one moment, the one that came later into the books first."""
    assert [line.id for line in reports.newest(most=4).lines] == ["6", "5", "4", "3"]
    line = reports.newest(Filter(key="bob"), most=1).lines[0]
    assert (line.total_input, line.total_output, line.cost, line.source, line.stream) == (30, 10, 5, "estimated", True)
    assert (line.at, line.duration, line.first_byte) == (MIDNIGHT + DAY - 0.001, 3.25, 0.8125)


def test_following_loses_and_repeats_nothing(engine: Engine) -> None:
    """Also an exchange that began long ago and is over only now, and also with a filter and small pages."""
    ledger, reports = Ledger(engine), Reports(engine)
    ledger.append([entry(f"a{number}") for number in range(10)])
    page = reports.newest(Filter(key="alice"), most=3)
    assert [line.id for line in page.lines] == ["a9", "a8", "a7"]
    late = entry("late", at=AT - 9 * DAY)
    ledger.append([late, entry("other", key="key_2", key_name="bob"), entry("b"), entry("c")])
    seen = []
    for _ in range(4):
        page = reports.after(page.cursor, Filter(key="alice"), most=2)
        seen += [line.id for line in page.lines]
        ledger.append([late])
    assert seen == ["late", "b", "c"]


def test_keys_tell_when_they_were_used_last(reports: Reports) -> None:
    """Never used ones are left out."""
    assert reports.last_used(["key_1", "key_2", "key_3"]) == {
        "key_1": MIDNIGHT + DAY,
        "key_2": MIDNIGHT + DAY - 0.001,
    }


def test_models_without_a_price_are_found(reports: Reports, engine: Engine) -> None:
    """The most used first, with what they used and when."""
    Ledger(engine).append([entry(f"u{number}", cost=None, at=AT + number) for number in range(2)])
    found = [(one.provider, one.model, one.exchanges, one.tokens, one.last) for one in reports.unpriced()]
    assert found == [("anthropic", "claude-1", 2, 30, AT + 1), ("anthropic", "new-1", 1, 303, MIDNIGHT + 1)]


def test_empty_books_answer(engine: Engine) -> None:
    """Before the first exchange."""
    reports = Reports(engine)
    assert list(reports.usage([])) == []
    assert list(reports.usage([By.DAY])) == []
    assert (reports.newest(most=9).lines, reports.newest(most=9).cursor) == ((), 0)
    assert reports.entry("x") is None
    assert reports.unpriced() == []


@pytest.mark.slow
def test_a_month_of_usage_is_read_in_well_under_a_second(engine: Engine) -> None:
    """A hundred thousand exchanges by day, key and model; the bound leaves room for a busy machine."""
    ledger, reports = Ledger(engine), Reports(engine)
    usage = used()
    for hundred in range(0, 100_000, 500):
        ledger.append([
            entry(number, at=MIDNIGHT + number * 26, key=f"key_{number % 20}", consumption=usage)
            for number in range(hundred, hundred + 500)
        ])  # fmt: skip
    started = time.process_time()
    rows = reports.usage([By.DAY, By.KEY, By.MODEL], Filter(since=MIDNIGHT, until=MIDNIGHT + 31 * DAY))
    assert time.process_time() - started < 4.0
    assert total(rows).exchanges == 100_000
    assert total(rows).usage == Usage(input=1_000_000, output=500_000)


@pytest.mark.slow
def test_a_million_entries_add_up_to_the_last_digit(site: Site, engine: Engine) -> None:
    """As an accountant adds them up, in decimals, by day and in all: no sum ever passes through a binary fraction."""
    thousand = [
        entry(number, at=MIDNIGHT + number * 86.4, cost=None if number % 100 == 99 else number * number * 977 + 1,
              consumption=used(input=number, cache_read=3 * number, output=number % 7)) for number in range(1000)
    ]  # fmt: skip
    Ledger(engine).append(thousand)
    # The days that the copies will stand on: on PostgreSQL each has a table, which the books make.
    Ledger(engine).append([entry(5000 + day, at=MIDNIGHT + day * 86_400) for day in range(1, 10)])
    others = [column.name for column in entries.c if column.name not in {"number", "id", "at"}]
    copied = text(
        "WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < 999) "
        f"INSERT INTO entries (id, at, {', '.join(others)}) "
        f"SELECT 'copy-' || (n * 1000 + number), at + (n % 10) * 86400000, {', '.join(others)} "
        "FROM copy CROSS JOIN (SELECT * FROM entries) AS them"
    )
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text(f"DELETE FROM entries WHERE at >= {round((MIDNIGHT + DAY) * 1000)}"))
        # They make this slow, and change no sum.
        for index in ("entries_at", "entries_tenant", "entries_key"):
            connection.execute(text(f"DROP INDEX {index}"))
        connection.execute(copied)
        connection.execute(text("CREATE INDEX entries_at ON entries (at)"))
    as_before(engine, "0010")
    # A release before had no sums by hour and day: they are made of the entries.
    engine = site.open()
    filling = Filling(engine)
    assert [day for month in filling.missing() for day in filling.fill(month)]
    agree(engine)
    exact = sum((Decimal(one.cost) / 10**6 for one in thousand if one.cost is not None), Decimal(0)) * 1000
    rows = Reports(engine).usage([By.DAY])
    (whole,) = Reports(engine).usage([])
    assert (whole.exchanges, whole.unpriced, len(rows)) == (1_000_000, 10_000, 10)
    assert Decimal(whole.cost) / 10**6 == exact == sum(Decimal(row.cost) / 10**6 for row in rows)
    assert whole.usage == total(rows).usage
    assert whole.usage.input == sum(range(1000)) * 1000
    engine.dispose()


def test_the_span_of_the_books(engine: Engine, reports: Reports) -> None:
    """From the first exchange to the last, and nothing where there is none."""
    assert reports.span() == (MIDNIGHT - 0.001, MIDNIGHT + DAY)
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("DELETE FROM entries"))
    assert reports.span() is None
