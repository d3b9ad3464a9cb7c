"""What is told of content policies."""

from penstock.core.fault import FaultKind
from penstock.core.ruling import Side, refusal


def test_a_refusal_says_which_policy_and_whom_to_ask() -> None:
    """And whether the request or the answer was stopped; nothing of what either said."""
    asked = refusal("house", "words of a list", "Eve")
    assert asked.kind is FaultKind.REFUSED
    assert asked.words == (
        "This gateway's content policy 'house' does not let this request through: words of a list. Ask Eve."
    )
    assert "let this answer through" in refusal("house", "words of a list", "Eve", Side.ANSWER).words
