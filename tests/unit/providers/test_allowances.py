"""What answers and refusals say of their caller's quotas, under each of the gateway's own prefixes."""

import pytest

from penstock.assembly.composing import DIALECTS
from penstock.core.allowance import Allowance, Held
from penstock.core.caller import Credential, Secret
from penstock.core.exchange import Exchange
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import RequestHead, ResponseHead
from penstock.core.quota import Period, Quota, Unit
from penstock.core.target import Attempt, Origin, Provider
from penstock.providers.allowances import Allowances
from penstock.providers.headers import Wording
from penstock.routes import match
from penstock.wire.tap import Tap

NOW = 1_795_305_600.0
PREFIXES = ("X-Penstock-", "X-Mintoken-")
WORDING = Wording(PREFIXES, frozenset(), Allowances(PREFIXES, DIALECTS, 0.8, lambda: NOW))
MESSAGE = (
    b'{"type":"message","model":"m","content":[],"stop_reason":"end_turn",'
    b'"usage":{"input_tokens":40,"output_tokens":7,"cache_read_input_tokens":3}}'
)


def month(unit: Unit, used: int, reserved: int = 0, own: int = 0) -> Held:
    return Held(Quota(unit, 1000, Period.MONTH), used, reserved, NOW + 9, own=own)


RATE = Held(Quota(Unit.REQUESTS, 60, Period.MINUTE), 1, 0, NOW + 1)


def asked(*held: Held, path: bytes = b"/v1/messages", status: int = 200) -> Exchange:
    head = RequestHead("POST", path, ())
    exchange = Exchange("ex_1", head, match(head), 0.0, status=status)
    exchange.allowance = Allowance(held) if held else None
    return exchange


def answered(exchange: Exchange, body: bytes = MESSAGE, status: int = 200) -> Exchange:
    """With an answer that has passed the tap."""
    head = ResponseHead(status, ((b"content-type", b"application/json"),))
    exchange.tap = Tap(DIALECTS["anthropic"].tally(exchange.match), head, stream=False, counts=True)
    exchange.tap.take(body)
    return exchange


def tokens(lines: bytes) -> dict[str, str]:
    """What the gateway's own two headers say, which is the same under each prefix."""
    pairs = [line.split(": ") for line in lines.decode().split("\r\n") if "-Tokens-" in line]
    found = {name.partition("-Tokens-")[2]: value for name, value in pairs}
    assert {name for name, _ in pairs} == {f"{prefix}Tokens-{which}" for prefix in PREFIXES for which in found}
    return found


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([month(Unit.OUTPUT, 799)], {}),
        ([month(Unit.OUTPUT, 800)], {"Used": "800", "Limit": "1000"}),
        ([month(Unit.OUTPUT, 700, 100, 20)], {"Used": "800", "Limit": "1000"}),
        ([month(Unit.OUTPUT, 1200, 30)], {"Used": "1230", "Limit": "1000"}),
        ([month(Unit.DOLLARS, 990), month(Unit.INPUT, 900)], {"Used": "900", "Limit": "1000"}),
        ([month(Unit.TOKENS, 900), month(Unit.OUTPUT, 850)], {"Used": "900", "Limit": "1000"}),
        ([month(Unit.REQUESTS, 999)], {}),
        ([Held(Quota(Unit.TOKENS, 1000, Period.MINUTE), 160, 0, NOW)], {}),
        ([], {}),
    ],
)
def test_a_streams_head_tells_what_is_settled_and_reserved(held: list[Held], said: dict[str, str]) -> None:
    """From 80 % of a quota of tokens on, the fullest; not per minute, and of nothing that is no token."""
    assert tokens(WORDING.own(asked(*held))) == said


@pytest.mark.parametrize(
    ("unit", "used"), [(Unit.OUTPUT, 900 + 60 + 7), (Unit.INPUT, 900 + 60 + 43), (Unit.TOKENS, 900 + 60 + 50)]
)
def test_a_whole_answer_counts_with_what_it_used(unit: Unit, used: int) -> None:
    """In place of what it had reserved; what others have reserved stays."""
    exchange = answered(asked(month(unit, 900, 80, own=20)))
    assert tokens(WORDING.own(exchange, whole=True)) == {"Used": str(used), "Limit": "1000"}


def test_a_whole_answer_that_used_little_says_nothing() -> None:
    """What was reserved would have been past the share; what was used is not."""
    exchange = answered(asked(month(Unit.OUTPUT, 500, 400, own=400)))
    assert tokens(WORDING.own(exchange, whole=True)) == {}
    assert tokens(WORDING.own(exchange)) == {"Used": "900", "Limit": "1000"}


def test_an_answer_that_tells_no_usage_counts_as_reserved() -> None:
    """What is estimated later is not known yet."""
    exchange = answered(asked(month(Unit.OUTPUT, 900, 80, own=20)), b'{"type":"message"}')
    assert tokens(WORDING.own(exchange, whole=True)) == {"Used": "980", "Limit": "1000"}


def test_an_answer_of_the_gateways_own_has_used_nothing() -> None:
    """No provider was called: what was reserved goes back."""
    exchange = asked(month(Unit.OUTPUT, 900, 80, own=20))
    assert tokens(WORDING.own(exchange, whole=True)) == {"Used": "960", "Limit": "1000"}


def test_the_usage_is_there_for_the_books_too() -> None:
    """It can be asked for again."""
    exchange = answered(asked(month(Unit.OUTPUT, 900)))
    WORDING.own(exchange, whole=True)
    assert exchange.tap is not None
    assert exchange.tap.consumed().usage.total_output == 7


def test_only_good_answers_say_how_quotas_stand() -> None:
    """A provider's error passes as it is."""
    held = (RATE, month(Unit.OUTPUT, 990))
    assert b"ratelimit" in WORDING.own(asked(*held)).lower()
    for status in (400, 429, 529):
        lines = WORDING.own(answered(asked(*held, status=status), status=status), whole=True)
        assert b"ratelimit" not in lines
        assert tokens(lines) == {}


def test_each_caller_is_told_in_its_own_dialect() -> None:
    """Of the route, not of the model."""
    names = {
        path: {
            line.partition(b"-")[0] for line in WORDING.own(asked(RATE, path=path)).split(b"\r\n") if b"limit" in line
        }
        for path in (b"/v1/messages", b"/v1/chat/completions", b"/gemini/v1beta/models/g:generateContent")
    }
    assert list(names.values()) == [{b"anthropic"}, {b"x"}, set()]


@pytest.mark.parametrize("own", [False, True])
def test_whose_account_decides_whose_rates_are_told(own: bool) -> None:
    """With the caller's own credential the provider's pass, and ours are not said beside them."""
    exchange = asked(RATE)
    provider = Provider("house", "anthropic", Origin(secure=False, host="127.0.0.1", port=1), "")
    exchange.attempt = Attempt(provider, Credential(Secret("k"), own=own), "only row")
    given = ((b"anthropic-ratelimit-requests-limit", b"4000"),)
    assert (b"anthropic-ratelimit-requests-limit: 60" in WORDING.own(exchange, given)) is not own


@pytest.mark.parametrize(
    ("kind", "held", "allowed", "said"),
    [
        (FaultKind.EXHAUSTED, month(Unit.OUTPUT, 1000), (), {"Used": "1000", "Limit": "1000"}),
        (FaultKind.EXHAUSTED, month(Unit.OUTPUT, 300), (), {"Used": "300", "Limit": "1000"}),
        (FaultKind.EXHAUSTED, month(Unit.DOLLARS, 1000), (month(Unit.INPUT, 100),), {}),
        (FaultKind.EXHAUSTED, month(Unit.DOLLARS, 1000), (month(Unit.INPUT, 800),), {"Used": "800", "Limit": "1000"}),
        (FaultKind.THROTTLED, RATE, (month(Unit.INPUT, 100),), {}),
        (FaultKind.THROTTLED, RATE, (RATE, month(Unit.INPUT, 900)), {"Used": "900", "Limit": "1000"}),
        (FaultKind.REFUSED, None, (month(Unit.INPUT, 900),), {}),
    ],
)
def test_a_refusal_tells_the_quota_that_refused(
    kind: FaultKind, held: Held | None, allowed: tuple[Held, ...], said: dict[str, str]
) -> None:
    """Whatever its share: a large request may be refused by a quota that has much left. Others as in answers."""
    exchange = asked(*allowed, status=429)
    exchange.fault = Fault(kind=kind, words="No.", held=held)
    lines = WORDING.refused("ex_1", 0.0, exchange)
    assert tokens(lines) == said
    assert (b"anthropic-ratelimit-requests-remaining: 9" in lines) is (kind is FaultKind.THROTTLED)
    assert b"unified" not in lines
