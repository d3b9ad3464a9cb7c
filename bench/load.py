"""The load generator: a process that carries out one order and prints a tally.

The order comes as one line of JSON on the standard input. The generator opens and warms its connections, prints
``ready``, waits for a line, works, prints ``open`` once every stream has begun, and at the end the tally as JSON.
"""

import asyncio
import sys
from collections.abc import Callable

import msgspec
import uvloop

from bench.clients import Client, Expected, SizedClient, StreamClient, Work, clock
from bench.order import Order, Tally

PATIENCE = 30.0
"""Seconds after the last request may start until an answer that has not come counts as lost."""


def say(line: str) -> None:
    """One line to the controller."""
    print(line, flush=True)


async def connect(order: Order, work: Work, made: Callable[[Work], Client]) -> list[Client]:
    """All connections of the order, opened a few at a time so that no backlog overflows."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    while len(clients) < order.connections:
        some = min(64, order.connections - len(clients))
        opened = await asyncio.gather(
            *(loop.create_connection(lambda: made(work), "127.0.0.1", order.port) for _ in range(some))
        )
        clients += [client for _, client in opened]
    return clients


async def run(clients: list[Client], work: Work, count: int, seconds: float, ramp: float) -> Tally:
    """Begin, spread the first requests over ``ramp`` seconds, and wait for the end or the end of patience."""
    loop = asyncio.get_running_loop()
    began = clock()
    work.begin(count, seconds)
    for number, client in enumerate(clients):
        if ramp:
            loop.call_later(ramp * number / len(clients), client.start)
        else:
            client.start()
    try:
        await asyncio.wait_for(work.idle.wait(), seconds + ramp + PATIENCE)
    except TimeoutError:
        work.tally.reasons["gave up"] = 1
    return work.result(began)


def main() -> None:
    """Take the order from the standard input and carry it out."""
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    expected = Expected(order)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    waiting = 0

    def began() -> None:
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            say("open")

    def made(work: Work) -> Client:
        if not expected.shape.streams:
            return SizedClient(work)
        client = StreamClient(work)
        client.began = began
        return client

    async def prepare() -> tuple[Work, list[Client]]:
        work = Work(order, expected)
        clients = await connect(order, work, made)
        if order.warm:
            await run(clients, work, order.warm * order.connections, PATIENCE, 0.0)
        return work, clients

    work, clients = loop.run_until_complete(prepare())
    waiting = order.connections
    say("ready")
    if not sys.stdin.readline():
        return
    tally = loop.run_until_complete(run(clients, work, order.count, order.seconds, order.ramp))
    say(msgspec.json.encode(tally).decode())
    # The controller still reads our processor time.
    sys.stdin.read()


if __name__ == "__main__":
    main()
