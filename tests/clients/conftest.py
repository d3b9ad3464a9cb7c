"""What all tests of clients share."""

from collections.abc import Iterator

import pytest

from tests.clients.installed import require_installed
from tests.clients.stage import Stage, running
from tests.clients.terser import COMPLAINTS


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Providers, gateways, and the SDKs that talk through them."""
    require_installed()
    with running(tmp_path_factory.mktemp("stage")) as running_stage:
        yield running_stage


@pytest.fixture(autouse=True)
def words_stand_where_they_must() -> Iterator[None]:
    """With terser answers on, whatever was wrong with a request's words fails the test that had it sent."""
    yield
    complaints, COMPLAINTS[:] = COMPLAINTS[:], []
    assert not complaints, "\n".join(complaints)
