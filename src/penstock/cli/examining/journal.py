"""Looks at the journal: does the database take what is written there, and has any of it been damaged?"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from penstock.cli.examining import Finding, good, problem, warning
from penstock.cli.examining.data import unwritable
from penstock.config.settings import Settings

# A gateway at work keeps a few segments of 4 MB for each of its processes.
_BEHIND_BYTES = 256 * 1024 * 1024
_FULL_BYTES = 16 * 1024 * 1024


def journal(settings: Settings) -> Iterator[Finding]:
    """Nothing is read but names and sizes: a gateway may be writing."""
    from penstock.ledger.journal import FOLDER  # noqa: PLC0415 - heavy
    from penstock.ledger.records import SUFFIX  # noqa: PLC0415
    from penstock.ledger.recovery import TORN  # noqa: PLC0415

    if not settings.books:
        yield good("journal", "the books are off (`books: false` in the configuration): no exchange is written down")
    folder = Path(settings.data_dir) / FOLDER
    if not folder.exists():
        if settings.books:
            yield good("journal", "there is none yet; the gateway makes it")
        return
    if refused := unwritable(folder):
        what, action = refused
        yield problem("journal", what, f"{action}: without a journal the gateway refuses requests after a while")
        return
    free = shutil.disk_usage(folder).free
    if free < _FULL_BYTES and os.stat(folder).st_dev != os.stat(folder.parent).st_dev:
        # Where it stands on the data folder's own disk, that has been looked at.
        action = "make room: without a journal the gateway refuses requests after a while"
        yield problem("journal", f"{free / 1024**2:.0f} MB free in {folder}", action)
    sizes = [_size(path) for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith(".")]
    total = sum(sizes)
    what = f"{len(sizes)} {'segment' if len(sizes) == 1 else 'segments'}, {total / 1024**2:.0f} MB"
    if total > _BEHIND_BYTES:
        action = "the database takes nothing, or nobody brings it in: look at the gateway's log; `penstock usage` tries"
        yield warning("journal", f"{what} are not in the database", action)
    else:
        yield good("journal", what)
    torn = sorted(folder.glob(f"*{TORN}"))
    if torn:
        names = ", ".join(path.name for path in torn)
        what = f"what was readable of {names} is in the books; the rest was damaged"
        yield warning("journal", what, "look for a full or failing disk; delete them when nobody needs them any more")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
