"""``penstock serve``: runs the gateway until it is told to stop, and says what to paste where."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click

from penstock.cli import systemd
from penstock.cli.attended import attended
from penstock.cli.configuration import config_option, load_settings, saying_mistakes, source_of
from penstock.cli.exits import reaching, site_of
from penstock.cli.parent import parent
from penstock.cli.start import Start, cannot_listen
from penstock.cli.welcome import Welcome, welcome

log = logging.getLogger(__name__)

# A request makes no cycles that matter; looking for them after every 700 allocations would cost it four per cent.
COLLECTION = (20_000, 10, 20)

# Of glibc, malloc.h. Left alone, it gives what a body of half a megabyte took back to the kernel once that has gone,
# and the next one pays for every page anew: a seventh of all that the request costs.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES, MAPPED_BYTES = 16 * 2**20, 4 * 2**20
"""So much that is free may stay with the process; what is larger than the second goes back at once."""


@click.command()
@config_option
@click.option("--listen", metavar="HOST:PORT", help="Where to listen, in place of what the configuration says.")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="How many processes, in place of what the configuration says."
)
@click.option(
    "--demo", is_flag=True, help="Let the built-in simulator stand in for every provider without a credential."
)
@click.option("--worker", hidden=True, help="What a parent tells its worker; see supervising.py.")
def serve(config: Path | None, listen: str | None, workers: int | None, worker: str | None, *, demo: bool) -> None:
    """Run the gateway.

    With no configuration at all it is the demo: the simulator answers, and everything works without a key to any
    provider. With ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY in the environment the real providers answer.

    A changed configuration file is used within a second, or refused as a whole. SIGHUP reads it again at once, and the
    books too, for what should be suspended, which else happens every hour. SIGTERM stops the gateway once running
    answers have ended, SIGUSR2 replaces the workers one by one, where there are several.

    \b
    Examples:
      penstock serve
      penstock serve --config penstock.yaml
      penstock serve --config penstock.yaml --listen 0.0.0.0:8080 --workers 4
    """
    settings = load_settings(config, listen=listen)
    unconfigured = config is None and not any(row.api_key for row in settings.providers.values())
    start = Start(settings, source_of(config, listen=listen), demo or unconfigured)
    _log(worker)
    _allow_many_files()
    _forbid_core_dumps()
    keep_memory()
    count = workers or settings.workers
    site = site_of(settings)
    if worker is None and count > 1:
        with reaching(site), saying_mistakes():
            parent(start, count)
        return
    with reaching(site), saying_mistakes(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_work(start, worker) if worker else _alone(start))


async def _alone(start: Start) -> None:
    from penstock.app import running  # noqa: PLC0415 - heavy, and only this command needs it

    stopping = asyncio.Event()
    try:
        async with (
            running(start.settings, demo=start.demo, source=start.source) as gateway,
            attended(start, gateway.look, gateway.process.store) as admin,
        ):
            _settle()
            _listen_to_signals(stopping, gateway.reload)
            welcome(Welcome(gateway.url, gateway.simulated, gateway.first_key, admin), start.settings)
            systemd.tell("READY=1")
            await stopping.wait()
            systemd.tell("STOPPING=1")
            click.echo("stopping: running answers may end, new requests are refused", err=True)
            _stop_at_once_when_told_again()
            await gateway.notice()
    except OSError as error:
        if error.filename is not None:
            # Of a file, which an address has not.
            raise
        raise cannot_listen(start.settings.listen, error) from None


async def _work(start: Start, worker: str) -> None:
    """One of several: accepts where its parent says, and stops when its parent does."""
    from penstock.app import Place, running  # noqa: PLC0415
    from penstock.supervising import told  # noqa: PLC0415
    from penstock.wire.sockets import adopt  # noqa: PLC0415

    slot, link, descriptors = told(worker)
    stopping = asyncio.Event()
    place = Place(slot, tuple(adopt(descriptors)))
    async with running(start.settings, demo=start.demo, source=start.source, place=place) as gateway:
        _settle()
        _listen_to_signals(stopping, gateway.reload)
        link.ready()
        parent, stop = asyncio.create_task(link.heard(gateway.look)), asyncio.create_task(stopping.wait())
        await asyncio.wait((parent, stop), return_when=asyncio.FIRST_COMPLETED)
        if stop.done():
            parent.cancel()
            await gateway.notice()
        else:
            stop.cancel()
            if parent.result():
                await gateway.hand_over()


def keep_memory() -> None:
    """What a body took is there for the next one; an operator who sets glibc's own variables knows better."""
    if "MALLOC_TRIM_THRESHOLD_" in os.environ or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return
    # Another C library may have another idea of these, or none.
    with contextlib.suppress(OSError, AttributeError, ValueError):
        if os.confstr("CS_GNU_LIBC_VERSION"):
            library = ctypes.CDLL(None)
            library.mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
            library.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)


def _settle() -> None:
    # What is alive now lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION)


def _listen_to_signals(stopping: asyncio.Event, reload: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    words = "SIGUSR2 replaces workers one by one; here is only one process, which has to be restarted as a whole"
    loop.add_signal_handler(signal.SIGUSR2, lambda: log.warning(words))


def _stop_at_once_when_told_again() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, lambda: os._exit(130))


def _log(worker: str | None) -> None:
    who = "" if worker is None else f"worker {worker.partition(':')[0]} "
    logging.basicConfig(level=logging.WARNING, format=f"%(asctime)s %(levelname)s {who}%(name)s: %(message)s")
    logging.getLogger("penstock").setLevel(logging.INFO)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    with contextlib.suppress(ImportError):
        import uvloop  # noqa: PLC0415 - absent on Windows

        return uvloop.new_event_loop
    return None


def _allow_many_files() -> None:
    """Every open stream takes two descriptors; the usual soft limit of 1,024 would end at 500 streams."""
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _forbid_core_dumps() -> None:
    """A dump of this process's memory would hold every key in it."""
    if sys.platform == "win32":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
