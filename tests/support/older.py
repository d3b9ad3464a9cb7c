"""Makes a database what a release before left behind, by the history's own way back."""

from pathlib import Path

from alembic.command import downgrade
from alembic.config import Config
from sqlalchemy import Engine

from penstock.stores import migrations


def as_before(engine: Engine, revision: str) -> None:
    """At this revision; what came later is gone."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        downgrade(config, revision)
