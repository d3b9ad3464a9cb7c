"""``penstock serve`` with several workers, as their parent: binds the address, makes ready what they share, watches."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import systemd
from penstock.cli.attended import Admin, attended
from penstock.cli.start import Start, cannot_listen
from penstock.cli.welcome import Welcome, welcome

if TYPE_CHECKING:
    from penstock.supervising import Supervisor


def parent(start: Start, count: int) -> None:
    """Run ``count`` workers until told to stop."""
    from penstock.app import prepare, simulated  # noqa: PLC0415 - heavy, and only this command needs it
    from penstock.observe.sharing import Sharing  # noqa: PLC0415
    from penstock.supervising import Supervisor  # noqa: PLC0415
    from penstock.wire.sockets import bind  # noqa: PLC0415

    settings = start.settings
    try:
        sets = bind(*settings.address, count)
    except OSError as error:
        raise cannot_listen(settings.listen, error) from None
    first_key = prepare(settings)
    host, port = sets[0][0].getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    url = f"{'https' if settings.tls else 'http'}://{name}:{port}"
    command = [sys.executable, "-m", "penstock", *sys.argv[1:], "--worker"]
    sharing = Sharing(Path(settings.data_dir))
    sharing.begin()
    supervisor = Supervisor(command, sets, before_restart=lambda: _check(start), gone=sharing.fold)

    def greet(admin: Admin) -> None:
        welcome(Welcome(url, simulated(settings) if start.demo else (), first_key, admin), settings)

    asyncio.run(_watch(supervisor, greet, start))


async def _watch(supervisor: "Supervisor", greet: Callable[[Admin], None], start: Start) -> None:
    from penstock.supervising import WorkerFailedError  # noqa: PLC0415

    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
    loop.add_signal_handler(signal.SIGUSR2, supervisor.restart)
    try:
        await supervisor.start()
    except WorkerFailedError as error:
        raise click.ClickException(f"{error}; what it said stands above") from None
    async with attended(start, supervisor.look) as admin:
        greet(admin)
        systemd.tell("READY=1")
        await stopping.wait()
        systemd.tell("STOPPING=1")
    click.echo("stopping: running answers may end, new requests are refused", err=True)

    def at_once() -> None:
        supervisor.kill()
        os._exit(130)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, at_once)
    await supervisor.stop()


def _check(start: Start) -> None:
    """Before workers are replaced: what they would start with must be sound."""
    from penstock.app import prepare  # noqa: PLC0415
    from penstock.config.mistakes import ConfigError  # noqa: PLC0415
    from penstock.supervising import WorkerFailedError  # noqa: PLC0415

    try:
        prepare(start.source.read())
    except ConfigError as error:
        raise WorkerFailedError(str(error)) from None
