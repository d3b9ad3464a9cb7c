"""Law 6 for scrubbing: on every route whose requests hold words, for every policy, as a stream and whole.

The matrix is made from the route table. A provider that gives back what it got, as the content of its answer, is all
that stands behind the gateway.
"""

import json
import re
from collections.abc import Iterator
from itertools import product

import pytest

from penstock.core.route import Body, Reply, Route
from penstock.route_rows import ROWS as ROUTES
from tests.path.masked.scene import JANE, TOKEN
from tests.path.scrub.rows import ROWS, Unread, Words
from tests.support.client import Got, ask
from tests.support.gateway import CALLER_KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer
from tests.support.walked import WALKING

POLICIES = ("mask", "redact", "flag", "block", "allow", "term")
KEYS = {policy: f"mt_live_{policy:0>40}" for policy in POLICIES}
"""One key for each; ``term`` is a content policy that blocks a word of the same text."""
WORD = "Blaukehlchen"
SAID = f"{WORD}, please write to {JANE} today."

MATRIX = [route for route in ROUTES if route.body is not Body.NONE and WALKING[route.dialect].carries(route.operation)]


def echo(request: Received) -> Scripted:
    """All that came, as the words of an error: every operation has those in its answers."""
    said = re.findall(rb"[A-Z]{2,8}_[b-z2-9]{10}|jane\.doe@canary-mail\.com", request.body)
    told = {"type": "error", "error": {"type": "invalid", "message": b" ".join(said).decode(), "code": 400}}
    return json_answer(json.dumps(told).encode(), 400)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(echo) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    base = {"anthropic": "", "openai": "/v1", "gemini": ""}
    rows = {name: {"dialect": name, "base_url": provider.base_url + path, "api_key": OPERATOR_KEY}
            for name, path in base.items()}  # fmt: skip
    config = settings(**rows)
    config["keys"] = [
        {"name": name, "key": key, "scrub": {"wanted": name != "term", "kinds": {"email": name}}}
        for name, key in KEYS.items()
        if name != "term"
    ]
    config["keys"] += [{"name": "term", "key": KEYS["term"]}]
    config["policies"] = {"birds": {"keys": ["term"], "terms": [{"name": "birds", "terms": [WORD]}]}}
    with Gateway(config, tmp_path_factory.mktemp("gateway")) as running:
        yield running


def asked(gateway: Gateway, route: Route, policy: str, *, stream: bool) -> Got:
    """The operation as this policy's key asks it, with a credential of the caller's own: all objects are theirs."""
    words = ROWS[route.dialect, route.operation]
    body, headers = words.sent(SAID, stream=stream) if isinstance(words, Words) else (SAID.encode(), {})
    if isinstance(words, Unread):
        headers = {"content-type": "application/octet-stream"}
    target = f"/{route.dialect}" + re.sub(r"\{\w+\}", "m", route.template)
    named = {"x-penstock-key": KEYS[policy], "x-provider-key": CALLER_KEY, **headers}
    return ask(gateway, target, body, named, method=route.method, key=None)


def judge(got: Got, sent: bytes, policy: str, *, restores: bool) -> None:
    """What went out and what came back, as the policy says."""
    told = got.headers.get("x-penstock-scrubbed", "")
    if policy in {"block", "term"}:
        assert got.status == 400
        assert not sent
        assert JANE.encode() not in got.body
        assert WORD.encode() not in got.body
        assert got.headers["x-should-retry"] == "false"
        return
    assert got.status == 400, got
    assert WORD.encode() in sent
    masked = policy in {"mask", "redact"}
    assert (JANE.encode() in sent) is not masked
    assert bool(TOKEN.search(sent.decode("latin-1"))) is masked
    # Answers that may be sound pass as they come.
    assert (JANE.encode() in got.body) is (policy in {"flag", "allow"} or (policy == "mask" and restores))
    found = {"mask": ["email=1"], "redact": ["email=1"], "flag": ["email=1;flag"], "allow": []}[policy]
    assert [one for one in told.split(", ") if not one.startswith("attached=") and one != "none"] == found


def test_every_route_has_a_row() -> None:
    """A new operation says here how its words are written; one that is gone has no row."""
    assert {(route.dialect, route.operation) for route in MATRIX} == set(ROWS)


@pytest.mark.parametrize("route", MATRIX, ids=lambda one: f"{one.dialect} {one.method} {one.template}")
def test_the_matrix(gateway: Gateway, provider: Provider, route: Route) -> None:
    """Each policy, whole and as a stream."""
    words = ROWS[route.dialect, route.operation]
    for policy, stream in product(POLICIES, (False, True)):
        if stream and not (isinstance(words, Words) and words.streams):
            continue
        before = len(provider.received)
        got = asked(gateway, route, policy, stream=stream)
        sent = b"".join(one.body for one in provider.received[before:])
        try:
            if isinstance(words, Words):
                judge(got, sent, policy, restores=route.reply is not Reply.BYTES)
            elif policy != "term":
                assert (got.status, sent) == (400, b"")
                assert JANE.encode() not in got.body
        except AssertionError as wrong:
            raise AssertionError(f"{policy}, {'a stream' if stream else 'whole'}: {wrong}\n{got}\n{sent!r}") from wrong
