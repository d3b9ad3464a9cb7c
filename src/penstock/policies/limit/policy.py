"""Takes from a caller's quotas before anything is spent, and gives back by the books what was not.

The outermost policy but for the books: who may not go on costs nothing. Its second look, ``Grown``, is the innermost:
what others have put into the request meanwhile, and a model that they chose, count too. It keeps no time but the
clock's, knows no store's kind, and settles only by what stands in the closed entry.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.counting import Ask, Verdict, Way
from penstock.core.demand import Demand
from penstock.core.exchange import Exchange, Visit
from penstock.core.fault import Fault, FaultError
from penstock.core.price import UNIT
from penstock.core.quota import Quota
from penstock.core.quota_text import METERED
from penstock.core.route import Route
from penstock.policies.limit import refusing
from penstock.policies.limit.cutting import Cutting
from penstock.policies.limit.learned import FIRST_OUTPUT, FIRST_RATIO, Size, Sizes
from penstock.policies.limit.settling import Taken
from penstock.policies.limit.taking import Slot, Taking, capping, concerns, held
from penstock.policies.limit.terms import Conditions, OperationKind
from penstock.policies.limit.worst import UNKNOWN, Known, Most, UnboundedError, worst

MOST_TAKINGS = 10_000
"""Of keys, models and kinds: models are named by clients."""


class _Held(Visit):
    """Near a quota of tokens an answer's head tells what is used, this answer's own tokens with it: it waits for
    them."""

    holds = True


_HELD = _Held()


class Limit:
    """Holds each request to the quotas of its caller."""

    def __init__(
        self, conditions: Conditions, sizes: Sizes, under_way: dict[str, Taken], clock: Callable[[], float] = time.time
    ) -> None:
        """``under_way`` outlives this policy: exchanges end as they began, under whatever settings."""
        self.conditions = conditions
        self._sizes = sizes
        self._clock = clock
        self.under_way = under_way
        self._takings: dict[tuple[str, str, OperationKind], Taking] = {}

    def concerns(self, route: Route) -> bool:
        """All of them."""
        del route
        return True

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Take, or FaultError: 413, 429, 400 where nothing could be promised, 503 where nothing can be counted."""
        caller = exchange.caller
        if caller is None or not caller.key.quotas:
            return None
        now = self._clock()
        taking = self.taking(exchange, caller.key, now)
        if taking.cap is not None:
            self._fits(exchange, caller.key, taking.cap)
        asks = self._asks(exchange, taking) if taking.estimated else taking.asks
        if not asks:
            return None
        taken = self.under_way[exchange.id] = Taken(taking, asks)
        try:
            found = self.conditions.counters.take(exchange.id, asks)
            verdict = found if isinstance(found, Verdict) else await found
            self.judge(verdict, taking.slots, asks, caller.key, now)
        except BaseException as error:
            if not isinstance(error, Exception):
                # Given up in the middle: it may have been granted, and is settled when the exchange leaves.
                raise
            del self.under_way[exchange.id]
            raise
        taken.standings = verdict.standings
        exchange.allowance = taking.allowance(verdict, asks, now)
        if taking.own and exchange.document is not None:
            taken.size = len(exchange.document.plain)
        if taking.cuts and exchange.facts.stream:
            return self._cutting(exchange, taking, asks)
        if taking.estimated and taking.is_near(verdict, self.conditions.warn_at) and not exchange.facts.stream:
            return _HELD
        return None

    def taking(self, exchange: Exchange, key: KeyProfile, now: float) -> Taking:
        """What requests like this one take."""
        model, kind = exchange.facts.model or "", self.conditions.kinds[exchange.match.route.operation]
        name = (key.id, model, kind)
        found = self._takings.get(name)
        if found is None or found.key is not key or now >= found.until:
            self._takings.pop(name, None)
            found = self._takings[name] = Taking(key, model, kind, now)
            if len(self._takings) > MOST_TAKINGS:
                del self._takings[next(iter(self._takings))]
        return found

    def judge(self, verdict: Verdict, slots: Sequence[Slot], asks: Sequence[Ask], key: KeyProfile, now: float) -> None:
        """FaultError where it is a refusal."""
        place = verdict.refused
        if place < 0:
            return
        slot, contact = slots[place], self.conditions.contact
        if verdict.alone and refusing.closed(slot.quota):
            raise refusing.uncounted(held(slot, 0, 0, now), key, contact)
        standing = verdict.standings[place]
        stands = held(slot, standing.settled, standing.reserved, now)
        raise refusing.refused(stands, asks[place], standing, key, contact, now)

    def cap(self, exchange: Exchange) -> tuple[int, Fault] | None:
        """The tightest quota of a request's bytes, before any is read. Where the body will tell the model, one that is
        for some models alone waits for it."""
        caller, route = exchange.caller, exchange.match.route
        if caller is None:
            return None
        quotas = [quota for quota in caller.key.quotas if not (quota.models and route.routed)]
        quota = capping(quotas, "", self.conditions.kinds[route.operation])
        return None if quota is None else (quota.amount, refusing.too_long(quota, caller.key, self.conditions.contact))

    def _fits(self, exchange: Exchange, key: KeyProfile, quota: Quota) -> None:
        """Before any store is asked: what is too long stays too long."""
        plain = 0 if exchange.document is None else len(exchange.document.plain)
        if max(exchange.bytes_in, plain) > quota.amount:
            raise FaultError(refusing.too_long(quota, key, self.conditions.contact))

    # --- how much -------------------------------------------------------------------------------------------------

    def _asks(self, exchange: Exchange, taking: Taking) -> tuple[Ask, ...]:
        for quota in taking.money:
            if not quota.unpriced:
                self._must_be_priced(exchange, taking, quota)
        size = self._sizes.of(taking.key.id, taking.model) or self._guess(exchange, taking)
        if taking.own:
            taken, output, cost = size.reserved
            return taking.amounting(Most(taken, output, cost), self.bound(exchange, taking, self.conditions.added))
        if exchange.facts.stream and taking.cuts:
            taken, output, cost = size.reserved
            rates = self.conditions.models(taking.model, exchange).rates
            given = 0 if rates is None else output * rates.usual // UNIT
            return taking.amounting(Most(taken, output, cost), begun=max(1, cost - given))
        return taking.learned(size)

    def _must_be_priced(self, exchange: Exchange, taking: Taking, quota: Quota) -> None:
        models = [taking.model] if taking.model else [demand.model for demand in self._demands(exchange)]
        for model in models:
            if model and self.conditions.models(model, exchange).rates is None:
                raise refusing.unpriced(quota, taking.key, model, self.conditions.contact)

    def _demands(self, exchange: Exchange) -> Sequence[Demand]:
        document = exchange.document
        if document is None or not document.plain:
            return (Demand(unbounded="its body is not read here"),)
        return self.conditions.demanding[exchange.match.route.dialect](exchange.match, document.plain)

    def _guess(self, exchange: Exchange, taking: Taking) -> Size:
        """The first time: nothing has been seen of this key and model in this process."""
        demands = self._demands(exchange)
        output = sum(
            min(FIRST_OUTPUT, FIRST_OUTPUT if one.output is None else one.output) * one.answers for one in demands
        )
        taken = exchange.bytes_in * FIRST_RATIO
        rates = self.conditions.models(taking.model, exchange).rates
        cost = 0.0 if rates is None else (taken * rates.input + output * rates.output) / UNIT
        return self._sizes.begin(taking.key.id, taking.model, taken, float(output), cost)

    def bound(self, exchange: Exchange, taking: Taking, added: int) -> Most:
        """The most that the request can use; FaultError where it has no bound."""
        strict = [slot.quota for slot in taking.slots if slot.quota.strict]
        quota = next(quota for quota in strict if quota.unit in METERED)
        demands = self._demands(exchange)
        if not taking.model:
            # Each line of a batch names its own.
            demands = [one for one in demands if any(concerns(quota, one.model) for quota in strict)]
        known = [self._known(demand, taking, exchange) for demand in demands]
        try:
            found = worst(demands, known, added)
        except UnboundedError as error:
            raise refusing.unbounded(quota, taking.key, str(error), self.conditions.contact) from None
        for quota in taking.money:
            if quota.strict and found.cost is None and not quota.unpriced:
                raise refusing.unbounded(quota, taking.key, "its model has no price here", self.conditions.contact)
        return found

    def _known(self, demand: Demand, taking: Taking, exchange: Exchange) -> Known:
        model = demand.model or taking.model
        return self.conditions.models(model, exchange) if model else UNKNOWN

    # --- on the way -----------------------------------------------------------------------------------------------

    async def again(self, exchange: Exchange) -> None:
        """The request as it will be sent: take what it needs beyond what was taken."""
        taken, caller = self.under_way.get(exchange.id), exchange.caller
        if taken is None or caller is None or not taken.taking.estimated:
            return
        grown = 0 if exchange.document is None else len(exchange.document.plain) - taken.size
        moved = exchange.destination is not None and exchange.facts.model != taken.taking.model
        if not moved and (not taken.taking.own or grown <= self.conditions.added):
            return
        now = self._clock()
        taking = self.taking(exchange, caller.key, now)
        # What may still come in is in it by now.
        wanted = self._asks(exchange, taking) if moved or not taking.own else self._grown(exchange, taking)
        before = {ask.counter: ask.amount for ask in taken.asks}
        more = [
            (slot, msgspec.structs.replace(ask, amount=ask.amount - before.get(ask.counter, 0)))
            for slot, ask in zip(taking.slots, wanted, strict=True)
            if ask.counter not in before or (ask.amount > before[ask.counter] and ask.way is not Way.SEATS)
        ]
        standings = taken.standings if taking is taken.taking else ()
        self.under_way[exchange.id] = Taken(taking, wanted, taken.size + grown, standings)
        if not more:
            return
        slots, asks = zip(*more, strict=True)
        found = self.conditions.counters.extend(exchange.id, asks)
        verdict = found if isinstance(found, Verdict) else await found
        self.judge(verdict, slots, asks, caller.key, now)

    def _grown(self, exchange: Exchange, taking: Taking) -> tuple[Ask, ...]:
        size = self._sizes.of(taking.key.id, taking.model) or self._guess(exchange, taking)
        return taking.amounting(Most(*size.reserved), self.bound(exchange, taking, 0))

    def _cutting(self, exchange: Exchange, taking: Taking, asks: tuple[Ask, ...]) -> Visit:
        conditions, model = self.conditions, taking.model
        rates = conditions.models(model, exchange).rates
        ratio = conditions.ratio(model, exchange.match.route.operation)
        usual = 0 if rates is None else rates.usual
        return Cutting(exchange, taking, asks, conditions, ratio, usual)


class Grown:
    """The innermost look."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit

    def concerns(self, route: Route) -> bool:
        """Requests that spend."""
        return self._limit.conditions.kinds[route.operation] is OperationKind.SPENDS

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Take the rest, or FaultError."""
        if exchange.allowance is not None:
            await self._limit.again(exchange)
        return None
