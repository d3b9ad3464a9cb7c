"""What must be equal with the gateway and without it: the requests that a provider receives, but for whose they are."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.clients.process import Outcome
from tests.clients.stage import CLIENTS, OPERATORS_KEY, OWN_KEY, Family, Stage
from tests.support.gateway import KEY
from tests.support.provider import Received

CREDENTIALS = frozenset({"x-api-key", "authorization", "x-goog-api-key"})

PER_CONNECTION = frozenset({"host", "connection", "accept-encoding"})
"""The gateway's own conversation with the provider; it asks for unpacked bytes."""

ONLY_PYTHON = frozenset({"async_stream"})
"""Node has no second client for asynchronous programs."""

Told = tuple[str, str, list[tuple[str, str]], bytes]


def cases(features: Iterable[str]) -> list[tuple[str, str]]:
    """Each client with each feature that it has."""
    return [
        (client, feature)
        for client in CLIENTS
        for feature in features
        if client != "node" or feature not in ONLY_PYTHON
    ]


def assert_the_same_through(stage: Stage, family: Family, client: str, feature: str, printed: Any) -> None:
    """With the gateway as without it: behind the operator's provider key, and with one of the caller's own."""
    outcomes = stage.outcomes(family.dialect, client)
    direct = outcomes["direct", feature]
    assert direct.printed == printed, "without a gateway, so the script or the scripted provider is wrong"
    for target, key in (("operator", OPERATORS_KEY), ("own", OWN_KEY)):
        through = outcomes[target, feature]
        assert through.printed == printed, target
        assert_same_requests(through, direct)
        assert_crossed_as(through, family, key)


def told(request: Received) -> Told:
    """A request as the provider understands it, without its credential."""
    ignored = CREDENTIALS | PER_CONNECTION
    return (
        request.method,
        request.target,
        sorted(header for header in request.headers if header[0] not in ignored),
        request.body,
    )


def assert_same_requests(through: Outcome, direct: Outcome) -> None:
    """No request more, none less, and each the same to the byte."""
    assert [told(request) for request in through.received] == [told(request) for request in direct.received]


def assert_crossed_as(outcome: Outcome, family: Family, key: str) -> None:
    """Every request came from the gateway, with this provider key in its dialect's header, and no other secret."""
    shown = f"Bearer {key}" if family.header == "authorization" else key
    others = {KEY, OPERATORS_KEY, OWN_KEY} - {key}
    for request in outcome.received:
        place = f"{request.method} {request.target}"
        assert request.header("accept-encoding") == "identity", f"{place} went past the gateway"
        assert request.header("x-provider-key") is None, place
        if "upload_id=" not in request.target:  # An upload's address is its credential, with the gateway and without.
            assert credentials(request) == [(family.header, shown)], place
        everything = f"{request.target} {request.headers} {request.body!r}"
        assert not [secret for secret in others if secret in everything], place


def credentials(request: Received) -> Sequence[tuple[str, str]]:
    return [header for header in request.headers if header[0] in CREDENTIALS]
