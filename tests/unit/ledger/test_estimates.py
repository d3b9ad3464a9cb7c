"""Estimates: what is told stays, the rest is bytes times a ratio that learns."""

import pytest

from penstock.core.attachments import AttachedBytes, Passed
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.ledger import estimates
from penstock.ledger.estimates import Delivery, Estimates

CHAT = Delivery("chat.completions.create", stream=True)
WHOLE = Delivery("chat.completions.create", stream=False)
NOTHING = Consumption(missing=True)


def reported(model: str, into: int, out: int) -> Consumption:
    return Consumption((Share(model, Usage(input=into, output=out)),), Source.REPORTED)


def learned(model: str = "m", way: Delivery = CHAT, times: int = 100) -> Estimates:
    """From answers of one token per 100 bytes, and requests of one per 10."""
    found = Estimates()
    for _ in range(times):
        found.learn(reported(model, 50, 200), "asked", way, 500, 20_000)
    return found


def test_a_ratio_is_learned_per_model_and_way() -> None:
    """Another model, and the same model's whole answers, are not touched by it."""
    known = learned()
    mine = known.estimate(NOTHING, "m", CHAT, Passed(1_000, 50_000)).usage
    assert mine.input == pytest.approx(100, rel=0.05)
    assert mine.output == pytest.approx(500, rel=0.05)
    for model, way in (("other", CHAT), ("m", WHOLE)):
        assert known.estimate(NOTHING, model, way, Passed(1_000, 50_000)) == Estimates().estimate(
            NOTHING, model, way, Passed(1_000, 50_000)
        )


def test_a_ratio_is_learned_by_the_asked_name_too() -> None:
    """Answers name a snapshot, and a stream that may have to be cut is known by what was asked."""
    known = learned("m-2026-11-22")
    assert known.tokens("asked", CHAT) == known.tokens("m-2026-11-22", CHAT) == pytest.approx(0.01, rel=0.05)
    assert known.tokens("other", CHAT) == Estimates().tokens("asked", CHAT)


def test_what_was_told_stays() -> None:
    """Input, cache, tier and the other models' shares; the output is never less than was told."""
    advisor = Share("advisor", Usage(input=7, output=7))
    last = Share("m", Usage(input=30, cache_read=900, output=1, reasoning=2), "priority")
    told = Consumption((advisor, last), Source.REPORTED, missing=True)
    found = learned().estimate(told, "asked", CHAT, Passed(1_000, 50_000))
    usage = found.shares[-1].usage
    assert (found.source, found.missing, found.shares[0]) == (Source.ESTIMATED, True, advisor)
    assert (usage.input, usage.cache_read, usage.reasoning, found.shares[-1].tier) == (30, 900, 2, "priority")
    assert usage.total_output == pytest.approx(500, rel=0.05)
    assert learned().estimate(told, "asked", CHAT, Passed(1_000, 0)).usage == told.usage


def test_what_misses_nothing_is_not_estimated() -> None:
    """Neither what was told in full nor what is not counted in tokens."""
    for whole in (reported("m", 3, 4), Consumption()):
        assert learned().estimate(whole, "m", CHAT, Passed(1_000, 50_000)) is whole


def test_the_asked_model_stands_in_for_one_that_is_not_named() -> None:
    """A stream that never began has no model of its own."""
    found = learned().estimate(NOTHING, "m", CHAT, Passed(1_000, 0))
    assert (found.model, found.usage.output, found.usage.input > 0) == ("m", 0, True)


def test_an_answer_that_names_nobody_is_the_asked_models() -> None:
    """And what was learned without a name that was asked is known by the answer's alone."""
    told = Consumption((Share(None, Usage(output=1)),), Source.REPORTED, missing=True)
    assert learned().estimate(told, "m", CHAT, Passed(1_000, 0)).model == "m"
    known = Estimates()
    known.learn(reported("m", 50, 200), "", CHAT, 500, 20_000)
    assert known.tokens("m", CHAT) != Estimates().tokens("m", CHAT) == known.tokens("", CHAT)


@pytest.mark.parametrize(
    ("way", "tokens", "taken"),
    [
        (Delivery("messages.create", stream=False), 96, 350),
        (Delivery("messages.create", stream=True), 25, 420),
        (Delivery("unheard-of", stream=False), 80, 200),
        (Delivery("unheard-of", stream=True), 10, 200),
    ],
)
def test_before_anything_is_learned_recorded_answers_say_it(way: Delivery, tokens: int, taken: int) -> None:
    """So many tokens to a thousand bytes, out and in."""
    usage = Estimates().estimate(NOTHING, "m", way, Passed(1_000, 1_000)).usage
    assert (usage.output, usage.input) == (pytest.approx(tokens, abs=1), pytest.approx(taken, abs=1))


def test_only_full_reports_teach() -> None:
    """An estimate, a cut answer and an empty one change nothing."""
    known = Estimates()
    for taught in (
        Consumption((Share("m", Usage(output=9_000)),), Source.ESTIMATED, missing=True),
        Consumption((Share("m", Usage(output=9_000)),), Source.REPORTED, missing=True),
        Consumption((Share("m", Usage(output=9_000)),), Source.NONE),
    ):
        known.learn(taught, "m", CHAT, 10, 10)
    known.learn(reported("m", 9_000, 9_000), "m", CHAT, 10, 0)
    assert known.estimate(NOTHING, "m", CHAT, Passed(1_000, 1_000)) == Estimates().estimate(
        NOTHING, "m", CHAT, Passed(1_000, 1_000)
    )


@pytest.mark.parametrize(
    ("into", "out", "taught"),
    [(10_000_000, 1, True), (10_000_001, 1, False), (1, 1_000_000, True), (1, 1_000_001, False)],
)
def test_numbers_that_no_model_has_teach_nothing(into: int, out: int, taught: bool) -> None:
    """A mistake of a billion tokens would stand behind every estimate that follows."""
    known = Estimates()
    known.learn(reported("m", into, out), "m", CHAT, 100, 100)
    passed = Passed(1_000, 50_000)
    fresh = Estimates().estimate(NOTHING, "m", CHAT, passed)
    assert (known.estimate(NOTHING, "m", CHAT, passed) != fresh) is taught


def test_what_is_remembered_is_bounded() -> None:
    """The model that was heard of longest ago begins anew; one that is heard of again stays."""
    known = learned("old")
    known.learn(reported("kept", 50, 200), "", CHAT, 500, 20_000)
    for number in range(estimates.MODELS - 1):
        known.learn(reported(f"model-{number}", 50, 200), "", CHAT, 500, 20_000)
        known.learn(reported("kept", 50, 200), "", CHAT, 500, 20_000)

    def fresh(model: str) -> bool:
        return known.estimate(NOTHING, model, CHAT, Passed(1_000, 50_000)) == Estimates().estimate(
            NOTHING, model, CHAT, Passed(1_000, 50_000)
        )

    assert (fresh("old"), fresh("kept"), fresh("model-998")) == (True, False, False)


@pytest.mark.parametrize(("others", "remembered"), [(estimates.MODELS - 1, True), (estimates.MODELS, False)])
def test_so_many_models_are_remembered_and_no_more(others: int, remembered: bool) -> None:
    """The last one that there is room for costs nobody its place."""
    known = Estimates()
    for name in ("first", *map(str, range(others))):
        known.learn(reported(name, 50, 200), "", CHAT, 500, 20_000)
    assert (known.tokens("first", CHAT) != Estimates().tokens("first", CHAT)) is remembered


def test_calls_without_any_model_teach_each_other() -> None:
    """Some operations name none, and their answers neither."""
    known = Estimates()
    told = Consumption((Share(None, Usage(input=50, output=200)),), Source.REPORTED)
    for _ in range(100):
        known.learn(told, "", CHAT, 500, 20_000)
    found = known.estimate(NOTHING, "", CHAT, Passed(1_000, 50_000))
    assert found.model is None
    assert (found.usage.input, found.usage.output) == (pytest.approx(100, rel=0.05), pytest.approx(500, rel=0.05))


@pytest.mark.parametrize(("bytes_in", "taught"), [(5_000, True), (5_001, False)])
def test_a_hundred_bytes_to_a_token_are_the_most_that_text_has(bytes_in: int, taught: bool) -> None:
    """With more the request teaches nothing of text."""
    known = Estimates()
    known.learn(reported("m", 50, 200), "m", CHAT, bytes_in, 20_000)
    usage, unlearned = (each.estimate(NOTHING, "m", CHAT, Passed(100_000, 0)).usage for each in (known, Estimates()))
    assert (usage.input != unlearned.input) is taught


def test_pictures_are_no_text() -> None:
    """They count by the piece, and only the rest of the bytes by the ratio."""
    found = learned().estimate(NOTHING, "m", CHAT, Passed(100_000, 0, AttachedBytes(2, 0.9)))
    assert found.usage.input == pytest.approx(1_000 + 2 * estimates.ATTACHMENT_TOKENS, rel=0.02)


@pytest.mark.parametrize(("window", "most"), [(None, 10_000), (20_000, 10_000), (4_000, 4_000)])
def test_no_input_is_larger_than_the_window(window: int | None, most: int) -> None:
    """Where one is known; no provider would have taken more."""
    found = learned().estimate(NOTHING, "m", CHAT, Passed(100_000, 0), window=window)
    assert found.usage.input == pytest.approx(most, rel=0.02)


def test_a_request_that_is_mostly_pictures_teaches_nothing_of_text() -> None:
    """Its bytes are worth a hundredth of the tokens; its answer still teaches."""
    known = learned()
    for _ in range(100):
        known.learn(reported("m", 1_000, 400), "m", CHAT, 1_000_000, 20_000)
    usage = known.estimate(NOTHING, "m", CHAT, Passed(1_000, 50_000)).usage
    assert usage.input == pytest.approx(100, rel=0.05)
    assert usage.output == pytest.approx(1_000, rel=0.05)
