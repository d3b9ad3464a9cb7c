"""The options and errors of configuration that all commands share."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.config.source import SettingsSource

config_option = click.option(
    "--config",
    "-c",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PENSTOCK_CONFIG",
    help="The configuration file (YAML). Without it the defaults hold.",
)


def load_settings(path: Path | None, *, listen: str | None = None) -> "Settings":
    """The settings; every mistake in them, at once, as one error message and exit code 2."""
    with saying_mistakes():
        return source_of(path, listen=listen).read()


@contextlib.contextmanager
def saying_mistakes() -> Iterator[None]:
    """Turns mistakes that show only when settings are used (a credential that is not stored) into the same error."""
    from penstock.config.mistakes import ConfigError  # noqa: PLC0415 - keeps --help instant

    try:
        yield
    except ConfigError as error:
        raise ConfigurationMistake(str(error)) from None


def source_of(path: Path | None, *, listen: str | None = None) -> "SettingsSource":
    """Where the settings come from, to be read now and again."""
    from penstock.config.load import load  # noqa: PLC0415 - keeps --help instant
    from penstock.config.source import SettingsSource  # noqa: PLC0415

    environment = dict(os.environ)
    return SettingsSource(path, lambda: load(path, environment, listen=listen))


class ConfigurationMistake(click.ClickException):
    """The configuration is wrong; the message lists every mistake."""

    exit_code = 2
