"""Values that went out as tokens come back through the running gateway: streams, whole answers, errors, cuts."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.path.wire.house import House
from tests.path.wire.raw import LAST_CHUNK, Message, Script, Visit, chunk, head, sized
from tests.support.gateway import KEY
from tests.unit.dialects.restoring.speech import VOICES, Voice

VALUE = "anna.meier@corp-mail.com"
TOKEN = re.compile(rb"EMAIL_[b-z2-9]{10}")
ASKED = f"Write to {VALUE} again."
each = pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house"), scrub={"wanted": True}) as running:
        yield running
        assert running.trouble == []


def answering(answer: Callable[[str], list[bytes]]) -> Script:
    """Answers each request, by the token that stands in it; a piece of None closes the connection."""

    async def script(visit: Visit) -> None:
        while (request := await visit.request()) is not None:
            assert VALUE.encode() not in request.body
            (token,) = set(TOKEN.findall(request.body))
            for piece in answer(token.decode()):
                if not piece:
                    return
                await visit.send(piece)

    return script


def asked(house: House, voice: Voice) -> Message:
    """What a client gets that asks with the value in its words."""
    dialect, operation = voice.match.route.dialect, voice.match.route.operation
    path, body = voice.match.path, dict[str, Any](model="m", stream=True)
    if dialect == "gemini":
        events = "" if "array" in voice.name else "?alt=sse"
        path = f"/gemini/v1beta/models/m:streamGenerateContent{events}"
        body = {"contents": [{"role": "user", "parts": [{"text": ASKED}]}]}
    elif operation == "responses.create":
        body |= {"input": ASKED}
    elif operation == "completions.create":
        body |= {"prompt": ASKED}
    else:
        body |= {"max_tokens": 9, "messages": [{"role": "user", "content": ASKED}]}
    raw = json.dumps(body).encode()
    lines = (f"X-Penstock-Key: {KEY}", "Content-Type: application/json", f"Content-Length: {len(raw)}")
    with house.client() as client:
        client.send(head(f"POST {path} HTTP/1.1", "Host: gateway", *lines) + raw)
        return client.answer()


def begun(voice: Voice) -> bytes:
    """A stream's head; an array comes as JSON."""
    kind = "application/json" if "array" in voice.name else "text/event-stream"
    return head("HTTP/1.1 200 OK", f"content-type: {kind}", "transfer-encoding: chunked")


def said(voice: Voice, token: str) -> list[str]:
    """A text with the token in it, letter by letter."""
    text = f"To {token}: yes. {token[:8]} is none."
    return list(json.dumps({"text": text}) if voice.json else text)


@each
def test_a_stream_comes_back_with_its_values(house: House, voice: Voice) -> None:
    """What the model says of a token letter by letter, the client reads with the value, in a stream by the rules."""
    house.provider.play(
        answering(lambda token: [begun(voice), *map(chunk, voice.frames(said(voice, token))), LAST_CHUNK])
    )
    answer = asked(house, voice)
    heard = voice.heard(answer.body)
    assert f"To {VALUE}: yes. EMAIL_" in heard
    assert heard.endswith(' is none."}' if voice.json else " is none.")
    assert voice.check(answer.body) == []


@each
@pytest.mark.parametrize("odd", ["marked", "mislabelled"])
def test_an_odd_stream_comes_back_with_its_values(house: House, voice: Voice, odd: str) -> None:
    """One that begins with a byte order mark, and one that is not called a stream: clients read both."""
    if "array" in voice.name:
        return
    mark, label = (b"\xef\xbb\xbf", b"text/event-stream") if odd == "marked" else (b"", b"application/json")

    def answer(token: str) -> list[bytes]:
        body = mark + b"".join(voice.frames(said(voice, token)))
        return [begun(voice).replace(b"text/event-stream", label), chunk(body), LAST_CHUNK]

    house.provider.play(answering(answer))
    got = asked(house, voice)
    assert got.body.startswith(mark)
    assert got.header("content-type") == label
    assert f"To {VALUE}: yes. EMAIL_" in voice.heard(got.body.removeprefix(mark))


@each
def test_a_stream_that_breaks_off_within_a_token_keeps_its_last_letters(house: House, voice: Voice) -> None:
    """What was held back goes out before the gateway's own ending, which is the last that the client reads."""

    def answer(token: str) -> list[bytes]:
        frames = voice.frames(said(voice, token)[: (12 if voice.json else 3) + 7])
        spoken = max(at for at, frame in enumerate(frames) if b'"A"' in frame and b"done" not in frame)
        return [begun(voice), *map(chunk, frames[: spoken + 1]), b""]

    house.provider.play(answering(answer))
    got = asked(house, voice).body
    if "array" in voice.name:
        *told, last = json.loads(got)
        heard = voice.heard(json.dumps(told).encode())
    else:
        *frames, last = [frame for frame in re.split(rb"(?:\r?\n){2}", got) if frame]
        heard = voice.heard(b"\n\n".join(frames))
    assert heard.endswith("To EMA")
    assert b"error" in last if isinstance(last, bytes) else "error" in last
    assert voice.check(got) == []


@each
def test_an_error_in_place_of_a_stream_has_its_values(house: House, voice: Voice) -> None:
    """Providers repeat in an error what they could not take."""

    def answer(token: str) -> list[bytes]:
        error = {"error": {"type": "invalid", "message": f"unknown word {token}", "code": 400}}
        return [sized(json.dumps(error).encode(), status="400 Bad Request")]

    house.provider.play(answering(answer))
    got = asked(house, voice)
    assert got.status == 400
    assert json.loads(got.body)["error"]["message"] == f"unknown word {VALUE}"


def test_an_array_of_announced_length_comes_back_with_its_values(house: House) -> None:
    """With the values it has another length, and is whole."""
    (voice,) = (one for one in VOICES if one.name == "gemini array")
    house.provider.play(answering(lambda token: [sized(b"".join(voice.frames(said(voice, token))))]))
    got = asked(house, voice)
    assert f"To {VALUE}: yes." in voice.heard(got.body)
    assert voice.check(got.body) == []
