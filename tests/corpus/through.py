"""Recorded exchanges through a gateway of their own: provider, gateway process, clients, and what came of it."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.corpus.compare import bases
from tests.corpus.exchange import Planned, planned
from tests.corpus.messages import Message
from tests.corpus.peers import Provider, replay
from tests.corpus.routing import Place
from tests.support.corpus import Recorded
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings

AT_ONCE = 8

Exchange = tuple[Recorded, Place]


@dataclass(frozen=True)
class Replayed:
    """What came out at both ends, by the exchange's id."""

    plans: Sequence[Planned]
    received: dict[str, list[Message]]
    answers: dict[str, Message | str]
    troubles: list[str]
    url: str


def chosen(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """All of them, or with PENSTOCK_CORPUS=quick every tenth, every error, and one of each kind."""
    if os.environ.get("PENSTOCK_CORPUS") != "quick":
        return list(exchanges)
    seen: set[tuple[str, bool, int]] = set()
    few = []
    for exchange, where in exchanges:
        kind = (where.operation, exchange.sse, exchange.status)
        if kind not in seen or exchange.status >= 400 or exchange.dice("quick").randrange(10) == 0:
            few.append((exchange, where))
        seen.add(kind)
    return few


def through_gateway(
    exchanges: Sequence[Exchange], folder: Path, change: Callable[[Planned], Planned] = lambda plan: plan
) -> Replayed:
    """Replay these exchanges; ``change`` makes of a plan what is replayed instead."""
    return asyncio.run(_through(exchanges, folder, change))


async def _through(exchanges: Sequence[Exchange], folder: Path, change: Callable[[Planned], Planned]) -> Replayed:
    provider = Provider()
    base = bases(await provider.start())
    config = settings(**{name: {"dialect": name, "base_url": base[name], "api_key": OPERATOR_KEY} for name in base})
    plans = [change(planned(exchange, where, KEY, base[where.dialect])) for exchange, where in exchanges]
    provider.plans = {plan.recorded.id: plan for plan in plans}
    assert len(provider.plans) == len(plans)
    try:
        # Starting and stopping block the loop: nothing is under way then.
        with Gateway(config, folder) as gateway:
            answers = await replay(plans, gateway.host, gateway.port, AT_ONCE)
    finally:
        await provider.stop()
    return Replayed(plans, provider.received, answers, provider.troubles, gateway.url)
