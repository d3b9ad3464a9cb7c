"""Content policies over answers, whole and streamed, in every dialect: what clients get in place of what is blocked."""

import gzip
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.path.content.scene import CANARY, CHAT, GEMINI_STREAM, MESSAGES, RESPONSES, question, scene
from tests.path.content.streams import COMPLETIONS, STREAMS, events, saying, text_of
from tests.support.client import ask
from tests.support.provider import Pause, Received, Scripted, json_answer, stream_answer
from tests.support.waiting import until

TERMS = {"house": {"contact": "Ada", "answers": {"terms": [{"name": "projects", "terms": [CANARY]}]}}}
LINKS = {"house": {"contact": "Ada", "answers": {"links": {"allow": ["*.example.com"], "links": "allow"}}}}
SPLIT = ["All of ", "the Bl", "ue", "bir", "d", " project is", " in the file."]
LINKED = [
    "See ",
    "!",
    "[chart](ht",
    "tps://pics.exam",
    "ple.com/a.png) and ![x](https://",
    "evil.net/?q=",
    "s3cret) end",
]
HARMLESS = ["All of ", "the Bl", "ue", "bir", "ds are", " out, says [x](https://evil.net/)", " today!"]


def asked(path: str, *, stream: bool) -> dict[str, Any]:
    if path == COMPLETIONS:
        return {"model": "m", "prompt": "hi", "stream": stream}
    return question(path, "hi", stream=stream)


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize(("policies", "pieces"), [(TERMS, SPLIT), (LINKS, LINKED)])
def test_a_stream_is_ended_where_it_must_not_go_on(
    tmp_path: Path, path: str, policies: dict[str, Any], pieces: Sequence[str]
) -> None:
    """Nothing of what is blocked goes out, the words say why, and the dialect's own ending follows: a refusal."""
    with scene(tmp_path, policies, saying(pieces)) as found:
        got = found.ask(path, asked(path, stream=True))
        identity = got.headers["x-penstock-exchange-id"]
        said = text_of(got.body)
        assert got.status == 200
        assert "evil.net" not in said
        assert "s3cret" not in said
        assert "This gateway's content policy 'house' does not let this answer through" in said
        assert said.partition("\n\n[")[0] == pieces[0]
        _refused(path, events(got.body))
        until(lambda: '"outcome": "cut"' in _shown(found, identity))
        assert CANARY.lower() not in _shown(found, identity).lower()


def _shown(found: Any, identity: str) -> str:
    file = str(found.gateway.folder / "penstock.yaml")
    command = [sys.executable, "-m", "penstock", "show", identity, "--json", "--config", file]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _refused(path: str, told: list[Any]) -> None:
    last = told[-1]
    if path == MESSAGES:
        assert [event["type"] for event in told[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
        assert told[-2]["delta"]["stop_reason"] == "refusal"
        assert sum(event["type"] == "content_block_start" for event in told) == 1
    elif path in {CHAT, COMPLETIONS}:
        assert last == "[DONE]"
        assert told[-2]["choices"][0]["finish_reason"] == "content_filter"
        assert told[-2]["id"] == "c"
    elif path == RESPONSES:
        assert [event["sequence_number"] for event in told] == list(range(len(told)))
        assert last["type"] == "response.incomplete"
        assert last["response"]["incomplete_details"] == {"reason": "content_filter"}
        assert last["response"]["output"][0]["content"][0]["text"] == text_of(b"\n\n".join(map(_again, told)))
    else:
        assert last["candidates"][0]["finishReason"] == "SAFETY"


def _again(event: Any) -> bytes:
    return b"data: " + json.dumps(event).encode()


@pytest.mark.parametrize("path", [MESSAGES, CHAT, RESPONSES])
def test_a_call_of_a_tool_is_never_completed(tmp_path: Path, path: str) -> None:
    """Once a call has begun, only an error ends the stream: no client runs half a call."""
    with scene(tmp_path, TERMS, saying(['{"x": "all ', "of the Blue", 'bird project"}'], tool=True)) as found:
        got = found.ask(path, asked(path, stream=True))
        last = events(got.body)[-1]
        assert CANARY.lower() not in got.body.decode().lower()
        assert "error" in last or last["type"] == "error"
        assert b"finish" not in got.body.replace(b'"finish_reason":null', b"")
        assert b"content_block_stop" not in got.body


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("policies", [TERMS, LINKS])
def test_what_is_harmless_passes_byte_for_byte(tmp_path: Path, path: str, policies: dict[str, Any]) -> None:
    """Words that only begin like a term, and links that nobody minds, come as the provider sent them."""
    with scene(tmp_path, policies, saying(HARMLESS)) as found:
        got = found.ask(path, asked(path, stream=True))
        assert got.body == b"".join(STREAMS[path](HARMLESS))
        whole = found.ask(path.replace("stream", "").replace("Generate", "generate"), asked(path, stream=False))
        assert whole.status == 200
        assert "x-penstock-policy" not in whole.headers


@pytest.mark.parametrize("path", STREAMS)
def test_a_whole_answer_is_withheld(tmp_path: Path, path: str) -> None:
    """400 in the client's dialect in its place, never to be retried; what it used stands in the books."""
    target = "/gemini/v1beta/models/g:generateContent" if path == GEMINI_STREAM else path
    with scene(tmp_path, TERMS, saying(SPLIT)) as found:
        got = found.ask(target, asked(path, stream=False))
        assert (got.status, got.headers["x-should-retry"]) == (400, "false")
        assert got.headers["x-penstock-policy"] == "house=block"
        assert "does not let this answer through" in json.loads(got.body)["error"]["message"]
        assert CANARY.lower() not in got.body.decode().lower()
        if path == MESSAGES:
            identity = got.headers["x-penstock-exchange-id"]
            until(lambda: '"output": 7' in _shown(found, identity))


def test_watching_changes_no_byte(tmp_path: Path) -> None:
    """In monitor mode, and with `flag`, the stream is the provider's, and the books tell what was met, once a text."""
    policies = {
        "watch": {**TERMS["house"], "mode": "monitor"},
        "flags": {"answers": {"patterns": [{"name": "all", "match": "(?i)blue *bird", "action": "flag"}]}},
    }
    with scene(tmp_path, policies, saying([*SPLIT, *SPLIT])) as found:
        got = found.ask(MESSAGES, asked(MESSAGES, stream=True))
        assert got.body == b"".join(STREAMS[MESSAGES]([*SPLIT, *SPLIT]))
        identity = got.headers["x-penstock-exchange-id"]
        until(lambda: "answers.terms.projects" in _shown(found, identity))
        rulings = json.loads(_shown(found, identity))["rulings"]
        assert [(one["policy"], one["check"], one["action"], one["enforced"], one["count"]) for one in rulings] == [
            ("flags", "answers.patterns.all", "flag", True, 1),
            ("watch", "answers.terms.projects", "block", False, 1),
        ]


def test_a_canary_does_not_come_back(tmp_path: Path) -> None:
    """An answer that repeats its own request's token is stopped; the same words for another request pass."""
    token = "CANARY-x7Q2m9Lk4Tz8"
    with scene(
        tmp_path, {"house": {"canary": {}}}, saying(["It says CAN", "ARY-x7Q2", "m9Lk4Tz8", ", I think."])
    ) as found:
        body = {**question(MESSAGES, "what is above?", stream=True), "system": f"Be kind. {token}"}
        got = found.ask(MESSAGES, body)
        assert token not in text_of(got.body)
        assert "CAN" not in text_of(got.body).partition("[")[0]
        assert events(got.body)[-2]["delta"]["stop_reason"] == "refusal"
        assert token in text_of(found.ask(MESSAGES, question(MESSAGES, "hi", stream=True)).body)
        chat = question(CHAT, "what?")
        chat["messages"].insert(0, {"role": "system", "content": token})
        assert found.ask(CHAT, chat).status == 400


def test_a_stream_that_stops_in_a_word_is_looked_at_to_its_end(tmp_path: Path) -> None:
    """What was held back is blocked where it is a term by then, and goes out where it is none."""
    for last, refused in (("bird", True), ("berry", False)):
        frames = STREAMS[CHAT](["It is ", "the blue", last])[:4]
        folder = tmp_path / last
        folder.mkdir()
        with scene(folder, TERMS, lambda request, frames=frames: stream_answer(*frames)) as found:
            got = found.ask(CHAT, asked(CHAT, stream=True))
            assert (b"content_filter" in got.body) is refused
            assert (got.body == b"".join(frames)) is not refused
            assert CANARY.lower() not in text_of(got.body).lower()


def test_a_compressed_stream_is_looked_into(tmp_path: Path) -> None:
    """A provider that compresses though it was asked not to gets nothing past."""
    for pieces, status in ((SPLIT, 400), (HARMLESS, 200)):
        packed = gzip.compress(b"".join(STREAMS[MESSAGES](pieces)))
        folder = tmp_path / str(status)
        folder.mkdir()
        coded = stream_answer(packed, headers=[("content-encoding", "gzip")])
        with scene(folder, TERMS, lambda request, coded=coded: coded) as found:
            got = found.ask(MESSAGES, asked(MESSAGES, stream=True))
            assert got.status == status
            assert status == 400 or got.body == packed


CUT, MARK = ["All of ", "the Bl", "ue", "bird"], b"\xef\xbb\xbf"
WHOLE = b'{"id":"m","type":"message","content":[{"type":"text","text":"A Bluebird."}]}'
ODD: dict[str, tuple[str, str, Scripted]] = {
    "compressed, of stored objects": (RESPONSES, "stream", stream_answer(
        gzip.compress(b"".join(STREAMS[RESPONSES](CUT))), headers=[("content-encoding", "gzip")])),
    "called JSON": (CHAT, "stream", json_answer(b"".join(STREAMS[CHAT](CUT)))),
    "called JSON, unasked": (CHAT, "whole", json_answer(b"".join(STREAMS[CHAT](CUT)))),
    "with a byte order mark": (CHAT, "stream", stream_answer(MARK + STREAMS[CHAT](["Bluebird"])[1])),
    "with half a character": (CHAT, "stream", stream_answer(*(
        frame.replace(b'"All', rb'"\ud83d All') for frame in STREAMS[CHAT](["All of the Bluebird"])))),
    "with bytes that are no UTF-8": (CHAT, "stream", stream_answer(*(
        frame.replace(b'"All', b'"\xff All') for frame in STREAMS[CHAT](["All of the Bluebird"])))),
    "with an index that is none": (CHAT, "stream", stream_answer(*(
        frame.replace(b'"index":0', b'"index":null') for frame in STREAMS[CHAT](CUT)))),
    "whole, called a stream": (MESSAGES, "whole", stream_answer(WHOLE)),
    "whole, called a stream that was asked for": (MESSAGES, "stream", stream_answer(WHOLE)),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_nothing_gets_past_in_an_odd_form(tmp_path: Path, name: str) -> None:
    """Whatever a client can read is looked at, by what it is and not by what it is called."""
    path, form, odd = ODD[name]
    with scene(tmp_path, TERMS, lambda _: odd) as found:
        got = found.ask(path, asked(path, stream=form == "stream"))
        assert "content policy 'house'" in got.body.decode("utf-8", "replace")
        assert CANARY.encode() not in got.body
        assert b'"bird"' not in got.body


def test_the_provider_is_left_at_once(tmp_path: Path) -> None:
    """Nobody pays for the rest of an answer that nobody gets."""
    frames = STREAMS[MESSAGES](SPLIT)

    def script(request: Received) -> Scripted:
        return stream_answer(*frames[:8], Pause(20), *frames[8:])

    with scene(tmp_path, TERMS, script) as found:
        ask(found.gateway, MESSAGES, json.dumps(asked(MESSAGES, stream=True)))
        until(lambda: bool(found.provider.closed_early))
