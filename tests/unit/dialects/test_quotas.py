"""How quotas stand in each dialect's own headers, and what each calls a quota that refused."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.assembly.composing import DIALECTS
from penstock.core.allowance import Allowance, Held
from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import Header, RequestHead
from penstock.core.quota import Level, Period, Quota, Unit

NOW = 1_795_305_600.0  # 2026-11-22T00:00:00Z
MONTH = 1_796_083_200.0  # 2026-12-01T00:00:00Z
WORDS = "This key's quota is used up. Ask Ada."


def rate(unit: Unit, amount: int, used: int, resets: float, burst: int | None = None) -> Held:
    return Held(Quota(unit, amount, Period.MINUTE, burst=burst), used, 0, NOW + resets)


def budget(cents: int, *, of: int = 2000, level: Level = Level.KEY, period: Period = Period.MONTH) -> Held:
    return Held(Quota(Unit.DOLLARS, of * 10_000, period, level=level), cents * 10_000, 0, MONTH)


REQUESTS = rate(Unit.REQUESTS, 60, 4, 4.2, burst=20)
TOKENS = rate(Unit.TOKENS, 100_000, 600, 0.36)
OUTPUT = rate(Unit.OUTPUT, 30_000, 6000, 390)
OTHERS = (
    Held(Quota(Unit.AT_ONCE, 8), 0, 3, 0),
    Held(Quota(Unit.OUTPUT, 5_000_000, Period.MONTH), 4_500_000, 900, MONTH),
)


def told(dialect: str, *held: Held, given: Sequence[Header] = (), refused: bool = False) -> list[str]:
    lines = DIALECTS[dialect].quotas(Allowance(held), NOW, given, refused=refused).decode()
    return lines.removeprefix("\r\n").split("\r\n") if lines else []


def test_rates_as_anthropic_says_them() -> None:
    """Limit per minute, what the bucket still has, when it is full again; the tightest of each unit, and no quota that
    is counted in another way."""
    looser = rate(Unit.REQUESTS, 600, 0, 0)
    assert told("anthropic", *OTHERS, OUTPUT, REQUESTS, TOKENS, looser) == [
        "anthropic-ratelimit-output-tokens-limit: 30000",
        "anthropic-ratelimit-output-tokens-remaining: 0",
        "anthropic-ratelimit-output-tokens-reset: 2026-11-22T00:06:30Z",
        "anthropic-ratelimit-requests-limit: 60",
        "anthropic-ratelimit-requests-remaining: 16",
        "anthropic-ratelimit-requests-reset: 2026-11-22T00:00:05Z",
        "anthropic-ratelimit-tokens-limit: 100000",
        "anthropic-ratelimit-tokens-remaining: 16067",
        "anthropic-ratelimit-tokens-reset: 2026-11-22T00:00:01Z",
    ]


def test_rates_as_openai_says_them() -> None:
    """One row for requests and one for tokens: of those that count any, the tightest."""
    assert told("openai", *OTHERS, OUTPUT, REQUESTS, TOKENS) == [
        "x-ratelimit-limit-tokens: 30000",
        "x-ratelimit-remaining-tokens: 0",
        "x-ratelimit-reset-tokens: 6m30s",
        "x-ratelimit-limit-requests: 60",
        "x-ratelimit-remaining-requests: 16",
        "x-ratelimit-reset-requests: 4.2s",
    ]


def test_gemini_has_no_such_headers() -> None:
    """Nothing is made up where clients look for nothing."""
    assert told("gemini", REQUESTS, TOKENS, budget(1900)) == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.012, "12ms"), (-3, "0ms"), (0.9999, "1s"), (1, "1s"), (8.64, "8.64s"), (59.9, "59.9s"), (60, "1m0s"),
     (360, "6m0s"), (360.2, "6m1s"), (3600, "1h0m0s"), (90_061, "25h1m1s")],
)  # fmt: skip
def test_openais_durations(seconds: float, said: str) -> None:
    """As Go writes them, and never shorter than it is."""
    held = Held(Quota(Unit.REQUESTS, 60, Period.MINUTE), 0, 0, seconds)
    assert f"x-ratelimit-reset-requests: {said}".encode() in DIALECTS["openai"].quotas(
        Allowance((held,)), 0.0, (), refused=False
    )


@pytest.mark.parametrize(
    ("cents", "status", "utilization", "surpassed"),
    [(0, "allowed", "0.00", None), (1499, "allowed", "0.74", None), (1500, "allowed_warning", "0.75", "0.75"),
     (1640, "allowed_warning", "0.82", "0.75"), (1900, "allowed_warning", "0.95", "0.95"),
     (2000, "allowed_warning", "0.99", "0.95"), (2600, "allowed_warning", "0.99", "0.95")],
)  # fmt: skip
def test_a_budget_in_money_as_claude_code_reads_it(
    cents: int, status: str, utilization: str, surpassed: str | None
) -> None:
    """The unified headers, with the two thresholds of its notice; below 1 for as long as requests pass."""
    name = "anthropic-ratelimit-unified"
    expected = [
        f"{name}-status: {status}",
        f"{name}-representative-claim: overage",
        f"{name}-overage-status: {status}",
        f"{name}-overage-utilization: {utilization}",
        f"{name}-reset: 1796083200",
        f"{name}-overage-reset: 1796083200",
    ]
    expected += [f"{name}-overage-surpassed-threshold: {surpassed}"] if surpassed else []
    assert told("anthropic", *OTHERS, budget(cents), budget(0, of=9000)) == expected
    assert told("anthropic", budget(cents), refused=True) == []


THEIR_RATES = ((b"anthropic-ratelimit-requests-limit", b"4000"),)
THEIR_PLAN = ((b"anthropic-ratelimit-unified-status", b"allowed"),)


@pytest.mark.parametrize(
    ("given", "families"),
    [((), {"requests", "unified"}), (((b"x-other", b"1"),), {"requests", "unified"}), (THEIR_RATES, {"unified"}),
     (THEIR_PLAN, {"requests"}), (THEIR_RATES + THEIR_PLAN, set())],
)  # fmt: skip
def test_what_the_provider_says_itself_is_said_once(given: Sequence[Header], families: set[str]) -> None:
    """Rates, or the plan: each comes from one of the two, whole, and no name twice."""
    lines = told("anthropic", REQUESTS, budget(1600), given=given)
    assert {line.split("-")[2] for line in lines} == families


def test_openais_rates_are_the_providers_where_it_says_them() -> None:
    """The same of ``x-ratelimit-…``."""
    assert told("openai", REQUESTS, given=((b"x-ratelimit-limit-tokens", b"1"),)) == []
    assert told("openai", REQUESTS, given=((b"x-request-id", b"1"),)) != []


UNITS = st.sampled_from([Unit.REQUESTS, Unit.TOKENS, Unit.INPUT, Unit.OUTPUT, Unit.DOLLARS, Unit.AT_ONCE])
SOME = st.integers(0, 10**12)
HELD = st.builds(
    lambda unit, amount, period, burst, used, reserved, resets: Held(
        Quota(unit, amount, period, burst=burst), used, reserved, NOW + resets
    ),
    UNITS, st.integers(1, 10**12), st.sampled_from(list(Period)), st.none() | st.integers(1, 10**9), SOME, SOME,
    st.floats(0, 3e6),
)  # fmt: skip


@given(st.lists(HELD, max_size=8), st.sampled_from(sorted(DIALECTS)), st.booleans())
def test_whatever_is_counted_the_headers_make_sense(held: list[Held], dialect: str, refused: bool) -> None:
    """No name twice, nothing remaining below zero, no reset in the past, no utilization at or above 1."""
    lines = [line.split(": ") for line in told(dialect, *held, refused=refused)]
    assert len({name for name, _ in lines}) == len(lines)
    for name, value in lines:
        if "remaining" in name:
            assert int(value) >= 0
        elif "reset" in name and dialect == "openai":
            assert re.fullmatch(r"\d+ms|\d+(\.\d+)?s|(\d+h)?\d+m\d+s", value)
        elif "unified" in name and name.endswith("reset"):
            assert int(value) >= NOW
        elif name.endswith("reset"):
            assert datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() >= NOW
        elif name.endswith("utilization"):
            assert 0 <= float(value) < 1


def refusal(
    dialect: str, kind: FaultKind, held: Held | None, *, asked: RequestHead | None = None, **more: int
) -> tuple[Answer, dict[str, str], dict[str, object]]:
    answer = DIALECTS[dialect].fault(Fault(kind=kind, words=WORDS, held=held, **more), "ex_1", asked)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return answer, headers, json.loads(answer.body)["error"]


@pytest.mark.parametrize(
    ("held", "period", "scope"),
    [(budget(2000), "monthly", None), (budget(2000, period=Period.DAY), "daily", None),
     (budget(2000, period=Period.WEEK, level=Level.USER), "weekly", None),
     (budget(2000, level=Level.TEAM), "monthly", "group_pool"),
     (budget(2000, level=Level.INSTALLATION), "monthly", "group_pool")],
)  # fmt: skip
def test_a_budget_that_is_used_up_in_anthropics_way(held: Held, period: str, scope: str | None) -> None:
    """All that Claude Code needs in order to print the message and stop, and no claim, or it would say its own."""
    _, headers, error = refusal("anthropic", FaultKind.EXHAUSTED, held, retry_after=777_600)
    unified = {
        name.removeprefix("anthropic-ratelimit-unified-"): value
        for name, value in headers.items()
        if name.startswith("anthropic-ratelimit")
    }
    assert unified == {
        "status": "rejected",
        "reset": "1796083200",
        "overage-reset": "1796083200",
        "overage-utilization": "1",
        "overage-surpassed-threshold": "1",
        "overage-period": period,
        "overage-disabled-reason": "org_spend_cap_reached",
        **({"overage-scope": scope} if scope else {}),
    }
    assert (headers["x-should-retry"], headers["retry-after"]) == ("false", "777600")
    assert error == {"type": "billing_error", "message": WORDS}


def test_a_budget_that_nobody_can_look_up() -> None:
    """Its store is away: the one header that says so, and it may be tried again."""
    _, headers, _ = refusal("anthropic", FaultKind.OVERLOADED, budget(5), retry_after=5)
    unified = {name: value for name, value in headers.items() if "ratelimit" in name}
    assert unified == {"anthropic-ratelimit-unified-overage-disabled-reason": "fetch_error"}
    assert "x-should-retry" not in headers


@pytest.mark.parametrize(
    ("kind", "held", "kinds"),
    [
        (FaultKind.THROTTLED, REQUESTS, ("rate_limit_error", "requests", "rate_limit_exceeded")),
        (FaultKind.THROTTLED, TOKENS, ("rate_limit_error", "tokens", "rate_limit_exceeded")),
        (FaultKind.THROTTLED, OTHERS[0], ("rate_limit_error", "requests", "rate_limit_exceeded")),
        (FaultKind.EXHAUSTED, OTHERS[1], ("billing_error", "insufficient_quota", "insufficient_quota")),
        (FaultKind.EXHAUSTED, None, ("billing_error", "insufficient_quota", "insufficient_quota")),
    ],
)
def test_what_a_refusal_is_called(kind: FaultKind, held: Held | None, kinds: tuple[str, str, str]) -> None:
    """Anthropic's type, OpenAI's type and code; unified headers for budgets in money alone."""
    _, headers, anthropic = refusal("anthropic", kind, held)
    _, _, openai = refusal("openai", kind, held)
    assert (anthropic["type"], openai["type"], openai["code"]) == kinds
    assert not [name for name in headers if "ratelimit" in name]


def test_a_throttle_says_how_long_to_wait_to_the_millisecond() -> None:
    """In whole seconds for all, in milliseconds for the SDKs, which look there first."""
    for dialect in DIALECTS:
        _, headers, _ = refusal(dialect, FaultKind.THROTTLED, REQUESTS, retry_after=1, retry_after_ms=340)
        assert (headers["retry-after"], headers["retry-after-ms"]) == ("1", "340")
        assert "x-should-retry" not in headers


def test_googles_details() -> None:
    """Whose quota, and how long to wait: Gemini CLI waits up to five minutes and stops where it would be longer. No
    ``quotaId``: one with a day in it makes it forget the message."""
    team = Held(Quota(Unit.OUTPUT, 1, Period.DAY, level=Level.TEAM, subject="research"), 1, 0, MONTH)
    _, _, error = refusal("gemini", FaultKind.EXHAUSTED, team, retry_after=777_600)
    assert error == {
        "code": 429,
        "message": WORDS,
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{"subject": "team:research", "description": WORDS}],
            },
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "777600s"},
        ],
    }
    _, _, throttled = refusal("gemini", FaultKind.THROTTLED, REQUESTS, retry_after=1, retry_after_ms=340)
    assert isinstance(throttled["details"], list)
    assert [detail.get("retryDelay") for detail in throttled["details"]] == [None, "0.34s"]
    assert "details" not in refusal("gemini", FaultKind.OVERLOADED, None, retry_after=5)[2]


def test_codex_is_told_in_the_words_of_its_own_service() -> None:
    """It shows nothing of ours for ``insufficient_quota``; others are told that. No letter can end a header early."""
    held = OTHERS[1]
    codex = RequestHead("POST", b"/v1/responses", ((b"originator", b"codex_exec"),))
    _, headers, error = refusal("openai", FaultKind.EXHAUSTED, held, asked=codex)
    assert headers["x-codex-promo-message"] == WORDS.removesuffix(".")
    assert (error["type"], error["code"], error["resets_at"]) == (
        "usage_limit_reached",
        "insufficient_quota",
        1796083200,
    )
    other = RequestHead("POST", b"/v1/responses", ((b"user-agent", b"codex"),))
    for asked, kind in ((other, FaultKind.EXHAUSTED), (codex, FaultKind.THROTTLED)):
        _, headers, error = refusal("openai", kind, held, asked=asked)
        assert "x-codex-promo-message" not in headers
        assert "resets_at" not in error
    fault = Fault(kind=FaultKind.EXHAUSTED, words="Grüße\r\nx-evil: 1", held=held)
    answer = DIALECTS["openai"].fault(fault, "ex_1", codex)
    assert dict(answer.headers)[b"x-codex-promo-message"] == b"Gr??e??x-evil: 1"
