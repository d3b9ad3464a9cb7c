"""The metrics page and the access log of running gateways: who may read, what they say, and that workers agree."""

import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.path.reloading import answer, provided, rewritten
from tests.path.test_workers import asked, connected, workers
from tests.support.client import ask
from tests.support.gateway import CALLER_KEY, KEY, Gateway
from tests.support.load import Load
from tests.support.provider import Provider, Received, Scripted, json_answer
from tests.support.waiting import until

ANSWER = (
    b'{"type":"message","role":"assistant","model":"m-1","content":[{"type":"text","text":"words of the answer"}],'
    b'"usage":{"input_tokens":11,"output_tokens":7,"cache_read_input_tokens":5}}'
)
PROMPT = '{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"words of the prompt"}]}'


def told(_received: Received) -> Scripted:
    return json_answer(ANSWER)


def page(gateway: Gateway, **headers: str) -> Mapping[str, float]:
    """Each sample of the metrics, its labels in its name."""
    got = ask(gateway, "/metrics", None, headers, method="GET", key=None)
    assert got.status == 200
    return {
        sample.name + "".join(f" {label}={text}" for label, text in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(got.body.decode())
        for sample in family.samples
    }


SERVED = (
    "penstock_requests_total dialect=anthropic operation=messages.create outcome=served provider=anthropic status=2xx"
)


def config(provider: Provider, **more: object) -> dict[str, Any]:
    return provided({"base_url": provider.base_url, "auth": "none"}, **more)


def test_the_page_says_what_has_happened(tmp_path: Path) -> None:
    """Requests, refusals, tokens, open streams and connections are those that there were."""
    with Provider(told) as provider, Gateway(config(provider), tmp_path) as gateway:
        assert [ask(gateway, body=PROMPT).status for _ in range(3)] == [200] * 3
        assert ask(gateway, key="wrong").status == 401
        found = page(gateway)
        assert found[SERVED] == 3
        assert [count for name, count in found.items() if "outcome=refused" in name] == [1]
        assert found["penstock_tokens_total kind=input model=m provider=anthropic"] == 33
        assert found["penstock_tokens_total kind=cache_read model=m provider=anthropic"] == 15
        assert found["penstock_tokens_total kind=output model=m provider=anthropic"] == 21
        assert found["penstock_open_requests"] == 1, "the one that asks"
        assert found["process_open_fds"] > 5
        assert found["process_cpu_seconds_total"] > 0
    with Provider(answer) as provider, Gateway(config(provider), tmp_path) as gateway, Load(gateway, 0, streams=5):
        until(lambda: page(gateway)["penstock_open_streams"] == 5)


@pytest.mark.parametrize(
    ("rule", "headers", "status"),
    [
        ("local", {}, 200),
        ("local", {"X-Forwarded-For": "10.0.0.1"}, 404),
        ("open", {"X-Forwarded-For": "10.0.0.1"}, 200),
        ("off", {}, 404),
    ],
)
def test_who_reads_the_page(tmp_path: Path, rule: str, headers: dict[str, str], status: int) -> None:
    """Nobody but the operator's own programs by default; for all others there is no such page, key or no key."""
    with Provider(told) as provider, Gateway(config(provider, metrics=rule), tmp_path) as gateway:
        assert ask(gateway, "/metrics", None, headers, method="GET").status == status
        body = ask(gateway, "/metrics", None, headers, method="GET", key=None).body
        assert (b"penstock_requests_total" in body) is (status == 200)


def test_the_page_is_not_for_other_machines(tmp_path: Path) -> None:
    """A client that comes by another address than a loopback one is not answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("skipped: this machine has no address but its loopback ones")
        outside = probe.getsockname()[0]
    with Provider(told) as provider, Gateway(config(provider, listen="0.0.0.0:0"), tmp_path) as gateway:
        gateway.host = outside
        assert ask(gateway, "/metrics", None, method="GET").status == 404
        gateway.host = "127.0.0.1"
        assert page(gateway)


def test_any_worker_answers_for_all(tmp_path: Path) -> None:
    """Counts of all workers stand on the page, also of one that was killed, and they never go back."""
    with Provider(told) as provider, Gateway(config(provider, workers=3), tmp_path) as gateway:
        kept = connected(gateway, 30)
        assert {asked(one, KEY) for one in kept} == {200}
        until(lambda: page(gateway).get(SERVED) == 30)
        assert page(gateway)["penstock_workers"] == 3
        os.kill(workers(gateway)[0], signal.SIGKILL)
        seen = []
        until(lambda: seen.append(page(gateway)[SERVED]) or len(seen) > 30)
        os.kill(gateway.pid, signal.SIGUSR2)
        until(lambda: "all workers have been replaced" in "".join(gateway.output), 30)
        for one in kept:
            one.close()
        assert ask(gateway).status == 200
        until(lambda: seen.append(page(gateway)[SERVED]) or seen[-1] == 31)
        assert seen == sorted(seen)
        until(lambda: page(gateway)["penstock_workers"] == 3)


@pytest.mark.parametrize("form", ["json", "human"])
def test_each_request_leaves_a_line_on_standard_output(tmp_path: Path, form: str) -> None:
    """Served or refused: one line each, with no key, no credential, no word of prompt or answer."""
    with Provider(told) as provider, Gateway(config(provider, access_log=form), tmp_path) as gateway:
        assert ask(gateway, body=PROMPT, headers={"X-Provider-Key": CALLER_KEY}).status == 200
        assert ask(gateway, key="wrong").status == 401
        assert ask(gateway, method="GET", target="/v1/nothing").status == 404
        lines = [line for line in gateway.output if "messages.create" in line]
        until(lambda: len([line for line in gateway.output if "messages.create" in line]) == 2)
        lines = [line for line in gateway.output if "messages.create" in line]
        assert "words of" not in "".join(gateway.output)
        if form == "json":
            served, refused = (json.loads(line) for line in lines)
            assert (served["status"], served["outcome"], served["key_name"]) == (200, "served", "test")
            assert served["usage"] == {"input": 11, "cache_read": 5, "output": 7}
            assert served["bytes_in"] == len(PROMPT)
            assert served["bytes_out"] == len(ANSWER)
            assert (refused["status"], refused["blame"], refused["key"]) == (401, "client", "")
        else:
            assert " 200 served test anthropic:messages.create m -> anthropic " in lines[0]
            assert " 401 refused - anthropic:messages.create " in lines[1]


def test_a_log_file_is_opened_anew_when_told(tmp_path: Path) -> None:
    """After the file was moved away and SIGHUP, lines go to a new one; the setting itself can change while it runs."""
    path = tmp_path / "access.log"
    with Provider(told) as provider:
        logged = config(provider, access_log="json", access_log_file=str(path))
        with Gateway(logged, tmp_path) as gateway:
            ask(gateway, body=PROMPT)
            until(lambda: path.read_text().count("\n") == 1)
            path.rename(tmp_path / "access.log.1")
            os.kill(gateway.pid, signal.SIGHUP)
            until(path.exists)
            ask(gateway, body=PROMPT)
            until(lambda: path.read_text().count("\n") == 1)
            rewritten(gateway, config(provider))
            until(lambda: "changed: access_log, access_log_file" in "".join(gateway.output))
            ask(gateway, body=PROMPT)
            time.sleep(0.3)
            assert path.read_text().count("\n") == 1
