"""A process that holds many streams open, through the gateway and straight to the mock, in one event loop.

The orders come as one line of JSON on the standard input. It opens all connections, prints ``ready``, waits for a line,
works, and prints a tally for each order. What makes it or the mock late makes both kinds of streams late, so that what
is left between the two is the gateway's.
"""

import asyncio
import sys

import msgspec
import uvloop

from bench.clients import Client, Expected, StreamClient, Work
from bench.load import connect, run, say
from bench.order import Order, Tally


def _made(work: Work) -> Client:
    client = StreamClient(work)
    client.began = lambda: None
    return client


async def _listened(orders: list[Order]) -> list[Tally]:
    works = [Work(order, Expected(order)) for order in orders]
    groups = [await connect(work.order, work, _made) for work in works]
    say("ready")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    running = [
        run(clients, work, work.order.count, work.order.seconds, work.order.ramp)
        for clients, work in zip(groups, works, strict=True)
    ]
    return await asyncio.gather(*running)


def main() -> None:
    """Take the orders and carry them out."""
    orders = msgspec.json.decode(sys.stdin.readline(), type=list[Order])
    say(msgspec.json.encode(uvloop.run(_listened(orders))).decode())


if __name__ == "__main__":
    main()
