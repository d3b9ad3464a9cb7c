"""Answers that come all at once: each client gets its own, and the books have each exchange once."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from tests.path.books.scene import MODEL, configuration, entries
from tests.path.wire.raw import RawClient, RawProvider, Visit, head, sized
from tests.support.gateway import KEY, Gateway
from tests.support.waiting import until

COUNT, LEAVING = 40, 4


def asked(number: int) -> bytes:
    """A request whose trace and body tell its number."""
    body = json.dumps({"model": MODEL, "max_tokens": number, "messages": []}).encode()
    trace = f"traceparent: 00-{number:032x}-00f067aa0ba902b7-01"
    lines = ("host: g", f"x-api-key: {KEY}", "content-type: application/json", trace, f"content-length: {len(body)}")
    return head("POST /v1/messages HTTP/1.1", *lines) + body


def answered(number: int) -> bytes:
    """The body of the answer to it."""
    usage = b'"usage":{"input_tokens":%d,"output_tokens":%d}' % (number, 2 * number)
    return b'{"type":"message","model":"%s",%s}' % (MODEL.encode(), usage)


@pytest.mark.parametrize("books", [True, False], ids=["books", "no books"])
def test_answers_that_come_all_at_once(tmp_path: Path, *, books: bool) -> None:
    """Twice over on the same connections; and who left just before is abandoned or served, but never forgotten."""
    answers = [threading.Event(), threading.Event()]

    async def script(visit: Visit) -> None:
        for come in answers:
            request = await visit.request()
            if request is None:
                return
            await asyncio.to_thread(come.wait, 30)
            await visit.send(sized(answered(json.loads(request.body)["max_tokens"])))
        await visit.left()

    with RawProvider(script) as provider, Gateway(configuration(provider, books=books), tmp_path) as gateway:
        clients = [RawClient(gateway.host, gateway.port) for _ in range(COUNT)]
        for turn, come in enumerate(answers):
            numbers = range(1 + turn * COUNT, 1 + turn * COUNT + len(clients))
            for number, client in zip(numbers, clients, strict=True):
                client.send(asked(number))
            until(lambda turn=turn: len(provider.requests) == COUNT * (turn + 1) - LEAVING * turn)
            leaving = clients[:LEAVING] if turn == 0 else []
            for client in leaving:
                client.reset()
            come.set()
            for number, client in list(zip(numbers, clients, strict=True))[len(leaving) :]:
                answer = client.answer()
                assert (answer.status, answer.body) == (200, answered(number))
            clients = clients[len(leaving) :]
        for client in clients:
            client.socket.close()
        assert gateway.stop() == 0
    told = entries(tmp_path) if books else []
    rows = {int(row.trace, 16): row for row in told}
    assert len(rows) == len(told) == (2 * COUNT - LEAVING if books else 0)
    for number, row in rows.items():
        if row.outcome == "served":
            assert (row.status, row.input, row.output) == (200, number, 2 * number)
        else:
            assert (row.outcome, number <= LEAVING) == ("abandoned", True)
    assert not [line for line in gateway.output if " ERROR " in line]
