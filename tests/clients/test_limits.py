"""What every SDK does at each kind of limit: it waits for a throttle and is served, and stops at once at a budget."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.installed import MODULES, NODE, python, require_installed
from tests.clients.limited import CONTACT, MODELS, NEVER, QUOTAS, SLOW, SPOKEN, Limited, key, limited
from tests.clients.stage import CLIENTS, SCRIPTS

SDKS = tuple(MODELS)
WAITING = ("anthropic", "openai")
"""Google's tries nothing again unless its user asks for it."""
RAISED = {"anthropic": "RateLimitError", "openai": "RateLimitError", "gemini": "ClientError"}
SAYS = {
    "tokens": "9 output tokens per month",
    "money": "per day",
    "requests": "1 request per week",
}
FOR_GOOD = {
    "unpriced": (400, "The model 'nobody-knows-it' has no price here"),
    "too_much": (400, "60 tokens per minute"),
    "bytes": (413, "This request is longer than the quota of 20 bytes per request"),
    "strict": (429, "9 output tokens per month"),
}
SOON = 10.0
"""Seconds in which a client has given up that waits for nothing."""

Told = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    require_installed()
    users = [f"{sdk}-{client}" for sdk in SDKS for client in CLIENTS]
    with limited(tmp_path_factory.mktemp("limited"), users, {**QUOTAS, **NEVER}) as found:
        yield found


@pytest.fixture(scope="module", params=[(sdk, client) for sdk in SDKS for client in CLIENTS], ids="-".join)
def user(request: pytest.FixtureRequest, scene: Limited, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Told]:
    """Who asked, and what came of it: one process for all kinds."""
    sdk, client = request.param
    home = tmp_path_factory.mktemp(f"{sdk}-{client}")
    command = [python(client.removeprefix("python-")), SCRIPTS / "limited.py"]
    if client == "node":
        shutil.copy(SCRIPTS / "limited.mjs", home)
        (home / "node_modules").symlink_to(MODULES)
        command = [NODE, home / "limited.mjs"]
    keys = {kind: key(f"{sdk}-{client}", kind) for kind in (*QUOTAS, *NEVER)}
    words = [*map(str, command), sdk, scene.witness.url, MODELS[sdk], SLOW, json.dumps(keys)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=environment, cwd=home)
    assert done.returncode == 0, done.stderr[-2000:]
    return f"{sdk}-{client}", json.loads(done.stdout.splitlines()[-1])


def statuses(scene: Limited, user: str, kind: str) -> list[int]:
    """Sorted: a client may open a connection for each question."""
    return sorted(one.status for one in scene.passed(user, kind))


def refused(told: dict[str, Any], sdk: str, *, node: bool) -> None:
    """Raised in the SDK's own class, with words for a person."""
    assert told["raised"] == ("ApiError" if (sdk, node) == ("gemini", True) else RAISED[sdk])
    assert told["status"] == 429


@pytest.mark.parametrize("kind", SAYS)
def test_a_budget_that_is_used_up_ends_it_at_once(scene: Limited, user: tuple[str, Told], kind: str) -> None:
    """One question, one refusal, no wait, though the next day or month is far; the message names the quota, when it is
    fresh again and whom to ask."""
    name, (first, second) = user[0], user[1][kind]
    assert first["said"] == "Served."
    refused(second, name.split("-")[0], node=name.endswith("node"))
    assert second["seconds"] < SOON
    assert statuses(scene, name, kind) == [200, 429]
    for words in (SAYS[kind], " UTC", CONTACT):
        assert words in second["message"]


@pytest.mark.parametrize("kind", FOR_GOOD)
def test_what_a_quota_never_lets_pass_is_asked_once(scene: Limited, user: tuple[str, Told], kind: str) -> None:
    """No price, no bound, too long, more than is left: raised at once with the words, whatever its status."""
    name, told = user[0], user[1][kind]
    status, words = FOR_GOOD[kind]
    for one in told:
        assert one["status"] == status, one
        assert words in one["message"]
        assert CONTACT in one["message"]
        assert one["seconds"] < SOON
    assert statuses(scene, name, kind) == [status] * 2


def test_a_throttle_is_waited_for_as_long_as_it_says_and_no_longer(scene: Limited, user: tuple[str, Told]) -> None:
    """The first retry is served: after a second, not before. Google's SDK raises."""
    name, (first, second) = user[0], user[1]["throttled"]
    assert first["said"] == "Served."
    sdk = name.split("-")[0]
    if sdk not in WAITING:
        refused(second, sdk, node=name.endswith("node"))
        assert "60 requests per minute" in second["message"]
        assert statuses(scene, name, "throttled") == [200, 429]
        return
    assert second["said"] == "Served."
    assert 0.5 < second["seconds"] < SOON
    assert statuses(scene, name, "throttled") == [200, 200, 429]
    (told,) = [dict(one.headers) for one in scene.passed(name, "throttled") if one.status == 429]
    assert 0 < float(told["retry-after-ms"]) <= 1000 * int(told["retry-after"]) == 1000


def test_who_asks_too_much_at_once_is_served_when_there_is_room(scene: Limited, user: tuple[str, Told]) -> None:
    """Nothing tells when the other ends: after a second it is tried again, and the SDKs have two tries."""
    name, (told,) = user[0], user[1]["seats"]
    sdk = name.split("-")[0]
    if sdk not in WAITING:
        refused(told, sdk, node=name.endswith("node"))
        return
    assert told["said"] == "Served."
    assert statuses(scene, name, "seats").count(429) in {1, 2}


def test_a_stream_that_a_quota_cuts_is_an_error_with_its_words(scene: Limited, user: tuple[str, Told]) -> None:
    """Raised, after what had come; nobody takes a torso for the answer, and nobody asks again."""
    name, (told,) = user[0], user[1]["cut"]
    assert "said" not in told, told
    assert "40 output tokens per month" in told["message"]
    assert CONTACT in told["message"]
    (passed,) = scene.passed(name, "cut")
    assert passed.status == 200
    assert SPOKEN.split()[0].encode() in passed.body
    assert 1 <= passed.body.count(SPOKEN.strip().encode()) < 100


def test_the_headers_tell_how_much_is_used(scene: Limited, user: tuple[str, Told]) -> None:
    """Of the answer that used it up, with its own tokens; and of the refusal, under both prefixes."""
    for passed in scene.passed(user[0], "tokens"):
        told = dict(passed.headers)
        for prefix in ("x-penstock-", "x-mintoken-"):
            assert (told[f"{prefix}tokens-used"], told[f"{prefix}tokens-limit"]) == ("9", "9")
