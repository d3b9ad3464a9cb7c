"""The act that reads the log of all changes."""

from collections.abc import Sequence

import msgspec

from penstock.administering.acting import Act, Actor, Most, Page, Role, paged
from penstock.administering.house import House
from penstock.stores import audit
from penstock.stores.audit import AuditRow


class ListChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who changed what, the newest first."""

    most: Most = 100
    kind: str | None = None
    """Of what was changed: `key`, `team`, `user`, `token`, `credential`, `suspension`."""
    subject: str | None = None
    """Its identity, or what it was called."""
    who: str | None = None
    """Who did it."""
    after: tuple[int] | None = None


def listed(house: House, actor: Actor, wanted: ListChanges) -> Page[AuditRow]:
    """List who changed what."""
    del actor
    below = None if wanted.after is None else wanted.after[0]

    def found(most: int) -> Sequence[AuditRow]:
        return audit.rows(
            house.store.engine, most=most, below=below, kind=wanted.kind, subject=wanted.subject, who=wanted.who
        )

    return paged(wanted.most, found, lambda last: (last.number,))


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
