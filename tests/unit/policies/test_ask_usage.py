"""Whose streams are asked for usage, and that it is told beforehand."""

import gzip
import json
from pathlib import Path

import pytest

from penstock.app import DIALECTS
from penstock.core.document import Document
from penstock.core.head import RequestHead
from penstock.dialects.openai import asking
from penstock.policies.ask_usage import AskUsage
from penstock.routes import match
from tests.support.command import invoke

STREAM = b'{"model":"m","stream":true}'
ASKING = b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}'


@pytest.mark.parametrize(
    ("path", "body", "asks"),
    [
        ("/v1/chat/completions", STREAM, True),
        ("/openai/v1/chat/completions", STREAM, True),
        ("/v1/completions", STREAM, True),
        ("/v1/chat/completions", b'{"model":"m","stream":false}', False),
        ("/v1/chat/completions", b'{"model":"m"}', False),
        ("/v1/chat/completions", ASKING, False),
        ("/v1/responses", STREAM, False),
        ("/v1/messages", STREAM, False),
        ("/gemini/v1beta/models/m:streamGenerateContent", STREAM, False),
        ("/v1/audio/speech", STREAM, False),
    ],
)
def test_streams_that_tell_usage_only_when_asked_are_asked(path: str, body: bytes, asks: bool) -> None:
    """Chat and legacy completions, where the client streams and does not ask itself."""
    met = match(RequestHead("POST", path.encode(), ()))
    policy = AskUsage(asking.OPERATIONS, asking.asked, asking.untold)
    document = Document(body, body)
    got = policy.asking(met.route, DIALECTS[met.route.dialect].facts(met, document.facts()), document)
    assert (got is not None) == asks
    assert got is None or (got.raw, got.plain) == (ASKING, ASKING)


def test_a_compressed_body_is_let_be() -> None:
    """Its bytes are the client's."""
    met = match(RequestHead("POST", b"/v1/chat/completions", ()))
    policy = AskUsage(asking.OPERATIONS, asking.asked, asking.untold)
    document = Document(gzip.compress(STREAM), STREAM)
    assert policy.asking(met.route, document.facts(), document) is None


@pytest.mark.parametrize(
    ("setting", "says", "size"),
    [
        ("ask", "body: `include_usage` added, all else byte for byte", len(ASKING)),
        ("estimate", "unchanged", len(STREAM)),
    ],
)
def test_explain_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, says: str, size: int) -> None:
    """What would be changed, and how long the body then is."""
    monkeypatch.chdir(tmp_path)
    Path("penstock.yaml").write_text(f"stream_usage: {setting}\n")
    Path("body.json").write_bytes(STREAM)
    printed = invoke(
        "explain", "--config", "penstock.yaml", "--path", "/v1/chat/completions", "--demo", "--json", "body.json"
    )
    explanation = json.loads(printed.stdout)
    assert says in explanation["changes"][-1]
    assert explanation["body_bytes"] == size
    assert f"content-length: {size}\r\n" in explanation["request"]
