"""What is asked of counters: names, spans, amounts; and how quotas then stand."""

import datetime
from typing import Any

import pytest

from penstock.core.caller import KeyProfile
from penstock.core.counting import TICKS, Standing, Verdict, Way
from penstock.core.quota import Period, Quota, Spent, Unit
from penstock.core.spending import spender
from penstock.core.usage import Consumption
from penstock.policies.limit.learned import Sizes
from penstock.policies.limit.taking import Taking, span
from penstock.policies.limit.terms import OperationKind
from penstock.policies.limit.worst import Most
from tests.support.books import entry, used

UTC = datetime.UTC
NOW = datetime.datetime(2026, 11, 25, 13, 30, tzinfo=UTC).timestamp()
"""A Wednesday."""


def day(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("now", "period", "begins", "ends"),
    [
        ("2026-11-25T13:30", Period.DAY, "2026-11-25", "2026-11-26"),
        ("2026-11-25T00:00", Period.DAY, "2026-11-25", "2026-11-26"),
        ("2026-11-25T13:30", Period.WEEK, "2026-11-23", "2026-11-30"),
        ("2026-11-23T00:00", Period.WEEK, "2026-11-23", "2026-11-30"),
        ("2026-11-22T23:59", Period.WEEK, "2026-11-16", "2026-11-23"),
        ("2026-11-25T13:30", Period.MONTH, "2026-11-01", "2026-12-01"),
        ("2026-12-31T23:59", Period.MONTH, "2026-12-01", "2027-01-01"),
        ("2028-02-29T12:00", Period.MONTH, "2028-02-01", "2028-03-01"),
    ],
)
def test_spans_are_the_calendars(now: str, period: Period, begins: str, ends: str) -> None:
    """UTC; weeks begin on Monday."""
    assert span(period, day(now)) == (day(begins), day(ends))


def taking(*quotas: Quota, kind: OperationKind = OperationKind.SPENDS, model: str = "m") -> Taking:
    return Taking(KeyProfile("k", "k", quotas=quotas), model, kind, NOW)


def quota(unit: Unit = Unit.OUTPUT, amount: int = 1000, period: Period = Period.DAY, **more: Any) -> Quota:
    return Quota(unit, amount, period, subject="k", **more)


RATE = quota(Unit.REQUESTS, 60, Period.MINUTE)


def test_what_runs_a_model_takes_from_all_of_them() -> None:
    """A bucket, a span named by its first day, a seat; bytes are measured and not counted."""
    found = taking(RATE, quota(), Quota(Unit.AT_ONCE, 8, subject="k"), Quota(Unit.BYTES, 99, subject="k"))
    assert [(ask.counter, ask.way, ask.most) for ask in found.asks] == [
        ("key:k:requests:minute:", Way.RATE, 10),
        ("key:k:output:day::2026-11-25", Way.SPAN, 1000),
        ("key:k:at_once::", Way.SEATS, 8),
    ]
    assert found.asks[0].ticks == 10 * TICKS
    assert found.asks[1].ends == found.until == day("2026-11-26")
    assert found.cap is not None
    assert found.cap.amount == 99


def test_the_tightest_size_holds_and_a_file_is_of_no_model() -> None:
    """A form that may name any model is held to all; what runs none, to those that are for no model."""
    sizes = Quota(Unit.BYTES, 500, subject="k"), Quota(Unit.BYTES, 100, models="claude-opus-*", subject="k")
    wanted = {
        ("m", OperationKind.SPENDS): 500,
        ("claude-opus-5", OperationKind.SPENDS): 100,
        ("", OperationKind.SPENDS): 100,
        ("", OperationKind.FREE): 500,
    }
    for (model, kind), amount in wanted.items():
        cap = taking(*sizes, kind=kind, model=model).cap
        assert cap is not None
        assert cap.amount == amount


def test_what_is_free_has_a_bucket_of_its_own() -> None:
    """As fast, and sixty at once at least; nothing of a day, no tokens."""
    found = taking(RATE, quota(), quota(Unit.REQUESTS), kind=OperationKind.FREE)
    assert [(ask.counter, ask.most, ask.ticks) for ask in found.asks] == [
        ("key:k:requests:minute::free", 60, 60 * TICKS),
    ]


def test_what_may_tell_of_a_batch_is_refused_nothing() -> None:
    """It takes nothing, and what it tells is counted."""
    (ask,) = taking(quota(amount=0), kind=OperationKind.TELLS).asks
    assert (ask.amount, ask.strict) == (0, False)
    assert ask.most > 10**15


def test_of_quotas_that_differ_in_how_much_the_tighter_is_asked() -> None:
    """They share a counter, which may stand in a request once."""
    (ask,) = taking(quota(amount=500), quota(amount=100), quota(amount=900)).asks
    assert ask.most == 100


def test_models_are_told_apart_and_a_model_that_is_not_known_may_be_any() -> None:
    """What it turns out to be decides what is settled."""
    quotas = quota(models="claude-opus-*"), quota(models="gpt-*")
    assert [ask.counter for ask in taking(*quotas, model="models/claude-opus-4").asks] == [
        "key:k:output:day:claude-opus-*:2026-11-25"
    ]
    unknown = taking(*quotas, model="")
    assert len(unknown.asks) == 2
    told = entry(1, model="gpt-5", consumption=used(output=7))
    assert [spends(told) for _, spends in unknown.settles] == [0, 7]


def test_amounts_are_what_was_learned_or_the_most() -> None:
    """The most for strict quotas; of those that cut, a stream's output comes as it comes."""
    found = taking(
        quota(), quota(Unit.INPUT, strict=True), quota(Unit.TOKENS, spent=Spent.CUT), quota(Unit.DOLLARS, 10**6)
    )
    learned, most = Most(10, 20, 300), Most(1000, 2000, 30_000)
    assert [ask.amount for ask in found.amounting(learned, most)] == [20, 1000, 30, 300]
    assert [ask.amount for ask in found.amounting(learned, most, begun=5)] == [20, 1000, 11, 300]
    assert [ask.strict for ask in found.asks] == [False, True, False, False]


def test_what_was_learned_is_asked_for_until_it_moves_away() -> None:
    """The same asks, the very same objects, for requests alike."""
    found, sizes = taking(quota()), Sizes()
    size = sizes.begin("k", "m", 100, 1000, 0)
    first = found.learned(size)
    assert first[0].amount == 1251
    size.learn(entry(1, consumption=used(input=10, output=200, reasoning=0)))
    second = found.learned(size)
    assert second[0].amount == 251
    for output in (190, 210, 205, 180):
        size.learn(entry(1, consumption=used(input=10, output=output, reasoning=0)))
        assert found.learned(size) is second
    for _ in range(20):
        size.learn(entry(1, consumption=used(input=10, output=5000, reasoning=0)))
    assert 5000 <= found.learned(size)[0].amount <= 6300


def test_the_tightest_stands_first() -> None:
    """By the share of what there is; a bucket by what it holds."""
    found = taking(quota(amount=1000), RATE, quota(Unit.TOKENS, 10_000))
    verdict = Verdict((Standing(300, 100), Standing(9, 0), Standing(100, 0)))
    allowance = found.allowance(verdict, found.asks, NOW)
    assert [(one.quota.unit, one.used, one.reserved) for one in allowance.held] == [
        (Unit.REQUESTS, 9, 0),
        (Unit.OUTPUT, 300, 100),
        (Unit.TOKENS, 100, 0),
    ]
    assert allowance.held[0].resets == NOW + 9
    assert allowance.held[1].resets == day("2026-11-26")


@pytest.mark.parametrize(
    ("unit", "period", "fields", "spends"),
    [
        (Unit.OUTPUT, Period.DAY, {}, 12),
        (Unit.INPUT, Period.DAY, {}, 30),
        (Unit.TOKENS, Period.MINUTE, {}, 42),
        (Unit.DOLLARS, Period.MONTH, {"cost": 77}, 77),
        (Unit.DOLLARS, Period.MONTH, {"cost": None}, 0),
        (Unit.REQUESTS, Period.DAY, {"status": 200}, 1),
        (Unit.REQUESTS, Period.DAY, {"status": 529, "consumption": Consumption()}, 0),
        (Unit.REQUESTS, Period.DAY, {"status": 0}, 1),
        (Unit.REQUESTS, Period.MINUTE, {"status": 529}, 1),
        (Unit.REQUESTS, Period.MINUTE, {"status": 429, "provider": ""}, 0),
        (Unit.AT_ONCE, Period.NONE, {}, 0),
    ],
)
def test_what_an_exchange_spends(unit: Unit, period: Period, fields: dict[str, Any], spends: int) -> None:
    """Tokens that went in, out, reasoning among them; money; requests that were answered, or per minute sent."""
    told = entry(1, **{"consumption": used(input=20, cache_read=10, output=9, reasoning=3), **fields})
    assert spender(Quota(unit, 5, period))(told) == spends
