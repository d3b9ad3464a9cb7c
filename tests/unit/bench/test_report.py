"""From rounds to verdicts: what a run claims, and what it must not claim."""

import xml.etree.ElementTree as ET

from bench.__main__ import main
from bench.budgets import BUDGETS, Results, added_first_byte, cost_ratio
from bench.cases import cases
from bench.measure import Round
from bench.order import Tally
from bench.plot import svg
from bench.report import budget_rows, fell_short
from bench.subjects import ROOT


def rounds(*microseconds: float, bad: int = 0) -> list[Round]:
    """Rounds of a thousand requests at this much processor time each."""
    return [Round(tally=Tally(good=1000, bad=bad, elapsed=1.0), cpu=each * 1000 / 1e6) for each in microseconds]


def verdict_of(results: Results, words: str) -> object:
    """The verdict on one budget."""
    return next(row["verdict"] for row in budget_rows(results) if str(row["figure"]).startswith(words))


def test_ratio_is_the_median_of_paired_rounds() -> None:
    """Three rounds, one of them on a slow machine."""
    found = cost_ratio(
        {"unary-1k": {"nginx": rounds(20, 40, 20), "penstock": rounds(60, 120, 70)}}, "unary-1k", "request"
    )
    assert found is not None
    assert round(found.middle, 6) == 3


def test_a_round_with_a_wrong_answer_gives_no_figure() -> None:
    """Cheap answers that are wrong must not pass a budget."""
    results = {"unary-1k": {"nginx": rounds(20, 20), "penstock": rounds(1, 1, bad=1)}}
    assert verdict_of(results, "unary 1 kB: CPU") == "not measured"
    assert fell_short(results)


def test_a_figure_is_judged_by_its_target() -> None:
    """Within the stretch, within the target, and beyond it."""
    for cost, verdict in ((59, "stretch"), (79, "pass"), (81, "miss")):
        results = {"unary-1k": {"nginx": rounds(20), "penstock": rounds(cost)}}
        assert verdict_of(results, "unary 1 kB: CPU") == verdict
        assert fell_short(results) == (verdict == "miss")


def test_a_budget_that_asks_for_more_is_met_by_more() -> None:
    """Throughput counts upwards."""
    budget = next(one for one in BUDGETS if one.at_least)
    assert [budget.verdict(value) for value in (49, 50, 100)] == ["miss", "pass", "stretch"]


def test_added_time_is_the_difference_to_the_direct_call() -> None:
    """In milliseconds, over all quiet rounds together; what another process did to a round is not the gateway's."""

    def idle(*samples: float, others: float = 0.0) -> list[Round]:
        return [Round(tally=Tally(good=len(samples), samples=list(samples)), others=others)]

    noisy = idle(0.5, others=0.9)
    results = {"first-byte": {"direct": idle(0.001, 0.001, 0.002), "penstock": idle(0.0013, 0.0013, 0.005) + noisy}}
    assert [round(added_first_byte(results, percent) or 0, 6) for percent in (50, 99)] == [0.3, 3.0]


def test_picture_is_well_formed_and_shows_each_subject() -> None:
    """An SVG that a browser opens."""
    drawn = svg(cases(10), {"unary-1k": {"nginx": rounds(20, 22), "penstock": rounds(60, 70)}})
    words = [element.text for element in ET.fromstring(drawn).iter() if element.text and element.text.strip()]
    assert {"nginx", "penstock"} <= set(words)
    assert any("= 3.09 x nginx" in word for word in words if word)


def test_pages_name_every_case_option_and_budget() -> None:
    """What can be asked for and what is promised stands in the documentation, and nothing that is gone."""
    page = (ROOT / "docs" / "reference" / "benchmarks.md").read_text()
    for case in cases(10):
        assert f"`{case.name}`" in page
    for option in main.params:
        assert option.name == "listing" or f"`{option.opts[0]}" in page
    part = (ROOT / "docs" / "performance.md").read_text().partition("<!-- budgets:")[2].partition("<!-- end of")[0]
    promised = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
    assert len(promised) == len(BUDGETS)
    for row, budget in zip(promised, BUDGETS, strict=True):
        assert row[0] == f"| {budget.words}"
        assert row[2].split()[1:2] == [f"{budget.target:g}"]
        assert row[4].split()[1:2] == [f"{budget.stretch:g}"]
