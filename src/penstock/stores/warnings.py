"""Which quotas somebody was told of, and at which share: once for all processes, also after a restart."""

from sqlalchemy import Engine, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import BooksError
from penstock.stores.ledger import words
from penstock.stores.schema import warnings

_KEPT_SECONDS = 86_400


class Warnings:
    """Of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(writes=True)
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    def claim(self, counter: str, share: int, ends: int, now: float) -> bool:
        """Whether it is the caller's to tell: nobody was told of this share of the counter's span. BooksError when that
        can't be known now."""
        row = {"counter": counter, "share": share, "ends": ends}
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(warnings).where(warnings.c.ends < int(now) - _KEPT_SECONDS))
                claimed = connection.execute(self._insert(warnings).values(row).on_conflict_do_nothing())
                return claimed.rowcount == 1
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None
