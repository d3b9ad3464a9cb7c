"""Sums of what calls used up."""

from penstock.core.usage import COUNTERS, Consumption, Share, Usage

EACH = {name: 2**place for place, name in enumerate(COUNTERS)}


def test_counters_are_added_one_by_one() -> None:
    """Each with its own, and tools by their names."""
    one = Usage(**EACH, tools=(("web_fetch", 1), ("web_search", 2)))
    other = Usage(**EACH, tools=(("code", 3), ("web_search", 4)))
    assert one + other == Usage(
        **{name: 2 * count for name, count in EACH.items()}, tools=(("code", 3), ("web_fetch", 1), ("web_search", 6))
    )


def test_every_counter_went_in_or_came_out() -> None:
    """None is left out of the totals, and none counted twice."""
    usage = Usage(**EACH)
    assert usage.total_input == sum(EACH[name] for name in COUNTERS if name.startswith(("input", "cache")))
    assert usage.total_input + usage.total_output == sum(EACH.values())


def test_a_call_of_several_models_is_the_last_ones() -> None:
    """What they used is told together."""
    shares = (Share("one", Usage(input=1)), Share("two", Usage(input=2, output=3)))
    assert Consumption(shares).usage == Usage(input=3, output=3)
    assert [Consumption(some).model for some in (shares, shares[:1], ())] == ["two", "one", None]
