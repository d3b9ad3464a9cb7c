"""What tests of any room share: a PostgreSQL server, started when the first test of a process wants it; and modules
that are slow as a whole are not even imported where slow tests are not wanted."""

import gc
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from penstock.core.caller import Secret
from penstock.stores.site import Site
from tests.support.postgres import Server, running

# How long one example takes, or to think it up, says how busy the machine is.
settings.register_profile("penstock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For `make check`; `make test` tries them all.
settings.register_profile("quick", settings.get_profile("penstock"), max_examples=30)
settings.load_profile("penstock")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so, and what tests start would inherit it and never hear Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

_SLOW = re.compile(r"^pytestmark = pytest\.mark\.(?:slow|long)$", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m "not long and not slow"``: to import, and to prepare its assertions, takes longer than a quick test."""
    if config.option.markexpr != "not long and not slow" or collection_path.suffix != ".py":
        return None
    return True if _SLOW.search(collection_path.read_text(encoding="utf-8")) else None


def pytest_collection_finish() -> None:
    """Thousands of tests are kept to the end: to walk over them at every collection took a twentieth of the time."""
    gc.collect()
    gc.freeze()


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
