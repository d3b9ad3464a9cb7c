"""A quota of a request's bytes: who announces too many sends none of them, and who does not announce is cut off."""

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.path.attacker import KEYED, Raw
from tests.path.limits.scene import MESSAGES, Scene, error, question, scene
from tests.support.client import ask
from tests.support.gateway import KEY

QUOTAS = ["4 kB per request", "600 bytes per request for claude-opus-*"]
JSON = "Content-Type: application/json"
FORM = "Content-Type: multipart/form-data; boundary=b"
CHUNKED = "Transfer-Encoding: chunked"
GENERATE = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
TYPES: dict[str, Any] = {
    MESSAGES: ("type", "request_too_large"),
    "/v1/chat/completions": ("type", "invalid_request_error"),
    GENERATE: ("status", "INVALID_ARGUMENT"),
}
WORDS = "This request is longer than the quota of 4 kB per request of the key 'test' allows."


@pytest.fixture(scope="module")
def scened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("sizes"), QUOTAS) as found:
        yield found


def said(scened: Scene, target: str, headers: tuple[str, ...], *pieces: bytes) -> Raw:
    """What comes back until the gateway closes, though the body never ends; the pieces are no more than it may be
    sent before it has answered."""
    lines = [f"POST {target} HTTP/1.1", "Host: gateway.test", *KEYED, *headers, "", ""]
    content = b""
    with closing(socket.create_connection((scened.gateway.host, scened.gateway.port), timeout=20)) as client:
        client.sendall("\r\n".join(lines).encode())
        for piece in pieces:
            client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        while data := client.recv(65536):
            content += data
    return Raw(content)


def refusal(raw: Raw) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw.content.rpartition(b"\r\n\r\n")[2])["error"]
    return found


@pytest.mark.parametrize("target", TYPES)
@pytest.mark.parametrize("more", [(), ("Expect: 100-continue",)], ids=["", "expecting"])
def test_who_announces_too_many_sends_none(scened: Scene, target: str, more: tuple[str, ...]) -> None:
    """413 by the header alone, in the client's dialect and before any 100; the connection is not kept for a body that
    nobody reads."""
    before = len(scened.sent)
    raw = said(scened, target, (JSON, "Content-Length: 20000000", *more))
    assert raw.status == 413
    member, value = TYPES[target]
    assert refusal(raw)[member] == value
    assert refusal(raw)["message"].startswith(WORDS)
    assert b"connection: close" in raw.content.lower()
    assert len(scened.sent) == before


@pytest.mark.parametrize("target", TYPES)
def test_who_announces_nothing_is_cut_off(scened: Scene, target: str) -> None:
    """As soon as it is too much, while more would come."""
    before = len(scened.sent)
    raw = said(scened, target, (JSON, CHUNKED), b'{"a": "', b"x" * 2500, b"x" * 2500)
    assert (raw.status, refusal(raw)["message"].startswith(WORDS)) == (413, True)
    assert len(scened.sent) == before


def test_an_upload_that_streams_through_is_cut_off_too(scened: Scene) -> None:
    """Its provider has seen the beginning, and never gets an end to it."""
    before = len(scened.sent)
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    raw = said(scened, "/openai/v1/files", (FORM, CHUNKED), part, b"x" * 3000, b"x" * 3000)
    assert (raw.status, refusal(raw)["message"].startswith(WORDS)) == (413, True)
    announced = said(scened, "/openai/v1/files", (FORM, "Content-Length: 2000000"))
    assert announced.status == 413
    assert len(scened.sent) == before


def test_what_is_long_once_it_is_decoded_is_long(scened: Scene) -> None:
    """A kilobyte of zeros in thirty bytes counts as a kilobyte."""
    body = gzip.compress(json.dumps(question(system="x" * 5000)).encode())
    assert len(body) < 600
    got = ask(scened.gateway, MESSAGES, body, {"content-encoding": "gzip"}, key=KEY)
    assert (got.status, error(got)["message"].startswith(WORDS)) == (413, True)


def test_one_for_some_models_waits_for_the_model(scened: Scene) -> None:
    """Which stands in the body; it counts the decoded one as well."""
    opus = question(model="claude-opus-4-5", system="x" * 600)
    assert scened.ask(question(system="x" * 600)).status == 200
    refused = scened.ask(opus)
    assert (refused.status, "600 bytes per request for claude-opus-*" in error(refused)["message"]) == (413, True)
    zipped = gzip.compress(json.dumps(opus).encode())
    assert ask(scened.gateway, MESSAGES, zipped, {"content-encoding": "gzip"}, key=KEY).status == 413


def test_a_connection_goes_on_after_a_refusal_of_a_body_that_is_there(scened: Scene) -> None:
    """What was announced and is small enough to be read away costs no connection."""
    body = json.dumps(question(system="x" * 5000)).encode()
    lines = [f"POST {MESSAGES} HTTP/1.1", "Host: gateway.test", *KEYED, JSON, f"Content-Length: {len(body)}", "", ""]
    fits = json.dumps(question()).encode()
    with closing(socket.create_connection((scened.gateway.host, scened.gateway.port), timeout=20)) as client:
        client.sendall("\r\n".join(lines).encode() + body)
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")
        again = "\r\n".join(lines).replace(str(len(body)), str(len(fits)))
        client.sendall(again.encode() + fits)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
