"""Whether a database file takes writes at this moment. Nothing in it is changed, and its lock is let go at once."""

import contextlib
import sqlite3
from pathlib import Path

# A gateway at work holds the lock for milliseconds.
_PATIENCE_SECONDS = 2.0


def refusal(path: Path) -> str:
    """Why an existing file takes no writes, in SQLite's words; empty when it does."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    try:
        opened = sqlite3.connect(uri, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None)
        with contextlib.closing(opened) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        return str(error)
    return ""
