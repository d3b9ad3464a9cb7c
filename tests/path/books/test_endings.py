"""How answers ended, through a running gateway into its books: whole, streamed, compressed, asked for their usage."""

import contextlib
import gzip
import json
import sqlite3
from collections.abc import Iterator

import pytest

from tests.support.client import ask
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer, stream_answer
from tests.support.waiting import until

USAGE = b'{"prompt_tokens":31,"completion_tokens":7,"total_tokens":38}'
BODY = b'{"model":"m","choices":[{"index":0,"message":{"content":"a"},"finish_reason":"%s"}],"usage":' + USAGE + b"}"


def chunks(reason: bytes) -> list[bytes]:
    """A chat's stream, with its counters in a chunk of their own."""
    choice = b'data: {"choices":[{"index":0,"delta":{%s},"finish_reason":%s}]}\n\n'
    words = [choice % (b'"content":"a"', b"null")] * 9
    last = b'data: {"choices":[],"usage":' + USAGE + b"}\n\n"
    return [*words, choice % (b"", b'"%s"' % reason), last, b"data: [DONE]\n\n"]


def script(received: Received) -> Scripted:
    """A provider whose way of answering is the model's name: how it is sent, and how it ends."""
    request = json.loads(received.body)
    way, reason = request["model"].split(", ")
    if way == "whole":
        return json_answer(BODY % reason.encode())
    frames = chunks(reason.encode())
    if way == "compressed":
        return stream_answer(gzip.compress(b"".join(frames)), headers=[("content-encoding", "gzip")])
    if way == "at once":
        return stream_answer(b"".join(frames))
    return stream_answer(*(piece for frame in frames for piece in (frame, Pause(0.005))))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Provider(script) as provider:
        row = {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": OPERATOR_KEY}
        configured = {**settings(openai=row), "stream_usage": "ask"}
        with Gateway(configured, tmp_path_factory.mktemp("endings")) as running:
            yield running


@pytest.mark.parametrize("way", ["whole", "frame by frame", "at once", "compressed"])
@pytest.mark.parametrize(
    ("reason", "expected"), [("stop", None), ("length", "truncated"), ("content_filter", "refused")]
)
def test_the_books_know_how_an_answer_ended(gateway: Gateway, way: str, reason: str, expected: str | None) -> None:
    """Though the chunk that says so holds no counters, and nothing where it ended in order."""
    model = f"{way}, {reason}"
    assert ask(gateway, "/v1/chat/completions", json.dumps({"model": model, "stream": way != "whole"})).status == 200
    found: list[tuple[str | None, str, int]] = []

    def read() -> bool:
        path = gateway.folder / "data" / "penstock.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
            query = "SELECT ending, source, output FROM entries WHERE model = ?"
            found[:] = database.execute(query, (model,)).fetchall()
        return bool(found)

    until(read, what="an entry")
    assert found == [(expected, "reported", 7)]
