"""The scene of each test: one for the tests that only ask, a fresh one for those that look at whole lists or break
something.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.path.stored.scene import Scene, serving


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with serving(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Scene]:
    with serving(tmp_path) as made:
        yield made
