"""Brings a database to any revision, as the release that ends there would leave it."""

from pathlib import Path

from alembic.command import downgrade, upgrade
from alembic.config import Config

from penstock.stores import migrations
from penstock.stores.site import Site
from penstock.stores.turns import writing


def migrate(site: Site, revision: str, *, back: bool = False) -> None:
    """Forwards, or back."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = site.connect()
    with writing(engine).begin() as connection:
        config.attributes["connection"] = connection
        (downgrade if back else upgrade)(config, revision)
    engine.dispose()
