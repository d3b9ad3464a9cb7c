"""How a request's quotas stand: values, for headers, refusals and the one who warns.

Made by the policy ``limit`` when it takes; each dialect says them in its own headers, the gateway in its own.
"""

import msgspec

from penstock.core.quota import Period, Quota, Unit

_MINUTE = Period.MINUTE
"""An enumeration's members are slow to look up."""


class Held(msgspec.Struct, frozen=True, gc=False):
    """One quota that a request takes from, as it stood then."""

    quota: Quota
    used: int
    """Settled, in the quota's unit; per minute: what is missing in the bucket."""
    reserved: int
    """By requests under way, this one among them."""
    resets: float
    """Seconds since the epoch: when the span is over, or the bucket full again; 0: not a matter of time."""
    free: bool = False
    """The bucket of requests that spend no tokens: counts and lists of models."""
    own: int = 0
    """Of what is reserved, this request's share."""

    @property
    def most(self) -> int:
        """What the client may think of as its limit."""
        return self.quota.amount

    @property
    def room(self) -> int:
        """What there is when nothing is used: of a quota per minute what its bucket holds."""
        return self.quota.bursting if self.quota.period is _MINUTE else self.quota.amount

    @property
    def left(self) -> int:
        """What nobody has used or reserved."""
        return max(0, self.room - self.used - self.reserved)

    @property
    def share(self) -> float:
        """Used and reserved, 0 to 1, or above where it was overshot."""
        return (self.used + self.reserved) / self.room if self.room else 1.0


class Allowance(msgspec.Struct, frozen=True, gc=False):
    """All that a request takes from, the tightest first: the one with the least share left."""

    held: tuple[Held, ...]

    def tightest(self, *units: Unit) -> Held | None:
        """The tightest of these units; None: there is none."""
        return next((one for one in self.held if one.quota.unit in units), None)

    def fullest(self, *units: Unit) -> Held | None:
        """The tightest of these units that counts days, weeks or months; None: there is none."""
        for one in self.held:
            if one.quota.unit in units and one.quota.period is not _MINUTE:
                return one
        return None
