"""Intervals that hold however often somebody looks: arithmetic of sums over conversations, and nothing of the books.

Ratios: for sums of independent parts, |W(t)| < sqrt(t (a² + log(t / t0))) at all t >= t0 at once with probability
1 - 2 (1 - F(a) + a f(a)), F and f the normal distribution and density (Robbins and Siegmund, "Boundary crossing
probabilities for the Wiener process and sample sums", Ann. Math. Stat. 41, 1970). That this holds for means with
estimated variances, asymptotically, is the time-uniform limit theorem of Waudby-Smith, Arbour, Sinha, Kennedy and
Ramdas (Ann. Stat. 52, 2024, arXiv 2103.06476), who also delay the start: nobody looks before the gate. Shares: Robbins'
mixture over a beta prior, which is exact at every size (Howard, Ramdas, McAuliffe, Sekhon, Ann. Stat. 49, 2021).

Lengths of answers are skewed. What was tried on recorded ones stands beside ``ratio``.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import erfc, exp, inf, lgamma, log, log1p, pi, sqrt

import msgspec

ALPHA = 0.05
"""How often an interval may be wrong at any look at all."""


class Interval(msgspec.Struct, frozen=True, gc=False):
    """An estimate and its bounds; None where there is no bound."""

    point: float
    low: float | None
    high: float | None


class Moments(msgspec.Struct, frozen=True, gc=False):
    """What is known of some conversations' amounts: enough for a mean and its variance."""

    n: int = 0
    some: int = 0
    """Of these, with any amount at all."""
    total: float = 0
    squares: float = 0

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.n + other.n, self.some + other.some, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Per conversation."""
        return self.total / self.n

    @property
    def unevenness(self) -> float:
        """Variance of a conversation's amount, by the square of the mean; at least two conversations are needed."""
        if not self.total:
            return 0.0
        return max(0.0, self.squares - self.total * self.total / self.n) / (self.n - 1) / self.mean**2


class Pair(msgspec.Struct, frozen=True, gc=False):
    """Both sides of one stratum."""

    treated: Moments
    control: Moments


class Ratio(msgspec.Struct, frozen=True, gc=False):
    """What the treated used, what they would have used, and the one by the other."""

    used: float
    expected: float
    """The controls' mean, stratum by stratum, times the number of the treated."""
    ratio: Interval
    """The upper bound is None where the controls can't exclude that nothing would have been used."""


def ratio(strata: Sequence[Pair], least: int) -> Ratio | None:
    """Treated by expected; None where either is nothing. ``least`` conversations an arm are there at the first look.

    The bounds are those ratios of square roots that the data do not refute (Fieller's method on roots, variances by
    the delta method, Welch's degrees of freedom). Tried with recorded lengths, where a conversation's sum has a
    deviation of 2.5 to 4 times its mean, a tenth held out, zero effect, and thirty daily looks:
    - an arm's own variance: the truth is outside at some look in 10 % of runs, always as a loss, when the controls
      happen to hold no long conversation; with ``_unevenness`` in 1 to 2 %;
    - logarithms instead of roots: they call it a saving when one huge conversation happens to be a control;
    - the sums themselves: for most samples of 30 to 50 a saving has no lower bound;
    - requests instead of conversations: a tenth narrower, and blind to conversations that become longer.
    """
    used = float(sum(pair.treated.total for pair in strata))
    expected = float(sum(pair.treated.n * pair.control.mean for pair in strata))
    if used <= 0 or expected <= 0:
        return None
    here: list[tuple[float, int]] = []
    there: list[tuple[float, int]] = []
    for pair in strata:
        treated, control = _unevenness(pair)
        here.append(((pair.treated.total / used) ** 2 * treated / pair.treated.n, pair.treated.n))
        part = pair.treated.n * pair.control.mean / expected
        there.append((part**2 * control / pair.control.n, pair.control.n))
    information = sum(pair.treated.n * pair.control.n / (pair.treated.n + pair.control.n) for pair in strata)
    width = boundary(information, least / 2, _freedom(here + there))
    low, high = _bounds(width**2 * sum(part for part, _ in here) / 4, width**2 * sum(part for part, _ in there) / 4)
    point = used / expected
    return Ratio(used, expected, Interval(point, point * low, None if high == inf else point * high))


def _unevenness(pair: Pair) -> tuple[float, float]:
    """Each arm's relative variance, a conversation's; of the more even arm that of both together.

    Long conversations are rare. A small arm that happens to hold none has too low a mean and looks certain of it, but
    the other arm tells how long they can be.
    """
    treated, control = pair.treated.unevenness, pair.control.unevenness
    both = (pair.treated.n * treated + pair.control.n * control) / (pair.treated.n + pair.control.n)
    return max(treated, both), max(control, both)


def _bounds(here: float, there: float) -> tuple[float, float]:
    """For what factors (1 - x)² <= here + x² there, squared; both are relative variances of roots times the width²."""
    inside = here + there - here * there
    if inside < 0:
        return 0.0, inf
    low = max(0.0, 1 - here) / (1 + sqrt(inside))
    high = (1 + sqrt(inside)) / (1 - there) if there < 1 else inf
    return low**2, high**2


def _freedom(parts: Sequence[tuple[float, int]]) -> float:
    """Welch and Satterthwaite's degrees of freedom of a sum of variances, each estimated from so many."""
    of_all = sum(part for part, _ in parts)
    return of_all**2 / sum(part**2 / (n - 1) for part, n in parts) if of_all else inf


def boundary(information: float, start: float, freedom: float = inf) -> float:
    """How many standard errors wide, at this much information, where nobody looked before ``start``."""
    normal = sqrt(_START**2 + log(max(1.0, information / start)))
    # Variances are estimated: the same tail of Student's distribution (Abramowitz and Stegun 26.7.5, three terms).
    first = (normal**3 + normal) / 4
    second = (5 * normal**5 + 16 * normal**3 + 3 * normal) / 96
    return normal + first / freedom + second / freedom**2


def chance_of_crossing(a: float) -> float:
    """How probable it is that the boundary which is ``a`` standard errors wide at its start is ever crossed."""
    return erfc(a / sqrt(2)) + 2 * a * exp(-a * a / 2) / sqrt(2 * pi)


def width_at_start(alpha: float) -> float:
    """The narrowest that is crossed as seldom as that."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_of_crossing(middle) > alpha else (low, middle)
    return high


_START = width_at_start(ALPHA)


@lru_cache(maxsize=4_096)
def share(hits: int, of: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Bounds of a share. Exact at every number of independent trials, also at none, and at all looks together."""
    limit = log(1 / alpha) + _log_beta(0.5, 0.5) - _log_beta(0.5 + hits, 0.5 + of - hits)
    point = hits / of if of else 0.5

    def refuted(at: float) -> bool:
        return -(hits * log(at) + (of - hits) * log1p(-at)) >= limit

    low = 0.0 if not hits else _edge(refuted, outside=0.0, inside=point)
    high = 1.0 if hits == of else _edge(refuted, outside=1.0, inside=point)
    return low, high


def _edge(refuted: Callable[[float], bool], *, outside: float, inside: float) -> float:
    for _ in range(40):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if refuted(middle) else (outside, middle)
    return outside


def difference(treated: tuple[int, int], control: tuple[int, int]) -> Interval:
    """How much greater a share is on the treated side; each side is ``(hits, of)``."""
    low, high = share(*treated, ALPHA / 2)
    least, most = share(*control, ALPHA / 2)
    point = (treated[0] / treated[1] if treated[1] else 0.0) - (control[0] / control[1] if control[1] else 0.0)
    return Interval(point, low - most, high - least)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
