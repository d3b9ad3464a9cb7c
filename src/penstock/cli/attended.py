"""``penstock serve`` and the admin API: its sockets are opened, its process is started when somebody asks."""

import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.cli.exits import site_of
from penstock.cli.start import Start

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.stores.keys import KeyStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Admin:
    """Where the admin API is reached."""

    url: str | None = None
    """None: only through the data folder."""
    setup_token: str | None = None
    """For whoever sets it up, while nobody has; for the owner's eyes alone."""


@contextlib.asynccontextmanager
async def attended(
    start: Start, look: Callable[[], Awaitable[None]], store: "KeyStore | None" = None
) -> AsyncIterator[Admin]:
    """As long as the context is open, whoever asks the admin API is answered. ``look`` takes over what was changed;
    ``store``: where this process has the database open."""
    from penstock.background.attending import Attendant, opened  # noqa: PLC0415 - only this command needs it

    settings, folder = start.settings, Path(start.settings.data_dir)
    url = None
    try:
        sockets = opened(settings.admin.address, folder)
        if settings.admin.address is not None:
            url = _url(settings, sockets[0].getsockname()[1])
    except OSError as error:
        log.warning("no admin API on %s: %s", settings.admin.listen, error.strerror or error)
        sockets = opened(None, folder)
    named = () if start.source.path is None else ("--config", str(start.source.path))
    attendant = Attendant(sockets, (sys.executable, "-m", "penstock", "admin", "serve", *named, "--sockets"), look)
    try:
        yield Admin(url, None if url is None else _setup_token(settings, store))
    finally:
        await attendant.close()


def _url(settings: "Settings", port: int) -> str:
    host = (settings.admin.address or ("", 0))[0]
    name = f"[{host}]" if ":" in host else host
    return f"{'http' if settings.admin.tls is None else 'https'}://{name}:{port}"


def _setup_token(settings: "Settings", store: "KeyStore | None") -> str | None:
    from penstock.stores.admins import Admins  # noqa: PLC0415
    from penstock.stores.keys import KeyStore  # noqa: PLC0415

    with contextlib.nullcontext(store) if store else contextlib.closing(KeyStore(*site_of(settings))) as there:
        made = Admins(there.engine, there.pepper).setup_token()
    return None if made is None else made.reveal()
