"""Who would break scrubbing: by guessing tokens, by texts made to be slow, by bodies that are written strangely."""

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.path.masked.scene import IBAN, JANE, JOE, TOKEN, A, B, Scene, scrubbing, tokens_in
from tests.support.client import Got
from tests.support.private_values import told_anywhere
from tests.support.spent import held_up

MB = 1_000_000


def chat(*said: object, **more: object) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": one} for one in said], **more}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scrubbing(tmp_path_factory.mktemp("scene"), {"patterns": {"customer": {"match": "KDN-[0-9]{7}"}}}) as running:
        yield running


def told(scene: Scene, body: object, key: str = A) -> bytes:
    """What reaches the provider of a message that is let through."""
    got = scene.ask("POST", "/v1/messages", body, key=key)
    assert got.status == 200, got
    return scene.keeper.latest().body


def repeats(scene: Scene, said: str) -> None:
    """The model says this."""
    scene.keeper.says("POST /v1/messages", {"type": "message", "content": [{"type": "text", "text": said}]})


def test_a_guessed_token_restores_nothing(scene: Scene) -> None:
    """A model that is made to say tokens of earlier requests says tokens: this request did not carry them."""
    (token,) = tokens_in(told(scene, chat(f"write to {JANE}")))
    repeats(scene, f"{token} {token.lower()} {token[:-1]}x")
    got = scene.ask("POST", "/v1/messages", chat(f"say {token}, and write to {JOE}"))
    assert JANE.encode() not in got.body
    assert token.encode() in got.body
    got = scene.ask("POST", "/v1/messages", chat(f"say {token}"))
    assert JANE.encode() not in got.body


def test_tokens_of_one_tenant_mean_nothing_to_another(scene: Scene) -> None:
    """Each has tokens of its own for one value, and neither restores the other's."""
    (here,) = tokens_in(told(scene, chat(f"write to {JANE}"), key=A))
    (there,) = tokens_in(told(scene, chat(f"write to {JANE}"), key=B))
    assert here != there
    repeats(scene, f"{here} and {there}")
    got = scene.ask("POST", "/v1/messages", chat(f"write to {JANE}"), key=B)
    assert json.loads(got.body)["content"][0]["text"] == f"{here} and {JANE}"


def test_what_looks_like_a_token_goes_there_and_back(scene: Scene) -> None:
    """In the user's own text, and in a value that holds one."""
    looks = "EMAIL_k3v9x2mw7q and SECRET_bbbbbbbbbb"
    repeats(scene, looks)
    assert looks.encode() in told(scene, chat(looks))
    assert json.loads(scene.ask("POST", "/v1/messages", chat(looks, JANE)).body)["content"][0]["text"] == looks


def test_two_workers_and_a_restart_make_the_same_tokens(tmp_path: Path) -> None:
    """So what a provider has cached of a conversation goes on, whoever of them serves its next turn."""
    body = chat(f"write to {JANE} about {IBAN}", "yes?", [{"type": "text", "text": f"{JOE}, {JANE}"}])
    with scrubbing(tmp_path, workers=2) as scene:
        sent = {told(scene, body) for _ in range(12)}
        scene.restart()
        sent |= {told(scene, body) for _ in range(6)}
    assert len(sent) == 1
    assert len(tokens_in(sent.pop())) == 3


ODD = {
    "a value as a member's name": b'{"type":"tool_use","id":"t","name":"w","input":{"%b":{"%b":1}}}',
    "a name that stands twice": b'{"type":"text","text":"to %b","text":"and %b"}',
    "half characters": b'{"type":"text","text":"\\ud83d %b \\ude00\\ud83d%b"}',
    "escapes": b'{"type":"text","text":"\\u006do %b \\n\\t\\"%b\\""}',
    "a name in escapes": b'{"type":"text","t\\u0065xt":"to %b and %b"}',
    "a member that nobody knows": b'{"type":"text","text":"to %b","later":[{"x":["%b"]}]}',
    "a kind that nobody knows": b'{"type":"telepathy","waves":{"%b":["%b"]}}',
    "JSON in a string": b'{"type":"tool_result","tool_use_id":"t","content":"{\\"a\\": \\"%b\\", \\"b\\": \\"%b\\"}"}',
}


@pytest.mark.parametrize("block", ODD.values(), ids=ODD)
def test_however_a_body_is_written_its_values_are_masked(scene: Scene, block: bytes) -> None:
    """And every other byte goes out as it came."""
    whole = b'{"model":"m","messages":[{"role":"user","content":[%b]}]}'
    out = told(scene, whole % block.replace(b"%b", JANE.encode(), 1).replace(b"%b", JOE.encode()))
    first, second = dict.fromkeys(re.findall(rb"EMAIL_[b-z2-9]{10}", out))
    assert out == whole % block.replace(b"%b", first, 1).replace(b"%b", second)


@pytest.mark.parametrize("number", [b"4111111111111111", b"[4111111111111111,NaN]", b"4111111111111111e"])
def test_a_number_that_is_private_goes_out_as_another(scene: Scene, number: bytes) -> None:
    """A card's number that is written as one goes out as other digits; what is no JSON does not go out."""
    before = len(scene.keeper.received)
    block = b'{"type":"tool_use","id":"t","name":"w","input":{"card":%b}}' % number
    got = scene.ask("POST", "/v1/messages", b'{"model":"m","messages":[{"role":"user","content":[%b]}]}' % block)
    sent = b"".join(one.body for one in scene.keeper.received[before:])
    assert b"4111111111111111" not in sent + got.body
    assert got.status == (200 if number.isdigit() else 400)
    assert bool(sent) is number.isdigit()


LARGE = {
    "addresses": lambda: chat("86.121.97.248 " * (5 * MB // 14)),
    "mail": lambda: chat("a@b.cc.1." * (2 * MB // 9)),
    "one value": lambda: chat(JANE, f"{JANE} é\n" * (3 * MB // 28)),
    "the operator's pattern": lambda: chat("KDN-1234567 " * (3 * MB // 12)),
    "tokens": lambda: chat("EMAIL_k3v9x2mw7q " * (5 * MB // 17)),
    "escapes": lambda: chat("\\u0040%40\x00\n" * (3 * MB // 14)),
    "many blocks": lambda: chat([{"type": "text", "text": f"joe{one}@corp-x.de"} for one in range(30_000)]),
    "many messages": lambda: chat(*(f"joe{one}@corp-x.de" for one in range(20_000))),
    "JSON in a string": lambda: {
        "model": "m",
        "messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": {
            "name": "n", "arguments": json.dumps({f"a{one}": f"joe{one}@corp-x.de é" for one in range(30_000)}),
        }}]}],
    },
    "numbers": lambda: chat([{"type": "tool_use", "id": "t", "name": "w", "input": {
        "a": [4_111_111_111_110_000 + 7 * one for one in range(60_000)],
    }}]),
}  # fmt: skip


def waits(scene: Scene, working: threading.Thread) -> list[float]:
    """How long the gateway keeps others waiting meanwhile, the longest last."""
    assert scene.gateway is not None
    connection, found = http.client.HTTPConnection(scene.gateway.host, scene.gateway.port, timeout=60), [0.0]
    while working.is_alive():
        connection.request("GET", "/healthz")
        found.append(held_up(scene.gateway.pid, lambda: connection.getresponse().read())[1])
        time.sleep(0.005)
    connection.close()
    return sorted(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_megabytes_that_are_made_to_be_slow(scene: Scene, name: str) -> None:
    """They go out masked, or are refused; others are served meanwhile."""
    target = "/v1/chat/completions" if name == "JSON in a string" else "/v1/messages"
    body, got, before = json.dumps(LARGE[name]()).encode(), list[Got](), len(scene.keeper.received)
    working = threading.Thread(target=lambda: got.append(scene.ask("POST", target, body)))
    begun = time.perf_counter()
    working.start()
    waited = waits(scene, working)
    assert time.perf_counter() - begun < 200
    assert got[0].status in {200, 413}, got[0].body[:300]
    sent = b"".join(one.body for one in scene.keeper.received[before:])
    assert bool(sent) is (got[0].status == 200)
    assert told_anywhere(sent[: 2 * MB], [JANE, "86.121.97.248", "KDN-1234567", "joe17@corp-x.de"]) == []
    assert waited[int(0.95 * len(waited))] < 0.1, waited[-5:]
    assert waited[-1] < 0.5, waited[-5:]


def warm(scene: Scene) -> None:
    """What the first texts are read with is made for them, on a busy machine not within the time for one request."""
    tries = (scene.ask("POST", "/v1/messages", json.dumps(chat(f"{JANE} is the first")).encode()) for _ in range(20))
    assert any(got.status == 200 for got in tries)


def test_past_its_time_a_request_is_refused(tmp_path: Path) -> None:
    """Also in the midst of a block; nothing goes out of it, and the next is served."""
    body = chat([{"type": "text", "text": f"joe{one}@corp-x.de"} for one in range(20_000)])
    with scrubbing(tmp_path, {"seconds": 0.3}) as scene:
        warm(scene)
        before = len(scene.keeper.received)
        got = scene.ask("POST", "/v1/messages", body)
        assert got.status == 413
        assert b"more new text" in got.body
        assert TOKEN.search(got.body.decode()) is None
        assert scene.keeper.received[before:] == []
        assert tokens_in(told(scene, chat(JANE)))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["a\\n", "&#64;", "joe@corp-x.de ", "86.121.97.248 "])
def test_past_its_time_a_single_text_is_left(tmp_path: Path, unit: str) -> None:
    """Five megabytes that take many times as long are refused soon after it, and nothing goes out of them."""
    body = json.dumps(chat(unit * (5 * MB // len(unit)))).encode()
    with scrubbing(tmp_path, {"seconds": 0.5}) as scene:
        warm(scene)
        before = len(scene.keeper.received)
        assert scene.gateway is not None
        got, worked = held_up(scene.gateway.pid, lambda: scene.ask("POST", "/v1/messages", body))
        assert worked < 2.5
        assert got.status == 413
        assert scene.keeper.received[before:] == []
