"""What a database refuses, as those who asked for the books are told it."""

import contextlib
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from penstock.core.books import BooksError


@contextlib.contextmanager
def as_books_error() -> Iterator[None]:
    """Within it, whatever the database refuses is a BooksError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise BooksError(words(error)) from None


def words(error: SQLAlchemyError) -> str:
    """The driver's own words: they name tables and columns. Statement and values stand apart, and are left out."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return type(error).__name__
    # PostgreSQL's further lines quote values.
    return str(error.orig).partition("\n")[0]
