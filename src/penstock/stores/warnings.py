"""What somebody is to be told of quotas: noted once for all processes, kept until one of them has told it.

Who takes a message holds it for a while, and nobody else sends it meanwhile. Who ends without a word lets go of it
then, so a message may be sent twice, and is not lost. No more wait than a bound, and not for long after their span.
"""

import enum
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, func, select, update

from penstock.stores.refused import as_books_error
from penstock.stores.schema import warnings
from penstock.stores.turns import inserting, writing

MOST_WAITING = 1_000
"""Messages of one database; with more the receiver has been gone for long, and is told less."""
HELD_SECONDS = 60
"""Whoever takes a message has so long to tell it."""
_KEPT_SECONDS = 86_400


class Noted(enum.Enum):
    """What became of a message that was to be kept."""

    NEW = "new"
    KNOWN = "known"
    """It was noted before, and may have been told."""
    FULL = "full"
    """Too many wait."""


class Waiting(msgspec.Struct, frozen=True):
    """A message that is the taker's to tell."""

    counter: str
    share: int
    message: str
    tries: int
    """This one among them."""


class Warnings:
    """Of one database. Each may raise BooksError: it can't be known or kept now."""

    def __init__(self, engine: Engine, most: int = MOST_WAITING) -> None:
        self._reading = engine
        self._writing = writing(engine)
        self._most = most

    def note(self, counter: str, share: int, ends: int, message: str, now: float) -> Noted:
        """Keep what is to be told of this share of the counter's span, if nobody has."""
        with as_books_error(), self._writing.begin() as connection:
            connection.execute(delete(warnings).where(warnings.c.ends < int(now) - _KEPT_SECONDS))
            return self._note(connection, counter, share, ends, message, int(now))

    def _note(self, connection: Connection, counter: str, share: int, ends: int, message: str, now: int) -> Noted:
        known = select(warnings.c.share).where(_of(counter, share))
        if connection.execute(known).first() is not None:
            return Noted.KNOWN
        waiting = select(warnings.c.due).where(warnings.c.due.is_not(None)).limit(self._most).subquery()
        if connection.execute(select(func.count()).select_from(waiting)).scalar_one() >= self._most:
            return Noted.FULL
        row = {"counter": counter, "share": share, "ends": ends, "message": message, "tries": 0, "due": now}
        connection.execute(inserting(self._writing, warnings).values(row).on_conflict_do_nothing())
        return Noted.NEW

    def take(self, most: int, now: float) -> Sequence[Waiting]:
        """What is to be told now, those first that wait longest: the caller's for ``HELD_SECONDS``."""
        columns = (warnings.c.counter, warnings.c.share, warnings.c.message, warnings.c.tries)
        fresh = warnings.c.ends >= int(now) - _KEPT_SECONDS
        due = select(*columns).where(warnings.c.due <= int(now), fresh).order_by(warnings.c.due).limit(most)
        with as_books_error():
            with self._reading.connect() as connection:
                found = connection.execute(due).all()
            if not found:
                return ()
            with self._writing.begin() as connection:
                rows = [Waiting(row.counter, row.share, row.message, row.tries + 1) for row in found]
                return [row for row in rows if _taken(connection, row, int(now) + HELD_SECONDS)]

    def put_off(self, one: Waiting, due: float) -> None:
        """It could not be told: another time. Nothing where somebody else has taken it since."""
        self._change(one, {"due": int(due)})

    def told(self, one: Waiting) -> None:
        """It was, or nobody is to try again."""
        self._change(one, {"due": None, "message": None})

    def _change(self, one: Waiting, values: dict[str, int | None]) -> None:
        mine = (_of(one.counter, one.share), warnings.c.due.is_not(None))
        # Once it was told it does not matter who has taken it meanwhile.
        still = mine if "message" in values else (*mine, warnings.c.tries == one.tries)
        with as_books_error(), self._writing.begin() as connection:
            connection.execute(update(warnings).where(*still).values(values))


def _of(counter: str, share: int) -> ColumnElement[bool]:
    return and_(warnings.c.counter == counter, warnings.c.share == share)


def _taken(connection: Connection, one: Waiting, until: int) -> bool:
    """Whether nobody was faster."""
    mine = _of(one.counter, one.share)
    taking = (
        update(warnings)
        .where(mine, warnings.c.due.is_not(None), warnings.c.tries == one.tries - 1)
        .values(tries=one.tries, due=until)
    )
    return connection.execute(taking).rowcount == 1
