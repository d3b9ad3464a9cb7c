"""What is told of content policies."""

from penstock.core.fault import FaultKind
from penstock.core.ruling import Action, Ruling, Side, refusal, told


def test_a_refusal_says_which_policy_and_whom_to_ask() -> None:
    """And whether the request or the answer was stopped; nothing of what either said."""
    asked = refusal("house", "words of a list", "Eve")
    assert asked.kind is FaultKind.REFUSED
    assert asked.words == (
        "This gateway's content policy 'house' does not let this request through: words of a list. Ask Eve."
    )
    assert "let this answer through" in refusal("house", "words of a list", "Eve", Side.ANSWER).words


def test_of_each_policy_the_strictest_is_told() -> None:
    """In the order in which policies were met; what only watches would have done something."""
    rulings = [
        Ruling(policy, "1", "terms", action, Side.REQUEST, enforced=enforced)
        for policy, action, enforced in (
            ("house", Action.FLAG, True),
            ("watch", Action.MASK, False),
            ("house", Action.BLOCK, True),
            ("house", Action.ROUTE, True),
            ("watch", Action.FLAG, True),
        )
    ]
    assert told(rulings) == "house=block, watch=would-mask"
    assert told([]) == ""
