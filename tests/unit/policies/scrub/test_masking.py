"""Values give way to tokens, block after block: the same in every request, and no more than what was found."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError
from penstock.core.head import RequestHead
from penstock.core.mask import Masks
from penstock.core.scrubbed import Count, Scrubbed
from penstock.policies.scrub import Rules, Scrub, Treatment
from tests.unit.policies.scrub.spoken import MATCH, Spoken, rules

SECRET = b"installation"
PIECES = (
    "ann@x.org",
    "bob@xy.org",
    "name is Carol",
    "Carol",
    "Carols",
    "Dave",
    "name is Dave",
    "and",
    "\n",
    "é😀",
    '"q"',
)
TURNS = st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join), max_size=6)


class Silent:
    """Restores nothing: what goes out is looked at alone."""

    def whole(self, match: Any, body: bytes, masks: Masks) -> bytes:
        """As it came."""
        del match, masks
        return body

    def lanes(self, match: Any, masks: Masks) -> Any:
        """None here."""
        raise NotImplementedError


def scrub(applied: Rules | None = None, *, secret: bytes = SECRET, most: float = 10**6) -> Scrub:
    held = rules() if applied is None else applied
    ticks = iter(range(10**6))
    return Scrub({"spoken": Spoken()}, {"spoken": Silent()}, lambda _: held, secret, lambda answer: answer,
                 lambda: lambda: next(ticks) >= most)  # fmt: skip


def sent(policy: Scrub, turns: list[Any], team: str = "red") -> tuple[list[Any], Masks | None, Scrubbed]:
    """What goes out of a body, what may come back, what is told of it."""
    body = json.dumps(turns).encode()
    key = KeyProfile("key_1", "one", team=team)
    head = RequestHead("POST", b"/spoken", ())
    exchange = Exchange("x", head, MATCH, 0.0, document=Document(body, body), caller=Caller(key))
    masks = policy.mask(exchange)
    assert exchange.document is not None
    assert exchange.scrubbed is not None
    return json.loads(exchange.document.raw), masks, exchange.scrubbed


@given(TURNS)
def test_a_longer_conversation_begins_with_what_was_sent(turns: list[str]) -> None:
    """Each turn goes out as it did before, whatever is found later, with a memory and without one."""
    policy = scrub()
    whole = sent(scrub(), turns)[0]
    for end in range(len(turns) + 1):
        assert sent(policy, turns[:end])[0] == whole[:end]


@given(TURNS)
def test_what_is_put_back_is_what_was_there(turns: list[str]) -> None:
    """Every token gives way to its very value."""
    out, masks, _ = sent(scrub(), turns)
    assert [one if masks is None else masks.put_back(one) for one in out] == turns


@given(TURNS)
def test_nothing_that_was_found_goes_out(turns: list[str]) -> None:
    """Neither where it was found nor in any later turn; as a whole word, where it is a short one."""
    out, _, _ = sent(scrub(), turns)
    for number, turn in enumerate(turns):
        for later in out[number:]:
            assert "ann@x.org" not in later or "ann@x.org" not in turn
            if "name is Carol" in turn:
                assert "Carol" not in later.replace("Carols", "").split()


def test_a_value_is_masked_in_what_follows_and_not_in_what_was_before() -> None:
    """A name without a cue is known from the turn that had one."""
    out, _, told = sent(scrub(), ["Carol called", "my name is Carol, yes Carol", "Carol again"])
    token = out[2].split()[0]
    assert out == ["Carol called", f"my name is {token}, yes {token}", f"{token} again"]
    assert told.counts == (Count("person", "user", "mask", 3),)


def test_a_sealed_turn_is_looked_through_for_what_is_known_alone() -> None:
    """What is found first in a signed turn stays; what is known from before does not."""
    out, _, _ = sent(scrub(), ["ann@x.org", ["ann@x.org and bob@xy.org"]])
    assert out[1] == [f"{out[0]} and bob@xy.org"]


def test_tenants_have_their_own_tokens() -> None:
    """The same value has one token for a team, another for another, a third in another house."""
    tokens = {
        sent(scrub(), ["ann@x.org"])[0][0],
        sent(scrub(), ["ann@x.org"])[0][0],
        sent(scrub(), ["ann@x.org"], team="blue")[0][0],
        sent(scrub(secret=b"other"), ["ann@x.org"])[0][0],
    }
    assert len(tokens) == 3


def test_digits_stand_for_a_number() -> None:
    """A number stays one, of as many digits, and comes back where it stands alone."""
    out, masks, _ = sent(scrub(), [4111111111111111, "x"])
    assert isinstance(out[0], int)
    assert len(str(out[0])) == 16
    assert out[0] != 4111111111111111
    assert masks is not None
    assert masks.put_back(f"card {out[0]}.") == "card 4111111111111111."
    assert masks.put_back(f"card {out[0]}0") == f"card {out[0]}0"


@pytest.mark.parametrize(("action", "goes", "back"), [(Treatment.FLAG, True, None), (Treatment.REDACT, False, False)])
def test_what_becomes_of_a_kind_is_the_operators_to_say(action: Treatment, *, goes: bool, back: bool | None) -> None:
    """Flagged, it goes out and is counted; redacted, it never comes back."""
    out, masks, told = sent(scrub(rules(email=action)), ["to ann@x.org"])
    assert ("ann@x.org" in out[0]) is goes
    assert (None if masks is None else "ann@x.org" in masks.put_back(out[0])) is back
    assert told.counts == (Count("email", "user", action.value, 1),)


def test_an_allowed_kind_is_not_even_counted() -> None:
    """Nobody looks for it."""
    out, masks, told = sent(scrub(rules(email=Treatment.ALLOW)), ["to ann@x.org"])
    assert (out, masks, told.counts) == (["to ann@x.org"], None, ())


def test_a_refusal_says_what_and_never_repeats_it() -> None:
    """A blocked kind is named with its place."""
    with pytest.raises(FaultError) as refused:
        sent(scrub(rules(email=Treatment.BLOCK)), ["to ann@x.org"])
    assert "'email' (user)" in refused.value.fault.words
    assert "ann" not in refused.value.fault.words


def test_more_than_can_be_looked_through_is_refused() -> None:
    """A request that takes too long does not go out half looked through."""
    with pytest.raises(FaultError, match="more new text"):
        sent(scrub(most=2), ["a", "b", "c", "d"])
