"""What all tests of clients share."""

from collections.abc import Iterator

import pytest

from tests.clients.installed import require_installed
from tests.clients.stage import Stage, running


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Providers, gateways, and the SDKs that talk through them."""
    require_installed()
    with running(tmp_path_factory.mktemp("stage")) as running_stage:
        yield running_stage
