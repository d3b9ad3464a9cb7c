"""``penstock simulate``: the built-in simulator on a port of its own, for tests and benchmarks."""

import asyncio
import signal

import click

from penstock.cli.start import cannot_listen

_MOST = 65535


@click.command(short_help="Run the simulator alone.")
@click.option("--listen", default="127.0.0.1:8090", show_default=True, metavar="HOST:PORT")
@click.option("--seed", default=0, show_default=True, help="Another seed gives other answers to the same requests.")
@click.option("--pace", default=0.0, show_default=True, metavar="SECONDS", help="Time between two frames of a stream.")
def simulate(listen: str, seed: int, pace: float) -> None:
    """Run the simulator alone: a provider that speaks all dialects and needs no key and no network.

    \b
    Examples:
      penstock simulate
      penstock simulate --listen 127.0.0.1:9000 --pace 0.05
    """
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > _MOST:
        raise click.BadParameter(f"{listen!r} is no address; write HOST:PORT", param_hint="--listen")
    try:
        asyncio.run(_simulate(host.strip("[]"), int(port), seed, pace))
    except OSError as error:
        raise cannot_listen(listen, error) from None


async def _simulate(host: str, port: int, seed: int, pace: float) -> None:
    from penstock.app import simulating  # noqa: PLC0415 - keeps --help instant

    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with simulating(host, port, seed=seed, pace=pace) as origin:
        click.echo(f"The simulator is listening on http://{origin.authority}")
        await stopping.wait()
