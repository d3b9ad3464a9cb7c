"""The mock and the load generator against each other, and the generator against an upstream that answers wrongly."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator

import msgspec
import pytest

from bench.bodies import (
    ANTHROPIC,
    OPENAI,
    PATHS,
    answer_body,
    answer_frames,
    request_body,
    stream_model,
    unary_model,
)
from bench.mock import PROVIDER_KEY
from bench.order import Order, Tally
from bench.subjects import ROOT, credential
from tests.support.provider import Provider, Scripted, json_answer, stream_answer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mock_port() -> Iterator[int]:
    """The mock upstream as the bench runs it."""
    command = (sys.executable, "-m", "bench.mock")
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        yield int(child.stdout.readline())
        child.stdin.close()


def post(port: int, dialect: str, model: str, size: int, key: str = PROVIDER_KEY) -> tuple[int, bytes]:
    """One request by a client that is not ours."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("POST", PATHS[dialect].decode(), request_body(dialect, model, size), dict(credential(dialect, key)))
    response = client.getresponse()
    body = response.read()
    client.close()
    return response.status, body


def generate(
    port: int,
    dialect: str,
    model: str,
    *,
    size: int = 1024,
    connections: int = 2,
    count: int = 6,
    keys: tuple[str, ...] = (),
    exact: bool = True,
) -> Tally:
    """What the generator says of so many requests."""
    order = Order(
        port=port,
        dialect=dialect,
        model=model,
        request_size=size,
        headers=credential(dialect, PROVIDER_KEY),
        target=PATHS[dialect].decode(),
        connections=connections,
        count=count,
        seconds=10,
        warm=0,
        keys=keys,
        exact=exact,
    )
    said = subprocess.run(
        (sys.executable, "-m", "bench.load"),
        cwd=ROOT,
        input=msgspec.json.encode(order) + b"\ngo\n",
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    return msgspec.json.decode(said.stdout.splitlines()[-1], type=Tally)


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI])
@pytest.mark.parametrize("size", [1024, 50_000, 500_000])
def test_requests_have_their_size_to_the_byte(dialect: str, size: int) -> None:
    """A case that says 50 kB sends 50 kB, and it is JSON whose model comes first."""
    body = request_body(dialect, unary_model(100), size)
    assert len(body) == size
    assert next(iter(json.loads(body))) == "model"


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI])
def test_mock_answers_with_usage_of_what_it_received(mock_port: int, dialect: str) -> None:
    """The count of received bytes stands in the answer, so that a changed request shows."""
    status, body = post(mock_port, dialect, unary_model(2000), 3000)
    usage = json.loads(body)["usage"]
    assert status == 200
    assert usage.get("input_tokens", usage.get("prompt_tokens")) == 3000
    assert body == answer_body(dialect, unary_model(2000), 2000, 3000)


def test_mock_streams_messages_from_start_to_stop(mock_port: int) -> None:
    """As many frames as the model's name asks for, each named as its data says, in the order that SDKs demand."""
    status, body = post(mock_port, ANTHROPIC, stream_model(12, 1), 1024)
    frames = [frame.splitlines() for frame in body.decode().split("\n\n")[:-1]]
    names = [lines[0].removeprefix("event: ") for lines in frames]
    assert status == 200
    assert names == [json.loads(lines[1].removeprefix("data: "))["type"] for lines in frames]
    middle = ["content_block_delta"] * 7
    assert names == [
        "message_start", "content_block_start", *middle, "content_block_stop", "message_delta", "message_stop",
    ]  # fmt: skip


def test_mock_streams_chat_chunks_to_done(mock_port: int) -> None:
    """The usage chunk has no choices, and ``[DONE]`` is last."""
    _, body = post(mock_port, OPENAI, stream_model(12, 1), 1024)
    frames = body.decode().split("\n\n")[:-1]
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames[:-1]]
    assert len(frames) == 12
    assert frames[-1] == "data: [DONE]"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["prompt_tokens"] == 1024


def test_mock_refuses_a_key_that_is_not_the_providers(mock_port: int) -> None:
    """A gateway that forwards its client's key gets no figure."""
    assert post(mock_port, ANTHROPIC, unary_model(100), 1024, key="mt_live_client")[0] == 401


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI])
@pytest.mark.parametrize("model", [unary_model(1024), stream_model(8, 1)])
def test_generator_finds_the_mock_right(mock_port: int, dialect: str, model: str) -> None:
    """Both sides expect the same bytes, and every request is counted once."""
    tally = generate(mock_port, dialect, model, size=60_000)
    assert (tally.good, tally.bad, tally.reasons) == (6, 0, {})
    assert tally.frames == (48 if model.startswith("bench-s") else 0)


def wrong_answers() -> dict[str, Scripted]:
    """Answers that a broken gateway could give."""
    right = answer_body(ANTHROPIC, unary_model(1024), 1024, 1024)
    return {
        "another body": json_answer(right.replace(b"end_turn", b"max_tokens")),
        "a body cut short": json_answer(right[:-1]),
        "an error": json_answer(right, status=502),
    }


@pytest.mark.parametrize("what", list(wrong_answers()))
def test_generator_counts_wrong_answers_as_bad(what: str) -> None:
    """A figure from broken answers is worthless."""
    with Provider(lambda _: wrong_answers()[what]) as upstream:
        tally = generate(upstream.port, ANTHROPIC, unary_model(1024), connections=1, count=2)
    assert (tally.good, tally.bad) == (0, 2)


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI])
def test_an_answer_that_was_written_anew_must_say_the_same(dialect: str) -> None:
    """Other fields in another order are right; an apology with 200 would else be counted as speed."""
    right = json.loads(answer_body(dialect, unary_model(1024), 1024, 1024))
    anew = json.dumps({**dict(reversed(right.items())), "id": "another", "added": 1}).encode()
    with Provider(lambda _: json_answer(anew)) as upstream:
        tally = generate(upstream.port, dialect, unary_model(1024), connections=1, count=2, exact=False)
    assert (tally.good, tally.reasons) == (2, {})
    sorry = anew.replace(b"gateway", b"sorry", 1)
    with Provider(lambda _: json_answer(sorry)) as upstream:
        tally = generate(upstream.port, dialect, unary_model(1024), connections=1, count=2, exact=False)
    assert tally.reasons == {"body does not say what the mock said": 2}


def test_keys_take_turns(mock_port: int) -> None:
    """The mock knows one of three: a third of the requests is answered."""
    tally = generate(mock_port, ANTHROPIC, unary_model(1024), keys=(PROVIDER_KEY, "sk-other-1", "sk-other-2"))
    assert (tally.good, tally.reasons) == (2, {"status 401": 4})


def test_generator_counts_a_missing_frame_as_bad() -> None:
    """A stream that lost one delta is no stream of the mock's."""
    frames = list(answer_frames(ANTHROPIC, stream_model(8, 1), 8, 1024))
    del frames[3]
    with Provider(lambda _: stream_answer(*frames)) as upstream:
        tally = generate(upstream.port, ANTHROPIC, stream_model(8, 1), connections=1, count=1)
    assert tally.reasons == {"stream of 7 frames is not the mock's 8": 1}
