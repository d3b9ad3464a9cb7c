"""The log of all changes: who did what to what, and how it was before and after. Rows are only ever added."""

import time
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Engine, insert, select

from penstock.stores.schema import audit


class Change(msgspec.Struct, frozen=True):
    """What was done to what."""

    act: str
    """Such as ``keys.rotate``."""
    kind: str
    """Of what was changed: ``key``, ``team``, ``user``, ``token``, ``credential``, ``suspension``."""
    subject: str
    """Its identity."""
    name: str
    """What it is called."""
    before: object = None
    """How it was, without secrets; None: it was not there."""
    after: object = None
    """How it is; None: it is gone."""


class AuditRow(msgspec.Struct, frozen=True):
    """One change, as it was written down."""

    number: int
    at: int
    """Milliseconds since the epoch, UTC."""
    who: str
    """A token's name, the local operator, or the gateway itself."""
    role: str
    act: str
    kind: str
    subject: str
    name: str
    before: object
    """As it was written down; None: it was not there."""
    after: object


def append(connection: Connection, who: str, role: str, change: Change) -> None:
    """Write a change down, in the transaction that makes it."""
    values: dict[str, object] = {"who": who, "role": role, "act": change.act, "kind": change.kind}
    values |= {
        "subject": change.subject,
        "name": change.name,
        "before": _json(change.before),
        "after": _json(change.after),
    }
    connection.execute(insert(audit).values(at=time.time_ns() // 1_000_000, **values))


def rows(
    engine: Engine,
    *,
    most: int,
    below: int | None = None,
    kind: str | None = None,
    subject: str | None = None,
    who: str | None = None,
) -> Sequence[AuditRow]:
    """The newest first, from below a number; of one kind, one subject (its identity or its name), of one who did it."""
    column = audit.c
    query = select(audit).order_by(column.number.desc()).limit(most)
    for one, value in ((column.kind, kind), (column.who, who)):
        query = query if value is None else query.where(one == value)
    query = query if subject is None else query.where((column.subject == subject) | (column.name == subject))
    query = query if below is None else query.where(column.number < below)
    with engine.connect() as connection:
        return [
            AuditRow(**{**row, "before": _read(row["before"]), "after": _read(row["after"])})
            for row in connection.execute(query).mappings()
        ]


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()


def _read(text: str | None) -> object:
    return None if text is None else msgspec.json.decode(text)
