"""``stream_usage: ask`` through a running gateway: the books know the usage, the client sees none of the asking."""

import contextlib
import gzip
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.client import Got, ask
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import CUT, Pause, Piece, Provider, Received, Scripted, json_answer, stream_answer
from tests.support.waiting import until

USED = b'{"prompt_tokens":31,"completion_tokens":7,"total_tokens":38}'
REFUSED = b'{"error":{"message":"Unrecognized request argument supplied: stream_options"}}'
WORDS = ("", "One", " moment", r", \"usage\":null", r" \u00e9", ".")


def frames(*, asked: bool, line_end: bytes = b"\n") -> list[bytes]:
    """OpenAI's stream, asked for usage and not: as recorded, with its padding at the end of each chunk."""
    head = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x","choices":['
    null = b',"usage":null' if asked else b""
    choice = b'{"index":0,"delta":{"content":"%s"},"logprobs":null,"finish_reason":null}]%s,"obfuscation":"a%d"}'
    told = [head + choice % (word.encode(), null, number) for number, word in enumerate(WORDS)]
    told.append(head + b'{"index":0,"delta":{},"finish_reason":"stop"}]%s}' % null)
    if asked:
        told.append(head + b'],"usage":%s}' % USED)
    return [line + line_end * 2 for line in [*told[:3], b": a comment", *told[3:], b"data: [DONE]"]]


def written(way: str, *, asked: bool) -> tuple[Piece, ...]:
    """The stream in the pieces in which this provider writes it."""
    whole = frames(asked=asked, line_end=b"\r\n" if way == "crlf" else b"\n")
    if way == "scattered":
        text, dice = b"".join(whole), Random(7)
        places = [0, *sorted(dice.sample(range(1, len(text)), 40)), len(text)]
        return tuple(piece for at, to in pairwise(places) for piece in (text[at:to], Pause(0.002)))
    if way == "at once":
        return (b"".join(whole),)
    if way == "without its last line end":
        return (*whole[:-1], whole[-1].rstrip())
    if way == "without [DONE]":
        # What comes last then is the chunk of usage, where there is one; it may lack its end.
        return (*whole[:-2], whole[-2].rstrip()) if asked else tuple(whole[:-1])
    if way == "cut":
        return (*whole[:4], whole[4][:20], Pause(0.05), CUT)
    return tuple(piece for frame in whole for piece in (frame, Pause(0.005)))


def script(received: Received) -> Scripted:
    """A provider whose way of answering is the model's name."""
    request = json.loads(gzip.decompress(received.body) if received.header("content-encoding") else received.body)
    way, options = request["model"].removeprefix("kept, "), request.get("stream_options")
    asked = bool(options and options.get("include_usage"))
    if way == "refuses" and options:
        return json_answer(REFUSED, 400)
    if way == "unasked":
        told = frames(asked=False)
        return stream_answer(*(one.replace(b',"obfuscation"', b',"usage":%s,"obfuscation"' % USED) for one in told))
    if not request.get("stream"):
        return json_answer(b'{"model":"whole","choices":[],"usage":%s}' % USED)
    return stream_answer(*written(way, asked=asked and way != "deaf"))


@dataclass
class Scene:
    """A gateway that asks, one that does not, and the provider behind both."""

    asking: Gateway
    plain: Gateway
    provider: Provider

    def stream(self, gateway: Gateway, model: str, path: str = "/v1/chat/completions", **more: Any) -> Got:
        body = json.dumps({"model": model, "messages": [], "stream": True, **more})
        return ask(gateway, path, body)

    def booked(self, gateway: Gateway, model: str) -> list[tuple[int, int, str]]:
        """Input, output and source of this model's entries, once there are any."""
        path = gateway.folder / "data" / "penstock.db"
        found: list[tuple[int, int, str]] = []

        def read() -> bool:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
                query = "SELECT input, output, source FROM entries WHERE model = ?"
                found[:] = database.execute(query, (model,)).fetchall()
            return bool(found)

        until(read, what="an entry")
        return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Provider(script) as provider:
        row = {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": OPERATOR_KEY}
        folders: list[Path] = [tmp_path_factory.mktemp(name) for name in ("asking", "plain")]
        with (
            Gateway({**settings(openai=row), "stream_usage": "ask"}, folders[0]) as asking,
            Gateway(settings(openai=row), folders[1]) as plain,
        ):
            yield Scene(asking, plain, provider)


WAYS = ["frame by frame", "scattered", "at once", "crlf", "without its last line end", "without [DONE]"]


@pytest.mark.parametrize("way", WAYS)
def test_the_client_sees_the_stream_that_it_would_have_had(scene: Scene, way: str) -> None:
    """The same bytes with and without asking; only with it the books hold what the provider counted."""
    got, plain = scene.stream(scene.asking, way), scene.stream(scene.plain, way)
    assert (got.status, got.body) == (200, plain.body)
    assert got.body == b"".join(piece for piece in written(way, asked=False) if isinstance(piece, bytes))
    assert scene.booked(scene.asking, way) == [(31, 7, "reported")]
    assert [source for _, _, source in scene.booked(scene.plain, way)] == ["estimated"]


@pytest.mark.parametrize(
    ("name", "path", "more"),
    [
        ("kept", "/v1/chat/completions", {"store": True}),
        ("kept, at once", "/v1/chat/completions", {"store": True}),
        ("kept, scattered", "/v1/chat/completions", {"store": True}),
        ("legacy", "/v1/completions", {}),
        ("options", "/v1/chat/completions", {"stream_options": {"include_obfuscation": True}}),
    ],
)
def test_it_is_so_wherever_streams_tell_usage_when_asked(
    scene: Scene, name: str, path: str, more: dict[str, Any]
) -> None:
    """Also where the first frame is held, because the answer's owner is written down before it goes out."""
    got, plain = scene.stream(scene.asking, name, path, **more), scene.stream(scene.plain, name, path, **more)
    assert (got.status, got.body) == (200, plain.body)
    assert scene.booked(scene.asking, name) == [(31, 7, "reported")]


def test_all_else_of_the_request_goes_up_as_it_came(scene: Scene) -> None:
    """One insertion, and the length that goes with it."""
    body = b'{ "model":"odd", "stream":true, "messages":[], "x":1.0e2, "y":"\\u00e9\\/" }\n'
    assert ask(scene.asking, "/v1/chat/completions", body).status == 200
    received = scene.provider.received[-1]
    put = b',"stream_options":{"include_usage":true}'
    assert received.body == body.replace(b" }\n", b" " + put + b"}\n")
    assert received.header("content-length") == str(len(received.body))


def test_a_client_that_asks_or_says_no_is_heard(scene: Scene) -> None:
    """Its request goes up as it is, and its answer comes back as it is."""
    asked = scene.stream(scene.asking, "asked", stream_options={"include_usage": True})
    assert asked.body == b"".join(frames(asked=True))
    refused = scene.stream(scene.asking, "says no", stream_options={"include_usage": False})
    assert refused.body == b"".join(frames(asked=False))
    assert json.loads(scene.provider.received[-1].body)["stream_options"] == {"include_usage": False}
    assert [source for _, _, source in scene.booked(scene.asking, "says no")] == ["estimated"]


def test_what_is_no_stream_or_compressed_goes_up_as_it_came(scene: Scene) -> None:
    """Whole answers tell their usage; into a compressed body nothing is put."""
    body = b'{"model":"whole","messages":[]}'
    assert ask(scene.asking, "/v1/chat/completions", body).body.endswith(USED + b"}")
    assert scene.provider.received[-1].body == body
    packed = gzip.compress(b'{"model":"packed","stream":true,"messages":[]}')
    got = ask(scene.asking, "/v1/chat/completions", packed, {"content-encoding": "gzip"})
    assert got.body == b"".join(frames(asked=False))
    assert scene.provider.received[-1].body == packed


def test_a_provider_that_does_not_hear_is_estimated(scene: Scene) -> None:
    """Its stream passes as it is."""
    assert scene.stream(scene.asking, "deaf").body == b"".join(frames(asked=False))
    assert [source for _, _, source in scene.booked(scene.asking, "deaf")] == ["estimated"]


def test_usage_beside_choices_stays(scene: Scene) -> None:
    """Who tells it in every chunk tells it unasked."""
    got = scene.stream(scene.asking, "unasked")
    assert got.body == scene.stream(scene.plain, "unasked").body
    assert got.body.count(USED) == len(WORDS)


def test_a_refusal_is_relayed_and_not_tried_again(scene: Scene) -> None:
    """The operator who asks hears of it from the client."""
    before = len(scene.provider.received)
    got = scene.stream(scene.asking, "refuses")
    assert (got.status, got.body) == (400, REFUSED)
    assert len(scene.provider.received) == before + 1


def test_a_stream_that_breaks_ends_as_ever(scene: Scene) -> None:
    """The rewritten frames, then the error."""
    got, plain = scene.stream(scene.asking, "cut"), scene.stream(scene.plain, "cut")
    assert got.body == plain.body
    assert got.body.startswith(b"".join(frames(asked=False)[:4]))
    assert b'"error"' in got.body
