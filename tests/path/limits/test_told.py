"""What an answer's head says of its caller's quotas: once, by whom it concerns, and true."""

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.path.limits.scene import MESSAGES, Scene, answer, question, scene
from tests.support.client import Got
from tests.support.gateway import CALLER_KEY, KEY
from tests.support.provider import Received, Scripted

QUOTAS = ["60 requests per minute, burst 30", "1000 output tokens per month", "$50 per month"]
THEIRS = (
    ("anthropic-ratelimit-requests-limit", "4000"),
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-tokens-limit", "80000"),
)
PLAN = (("anthropic-ratelimit-unified-status", "allowed"), ("anthropic-ratelimit-unified-reset", "1"))


def limited(found: Scene, body: Mapping[str, Any], **headers: str) -> dict[str, str]:
    """The rate-limit headers of an answer; no name stands twice."""
    connection = http.client.HTTPConnection(found.gateway.host, found.gateway.port, timeout=60)
    with closing(connection):
        sent = {"content-type": "application/json", "x-api-key": KEY, **headers}
        connection.request("POST", MESSAGES, json.dumps(body), sent)
        answered = connection.getresponse()
        answered.read()
    pairs = [(name.lower(), value) for name, value in answered.getheaders() if "ratelimit" in name.lower()]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def tokens(got: Got) -> tuple[str | None, str | None]:
    """What is used, and the limit; the same under both prefixes."""
    for which in ("used", "limit"):
        assert got.headers.get(f"x-penstock-tokens-{which}") == got.headers.get(f"x-mintoken-tokens-{which}")
    return got.headers.get("x-penstock-tokens-used"), got.headers.get("x-penstock-tokens-limit")


@pytest.mark.parametrize("own", [False, True], ids=["operators", "own"])
@pytest.mark.parametrize("stream", [False, True])
def test_whose_account_is_told_of(tmp_path: Path, own: bool, stream: bool) -> None:
    """The gateway's rates behind the operator's credential; behind the caller's own the provider's, and the gateway's
    only where the provider says nothing of the kind: of budgets, here."""

    def script(request: Received) -> Scripted:
        found = answer(request)
        return Scripted(found.status, (*found.headers, *THEIRS), found.pieces, found.sized)

    with scene(tmp_path, QUOTAS, script) as found:
        headers = {"x-provider-key": CALLER_KEY} if own else {}
        told = limited(found, question(stream=stream), **headers)
    assert told["anthropic-ratelimit-unified-status"] == "allowed"
    rates = {name: value for name, value in told.items() if "unified" not in name}
    if own:
        assert rates == dict(THEIRS)
        return
    assert rates.pop("anthropic-ratelimit-requests-reset").endswith("Z")
    assert rates == {"anthropic-ratelimit-requests-limit": "60", "anthropic-ratelimit-requests-remaining": "29"}


def test_a_plan_of_the_callers_own_is_not_talked_over(tmp_path: Path) -> None:
    """A subscription's unified headers pass as they are; the gateway's rates stand beside them."""

    def script(request: Received) -> Scripted:
        found = answer(request)
        return Scripted(found.status, (*found.headers, *PLAN), found.pieces, found.sized)

    with scene(tmp_path, QUOTAS, script) as found:
        told = limited(found, question(), **{"x-provider-key": CALLER_KEY})
    assert {name: value for name, value in told.items() if "unified" in name} == dict(PLAN)
    assert told["anthropic-ratelimit-requests-limit"] == "60"


def test_from_four_fifths_on_the_head_tells_what_is_used(tmp_path: Path) -> None:
    """Not before. A whole answer counts with its own tokens, also one that its provider is slow to write; a stream's
    head with what is settled and reserved; a refusal with what refused it."""
    with scene(tmp_path, QUOTAS) as found:
        assert tokens(found.ask(question(given=700))) == (None, None)
        assert tokens(found.ask(question(given=150))) == ("850", "1000")
        assert tokens(found.ask(question(given=40, pause=0.1))) == ("890", "1000")
        used, limit = tokens(found.ask(question(given=10, stream=True)))
        assert limit == "1000"
        assert int(used or 0) > 890
        assert tokens(found.ask(question(given=200))) == ("1100", "1000")
        refused = found.ask(question())
        assert refused.status == 429
        assert tokens(refused) == ("1100", "1000")
        assert [name for name in refused.headers if "unified" in name] == []


def test_the_share_is_the_operators_to_choose(tmp_path: Path) -> None:
    """``warn_at``: here from a tenth on."""
    with scene(tmp_path, {"each_key": QUOTAS, "warn_at": 10}) as found:
        found.ask(question(given=100))
        assert tokens(found.ask(question(given=5))) == ("105", "1000")
