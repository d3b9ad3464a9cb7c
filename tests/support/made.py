"""A database file at the newest schema, made once in a test process and copied wherever a test wants one.

To migrate takes a process of its own and longer than most tests; what migrating itself must do is tested where a
database is opened without this.
"""

import functools
import os
import tempfile
from pathlib import Path

from sqlalchemy import Engine

from penstock.stores.database import DATABASE, open_database


@functools.cache
def _content() -> bytes:
    with tempfile.TemporaryDirectory(prefix="penstock-test-") as folder:
        path = Path(folder) / DATABASE
        open_database(path).dispose()
        return path.read_bytes()


def made_database(path: Path) -> Path:
    """A file at ``path``, with nothing in its tables."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(_content())
    return path


def made_folder(folder: Path) -> Path:
    """A data folder in which nothing has happened yet."""
    made_database(folder / DATABASE)
    return folder


def database_at(path: Path) -> Engine:
    """An engine on the file at ``path``, which is made where it is not."""
    if not path.exists():
        made_database(path)
    return open_database(path)
