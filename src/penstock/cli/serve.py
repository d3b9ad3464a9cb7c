"""``penstock serve``: runs the gateway until it is told to stop, and says what to paste where."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.configuration import config_option, load_settings

if TYPE_CHECKING:
    from penstock.config.settings import Settings


# A request makes no cycles that matter; looking for them after every 700 allocations would cost it four per cent.
COLLECTION = (20_000, 10, 20)


@click.command()
@config_option
@click.option("--listen", metavar="HOST:PORT", help="Where to listen, in place of what the configuration says.")
@click.option(
    "--demo", is_flag=True, help="Let the built-in simulator stand in for every provider without a credential."
)
def serve(config: Path | None, listen: str | None, *, demo: bool) -> None:
    """Run the gateway.

    With no configuration at all it is the demo: the simulator answers, and everything works without a key to any
    provider. With ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY in the environment the real providers answer.

    \b
    Examples:
      penstock serve
      penstock serve --config penstock.yaml
      penstock serve --config penstock.yaml --listen 0.0.0.0:8080
    """
    settings = load_settings(config, listen=listen)
    unconfigured = config is None and not any(row.api_key for row in settings.providers.values())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _allow_many_files()
    _forbid_core_dumps()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, demo=demo or unconfigured))


async def _serve(settings: "Settings", *, demo: bool) -> None:
    from penstock.app import running  # noqa: PLC0415 - heavy, and only this command needs it
    from penstock.cli.welcome import welcome  # noqa: PLC0415

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        async with running(settings, demo=demo) as gateway:
            # What is alive now lives as long as the process: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*COLLECTION)
            welcome(gateway, settings)
            await stopping.wait()
            click.echo("stopping: running answers may end, new requests are refused", err=True)
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, lambda: os._exit(130))
    except OSError as error:
        raise click.ClickException(f"can't listen on {settings.listen}: {error.strerror or error}") from None


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
