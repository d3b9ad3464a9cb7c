"""What tests of any room share: a PostgreSQL server, started when the first test of a process wants it."""

from collections.abc import Iterator

import pytest

from penstock.core.caller import Secret
from penstock.stores.site import Site
from tests.support.postgres import Server, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server, empty but for what tests make in it."""
    with running() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = postgres.new()
    Site(tmp_path_factory.mktemp("made"), Secret(url)).open().dispose()
    return url.rpartition("/")[2]


@pytest.fixture
def database_url(postgres: Server, _migrated: str) -> Iterator[str]:
    """A PostgreSQL database at the newest schema, with nothing in it."""
    url = postgres.new(_migrated)
    yield url
    postgres.drop(url)


@pytest.fixture
def empty_url(postgres: Server) -> Iterator[str]:
    """A PostgreSQL database that nobody has used."""
    url = postgres.new()
    yield url
    postgres.drop(url)
