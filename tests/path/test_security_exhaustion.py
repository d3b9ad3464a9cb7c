"""Mistake class: one cheap request that costs the gateway dearly: nesting, numbers, chunks, bombs, header lists,
multipart boundaries (CVE-2024-8984), expressions that backtrack. One loop serves everybody, so the measure is how long
a stranger's health probe waits meanwhile.
"""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.path.attacker import KEYED, Raw, attack, send
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, json_answer
from tests.support.spent import held_up

JSON = "Content-Type: application/json"
GENERATE = "/gemini/v1beta/models/m:generateContent"
MB = 1_000_000

# What a slow, shared machine may take for an honest body of the largest size, several times over.
PATIENCE = 1.5
MEMORY_MB = 200


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Provider(lambda _: json_answer(b'{"id":"x"}')) as provider:
        rows = {
            name: {"dialect": name, "base_url": provider.base_url, "api_key": OPERATOR_KEY}
            for name in ("anthropic", "openai", "gemini")
        }
        with Gateway(settings(**rows), tmp_path_factory.mktemp("gateway")) as running:
            yield running


def waited(gateway: Gateway, data: bytes) -> tuple[Raw, float]:
    """The attack's answer, and the longest that a probe waited while it was under way."""
    longest = 0.0
    with ThreadPoolExecutor(1) as attacker:
        under_way = attacker.submit(send, gateway, data, 30)
        while not under_way.done():
            got, held = held_up(gateway.pid, lambda: attack(gateway, "/healthz", (), b"", method="GET"))
            assert got.status == 200
            longest = max(longest, held)
            time.sleep(0.01)
    return under_way.result(), longest


def request(target: str, body: bytes, *headers: str, chunked: bool = False) -> bytes:
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    lines = [f"POST {target} HTTP/1.1", "Host: gateway.test", "Connection: close", *KEYED, framing, *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def memory(gateway: Gateway) -> int:
    """The most that the gateway has held, in MB."""
    status = Path(f"/proc/{gateway.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1000


COSTS = {
    "a million brackets": (request("/v1/messages", b'{"model":"m","a":' + b"[" * MB, JSON), 400),
    "a million objects in each other": (request("/v1/messages", b'{"a":' * MB, JSON), 400),
    "brackets where ids may stand": (request("/v1/batches", b'{"input_file_id":' + b"[" * MB, JSON), 400),
    "a number of ten million digits": (request("/v1/messages", b'{"n":' + b"9" * 10 * MB + b"}", JSON), 200),
    "such a number beside an id": (request("/v1/batches", b'{"input_file_id":' + b"9" * MB + b"}", JSON), 400),
    "a name of ten megabytes": (request("/v1/messages", b'{"model":"' + b"a" * 10 * MB + b'"}', JSON), 200),
    "a gzip bomb": (
        request("/v1/messages", gzip.compress(b"a" * 100 * MB), JSON, "Content-Encoding: gzip"), 413),
    "a bomb in a bomb": (
        request("/v1/messages", gzip.compress(gzip.compress(b"a" * 100 * MB)), JSON, "Content-Encoding: gzip, gzip"),
        413),
    "encodings on encodings": (request("/v1/messages", b"{}", JSON, "Content-Encoding: " + "gzip," * 9000), 400),
    "a body too large": (request("/v1/messages", b"a" * 34 * MB, JSON), 413),
    "a body of one-byte chunks": (
        request("/v1/messages", b"1\r\n{\r\n" + b"1\r\n \r\n" * 300_000 + b"1\r\n}\r\n0\r\n\r\n", JSON, chunked=True),
        200),
    "a chunk extension without end": (request("/v1/messages", b"1;" + b"a" * 5 * MB, JSON, chunked=True), 400),
    "trailers without end": (request("/v1/messages", b"0\r\n" + b"a: b\r\n" * MB, JSON, chunked=True), 400),
    "headers without end": (b"GET /healthz HTTP/1.1\r\n" + b"a: b\r\n" * MB, 431),
    "201 headers": (request("/v1/messages", b"{}", JSON, *["a: b"] * 201), 431),
    "a header without end": (b"GET /healthz HTTP/1.1\r\na: " + b"b" * MB, 431),
    "a target without end": (b"GET /" + b"b" * MB, 431),
    "parameters without number": (request("/v1/messages?" + "key=a&" * 9000, b"{}", JSON), 200),
    "escapes in their names": (request("/v1/messages?" + "k%65y=a&" * 6000, b"{}", JSON), 200),
    "a length without end": (request("/v1/messages", b"{}", JSON).replace(b"h: 2\r", b"h: " + b"9" * 40 + b"\r"), 400),
}  # fmt: skip


@pytest.mark.parametrize("what", COSTS)
def test_one_request_does_not_hold_up_the_others(gateway: Gateway, what: str) -> None:
    """It is answered or refused, and meanwhile a probe gets its answer."""
    data, status = COSTS[what]
    got, longest = waited(gateway, data)
    assert got.status == status, got.content[:500]
    assert longest < PATIENCE, what


def test_no_attack_has_cost_much_memory(gateway: Gateway) -> None:
    """After all of the above the process has held no more than a few bodies of the greatest size."""
    assert memory(gateway) < MEMORY_MB


def test_clients_that_send_nothing_more_hold_nothing(gateway: Gateway) -> None:
    """Three hundred half requests at once cost little memory, and others are served."""
    half = f"POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: {KEY}\r\nContent-Length: 30000000\r\n\r\n{{".encode()
    before = memory(gateway)
    clients = [socket.create_connection((gateway.host, gateway.port)) for _ in range(300)]
    try:
        for client in clients:
            client.sendall(half)
        assert attack(gateway, "/v1/messages", (*KEYED, JSON)).status == 200
        assert memory(gateway) - before < 30
    finally:
        for client in clients:
            client.close()


FORM = "Content-Type: multipart/form-data; boundary=a"
URI = json.dumps({"contents": [{"parts": [{"fileData": {"fileUri": "//" + ".googleapis.com" * 16_000}}]}]})
SLOW = {
    "a URI that backtracks": request(GENERATE, URI.encode(), JSON),
    "a form of half a million parts": request("/v1/videos", b"--a" * 500_000, FORM),
    "a part's header of semicolons": request(
        "/v1/videos", b'--a\r\nContent-Disposition: form-data; name="' + b";" * 60_000 + b"\r\n\r\nv\r\n--a--", FORM),
    "ten million small objects beside an id": request(
        "/v1/batches", b'{"input_file_id":"x","a":[' + b"{}," * 9 * MB + b"{}]}", JSON),
}  # fmt: skip


@pytest.mark.parametrize("what", SLOW)
def test_looking_for_ids_does_not_hold_up_the_others(gateway: Gateway, what: str) -> None:
    """What a policy reads of a body has bounds: parts, header sizes, the time an expression takes."""
    _, longest = waited(gateway, SLOW[what])
    assert longest < PATIENCE, what
