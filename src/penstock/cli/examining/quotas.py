"""Whether quotas hold as they are written: where they are counted, and who stands in two places."""

import shlex
from collections.abc import Iterator, Mapping

from penstock.cli.examining import Finding, good, warning
from penstock.config.people import TeamSettings
from penstock.config.settings import Settings

_SHOWN = 5


def quotas(settings: Settings) -> Iterator[Finding]:
    """Reads the database as it is."""
    stored = _stored(settings)
    declared: Mapping[str, Mapping[str, TeamSettings]] = {"team": settings.teams, "user": settings.users}
    for kind, rows in declared.items():
        for name in sorted(rows.keys() & stored[kind].keys())[:_SHOWN]:
            what = f"the {kind} {name!r} stands in the configuration file and in the database; the file's terms hold"
            removed = f"`penstock {kind}s remove {shlex.quote(name)}`"
            yield warning("quotas", what, f"take it out of the file, or out there and {removed}")
    given = settings.quotas
    lists = [given.all, given.each_team, given.each_user, given.each_key]
    lists += [row.quotas for rows in (settings.teams, settings.users) for row in rows.values()]
    lists += [row.quotas for row in settings.keys]
    count = sum(map(len, lists)) + sum(len(texts) for rows in stored.values() for texts in rows.values())
    if not count:
        return
    counted = "in the gateway's memory" if settings.workers == 1 else "in a file that its processes share"
    if settings.shared is not None:
        counted = "where `shared` says"
    told = f"{count} of teams, users, the file's keys and everyone, counted {counted}"
    if settings.books:
        yield good("quotas", told)
    else:
        what = f"{told}; the books are off, and without them nothing is counted: all that these hold for is refused"
        yield warning("quotas", what, "write `books: true`")


def _stored(settings: Settings) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The quotas of teams and users in the database; nothing where it can't be read: that is said of it elsewhere."""
    from penstock.assembly import composing  # noqa: PLC0415 - heavy
    from penstock.stores.key_table import subjects  # noqa: PLC0415
    from penstock.stores.keys import StoreError  # noqa: PLC0415
    from penstock.stores.migrating import UnfitDatabaseError  # noqa: PLC0415

    site = composing.site(settings)
    try:
        if site.exists():
            engine = site.connect()
            try:
                with engine.connect() as connection:
                    found = subjects(connection)
            finally:
                engine.dispose()
            return {
                kind: {name: terms.quotas for name, terms in rows.items()}
                for kind, rows in zip(("team", "user"), found, strict=True)
            }
    except (StoreError, UnfitDatabaseError, OSError):
        pass
    return {"team": {}, "user": {}}
