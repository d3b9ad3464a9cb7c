"""What counters must answer, said as plainly as possible: fractions, and sums made anew each time. Slow; no store."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from penstock.core.counting import LEASE_SECONDS, TICKS, Ask, Standing, Verdict, Way

LEASE = LEASE_SECONDS * TICKS
HELD = "|held"


@dataclass
class Part:
    ask: Ask
    amount: int
    last: int
    top: Fraction


@dataclass
class Lease:
    expires: int
    parts: dict[str, Part]
    done: bool = False
    over: bool = False
    """Seen to be."""


@dataclass
class Model:
    """``now`` is set by who asks."""

    now: int = 0
    full: dict[str, Fraction] = field(default_factory=dict)
    hours: dict[str, dict[int, int]] = field(default_factory=dict)
    adjusted: set[str] = field(default_factory=set)
    leases: dict[str, Lease] = field(default_factory=dict)

    def take(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        if lease in self.leases:
            self.renew([lease], only_over=True)
            return Verdict(self.standings(asks))
        return self.extend(lease, asks)

    def extend(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        self.renew([lease], only_over=True)
        if lease in self.leases and self.leases[lease].done:
            return Verdict(self.standings(asks))
        refused = next((index for index, ask in enumerate(asks) if self.wait(ask)), -1)
        if refused >= 0:
            return Verdict(self.standings(asks), refused)
        lent = {ask.counter: self.reserved(ask.counter + HELD) for ask in asks}
        held = self.leases.setdefault(lease, Lease(self.now + LEASE, {}))
        for ask in asks:
            if ask.way is Way.RATE:
                self.full[ask.counter] = max(self.full.get(ask.counter, 0), self.now) + self.cost(ask, ask.amount)
            top = self.full.get(ask.counter, Fraction(0))
            before = held.parts.get(ask.counter)
            held.parts[ask.counter] = Part(ask, ask.amount + (before.amount if before else 0), ask.amount, top)
        return Verdict(
            tuple(
                Standing(one.settled, lent[ask.counter] if ask.way is Way.RATE else one.reserved, 0.0, one.new)
                for ask, one in zip(asks, self.standings(asks), strict=True)
            )
        )

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        held = self.leases.pop(lease, None)
        if held is None:
            held = Lease(0, {ask.counter: Part(ask, 0, 0, Fraction(0)) for ask in asks})
        if asks or held.done:
            self.leases[lease] = Lease(0, {}, done=True)
        for counter, part in held.parts.items():
            used = spent.get(counter, 0)
            if part.ask.way is Way.SPAN:
                hours = self.hours.setdefault(counter, {})
                hours[int(at) // 3600] = hours.get(int(at) // 3600, 0) + used
            elif part.ask.way is Way.RATE and used > part.amount:
                self.full[counter] = max(self.full.get(counter, 0), self.now) + self.cost(part.ask, used - part.amount)
            elif part.ask.way is Way.RATE and part.top > self.now:
                rest = (part.top - self.now) / self.cost(part.ask, 1)
                back = min(part.amount - used, part.last, self.whole(part, rest))
                self.full[counter] -= self.cost(part.ask, back)

    def whole(self, part: Part, rest: Fraction) -> int:
        # Stores look at the whole ticks of the top only.
        return int((int(part.top) - self.now) / self.cost(part.ask, 1)) if rest > 0 else 0

    def renew(self, leases: Collection[str], *, only_over: bool = False) -> None:
        for lease in leases:
            held = self.leases.get(lease)
            if held is not None and not held.done and not (only_over and held.expires > self.now):
                held.expires, held.over = self.now + LEASE, False

    def lose(self) -> None:
        """What was lent of a bucket, and of which nobody told in time what became of it, is used."""
        for held in self.leases.values():
            if held.expires > self.now or held.over or held.done:
                continue
            held.over = True
            for counter, part in held.parts.items():
                rate = held.parts.get(counter.removesuffix(HELD))
                if rate is not None and rate is not part:
                    name = rate.ask.counter
                    self.full[name] = max(self.full.get(name, 0), self.now) + self.cost(rate.ask, part.amount)

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        self.adjusted.add(counter)
        known = self.hours.setdefault(counter, {})
        known.update({hour: max(told, known.get(hour, 0)) if least else told for hour, told in hours.items()})

    def standings(self, asks: Sequence[Ask]) -> tuple[Standing, ...]:
        self.lose()
        return tuple(self.standing(ask) for ask in asks)

    def standing(self, ask: Ask) -> Standing:
        if ask.way is Way.RATE:
            lent = self.reserved(ask.counter + HELD)
            rest = max(Fraction(0), self.full.get(ask.counter, Fraction(0)) - self.now)
            return Standing(-int(-rest / self.cost(ask, 1) // 1) if rest else 0, lent, self.wait(ask))
        new = ask.way is Way.SPAN and ask.counter not in self.adjusted
        return Standing(sum(self.hours.get(ask.counter, {}).values()), self.reserved(ask.counter), 0.0, new)

    def reserved(self, counter: str) -> int:
        live = [held for held in self.leases.values() if held.expires > self.now]
        return sum(held.parts[counter].amount for held in live if counter in held.parts)

    def wait(self, ask: Ask) -> float:
        """0.0 fits."""
        need = ask.amount if ask.strict else 1
        if ask.way is Way.RATE:
            if need > ask.most or ask.most <= 0:
                return float("inf")
            end = max(self.full.get(ask.counter, Fraction(0)), Fraction(self.now))
            end += self.cost(ask, need + self.reserved(ask.counter + HELD))
            over = end - self.now - ask.ticks
            return -int(-over // 1) / TICKS if over > 0 else 0.0
        taken = sum(self.hours.get(ask.counter, {}).values()) + self.reserved(ask.counter)
        return float("inf") if taken + need > ask.most else 0.0

    @staticmethod
    def cost(ask: Ask, amount: int) -> Fraction:
        return Fraction(amount * ask.ticks, ask.most)
