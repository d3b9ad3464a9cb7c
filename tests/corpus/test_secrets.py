"""Recorded traffic holds next to no secrets, its recorders redacted them: what is found there is nearly all wrong."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.support.corpus import recorded
from tests.support.secret_rules import find

FOR_EACH = 100_000


def leaves(value: object) -> Iterator[str]:
    """All texts of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)


@pytest.mark.slow
def test_recorded_traffic() -> None:
    """At most one finding in 100,000 letters of requests, leaf by leaf, and of answers as they came; each text once."""
    seen: set[str] = set()
    size = found = 0
    for exchange in recorded():
        for text in (*leaves(msgspec.json.decode(exchange.request_body)), exchange.response_body):
            if text not in seen:
                seen.add(text)
                size += len(text)
                found += len({(each.start, each.end) for each in find(text)})
    assert size > 10_000_000
    assert found * FOR_EACH / size <= 0.1
