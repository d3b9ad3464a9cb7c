"""The log of all changes: who did what to what, and how it was before and after. Rows are only ever added."""

import time
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Engine, insert, select

from penstock.stores.schema import audit


class AuditRow(msgspec.Struct, frozen=True):
    """One change."""

    number: int
    at: int
    """Milliseconds since the epoch, UTC."""
    actor: str
    role: str
    act: str
    subject: str
    team: str | None
    before: msgspec.Raw | None
    """As JSON."""
    after: msgspec.Raw | None


def append(  # noqa: PLR0913 - a row's columns
    connection: Connection,
    *,
    actor: str,
    role: str,
    act: str,
    subject: str,
    team: str | None = None,
    before: object = None,
    after: object = None,
) -> None:
    """Write a change down, in the transaction that makes it. ``before`` and ``after`` hold no secret."""
    values = {"actor": actor, "role": role, "act": act, "subject": subject, "team": team}
    values |= {"before": _json(before), "after": _json(after)}
    connection.execute(insert(audit).values(at=time.time_ns() // 1_000_000, **values))


def rows(
    engine: Engine,
    *,
    most: int,
    before: int | None = None,
    subject: str | None = None,
    actor: str | None = None,
    team: str | None = None,
) -> Sequence[AuditRow]:
    """The newest first, from below the number ``before``; of one subject, one actor, one team."""
    query = select(audit).order_by(audit.c.number.desc()).limit(most)
    for column, value in ((audit.c.subject, subject), (audit.c.actor, actor), (audit.c.team, team)):
        query = query if value is None else query.where(column == value)
    query = query if before is None else query.where(audit.c.number < before)
    with engine.connect() as connection:
        return [
            AuditRow(**{**row, "before": _raw(row["before"]), "after": _raw(row["after"])})
            for row in connection.execute(query).mappings()
        ]


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())
