"""Looks at what the gateway keeps: room on the disk, the database, and who else may read its secrets."""

import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from penstock.cli.examining import Finding, good, problem, warning
from penstock.cli.exits import site_of
from penstock.config.settings import Settings

_FULL = 100 * 1024 * 1024
_SCARCE = 1024 * 1024 * 1024
_SECRETS = ("pepper", "master-key", "first-key", "penstock.db")


def folder(settings: Settings) -> Iterator[Finding]:
    """Whether there is a data folder, with room, that this user may write to."""
    path = Path(settings.data_dir)
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    if refused := unwritable(there):
        yield problem("data", *refused)
        return
    try:
        usage = shutil.disk_usage(there)
    except OSError as error:
        yield problem("data", f"{there} can't be looked at: {error.strerror}", "is the disk mounted?")
        return
    free = f"{usage.free / 1024**3:.1f} GB free in {path}"
    action = "make room: a full disk stops the books, and keys can't be changed"
    if usage.free < _FULL:
        yield problem("data", free, action)
    elif usage.free < _SCARCE:
        yield warning("data", free, action)
    else:
        yield good("data", free if path.exists() else f"{path} is made when the gateway first starts")


def unwritable(folder: Path) -> tuple[str, str] | None:
    """Why nothing can be written there and what to do about it; None where it can."""
    if not folder.is_dir():
        return f"{folder} is no folder", "move away what stands there"
    if os.access(folder, os.W_OK | os.X_OK):
        return None
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return f"the file system of {folder} is read-only", "look for a failing disk, or mount it for writing"
    return f"this user may not write to {folder}", "change its owner, or set another data_dir"


def database(settings: Settings) -> Iterator[Finding]:
    """Whether the database is sound, and of this release."""
    from penstock.stores.database import DATABASE  # noqa: PLC0415 - heavy
    from penstock.stores.taking import refusal  # noqa: PLC0415
    from penstock.stores.upkeep import DamagedError, examine  # noqa: PLC0415

    if settings.database is not None:
        yield _server(settings)
        return
    path = Path(settings.data_dir) / DATABASE
    if not path.exists():
        yield _no_database(path)
        return
    restore = "stop the gateway and put the latest `penstock backup` in its place"
    try:
        found = examine(path)
    except DamagedError as error:
        yield problem("database", f"{path} can't be read: {error}", restore)
        return
    if found.problems:
        yield problem("database", f"{path} is damaged: {'; '.join(found.problems)}", restore)
    elif found.revision is not None and found.revision > found.expected:
        what = f"{path} has schema {found.revision}, this release knows {found.expected}"
        yield problem("database", what, "run the release that wrote it, or a later one")
    elif found.revision != found.expected:
        what = f"schema {found.revision}, to become {found.expected}"
        yield warning("database", what, "it is brought up to date at the next start; make a backup before")
    else:
        yield good("database", f"sound, schema {found.revision}; {_held(found.rows)}")
    if words := refusal(path):
        action = f"see who uses it (`fuser {path}`); until it does, the books are late and keys can't be changed"
        yield problem("database", f"{path} takes no writes: {words}", action)


def vault(settings: Settings) -> Iterator[Finding]:
    """What is kept of private values, and for how long; and what is left of them where nothing is kept any more."""
    from penstock.stores.upkeep import DamagedError  # noqa: PLC0415 - heavy

    kept = settings.scrub.vault
    try:
        count = dict(_rows(settings)).get("vault_sets", 0)
    except DamagedError:
        return
    sets = f"{count} set{'' if count == 1 else 's'} of private values"
    if kept is not None:
        yield good("vault", f"{sets}, encrypted; each is kept for {kept.days} day{'' if kept.days == 1 else 's'}")
    elif count:
        what = f"{sets} from when `scrub.vault` was set"
        yield warning("vault", what, "`penstock vault list` shows whose, `penstock vault empty` removes them")


def _rows(settings: Settings) -> tuple[tuple[str, int], ...]:
    from penstock.stores.database import DATABASE  # noqa: PLC0415 - heavy
    from penstock.stores.upkeep import examine  # noqa: PLC0415

    if settings.database is not None:
        from penstock.stores.server_upkeep import examine_server  # noqa: PLC0415

        return examine_server(site_of(settings)).rows
    path = Path(settings.data_dir) / DATABASE
    return examine(path).rows if path.exists() else ()


def _server(settings: Settings) -> Finding:
    """Whether PostgreSQL's is there, whole, of this release and open to this user."""
    from penstock.stores.server_upkeep import examine_server, server_version  # noqa: PLC0415 - heavy
    from penstock.stores.upkeep import DamagedError  # noqa: PLC0415

    site = site_of(settings)
    try:
        version, found = server_version(site), examine_server(site)
    except DamagedError as error:
        return problem("database", f"{site.name} can't be used: {error}", "does the server run, and let this user in?")
    if found.problems:
        what = f"{site.name} can't be used: {'; '.join(found.problems)}"
        return problem("database", what, "`penstock db check` says more; restore a backup, or grant what is missing")
    if found.revision is None:
        return good("database", f"{site.name} is empty; the gateway makes what it needs")
    if found.revision > found.expected:
        what = f"{site.name} has schema {found.revision}, this release knows {found.expected}"
        return problem("database", what, "run the release that wrote it, or a later one")
    if found.revision != found.expected:
        what = f"{site.name}: schema {found.revision}, to become {found.expected}"
        return warning("database", what, "it is brought up to date at the next start; make a backup before (pg_dump)")
    return good("database", f"{site.name}, PostgreSQL {version}, schema {found.revision}; {_held(found.rows)}")


_TOLD = {
    "keys": "keys", "teams": "teams", "users": "users", "credentials": "credentials", "objects": "stored objects",
    "entries": "exchanges",
}  # fmt: skip
"""The tables that mean something to an operator, and what stands in them."""


def _held(rows: Iterable[tuple[str, int]]) -> str:
    counts = dict(rows)
    held = [f"{counts[table]:,} {name}" for table, name in _TOLD.items() if counts.get(table)]
    return ", ".join(held) or "nothing in it yet"


def _no_database(path: Path) -> Finding:
    # A gateway makes the pepper together with the database, and nobody needs one without the other.
    if not (path.parent / "pepper").exists():
        return good("database", "there is none yet; the gateway makes it")
    action = (
        "stop the gateway, put the latest `penstock backup` in its place, start it; without a backup, keys are lost"
    )
    return problem("database", f"{path} is gone, though a gateway has run here", action)


def permissions(settings: Settings, config: Path | None) -> Iterator[Finding]:
    """Whether anyone but the owner may read a secret."""
    kept = Path(settings.data_dir)
    paths = [kept / name for name in _SECRETS]
    if settings.tls is not None:
        paths.append(Path(settings.tls.key))
    found = [path for path in paths if _is_open(path)]
    for path in found:
        yield problem("secrets", f"others may read {path}", f"chmod 600 {path}")
    if config is not None and _is_open(config) and _holds_secrets(config):
        action = f"chmod 600 {config}, or write ${{NAME}} and keep the value in the environment"
        yield warning("secrets", f"others may read {config}, which holds credentials", action)
        return
    if not found:
        yield good("secrets", "readable by their owner alone")


def _is_open(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _holds_secrets(config: Path) -> bool:
    """Whether a credential stands in the file itself, and not only the name of a variable."""
    from penstock.config import tree  # noqa: PLC0415 - only here
    from penstock.config.mistakes import Mistakes  # noqa: PLC0415

    table = tree.parse(config.read_text(encoding="utf-8-sig"), str(config), Mistakes())
    return table is not None and any(_secrets(table))


def _secrets(node: object) -> Iterator[bool]:
    from penstock.config import tree  # noqa: PLC0415 - only here

    if isinstance(node, tree.Table):
        for entry in node.entries:
            if entry.key in {"api_key", "key"} and isinstance(entry.node, tree.Scalar) and entry.node.text:
                # A key's file is named by ``tls.key``; it is looked at by itself.
                yield "${" not in entry.node.text and not entry.node.text.endswith((".pem", ".key"))
            yield from _secrets(entry.node)
            if entry.key in {"database", "pepper", "master_key"} and isinstance(entry.node, tree.Scalar):
                text = entry.node.text or ""
                # A URL without a password tells nothing that others must not know.
                yield (
                    bool(text)
                    and "${" not in text
                    and bool(re.search(r"://[^@/]*:[^@/]*@", text) or entry.key != "database")
                )
    elif isinstance(node, tree.Listing):
        for item in node.items:
            yield from _secrets(item)
