"""Intervals that hold at every look: against chance itself, and worked by hand."""

from math import exp, inf, lgamma, pi, sqrt
from random import Random
from statistics import NormalDist

import pytest

from penstock.ledger.sequence import (
    ALPHA,
    Moments,
    Pair,
    boundary,
    chance_of_crossing,
    difference,
    ratio,
    share,
    width_at_start,
)


def moments(*amounts: float) -> Moments:
    """Of conversations that used so much each."""
    return Moments(len(amounts), sum(map(bool, amounts)), sum(amounts), sum(each * each for each in amounts))


@pytest.mark.slow
def test_a_random_walk_crosses_the_boundary_as_seldom_as_promised() -> None:
    """Looked at all the time until a hundred times the start: less often than one in twenty, and not much less."""
    chance = Random(7)
    start, walks, crossed = 25.0, 1_500, 0
    times = [start * 1.02**step for step in range(233)]
    for _ in range(walks):
        at = chance.gauss(0, sqrt(start))
        for before, now in zip([start, *times], times, strict=False):
            at += chance.gauss(0, sqrt(now - before))
            if abs(at) > boundary(now, start) * sqrt(now):
                crossed += 1
                break
    assert ALPHA / 2 < crossed / walks <= ALPHA


def test_the_boundary_is_wider_later_and_with_few_to_estimate_from() -> None:
    """2.795 standard errors at the start (Robbins and Siegmund's equation at 5 %), against 1.96 for a single look."""
    assert boundary(25, 25) == pytest.approx(2.7955, abs=1e-4)
    assert boundary(10, 25) == boundary(25, 25)
    assert boundary(2_500, 25) == pytest.approx(sqrt(2.7955**2 + 4.6052), abs=1e-3)
    assert boundary(25, 25, 10) == pytest.approx(3.54, abs=0.02)  # Student, ten degrees, the tail beyond 2.7955
    assert boundary(25, 25, 10) > boundary(25, 25, 100) > boundary(25, 25, inf)


def student_tail(beyond: float, freedom: float) -> float:
    """How probable more than this is, by Simpson's rule over the density; substituted, so that the end is at nought."""
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    steps = 20_000
    sides = [
        (1 + (each := beyond * steps / place) ** 2 / freedom) ** (-(freedom + 1) / 2) * each**2 / beyond
        for place in range(1, steps + 1)
    ]
    return scale * (4 * sum(sides[:-1:2]) + 2 * sum(sides[1:-1:2]) + sides[-1]) / (3 * steps)


@pytest.mark.parametrize(("freedom", "within"), [(20, 0.01), (300, 1e-5), (3_000, 5e-9)])
def test_few_to_estimate_from_widen_it_as_students_distribution_does(freedom: int, within: float) -> None:
    """The tail beyond is the normal one's, as near as three terms come to it."""
    tail = 1 - NormalDist().cdf(boundary(25, 25))
    assert student_tail(boundary(25, 25, freedom), freedom) == pytest.approx(tail, rel=within)


@pytest.mark.parametrize("a", [0.0, 0.25, 1.0, 1.96, 2.7955, 4.0])
def test_how_often_a_boundary_is_crossed_is_what_the_paper_says(a: float) -> None:
    """1 - (1 - 2 (1 - F(a) + a f(a))), with the normal distribution and density: one of no width always is."""
    normal = NormalDist()
    assert chance_of_crossing(a) == pytest.approx(2 * (1 - normal.cdf(a) + a * normal.pdf(a)), rel=1e-9)


@pytest.mark.parametrize("alpha", [0.9, 0.5, 0.05, 0.001, 1e-9])
def test_a_boundary_begins_where_it_is_crossed_as_seldom_as_asked(alpha: float) -> None:
    """To the last digits that there are, and never more often."""
    width = width_at_start(alpha)
    assert chance_of_crossing(width) == pytest.approx(alpha, rel=1e-12)
    assert chance_of_crossing(width * (1 - 1e-9)) > alpha


def test_moments_add_up() -> None:
    """Two halves are the whole; unevenness has no unit."""
    assert moments(1, 2, 0) + moments(5) == moments(1, 2, 0, 5)
    assert moments(2, 4).mean == 3
    assert moments(2, 4).unevenness == pytest.approx(2 / 9)
    assert moments(200, 400).unevenness == pytest.approx(2 / 9)
    assert moments(0, 0).unevenness == 0
    assert moments(0, 0, 7).some == 1


def test_the_bounds_of_a_ratio_are_the_last_that_the_data_do_not_refute() -> None:
    """At each bound, the difference of the roots is as many standard errors as the boundary says."""
    treated, control = moments(*range(40, 100)), moments(*range(60, 160))
    found = ratio([Pair(treated, control)], 50)
    assert found is not None
    assert (found.used, found.expected) == (treated.total, pytest.approx(60 * control.mean))
    assert found.ratio.point == pytest.approx(treated.mean / control.mean)
    both = (60 * treated.unevenness + 100 * control.unevenness) / 160
    uneven, more_even = max(treated.unevenness, both), max(control.unevenness, both)
    widths = []
    for bound in (found.ratio.low, found.ratio.high):
        assert bound is not None
        error = sqrt(treated.mean * uneven / 60 + bound * control.mean * more_even / 100) / 2
        widths.append(abs(sqrt(treated.mean) - sqrt(bound * control.mean)) / error)
    assert widths == pytest.approx([widths[0]] * 2)
    assert boundary(60 * 100 / 160, 25) < widths[0] < boundary(60 * 100 / 160, 25, 50)


def test_the_bounds_of_several_strata_weigh_each_by_what_it_adds() -> None:
    """The sums' variances are the sums of the strata's; roots have a quarter of them by the sum (delta method)."""
    pairs = [
        Pair(moments(*range(40, 100)), moments(*range(60, 160))),
        Pair(moments(*range(900, 960)), moments(*range(700, 900))),
        Pair(moments(*[1, 9] * 20), moments(*[2, 3, 7] * 20)),
    ]
    found = ratio(pairs, 50)
    assert found is not None
    used, expected, here, there = 0.0, 0.0, 0.0, 0.0
    for treated, control in ((pair.treated, pair.control) for pair in pairs):
        both = (treated.n * treated.unevenness + control.n * control.unevenness) / (treated.n + control.n)
        used += treated.total
        expected += treated.n * control.mean
        here += treated.n * treated.mean**2 * max(treated.unevenness, both)
        there += treated.n**2 * control.mean**2 * max(control.unevenness, both) / control.n
    assert (found.used, found.expected) == (used, pytest.approx(expected))
    widths = []
    for bound in (found.ratio.low, found.ratio.high):
        assert bound is not None
        widths.append(abs(sqrt(used) - sqrt(bound * expected)) / (sqrt(here / used + bound * there / expected) / 2))
    assert widths == pytest.approx([widths[0]] * 2)
    information = sum(pair.treated.n * pair.control.n / (pair.treated.n + pair.control.n) for pair in pairs)
    assert boundary(information, 25) < widths[0] < boundary(information, 25, 40)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_a_ratio_has_no_unit(unit: float) -> None:
    """In dollars or in micro-dollars: less than one dollar is something, too."""
    treated, control = range(40, 100), range(60, 160)
    found = ratio([Pair(moments(*treated), moments(*control))], 50)
    other = ratio([Pair(moments(*(unit * each for each in treated)), moments(*(unit * each for each in control)))], 50)
    assert found is not None
    assert other is not None
    assert other.expected == pytest.approx(found.expected * unit)
    for name in ("point", "low", "high"):
        assert getattr(other.ratio, name) == pytest.approx(getattr(found.ratio, name), rel=1e-6)


@pytest.mark.parametrize("huge", [200.0, 1_000.0, 1e7])
def test_what_could_be_anything_has_no_bounds(huge: float) -> None:
    """One conversation of fifty is so long that nothing is known: neither a least nor a most, from there on."""
    uneven, even = moments(*[1.0] * 49, huge), moments(*[1.0, 1.2] * 100)
    for treated, control in ((uneven, uneven), (even, uneven), (uneven, even)):
        found = ratio([Pair(treated, control)], 50)
        assert found is not None
        assert (found.ratio.low == 0) is (treated is uneven)
        assert (found.ratio.high is None) is (control is uneven)


def test_an_arm_without_long_conversations_is_not_taken_to_be_sure() -> None:
    """The other arm tells how long they can be; an arm that is more uneven itself keeps its own measure."""
    even, uneven = moments(*[80, 120] * 50), moments(*[40, 40, 40, 280] * 25)
    lows = []
    for pair in (Pair(even, even), Pair(even, uneven), Pair(uneven, even), Pair(uneven, uneven)):
        found = ratio([pair], 50)
        assert found is not None
        assert found.ratio.point == 1
        assert found.ratio.low is not None
        lows.append(found.ratio.low)
    assert lows[0] > lows[1] > lows[3]
    assert lows[0] > lows[2] > lows[3]


def test_a_small_arm_without_long_conversations_is_as_unsure_as_the_others_say() -> None:
    """One treated in a hundred is long, and of a hundred controls none is: that is no loss."""
    uneven = moments(*([50.0] * 99 + [5_050.0]) * 9)
    controls = moments(*[49.0, 51.0] * 50)
    found = ratio([Pair(uneven, controls)], 50)
    assert found is not None
    assert found.ratio.point == pytest.approx(2)
    assert found.ratio.low is not None
    assert found.ratio.low < 1


def test_strata_are_weighed_by_the_treated() -> None:
    """Treated are short everywhere, but most of them stand where answers are long: all in one pot, they would lose."""
    short = Pair(moments(*[8, 12] * 5), moments(*[18, 22] * 45))
    long = Pair(moments(*[80, 120] * 45), moments(*[180, 220] * 5))
    found = ratio([short, long], 20)
    assert found is not None
    assert found.ratio.point == pytest.approx(0.5)
    assert found.expected == 10 * 20 + 90 * 200
    whole = ratio([Pair(short.treated + long.treated, short.control + long.control)], 20)
    assert whole is not None
    assert whole.ratio.point > 2


def test_one_conversation_that_outweighs_all_others_proves_nothing() -> None:
    """As a control it is no saving, as a treated one no loss."""
    usual, uneven = [80.0, 120.0] * 100, [80.0, 120.0] * 99 + [80.0, 5_000_000.0]
    found = ratio([Pair(moments(*usual), moments(*uneven))], 50)
    assert found is not None
    assert found.ratio.point < 0.01
    assert found.ratio.high is None
    found = ratio([Pair(moments(*uneven), moments(*usual))], 50)
    assert found is not None
    assert found.ratio.low == 0


@pytest.mark.parametrize("pair", [Pair(moments(0, 0), moments(1, 2)), Pair(moments(1, 2), moments(0, 0))])
def test_nothing_used_has_no_ratio(pair: Pair) -> None:
    """On either side."""
    assert ratio([pair], 2) is None


@pytest.mark.parametrize("true", [0.01, 0.3, 0.95])
def test_a_share_is_inside_its_bounds_at_every_look(true: float) -> None:
    """From the first trial on."""
    chance, outside, runs = Random(3), 0, 300
    for _ in range(runs):
        hits, of = 0, 0
        for look in (1, 2, 3, 5, 10, 20, 40, 80, 160, 320, 640):
            hits += sum(chance.random() < true for _ in range(look - of))
            of = look
            low, high = share(hits, of)
            if not low <= true <= high:
                outside += 1
                break
    assert outside / runs <= ALPHA


def test_a_share_is_bounded_where_nothing_was_seen() -> None:
    """No trials exclude nothing; no hits in many exclude much; all hits mirror none."""
    assert share(0, 0) == (0.0, 1.0)
    assert share(0, 30)[1] == pytest.approx(0.161, abs=0.001)
    assert share(0, 3_000)[1] < 0.003
    low, high = share(30, 30)
    assert (1 - high, 1 - low) == pytest.approx(share(0, 30), abs=1e-9)


def test_a_difference_of_shares_takes_the_worst_of_both_sides() -> None:
    """Its bounds are those of the sides, each wrong half as often."""
    found = difference((90, 300), (10, 100))
    low, high = share(90, 300, ALPHA / 2)
    least, most = share(10, 100, ALPHA / 2)
    assert (found.point, found.low, found.high) == (pytest.approx(0.2), low - most, high - least)


def test_an_arm_without_any_has_a_share_of_none() -> None:
    """The point is then what the other side says; the bounds say that nothing is known."""
    assert difference((0, 0), (10, 100)).point == -0.1
    assert difference((10, 100), (0, 0)).point == 0.1
    found = difference((0, 0), (0, 0))
    assert (found.point, found.low, found.high) == (0.0, -1.0, 1.0)
