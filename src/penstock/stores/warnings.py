"""Which quotas somebody was told of, and at which share: once for all processes, also after a restart."""

from sqlalchemy import Engine, delete
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import BooksError
from penstock.stores.ledger import words
from penstock.stores.schema import warnings
from penstock.stores.turns import inserting, writing

_KEPT_SECONDS = 86_400


class Warnings:
    """Of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = writing(engine)

    def claim(self, counter: str, share: int, ends: int, now: float) -> bool:
        """Whether it is the caller's to tell: nobody was told of this share of the counter's span. BooksError when that
        can't be known now."""
        row = {"counter": counter, "share": share, "ends": ends}
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(warnings).where(warnings.c.ends < int(now) - _KEPT_SECONDS))
                claiming = inserting(self._engine, warnings).values(row).on_conflict_do_nothing()
                # SQLAlchemy keeps the count of an INSERT only where it is told to.
                return connection.execute(claiming, execution_options={"preserve_rowcount": True}).rowcount == 1
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None
