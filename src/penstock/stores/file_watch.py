"""Notices that SQLite's file has changed: another process has written to it, or another file stands in its place."""

from sqlalchemy import Engine, text

from penstock.stores.database import lead_to_new_file, standing


class FileWatch:
    """Looks when it is asked, which costs a third of a millisecond."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen = standing(engine)
        self._file = None if self._seen is None else self._seen[:2]
        self._files = 0
        self._watching = engine.connect()

    def version(self) -> tuple[int, int]:
        """Another one after every change by somebody else."""
        self._follow()
        version: int = self._watching.execute(text("PRAGMA data_version")).scalar_one()
        self._watching.rollback()
        return self._files, version

    def close(self) -> None:
        """Look no more."""
        self._watching.close()

    def _follow(self) -> None:
        """Restored from a backup, say: connections still lead to the file that was there before. While there is none,
        what was read of it stays in force."""
        found = standing(self._engine)
        before, self._seen = self._seen, found
        # Followed once it has been still between two looks: half of a copy must be neither read nor migrated.
        if found is None or found[:2] == self._file or found != before:
            return
        self._watching.close()
        self._files += 1
        lead_to_new_file(self._engine)
        self._watching = self._engine.connect()
        self._file = found[:2]
