"""``penstock backup``: a consistent copy of what the gateway keeps, made while it runs or while it does not.

What only the journal holds so far is written into the copy, so that one file is all there is to restore. Secrets come
along only when they are asked for. Everything written is readable by its owner alone.
"""

import hashlib
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock import __version__
from penstock.cli import moments
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import MistakeError, UnreachableError, site_of
from penstock.cli.printing import json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.core.entry import Entry
    from penstock.stores.upkeep import Examined

MANIFEST = "backup.json"
SECRETS = ("pepper", "master-key")
"""Files of the data folder without which a restored database knows no key and opens no credential."""

_SERVER = (
    "{name} is copied by PostgreSQL's own programs, while it is in use: pg_dump --format=custom --file=penstock.dump. "
    "Keep {folder}/pepper with it, and the master key: without them no key works, and no stored credential opens."
)


@click.command(short_help="Copy the database, whole, while it is in use.")
@config_option
@click.argument("destination", metavar="DEST", type=click.Path(path_type=Path))
@click.option("--with-secrets", is_flag=True, help="The pepper and the master key, too: without them no key works.")
@click.option("--verify", is_flag=True, help="Copy nothing: check the backup that stands at DEST.")
@json_option
def backup(config: Path | None, destination: Path, *, with_secrets: bool, verify: bool, as_json: bool) -> None:
    """Copy the database into DEST, a new folder, as it is at this moment; then read the copy and check it.

    A gateway may go on writing meanwhile. Every exchange that was over when the command began is in the copy, also
    one that the gateway has only in its journal yet. Keep secrets apart from backups that others can read: who has
    both can try keys.

    \b
    Examples:
      penstock backup backups/2026-11-21
      penstock backup /mnt/safe/penstock --with-secrets
      penstock backup --verify backups/2026-11-21
    """
    if verify:
        examined = _verify(destination)
    else:
        settings = load_settings(config)
        if settings.database is not None:
            raise MistakeError(_SERVER.format(name=site_of(settings).name, folder=settings.data_dir))
        folder = Path(settings.data_dir)
        _copy(folder, destination, SECRETS if with_secrets else ())
        examined = _verify(destination)
    names = sorted(path.name for path in destination.iterdir())
    if as_json:
        print_json(
            {"folder": str(destination), "files": names, "schema": examined.revision, "rows": dict(examined.rows)}
        )
        return
    rows = ", ".join(f"{count} {name}" for name, count in examined.rows)
    click.echo(f"{destination} is whole: {', '.join(names)} (schema {examined.revision}; rows: {rows}).")
    if "pepper" not in names:
        click.echo(
            "Its keys work only with the pepper that they were made under; --with-secrets takes it along.", err=True
        )


def _copy(folder: Path, destination: Path, secrets: tuple[str, ...]) -> None:
    from penstock.ledger.journal import FOLDER  # noqa: PLC0415 - keeps --help instant
    from penstock.ledger.standing import standing  # noqa: PLC0415
    from penstock.stores.database import DATABASE  # noqa: PLC0415
    from penstock.stores.upkeep import DamagedError, copy_database  # noqa: PLC0415

    source = folder / DATABASE
    if not source.exists():
        raise UnreachableError(f"{source} is not there; name the configuration that the gateway runs with (--config).")
    try:
        destination.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(destination.iterdir()):
            raise MistakeError(f"{destination} is not empty; name a new folder, so that no earlier backup is lost.")
        # First: what leaves the journal meanwhile is in the database by then.
        entries = list(standing(folder / FOLDER))
        copy_database(source, destination / DATABASE)
        _add(destination / DATABASE, entries)
        for name in secrets:
            if (folder / name).exists():
                _copy_secret(folder / name, destination / name)
        _write_manifest(destination)
    except DamagedError as error:
        raise UnreachableError(f"{source} can't be copied: {error}. Try `penstock doctor`.") from None
    except OSError as error:
        words = f"{error.filename or destination} can't be written or read: {error.strerror}."
        raise UnreachableError(f"{words} Is there room, and may this user?") from None


def _add(copy: Path, entries: "Sequence[Entry]") -> None:
    """Write what only the journal held into the copy; what the copy has already stays as it is."""
    from penstock.core.books import BooksError  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.database import open_database  # noqa: PLC0415
    from penstock.stores.ledger import Ledger  # noqa: PLC0415
    from penstock.stores.upkeep import DamagedError, as_one_file, examine_schema  # noqa: PLC0415

    if not entries:
        return
    found, expected = examine_schema(copy)
    if found != expected:
        # To write into it would be to migrate it, and a copy is to be what was there.
        words = f"The database is of another release ({found}); what only the journal holds is not in this copy."
        click.echo(f"{words} Start this release's gateway once for a whole one.", err=True)
        return
    engine = open_database(copy)
    try:
        Ledger(engine).append(entries)
    except BooksError as error:
        raise DamagedError(f"what the journal holds can't be added: {error}") from None
    finally:
        engine.dispose()
    as_one_file(copy)


def _copy_secret(source: Path, destination: Path) -> None:
    descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, source.open("rb") as reading:
        shutil.copyfileobj(reading, file)


def _write_manifest(folder: Path) -> None:
    import msgspec  # noqa: PLC0415 - keeps --help instant

    digests = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    manifest = {"made": moments.stamped(time.time()), "release": __version__, "sha256": digests}
    descriptor = os.open(folder / MANIFEST, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def _verify(folder: Path) -> "Examined":
    """What the copy holds; a ClickException, exit code 1, when it is not what was copied."""
    import msgspec  # noqa: PLC0415 - keeps --help instant

    from penstock.stores.database import DATABASE  # noqa: PLC0415
    from penstock.stores.upkeep import DamagedError, examine  # noqa: PLC0415

    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
        for name, digest in manifest["sha256"].items():
            if _digest(folder / name) != digest:
                raise click.ClickException(f"{folder / name} is not what was copied; make a new backup.")
        examined = examine(folder / DATABASE)
    except OSError as error:
        raise UnreachableError(f"{error.filename} can't be read: {error.strerror}; is this a backup?") from None
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        raise click.ClickException(f"{folder / MANIFEST} is damaged; make a new backup.") from None
    except DamagedError as error:
        raise click.ClickException(f"{folder / DATABASE} is damaged: {error}; make a new backup.") from None
    if examined.problems:
        raise click.ClickException(f"{folder / DATABASE} is damaged: {'; '.join(examined.problems)}")
    return examined


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
