"""The act that reads the log of all changes."""

import msgspec

from penstock.administering.acting import Act, Actor, Page, Role
from penstock.administering.house import House
from penstock.stores import audit
from penstock.stores.audit import AuditRow

MOST_LISTED = 1000


class ListChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who changed what, the newest first."""

    most: int = 100
    kind: str | None = None
    """Of what was changed: `key`, `team`, `user`, `token`, `credential`."""
    subject: str | None = None
    """Its identity, or what it was called."""
    who: str | None = None
    """Who did it."""
    after: tuple[int] | None = None


def listed(house: House, actor: Actor, wanted: ListChanges) -> Page[AuditRow]:
    """List who changed what."""
    del actor
    most = min(max(1, wanted.most), MOST_LISTED)
    below = None if wanted.after is None else wanted.after[0]
    found = audit.rows(
        house.store.engine, most=most + 1, below=below, kind=wanted.kind, subject=wanted.subject, who=wanted.who
    )
    return Page(tuple(found[:most]), (found[most - 1].number,) if len(found) > most else None)


ACTS = (
    Act(
        "audit.list",
        ListChanges,
        Page[AuditRow],
        frozenset((Role.OWNER, Role.ADMIN, Role.VIEWER)),
        listed,
        writes=False,
    ),
)
