"""How a provider's fault is told: which provider it was, and what to do next."""

import pytest

from penstock.calling import naming, of_provider
from penstock.core.fault import Fault, FaultKind

AGAIN = "Try again in a moment; if that does not help, ask"
ONCE = "It may have been paid for: send it again only if you need the answer. If this happens again, ask"
NEVER = "If this happens again, ask"


@pytest.mark.parametrize(
    ("kind", "retryable", "step"),
    [
        (FaultKind.UNREACHABLE, None, AGAIN),
        (FaultKind.UNREACHABLE, False, ONCE),
        (FaultKind.TIMED_OUT, None, ONCE),
        (FaultKind.TIMED_OUT, True, AGAIN),
        (FaultKind.BROKEN_ANSWER, None, NEVER),
    ],
)
def test_the_next_step_is_the_one_that_can_help(kind: FaultKind, *, retryable: bool | None, step: str) -> None:
    """Nobody is told to send again what may have been paid for; all else of the fault stays."""
    fault = Fault(kind=kind, words="It broke.", detail="host:443", retryable=retryable)
    told = naming(fault, "groq")
    operator = "your gateway's operator to run `penstock providers check`."
    assert told.words == f"It broke. The provider is 'groq'. {step} {operator}"
    assert (told.kind, told.detail, told.may_retry) == (kind, "host:443", fault.may_retry)


@pytest.mark.parametrize("kind", FaultKind)
def test_where_no_provider_was_called_none_is_named(kind: FaultKind) -> None:
    """Nor where nothing went wrong."""
    fault = Fault(kind=kind, words="It broke.")
    assert of_provider(fault, None) is fault
    assert of_provider(None, None) is None
