"""The houses, opened and closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.deciding.houses import House, house


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Where a test is parametrised ``indirect``."""
    found = house(request, tmp_path)
    yield found
    found.close()
