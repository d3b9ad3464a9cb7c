"""Every row of the table of faults, in every dialect, by a gateway alone and by one whose policies are at work."""

from collections.abc import Iterator

import pytest

from tests.faults.matrix import ROWS
from tests.faults.scene import Scene, complaints


@pytest.fixture(scope="module", params=["alone", "with policies"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Scene(tmp_path_factory.mktemp("faults"), working=request.param == "with policies") as running:
        yield running
        assert running.misbooked() == []
        assert running.trouble() == []


EVERYDAY = [name for name, row in ROWS.items() if not row.long]
LONG = [name for name, row in ROWS.items() if row.long]


@pytest.mark.parametrize("name", [*EVERYDAY, *(pytest.param(name, marks=pytest.mark.long) for name in LONG)])
def test_a_fault_is_seen_as_the_table_says(scene: Scene, name: str) -> None:
    """By the client at once: status, words, retry; by the provider: its calls; by the books when all is done."""
    assert [complaint for played in scene.play(name) for complaint in complaints(played)] == []
