"""A simulator for each module of tests."""

from collections.abc import Iterator

import pytest

from tests.unit.simulator.line import Line, listening


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with listening() as started:
        yield started
