"""Teams and users in the database of record: what holds for all of their keys.

A team or user needs no row to be one: keys name it. What is written here gives a new number to all its keys, so that
whoever keeps them in memory reads them anew.
"""

import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from penstock.stores.changing import next_change
from penstock.stores.database import Transaction
from penstock.stores.schema import keys, teams, users
from penstock.stores.terms import SubjectTerms, columns, common

Kind = Literal["team", "user"]

_TABLES = {"team": teams, "user": users}
_NAMED_BY = {"team": keys.c.team, "user": keys.c.owner}


class SubjectRow(msgspec.Struct, frozen=True):
    """A team or user as its operator sees it."""

    name: str
    terms: SubjectTerms
    created: int | None
    """None where nobody knows: it does not stand in the database."""


class Subjects:
    """The teams of one database, or its users."""

    def __init__(self, engine: Engine, kind: Kind) -> None:
        self._engine = engine
        self._table = _TABLES[kind]
        self._named_by = _NAMED_BY[kind]

    def find(self, name: str, on: Transaction | None = None) -> SubjectRow | None:
        """The row of this name."""
        if on is not None:
            return self._find(on, name)
        with self._engine.connect() as connection:
            return self._find(connection, name)

    def page(self, most: int, after: str = "") -> Sequence[SubjectRow]:
        """So many rows behind that name, by name."""
        query = select(self._table).where(self._table.c.name > after).order_by(self._table.c.name).limit(most)
        with self._engine.connect() as connection:
            return [_row(found) for found in connection.execute(query).mappings()]

    def names(self) -> Sequence[str]:
        """Of all rows, and all that keys name without one."""
        named = select(self._named_by).where(self._named_by.is_not(None), keys.c.revoked.is_(None))
        with self._engine.connect() as connection:
            return sorted(connection.execute(select(self._table.c.name).union(named)).scalars())

    def keys(self, name: str, on: Transaction | None = None) -> int:
        """How many keys it has that were not revoked."""
        query = select(func.count()).where(self._named_by == name, keys.c.revoked.is_(None))
        if on is not None:
            return int(on.execute(query).scalar_one())
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def put(self, name: str, terms: SubjectTerms, on: Transaction) -> SubjectRow:
        """Write the row of this name, new or in the place of the one before."""
        row = self._find(on, name)
        if row is None:
            made = int(time.time())
            on.execute(insert(self._table).values(name=name, created=made, **columns(terms)))
        else:
            made = row.created or 0
            on.execute(update(self._table).where(self._table.c.name == name).values(columns(terms)))
        self._renumber(on, name)
        return SubjectRow(name, terms, made)

    def remove(self, name: str, on: Transaction) -> None:
        """Take the row away; keys that name it are without its terms from then on."""
        on.execute(delete(self._table).where(self._table.c.name == name))
        self._renumber(on, name)

    def _renumber(self, on: Transaction, name: str) -> None:
        number = next_change(on, of_subject=True)
        on.execute(update(keys).where(self._named_by == name).values(changed=number))

    def _find(self, connection: Connection, name: str) -> SubjectRow | None:
        found = connection.execute(select(self._table).where(self._table.c.name == name)).mappings().first()
        return None if found is None else _row(found)


def _row(row: RowMapping) -> SubjectRow:
    return SubjectRow(row["name"], SubjectTerms(**common(row)), row["created"])
