"""Whose streams are asked for usage, and that it is told beforehand."""

import gzip
import json
from pathlib import Path

import pytest

from penstock.app import DIALECTS
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.head import RequestHead
from penstock.core.terseness import Arm, Terseness
from penstock.dialects.openai import asking
from penstock.policies.ask_usage import AskUsage
from penstock.routes import match
from tests.support.command import invoke

STREAM = b'{"model":"m","stream":true}'
POLICY = AskUsage(asking.OPERATIONS, asking.asked, asking.untold)
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
    exchange = asked(path, Document(body, body))
    assert POLICY.asks(exchange) is asks
    assert exchange.document is not None
    assert (exchange.document.raw, exchange.document.plain) == ((ASKING, ASKING) if asks else (body, body))


@pytest.mark.parametrize(
    ("arm", "asks"), [(None, False), (Arm.TREATED, True), (Arm.CONTROL, True), (Arm.FORCED, False), (Arm.EXEMPT, False)]
)
def test_what_is_measured_is_asked_on_both_sides(arm: Arm | None, asks: bool) -> None:
    """Unless the setting says otherwise: what one side used must not be an estimate, nor the sides treated unlike."""
    exchange = asked("/v1/chat/completions", Document(STREAM, STREAM))
    exchange.terseness = None if arm is None else Terseness(arm, "default")
    policy = AskUsage(asking.OPERATIONS, asking.asked, asking.untold, measured_only=True)
    assert policy.asks(exchange) is asks


def test_half_a_character_is_no_hindrance() -> None:
    """The question stands in the body, and the half is what the client sent."""
    body = rb'{"model":"m","stream":true,"user":"\ud83d"}'
    exchange = asked("/v1/chat/completions", Document(body, body))
    assert POLICY.asks(exchange)
    assert exchange.document is not None
    assert exchange.document.raw == body[:-1] + b',"stream_options":{"include_usage":true}}'


def test_a_compressed_body_is_let_be() -> None:
    """Its bytes are the client's."""
    assert not POLICY.asks(asked("/v1/chat/completions", Document(gzip.compress(STREAM), STREAM)))


def asked(path: str, document: Document) -> Exchange:
    head = RequestHead("POST", path.encode(), ())
    met = match(head)
    facts = DIALECTS[met.route.dialect].facts(met, document.facts())
    return Exchange("x", head, met, 0.0, document=document, facts=facts)


@pytest.mark.parametrize(
    ("setting", "says", "size"),
    [
        ("ask", ["body: `include_usage` added", "body: all else byte for byte"], len(ASKING)),
        ("estimate", ["body: unchanged, byte for byte"], len(STREAM)),
    ],
)
def test_explain_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, says: list[str], size: int
) -> None:
    """What would be changed, and how long the body then is."""
    monkeypatch.chdir(tmp_path)
    Path("penstock.yaml").write_text(f"stream_usage: {setting}\n")
    Path("body.json").write_bytes(STREAM)
    printed = invoke(
        "explain", "--config", "penstock.yaml", "--path", "/v1/chat/completions", "--demo", "--json", "body.json"
    )
    explanation = json.loads(printed.stdout)
    assert [change for change in explanation["changes"] if change.startswith("body")] == says
    assert explanation["body_bytes"] == size
    assert f"content-length: {size}\r\n" in explanation["request"]
