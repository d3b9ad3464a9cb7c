"""Recorded chat streams with usage that was asked for: without its traces they are streams that nobody asked.

What such a stream is, other recordings say: of the same provider, without the question. They have no ``usage`` at all.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from penstock.dialects.openai.asking import asked, untold
from penstock.wire.sse import Decoder, Frames
from tests.support.corpus import Recorded, recorded

# At least as many streams as these must have been looked at.
LEAST = {"asked": 200, "unasked": 100}
PROVIDERS = {"openai", "azure"}


def streams() -> Iterator[tuple[Recorded, dict[str, Any]]]:
    """Good chat streams whose request is known."""
    for exchange in recorded():
        if exchange.sse and exchange.status == 200 and re.search(r"/(chat/)?completions$", exchange.path_alone):
            request = json.loads(bytes(exchange.request_body))
            if isinstance(request, dict) and request.get("stream") is True:
                yield exchange, request


def passed(exchange: Recorded) -> bytes:
    """What the client gets of it, cut at random places by the provider."""
    body, dice = exchange.response_body.encode(), exchange.dice("cuts")
    gate, out, place = Frames(16 * 1024 * 1024), [], 0
    while place < len(body):
        size = dice.choice((1, 20, 300, 4000, 70_000))
        out.append(untold(gate.feed(body[place : place + size])))
        place += size
    return b"".join([*out, untold(gate.rest())])


def chunks(body: bytes) -> list[Any]:
    """What the stream says, chunk by chunk."""
    frames = [frame.data for frame in Decoder().feed(body + b"\n\n") if frame.data not in {None, b"", b"[DONE]"}]
    return [json.loads(data) for data in frames if data is not None]


def wanted(chunk: Any) -> Any:
    """The chunk without usage that is null; None for the one that is nothing but usage."""
    if isinstance(chunk, dict) and chunk.get("usage") and chunk.get("choices") == []:
        return None
    return {key: value for key, value in chunk.items() if key != "usage" or value is not None}


def test_a_stream_that_was_asked_becomes_one_that_was_not() -> None:
    """Chunk by chunk the same words; of OpenAI and Azure no usage is left, as in their streams that nobody asked."""
    seen: Counter[str] = Counter()
    for exchange, request in streams():
        got, body = passed(exchange), exchange.response_body.encode()
        assert chunks(got) == [kept for kept in map(wanted, chunks(body)) if kept is not None], exchange.id
        assert got.count(b"[DONE]") == body.count(b"[DONE]")
        if b'"usage"' not in body:
            assert got == body
        options = request.get("stream_options")
        if exchange.provider in PROVIDERS and options == {"include_usage": True} and b'"usage":null' in body:
            seen["asked"] += 1
            assert b'"usage"' not in got, exchange.id
        elif exchange.provider in PROVIDERS and not options and b'"usage"' not in body:
            seen["unasked"] += 1
    assert all(seen[name] >= least for name, least in LEAST.items()), seen


def test_recorded_requests_ask_and_say_the_same_beside() -> None:
    """Those that do not speak of it themselves."""
    seen: Counter[str] = Counter()
    for exchange, request in streams():
        options = request.get("stream_options")
        body = bytes(exchange.request_body)
        got = asked(body)
        if isinstance(options, dict) and "include_usage" in options:
            assert got is None
            seen["asked"] += 1
            continue
        assert got is not None
        assert json.loads(got) == request | {"stream_options": {**(options or {}), "include_usage": True}}
        assert len(got) - len(body) in {len(b',"stream_options":{"include_usage":true}'), len(b'"include_usage":true,')}
        seen["unasked"] += 1
    assert all(seen[name] >= least for name, least in LEAST.items()), seen
