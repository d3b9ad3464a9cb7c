"""Every store works the same on both databases: its tests run twice, on PostgreSQL where tests may take long."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from penstock.core.caller import Secret
from penstock.stores.site import Site
from tests.support.made import made_folder

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]


@pytest.fixture(params=BOTH)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """A gateway's state, with nothing in it."""
    if request.param == "postgresql":
        return Site(tmp_path / "data", Secret(request.getfixturevalue("database_url")))
    return Site(made_folder(tmp_path / "data"))


@pytest.fixture(params=BOTH)
def new_site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Where no gateway has been yet."""
    server = Secret(request.getfixturevalue("empty_url")) if request.param == "postgresql" else None
    return Site(tmp_path / "data", server)


@pytest.fixture
def engine(site: Site) -> Iterator[Engine]:
    """Its database."""
    made = site.open()
    yield made
    made.dispose()
