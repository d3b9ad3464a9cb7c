"""Quotas as people write them: what is understood, what is said of the rest, and that nothing gets lost in between."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.quota import Period, Quota, Spent, Unit, Unreachable
from penstock.core.quota_text import METERED, MOST, USUAL, QuotaError, Usual, amounts, read, said, write

MINUTE, DAY, WEEK, MONTH = Period.MINUTE, Period.DAY, Period.WEEK, Period.MONTH


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("60 requests per minute", Quota(Unit.REQUESTS, 60, MINUTE)),
        ("60 requests/minute, burst 20", Quota(Unit.REQUESTS, 60, MINUTE, burst=20)),
        ("60 requests/minute, burst of 1", Quota(Unit.REQUESTS, 60, MINUTE, burst=1)),
        ("60 rpm, burst 2.5k", Quota(Unit.REQUESTS, 60, MINUTE, burst=2500)),
        (f"60 rpm, burst {MOST}", Quota(Unit.REQUESTS, 60, MINUTE, burst=MOST)),
        ("1 request per minute", Quota(Unit.REQUESTS, 1, MINUTE)),
        ("60 rpm", Quota(Unit.REQUESTS, 60, MINUTE)),
        ("100k TPM", Quota(Unit.TOKENS, 100_000, MINUTE)),
        ("5M output tokens per month", Quota(Unit.OUTPUT, 5_000_000, MONTH)),
        ("5M output tokens daily", Quota(Unit.OUTPUT, 5_000_000, DAY)),
        ("2.5k input tokens a day", Quota(Unit.INPUT, 2500, DAY)),
        ("1,000,000 tokens monthly, cut", Quota(Unit.TOKENS, 1_000_000, MONTH, spent=Spent.CUT)),
        ("1_000 tokens every week", Quota(Unit.TOKENS, 1000, WEEK)),
        ("5 million tokens per week,closed", Quota(Unit.TOKENS, 5_000_000, WEEK, unreachable=Unreachable.CLOSED)),
        (
            "$20 per day for claude-opus-*, strict",
            Quota(Unit.DOLLARS, 20_000_000, DAY, models="claude-opus-*", strict=True),
        ),
        ("$0.50 per day", Quota(Unit.DOLLARS, 500_000, DAY)),
        ("$1 dollar a day", Quota(Unit.DOLLARS, 1_000_000, DAY)),
        ("$20 dollars/day", Quota(Unit.DOLLARS, 20_000_000, DAY)),
        ("$20 USD per day", Quota(Unit.DOLLARS, 20_000_000, DAY)),
        ("20 dollars per month, unpriced", Quota(Unit.DOLLARS, 20_000_000, MONTH, unpriced=True)),
        ("8 requests at once", Quota(Unit.AT_ONCE, 8)),
        ("8 concurrent requests for gpt-*", Quota(Unit.AT_ONCE, 8, models="gpt-*")),
        ("5 MB per request", Quota(Unit.BYTES, 5 * 1024 * 1024)),
        ("500 bytes", Quota(Unit.BYTES, 500)),
    ],
)
def test_what_people_write_is_understood(text: str, quota: Quota) -> None:
    """Plurals, signs and the providers' own words make no difference."""
    assert read(text) == quota
    assert read(f"  {text.upper() if not quota.models else text} ") == quota


EXAMPLE = "write one like `60 requests per minute`, `5M output tokens per month` or `$20 per day`"


@pytest.mark.parametrize(
    ("text", "what", "advice"),
    [
        ("", "is empty", EXAMPLE),
        ("60", "does not say what it counts", "write what: requests, tokens, output tokens, dollars, …"),
        ("60 requests", "has no period", "add `per minute`, `per day`, `per week` or `per month`, or `at once`"),
        ("60 requets per minute", "does not say what it counts: requets", "did you mean `requests`?"),
        ("60 requests per minut", "names no period: minut", "did you mean `minute`?"),
        ("60 requests per dy", "names no period: dy", "did you mean `day`?"),
        ("60 requests per wek", "names no period: wek", "did you mean `week`?"),
        ("60 requests per mont", "names no period: mont", "did you mean `month`?"),
        ("60 requests per full moon", "names no period: full moon", "write one of `minute`, `day`, `week`, `month`"),
        ("60 requests per second", "can't be counted by the second", "write it per minute, day, week or month"),
        ("60 requests per sec", "can't be counted by the sec", "write it per minute, day, week or month"),
        ("60 requests / s", "can't be counted by the s", "write it per minute, day, week or month"),
        ("60 requests per hour", "can't be counted by the hour", "write it per minute, day, week or month"),
        ("60 requests per h", "can't be counted by the h", "write it per minute, day, week or month"),
        ("60 requests per minute, brust 3", "has an option that nobody knows: brust 3", "did you mean `burst`?"),
        (
            "60 requests per minute, very strict",
            "has an option that nobody knows: very strict",
            "write one of `strict`, `learned`, `burst`, `cut`, `finish`, `open`, `closed`, `local`, `unpriced`, "
            "`priced`",
        ),
        ("60 requests per minute, burst x", "has a burst that is no number: burst x", "write one like `burst 20`"),
        ("60 requests per minute, burst 0", "has a burst with which nothing could pass", "write one like `burst 20`"),
        ("60 requests per minute, burst $5", "has a burst that is no number: burst $5", "write one like `burst 20`"),
        (
            "60 requests per minute, strict",
            "counts what is known beforehand, so `strict` means nothing",
            "remove `strict`",
        ),
        ("60 requests per minute, cut", "counts what is known beforehand, so `cut` means nothing", "remove `cut`"),
        ("60 requests per minute, local, open", "says twice what only one option can: open", "keep one of them"),
        ("60 requests per minute,", "has a comma with nothing behind it", "remove the comma"),
        (
            "60 requests per minute for",
            "names no pattern of models behind `for`",
            "write one without spaces, such as `for claude-opus-*`; for more patterns write more quotas",
        ),
        (
            "60 requests per minute for a b",
            "names no pattern of models behind `for`",
            "write one without spaces, such as `for claude-opus-*`; for more patterns write more quotas",
        ),
        (
            "burst 20",
            "is an option of a quota, without one: burst 20",
            "in a list in brackets a comma begins a new quota; write quotes around the whole quota",
        ),
        (
            "burst of 20",
            "is an option of a quota, without one: burst of 20",
            "in a list in brackets a comma begins a new quota; write quotes around the whole quota",
        ),
        ("5M tokens", "has no period", "add `per minute`, `per day`, `per week` or `per month`"),
        ("5M tokens per day, burst 3", "has a burst, which only quotas per minute have", "remove it"),
        (
            "5M completion tokens per day",
            "counts what has another name here: completion tokens",
            "write `output tokens`",
        ),
        ("5M tokens per day, unpriced", "counts no money, so `unpriced` means nothing", "remove `unpriced`"),
        ("0 tokens per day", "allows nothing at all", "revoke the key, or say with `models` which models are allowed"),
        ("0.5 requests per day", "has more decimals than can be counted: 0.5", "write fewer"),
        ("9999999999999999 tokens per day", "is more than can be counted", "leave it out, and nothing is limited"),
        ("$20", "has no period", "add `per day`, `per week` or `per month`"),
        ("$20 per minute", "counts money by the minute", "write it per day, week or month"),
        ("$20 tokens per day", "has words that say nothing here: tokens", "write one like `$20 per day`"),
        ("€20 per day", "does not begin with an amount: €20 per day", EXAMPLE),
        (
            "8 requests at once per day",
            "has a period, but requests at once are not counted over time",
            "end it before `per day`",
        ),
        ("8 at once daily", "has a period, but requests at once are not counted over time", "end it before `daily`"),
        (
            "8 requests at once/day",
            "has a period, but requests at once are not counted over time",
            "end it before `/day`",
        ),
        ("5 MB per day", "counts bytes of a request's body, each by itself", "write one like `5 MB per request`"),
        ("5 MB per request, open", "asks no store, so `open` means nothing", "remove `open`"),
        ("no\tquota", "does not begin with an amount: no·quota", EXAMPLE),
        ("x" * 60, "does not begin with an amount: " + "x" * 60, EXAMPLE),
        ("x" * 61, "does not begin with an amount: " + "x" * 60 + "…", EXAMPLE),
    ],
)
def test_what_is_no_quota_is_told_what_to_write(text: str, what: str, advice: str) -> None:
    """The mistake is named, and what was probably meant."""
    with pytest.raises(QuotaError) as caught:
        read(text)
    assert (caught.value.what, caught.value.advice) == (what, advice)


def test_what_a_quota_leaves_unsaid_is_as_usual() -> None:
    """The installation's defaults hold where a quota says nothing, and mean nothing where they would not be
    understood."""
    usual = Usual(strict=True, spent=Spent.CUT, unreachable=Unreachable.CLOSED, unpriced=True)
    assert read("$1 per day", usual) == Quota(
        Unit.DOLLARS, 1_000_000, DAY, strict=True, spent=Spent.CUT, unreachable=Unreachable.CLOSED, unpriced=True
    )
    assert read("$1 per day, learned, finish, local, priced", usual) == Quota(Unit.DOLLARS, 1_000_000, DAY)
    assert write(read("$1 per day, priced", USUAL), usual) == "$1 per day, learned, finish, local, priced"
    assert write(read("$1 per day", usual)) == "$1 per day, strict, cut, closed, unpriced"
    assert read("60 rpm", usual) == Quota(Unit.REQUESTS, 60, MINUTE, unreachable=Unreachable.CLOSED)
    assert read("5 MB per request", usual) == Quota(Unit.BYTES, 5 * 1024 * 1024)


def test_amounts_are_written_as_people_say_them() -> None:
    """Round numbers are short, others exact."""
    assert [amounts(Unit.TOKENS, number) for number in (1, 999, 1500, 1501, 5_000_000, 1_500_000)] == [
        "1 token", "999 tokens", "1.5k tokens", "1501 tokens", "5M tokens", "1.5M tokens",
    ]  # fmt: skip
    assert [amounts(Unit.DOLLARS, number) for number in (1, 500_000, 20_000_000)] == ["$0.000001", "$0.50", "$20"]
    assert said(read("5 mb for gpt-*")) == "5 MB per request for gpt-*"


@st.composite
def quotas(draw: st.DrawFn) -> Quota:
    unit = draw(st.sampled_from(Unit))
    metered = unit in METERED
    periods = [DAY, WEEK, MONTH] if unit is Unit.DOLLARS else [MINUTE, DAY, WEEK, MONTH]
    period = Period.NONE if unit in {Unit.AT_ONCE, Unit.BYTES} else draw(st.sampled_from(periods))
    amount = st.integers(1, MOST) | st.integers(1, 9999).map(lambda number: number * 100_000)
    return Quota(
        unit=unit,
        amount=draw(amount),
        period=period,
        models=draw(st.just("") | st.from_regex(r"[a-z0-9*?\[\]./:@-]{1,20}", fullmatch=True)),
        burst=draw(st.none() | amount) if period is MINUTE else None,
        strict=metered and draw(st.booleans()),
        spent=draw(st.sampled_from(Spent)) if metered else Spent.FINISH,
        unreachable=Unreachable.LOCAL if unit is Unit.BYTES else draw(st.sampled_from(Unreachable)),
        unpriced=unit is Unit.DOLLARS and draw(st.booleans()),
    )


@given(quota=quotas(), strict=st.booleans(), spent=st.sampled_from(Spent))
def test_what_is_written_reads_as_the_same_quota(quota: Quota, strict: bool, spent: Spent) -> None:
    """Whatever the quota is, and whatever goes without saying."""
    assert read(write(quota)) == quota
    usual = Usual(strict=strict, spent=spent)
    assert read(write(quota, usual), usual) == quota


@given(text=st.text(max_size=60) | st.from_regex(r"[0-9]{1,3} ?[a-z$]{0,9} (per|for|,|at) [a-z]{0,9}", fullmatch=True))
def test_any_text_is_a_quota_or_a_mistake(text: str) -> None:
    """Nothing else is raised, and what is understood can be written down."""
    with contextlib.suppress(QuotaError):
        quota = read(text)
        assert read(write(quota)) == quota
