"""Quotas as clients meet them, through a whole gateway: what passes, what is refused, and what the refusal says."""

import http.client
import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.path.limits.scene import MESSAGES, SECOND_KEY, error, question, scene, sums
from tests.support.client import ask
from tests.support.gateway import KEY

LONG = question(given=50, pause=0.3)


def test_exactly_as_many_pass_as_the_quota_has(tmp_path: Path) -> None:
    """Of many that come together; what comes after them is told when it begins anew, and not to try before."""
    with scene(tmp_path, ["7 requests per day"]) as scened:
        got = scened.together([question(pause=0.05)] * 25)
        assert Counter(one.status for one in got) == {200: 7, 429: 18}
        assert len(scened.sent) == 7
        refused = scened.ask()
    assert error(refused)["type"] == "billing_error"
    words = error(refused)["message"]
    assert words.startswith("The quota of 7 requests per day of the key 'test' is used up until 20")
    assert words.endswith("00:00 UTC. Ask your gateway's operator if you need more.")
    assert refused.headers["x-should-retry"] == "false"


def test_who_is_too_fast_is_told_when_to_come_again(tmp_path: Path) -> None:
    """In seconds that are small and true: after them it passes."""
    with scene(tmp_path, ["120 requests per minute, burst 3"]) as scened:
        got = scened.together([question()] * 4)
        assert Counter(one.status for one in got) == {200: 3, 429: 1}
        refused = next(one for one in got if one.status == 429)
        assert error(refused)["type"] == "rate_limit_error"
        assert refused.headers["retry-after"] == "1"
        assert "x-should-retry" not in refused.headers
        time.sleep(0.6)
        assert scened.ask().status == 200


def test_so_many_at_once_and_no_more(tmp_path: Path) -> None:
    """A seat is free again when its request is over, however it ended."""
    with scene(tmp_path, ["2 requests at once"]) as scened:
        got = scened.together([LONG] * 6)
        assert Counter(one.status for one in got) == {200: 2, 429: 4}
        assert {one.headers["retry-after"] for one in got if one.status == 429} == {"1"}
        assert [scened.ask(question(status=status)).status for status in (500, 400, 200)] == [500, 400, 200]
        assert Counter(one.status for one in scened.together([LONG] * 2)) == {200: 2}


def test_a_request_that_is_too_long_goes_nowhere(tmp_path: Path) -> None:
    """413, before anything is counted or sent."""
    with scene(tmp_path, ["300 bytes per request", "1 requests per day"]) as scened:
        refused = scened.ask(question(system="x" * 300))
        assert (refused.status, error(refused)["type"]) == (413, "request_too_large")
        assert "300 bytes" in error(refused)["message"]
        assert scened.ask().status == 200
        assert len(scened.sent) == 1


def test_a_client_that_asks_for_far_more_than_it_uses_gets_all_of_its_quota(tmp_path: Path) -> None:
    """``max_tokens: 128000`` against a quota below it: refused only once that much is really used, and what is settled
    is what the ledger has."""
    with scene(tmp_path, ["1000 output tokens per month"]) as scened:
        got = [scened.ask(question(given=90)) for _ in range(15)]
        assert [one.status for one in got] == [200] * 12 + [429] * 3
        assert "1k output tokens per month" in error(got[-1])["message"]
        assert sums(tmp_path, 15) == 12 * 90


def test_what_the_provider_refused_is_given_back(tmp_path: Path) -> None:
    """Requests of a day and tokens; a request that used nothing costs nothing."""
    with scene(tmp_path, ["2 requests per day", "1000 tokens per day"]) as scened:
        failed = [scened.ask(question(status=status)).status for status in (500, 529, 400, 404, 429)]
        assert failed == [500, 529, 400, 404, 429]
        assert [scened.ask().status for _ in range(3)] == [200, 200, 429]


def test_a_strict_quota_is_never_overshot(tmp_path: Path) -> None:
    """A request that could go over is refused and told by how much; with a cap that fits it passes."""
    quota = "10k output tokens per day, strict"
    with scene(tmp_path, [quota]) as scened:
        refused = scened.ask()
        assert refused.status == 429
        assert "has 10,000 left" in error(refused)["message"]
        assert "may use 128,000" in error(refused)["message"]
        got = scened.together([question(given=3000, pause=0.2, max_tokens=3000)] * 8)
        assert Counter(one.status for one in got) == {200: 3, 429: 5}
        held = next(one for one in got if one.status == 429)
        assert (held.headers["retry-after"], error(held)["type"]) == ("2", "rate_limit_error")
        assert scened.ask(question(given=1001, max_tokens=1001)).status == 429
        assert scened.ask(question(given=1000, max_tokens=1000)).status == 200
        assert sums(tmp_path, 11) == 10_000


def test_a_strict_quota_needs_a_bound(tmp_path: Path) -> None:
    """What has none is refused, with words that say what to change."""
    search = {"type": "web_search_20250305", "name": "web_search"}
    with scene(tmp_path, ["1M tokens per day, strict"]) as scened:
        refused = scened.ask(question(max_tokens=10, tools=[search]))
        assert (refused.status, error(refused)["type"]) == (400, "invalid_request_error")
        assert "give it max_uses" in error(refused)["message"]
        assert scened.ask(question(max_tokens=10, tools=[{**search, "max_uses": 2}])).status == 200
        assert scened.ask(question(max_tokens=10)).status == 200


def test_money_is_counted_to_the_micro_dollar(tmp_path: Path) -> None:
    """At list prices; a model without a price is refused unless its quota lets it pass."""
    with scene(tmp_path, ["$1 per day"]) as scened:
        assert [scened.ask(question(taken=100_000, given=20_000)).status for _ in range(3)] == [200, 200, 429]
        unpriced = scened.ask(question(model="nobody-knows-it"))
        assert unpriced.status == 400
        assert "'nobody-knows-it' has no price here" in error(unpriced)["message"]
        assert sums(tmp_path, 4, "cost") == 2 * 600_000
    with scene(tmp_path / "other", ["$1 per day, unpriced"]) as scened:
        assert scened.ask(question(model="nobody-knows-it")).status == 200


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_under_another_name_costs_what_its_model_costs(tmp_path: Path, stream: bool) -> None:
    """A name that nobody here has a price for, such as a server's own or tomorrow's snapshot: books and quota take it
    for the model that was asked."""
    with scene(tmp_path, ["$1 per day"]) as scened:
        asked = question(taken=100_000, given=20_000, named="sonnet-of-tomorrow", stream=stream)
        assert [scened.ask(asked).status for _ in range(3)] == [200, 200, 429]
        assert sums(tmp_path, 3, "cost") == 2 * 600_000


def test_the_tightest_of_several_decides_and_the_answer_says_which(tmp_path: Path) -> None:
    """The installation's, a team's, an owner's and the key's hold together; others' keys share what is shared."""
    section = {"all": ["5 requests per day"], "each_key": ["4 requests per day"], "contact": "Ada"}
    with scene(tmp_path, section) as scened:
        mine = [scened.ask() for _ in range(5)]
        assert [one.status for one in mine] == [200] * 4 + [429]
        assert "4 requests per day of the key 'test'" in error(mine[-1])["message"]
        assert error(mine[-1])["message"].endswith("Ask Ada if you need more.")
        theirs = [scened.ask(key=SECOND_KEY) for _ in range(2)]
        assert [one.status for one in theirs] == [200, 429]
        assert "5 requests per day of this gateway" in error(theirs[-1])["message"]


def test_quotas_of_models_count_these_alone(tmp_path: Path) -> None:
    """All models of a pattern together."""
    with scene(tmp_path, ["2 requests per day for claude-opus-*"]) as scened:
        opus = [scened.ask(question(model=f"claude-opus-4-{number}")).status for number in (1, 5, 1)]
        assert opus == [200, 200, 429]
        assert scened.ask().status == 200


def test_counts_and_lists_have_a_bucket_of_their_own(tmp_path: Path) -> None:
    """26 counts at once, as Claude Code asks them, beside a small quota that they do not use up."""
    count = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "in=1 out=1"}]}
    with scene(tmp_path, ["6 requests per minute, burst 1", "10 output tokens per day"]) as scened:
        counted = scened.together([count] * 26, target="/v1/messages/count_tokens")
        assert {one.status for one in counted} == {200}
        assert scened.ask(question(given=10)).status == 200
        assert scened.ask().status == 429
        listed = ask(scened.gateway, "/v1/files", None, method="GET", key=KEY)
        assert listed.status == 200


def test_streams_are_settled_by_what_they_told(tmp_path: Path) -> None:
    """Also one whose client left in the middle: by what the books make of it."""
    with scene(tmp_path, ["500 output tokens per day"]) as scened:
        got = scened.ask(question(given=200, stream=True))
        assert got.status == 200
        assert b"message_stop" in got.body
        left = threading.Thread(target=_leave, args=(scened.gateway.host, scened.gateway.port))
        left.start()
        left.join()
        used = sums(tmp_path, 2)
        assert used > 200
        assert scened.ask(question(given=500)).status == 200
        assert scened.ask().status == 429


def _leave(host: str, port: int) -> None:
    client = http.client.HTTPConnection(host, port, timeout=60)
    body = json.dumps(question(given=200, stream=True, pause=2))
    client.request("POST", MESSAGES, body, {"x-api-key": KEY, "content-type": "application/json"})
    client.getresponse().read(300)
    client.close()


def test_a_quota_can_be_raised_while_it_is_in_force(tmp_path: Path) -> None:
    """What was used stays used."""
    with scene(tmp_path, ["2 requests per day"]) as scened:
        assert [scened.ask().status for _ in range(3)] == [200, 200, 429]
        path = tmp_path / "penstock.yaml"
        config = yaml.safe_load(path.read_text())
        config["keys"][0]["quotas"] = ["4 requests per day"]
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        os.kill(scened.gateway.pid, signal.SIGHUP)
        until = time.monotonic() + 30
        while scened.ask(question(status=400)).status == 429 and time.monotonic() < until:
            time.sleep(0.1)
        assert [scened.ask().status for _ in range(3)] == [200, 200, 429]
