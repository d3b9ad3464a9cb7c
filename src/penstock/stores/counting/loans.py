"""What a process has borrowed of one counter, to serve requests from without asking the store: how much, and when.

A loan is a lease of the store's own, of a chunk of the counter. The next one is taken before this one is given back,
with all that requests under way hold of it, so the counter never knows less than what may be used. Pure: no clock and
no store.
"""

from collections.abc import Sequence

import msgspec

from penstock.core.counting import Ask, Standing, Way
from penstock.stores.counting.buckets import HELD

LENT_SHARE = 0.9
"""Up to this share of its limit a counter is lent; beyond it every request asks the store."""
PARTS = 4
"""A process borrows at most one part in so many of what is left, divided by the processes."""
WORTH = 4
"""Requests that a loan must be good for: less is not worth the asking."""
AHEAD = 2
"""Looks' worth of demand that a loan is for."""
CLOSED = -(2**60)
"""What is left of a loan that nothing is served from."""

_RATE, _SPAN = Way.RATE, Way.SPAN


class Till:
    """One counter as this process knows it, and its loan."""

    __slots__ = (
        "amount",
        "ask",
        "asked",
        "demand",
        "elsewhere",
        "free",
        "hour",
        "hours",
        "known",
        "leaving",
        "low",
        "name",
        "new",
        "pending",
        "quiet",
        "rate",
        "rest",
        "served",
        "settled",
        "size",
        "spent",
        "swapped",
        "under_way",
        "until",
        "vain",
    )

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.rate = ask.way is _RATE
        # What was asked since the last look, and looks since it was.
        self.asked = self.served = self.amount = self.quiet = 0
        self.demand = 0.0
        self.vain = self.rest = 0
        """Looks in which it was lent to no use, and until it is lent again."""
        self.name = ""
        """The loan's lease; empty: there is none."""
        self.size = self.spent = self.under_way = 0
        """The loan; what of it is used and not told, and held by requests."""
        self.free = CLOSED
        """What else there is of it."""
        self.low = 0
        self.hour = 0
        """That what is spent belongs to, but for what is in ``hours``."""
        self.hours: dict[int, int] = {}
        self.until = 0.0
        self.pending = False
        """The next one is asked for."""
        self.leaving = False
        """It is to be given back."""
        self.swapped = 0
        # The counter without the loan, as the store last told.
        self.known = False
        self.settled = self.elsewhere = 0
        self.new = False

    def learn(self, standing: Standing) -> None:
        """From the store; what it reserves has the loan in it."""
        self.known = True
        self.settled = standing.settled
        self.elsewhere = max(0, standing.reserved - self.size)
        self.new = standing.new

    def corrected(self, standing: Standing) -> Standing:
        """The store's, where it does not know yet what became of the loan."""
        if not self.name or self.pending:
            return standing
        reserved = standing.reserved - self.size + self.under_way
        settled = standing.settled + self.spent
        return msgspec.structs.replace(standing, settled=settled, reserved=max(0, reserved))

    def told(self) -> Standing:
        """As far as this process knows."""
        return Standing(self.settled + self.spent, self.elsewhere + self.under_way)

    def most(self, processes: int) -> int:
        """That may be borrowed, besides what requests under way hold."""
        left = ceiling(self.ask) - self.settled - self.spent - self.elsewhere - self.under_way
        return max(0, left // (PARTS * processes))

    def lendable(self, processes: int) -> bool:
        """Whether it is worth to borrow of it. Not where the books have not told yet what was used of it; and a bucket
        lends single requests only, because what a request took there and did not use is given back for as long as it
        has not flowed back by itself, and a told loan knows no single requests any more."""
        if not self.known or self.new or (self.rate and self.ask.amount != 1):
            return False
        return self.most(processes) >= WORTH * max(1, self.ask.amount)

    def spend(self, hour: int, amount: int) -> None:
        """What is settled of it."""
        if not self.spent:
            self.hour = hour
        if hour != self.hour:
            self.hours[hour] = self.hours.get(hour, 0) + amount
        self.spent += amount

    def wanted(self, processes: int) -> int:
        """To borrow by what was asked of late; 0: it is not worth it."""
        wanted = min(int(self.demand * AHEAD) + 1, self.most(processes))
        return wanted if wanted >= WORTH * max(1, self.ask.amount) else 0

    def use(self, amount: int) -> Standing:
        """Reserves so much of the loan."""
        self.free -= amount
        self.asked += 1
        self.served += 1
        self.amount += amount
        if self.rate:
            self.spent += amount
        else:
            self.under_way += amount
        return Standing(self.settled + self.spent, self.elsewhere + self.under_way)

    def settle(self, hour: int, amount: int, used: int, *, told: bool) -> None:
        """A request has used so much of what it reserved. ``told``: the store has what it took of a bucket."""
        if not self.rate:
            self.under_way -= amount
            self.free += amount - used
            if used and self.ask.way is _SPAN:
                self.spend(hour, used)
        elif used > amount or not told:
            self.spent += used - amount
            self.free -= used - amount

    def look(self, *, lent: bool) -> tuple[int, int]:
        """What was asked and served since the last one, and begins anew."""
        asked, served = self.asked, self.served
        self.demand = max(float(self.amount), (self.demand + self.amount) / 2)
        self.quiet = 0 if asked else self.quiet + 1
        self.vain = self.vain + 1 if lent and asked and not served else 0
        self.rest = max(0, self.rest - 1)
        self.asked = self.served = self.amount = 0
        return asked, served

    def swap(self, name: str, size: int, until: float, swaps: int, standings: Sequence[Standing]) -> None:
        """This loan in the place of the one before, which has been told of."""
        lent, elsewhere = standings[0], standings[-1].reserved - size - self.size
        self.settled, self.elsewhere = lent.settled + self.spent, max(0, elsewhere)
        self.name, self.size, self.until, self.swapped = name, size, until, swaps
        self.spent = 0
        self.hours = {}
        left = size - self.under_way
        self.free = CLOSED if self.leaving else left
        self.low = left // 2

    def drop(self) -> None:
        """There is no loan any more; it has been told of."""
        self.settled += self.spent
        self.name, self.size, self.spent, self.free, self.leaving = "", 0, 0, CLOSED, False
        self.hours = {}


def ceiling(ask: Ask) -> int:
    """Up to where it is lent."""
    return int(ask.most * LENT_SHARE)


def chunk(ask: Ask, size: int, most: int) -> tuple[Ask, ...]:
    """What is asked of the store for a loan: so much, where no more than ``most`` would then be used and reserved."""
    if ask.way is not _RATE:
        return (msgspec.structs.replace(ask, amount=size, most=most, strict=True),)
    # Takes no cell, and asks for room for all of them: what is lent flows back once it is used, and not before.
    room = most - size + 1
    ticks = -(-ask.ticks * room // ask.most)
    return (
        msgspec.structs.replace(ask, amount=0, most=room, strict=False, ticks=ticks),
        Ask(ask.counter + HELD, Way.SEATS, most, size),
    )
