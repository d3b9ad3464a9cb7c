"""Law 6 for quotas: made from the route table itself, every route is held to those that it can be held to."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from penstock.app import DIALECTS
from penstock.assembly.limiting import Limiting, QuotaTerms, kinds
from penstock.catalog.catalog import shipped
from penstock.config.load import load
from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document, Facts
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.core.quota import Period, Quota, Spent, Unit
from penstock.core.route import Body, Match, Route
from penstock.core.target import Attempt, Origin, Provider
from penstock.policies.limit import Limit, OperationKind
from penstock.policies.limit.policy import Grown
from penstock.policies.limit.taking import METERED
from penstock.route_rows import ROWS
from penstock.stores.counting.memory import Memory

pytestmark = pytest.mark.slow

SETTINGS = load(None, {})
KINDS = kinds(DIALECTS)
PROVIDER = Provider("p", "anthropic", Origin(secure=False, host="p", port=80), "")
SPENDING = [row for row in ROWS if KINDS[row.operation] is OperationKind.SPENDS]
FREE = [row for row in ROWS if KINDS[row.operation] is not OperationKind.SPENDS]


def name(row: Route) -> str:
    return f"{row.dialect}:{row.method}:{row.template}"


def limited(row: Route, *quotas: Quota) -> tuple[Limit, Exchange]:
    async def made() -> Limit:
        limiting = Limiting(Memory(), DIALECTS, QuotaTerms(), lambda *_: None)
        limit = limiting.limit(
            load(None, {}), shipped(), lambda _: Attempt(PROVIDER, None, ""), lambda *_: 0.1, QuotaTerms()
        )
        await limiting.close()
        return limit

    body = b'{"model":"claude-sonnet-4-5","max_tokens":5,"messages":[],"requests":[{"params":{"max_tokens":1}}]}'
    head = RequestHead(row.method, b"/", ((b"content-type", b"application/json"),))
    exchange = Exchange("x", head, Match(row, (), "/", ""), 0.0, caller=Caller(KeyProfile("k", "k", quotas=quotas)))
    exchange.document = Document(body, body) if row.body is not Body.NONE else None
    exchange.facts = Facts("claude-sonnet-4-5" if row.routed else None)
    exchange.bytes_in = len(body)
    return asyncio.run(made()), exchange


def refusal(work: Coroutine[Any, Any, Any]) -> FaultKind | None:
    try:
        asyncio.run(work)
    except FaultError as error:
        return error.fault.kind
    return None


def test_every_operation_is_of_one_kind() -> None:
    """What runs a model spends; what may tell of something that ran before is listened to; the rest is free."""
    assert set(KINDS) == {row.operation for row in ROWS}
    silent = {row.operation for row in ROWS if DIALECTS[row.dialect].tally(Match(row, (), "", "")) is None}
    assert {row.operation for row in ROWS if row.routed} - {
        "messages.count_tokens", "models.countTokens", "responses.input_tokens",
    } == {row.operation for row in SPENDING if row.routed}  # fmt: skip
    assert not {operation for operation, kind in KINDS.items() if kind is OperationKind.FREE} - silent
    assert all(row.method == "POST" for row in SPENDING)


@pytest.mark.parametrize("unit", [Unit.REQUESTS, *METERED])
@pytest.mark.parametrize("period", [Period.DAY, Period.MINUTE])
@pytest.mark.parametrize("row", SPENDING, ids=name)
def test_what_spends_is_held_to_requests_tokens_and_money(row: Route, period: Period, unit: Unit) -> None:
    """A quota of nothing lets nothing pass, whether the body can be read or streams through."""
    quota = Quota(unit, 0, period, burst=0 if period is Period.MINUTE else None)
    for readable in (True, False):
        limit, exchange = limited(row, quota)
        exchange.document = exchange.document if readable else None
        assert limit.concerns(row)
        assert Grown(limit).concerns(row)
        assert refusal(limit.enter(exchange)) in {FaultKind.EXHAUSTED, FaultKind.THROTTLED, FaultKind.TOO_MUCH}


@pytest.mark.parametrize("row", FREE, ids=name)
def test_what_is_free_takes_no_tokens_and_is_held_to_a_rate_of_its_own(row: Route) -> None:
    """Used up quotas do not stand in its way, and it does not use them up; sixty may come at once, and no more."""
    empty = [Quota(unit, 0, Period.MONTH) for unit in (Unit.REQUESTS, *METERED)]
    limit, exchange = limited(row, *empty, Quota(Unit.REQUESTS, 1, Period.MINUTE, burst=1))

    async def ask(numbers: range) -> None:
        for number in numbers:
            exchange.id = str(number)
            await limit.enter(exchange)

    asyncio.run(ask(range(60)))
    with pytest.raises(FaultError) as refused:
        asyncio.run(ask(range(60, 61)))
    assert refused.value.fault.kind is FaultKind.THROTTLED
    assert refused.value.fault.held is not None
    assert refused.value.fault.held.free


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_every_route_takes_seats_and_is_measured(row: Route) -> None:
    """Requests at once and the bytes of one are held on each."""
    limit, exchange = limited(row, Quota(Unit.AT_ONCE, 0))
    assert refusal(limit.enter(exchange)) is FaultKind.THROTTLED
    limit, exchange = limited(row, Quota(Unit.BYTES, 10))
    assert refusal(limit.enter(exchange)) is FaultKind.TOO_LARGE


@pytest.mark.parametrize("row", SPENDING, ids=name)
def test_what_is_strict_has_a_bound_on_every_route_or_is_refused(row: Route) -> None:
    """Nothing passes for want of a reader."""
    limit, exchange = limited(row, Quota(Unit.TOKENS, 1000, Period.DAY, strict=True))
    assert refusal(limit.enter(exchange)) in {FaultKind.EXHAUSTED, FaultKind.TOO_MUCH}
    limit, exchange = limited(row, Quota(Unit.TOKENS, 10**9, Period.DAY, strict=True))
    bounded = refusal(limit.enter(exchange)) is None
    counted = row.routed and row.operation not in {"audio.speech.create", "images.generate"}
    assert bounded is counted


@pytest.mark.parametrize("row", [row for row in SPENDING if row.routed], ids=name)
def test_streams_of_every_route_can_be_cut(row: Route) -> None:
    """Who cuts visits them."""
    limit, exchange = limited(row, Quota(Unit.OUTPUT, 1000, Period.DAY, spent=Spent.CUT))
    exchange.facts = Facts("m", stream=True)
    visit = asyncio.run(limit.enter(exchange))
    assert visit is not None
    assert visit.watches
