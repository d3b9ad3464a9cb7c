"""What every SDK makes of the gateway's own answers: unknown keys, missing keys, a broken stream, and being left."""

from typing import Any

import pytest

from tests.clients.comparison import assert_crossed_as
from tests.clients.stage import CLIENTS, FAMILIES, OPERATORS_KEY, OWN_KEY, Stage

DIALECTS = tuple(FAMILIES)

SECONDS_TO_LEAVE = 0.1

CANCELS = [("openai", "responses_cancel"), *((dialect, way) for dialect in DIALECTS for way in ("cancel", "abandon"))]

# The names under which these SDKs raise a status; Google's have one for 4xx and one for 5xx, its Node SDK just one.
CLASSES = {
    400: {"anthropic": "BadRequestError", "openai": "BadRequestError", "gemini": "ClientError"},
    401: {"anthropic": "AuthenticationError", "openai": "AuthenticationError", "gemini": "ClientError"},
    502: {"anthropic": "InternalServerError", "openai": "InternalServerError", "gemini": "ServerError"},
}

BROKEN_OFF = {
    "anthropic": {"APIStatusError", "APIError"},
    "openai": {"APIError"},
    "gemini": {"ServerError", "ApiError"},
}


def raised(printed: Any, dialect: str, client: str, status: int) -> None:
    """The SDK raised its own class for this status."""
    name = "ApiError" if (dialect, client) == ("gemini", "node") else CLASSES[status][dialect]
    assert (printed["raised"], printed["status"]) == (name, status), printed


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_unknown_key_is_refused_before_the_provider_hears_of_it(stage: Stage, dialect: str, client: str) -> None:
    """401 in the SDK's own class, words for a person, and no request upstream, with an own provider key too."""
    for target in ("operator", "own"):
        outcome = stage.outcomes(dialect, client)[target, "wrong_key"]
        raised(outcome.printed, dialect, client, 401)
        assert "key" in outcome.printed["message"]
        assert not outcome.received


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_any_provider_key_the_caller_is_told_which_header_to_send(
    stage: Stage, dialect: str, client: str
) -> None:
    """400 that names ``X-Provider-Key``, and no request upstream."""
    outcome = stage.outcomes(dialect, client)["bare", "no_provider_key"]
    raised(outcome.printed, dialect, client, 400)
    assert "X-Provider-Key" in outcome.printed["message"]
    assert not outcome.received


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_operators_refused_key_is_not_the_callers_fault(stage: Stage, dialect: str, client: str) -> None:
    """A 401 of the provider is a 502 under the operator's key, asked once, and stays a 401 under the caller's own."""
    outcomes = stage.outcomes(dialect, client)
    operators, own = (outcomes[target, "provider_refuses_key"] for target in ("operator", "own"))
    raised(operators.printed, dialect, client, 502)
    assert "operator" in operators.printed["message"]
    raised(own.printed, dialect, client, 401)
    assert own.printed["message"] == outcomes["direct", "provider_refuses_key"].printed["message"]
    for outcome, key in ((operators, OPERATORS_KEY), (own, OWN_KEY)):
        assert len(outcome.received) == 1
        assert_crossed_as(outcome, FAMILIES[dialect], key)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_that_the_provider_cuts_ends_in_an_error_that_the_sdk_raises(
    stage: Stage, dialect: str, client: str
) -> None:
    """Not a short answer that looks whole, not a broken connection: the dialect's own error, once, without a retry."""
    for target in ("operator", "own"):
        outcome = stage.outcomes(dialect, client)[target, "stream_cut"]
        assert outcome.printed["raised"] in BROKEN_OFF[dialect], outcome.printed
        assert "provider" in outcome.printed["message"]
        assert len(outcome.received) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_response_stream_that_the_provider_cuts_ends_in_an_error_event(stage: Stage, client: str) -> None:
    """Python's SDK yields the event, Node's raises it; neither takes the response for complete."""
    for target in ("operator", "own"):
        printed = stage.outcomes("openai", client)[target, "responses_cut"].printed
        assert printed.get("raised") == "APIError" if client == "node" else printed["last"] == "error", printed


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("dialect", "feature"), CANCELS)
def test_a_client_that_leaves_ends_the_call_at_the_provider(
    stage: Stage, dialect: str, feature: str, client: str
) -> None:
    """A stream, or a whole answer that is long in coming: within 100 ms the provider sees its connection closed.

    Best of three: the machine may be busy, but a gateway that reads on would miss each.
    """
    for target in ("operator", "own"):
        outcome = stage.outcomes(dialect, client)[target, feature]
        assert len(outcome.left) == len(outcome.printed) == 3
        waited = [seen - left for left, seen in zip(outcome.printed, outcome.left, strict=True)]
        assert min(waited) < SECONDS_TO_LEAVE, waited
