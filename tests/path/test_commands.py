"""The command line as people and scripts meet it: what it prints, where the key goes, which code it exits with."""

import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.support.client import ask
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, json_answer

PENSTOCK = [sys.executable, "-m", "penstock"]
PROVIDER = {"dialect": "anthropic", "base_url": "https://api.anthropic.com", "api_key": OPERATOR_KEY}


def run(*arguments: str, folder: Path, content: str = "") -> subprocess.CompletedProcess[str]:
    """A command in a folder of its own, with nothing in its environment."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*PENSTOCK, *arguments], capture_output=True, text=True, timeout=120, cwd=folder, env=inherited, input=content
    )


def configured(folder: Path, **more: object) -> Path:
    path = folder / "penstock.yaml"
    path.write_text(yaml.safe_dump({**settings(anthropic=PROVIDER), "data_dir": str(folder / "data"), **more}))
    return path


def test_the_first_key_goes_into_a_file_when_nobody_looks(tmp_path: Path) -> None:
    """Without a terminal the first key never stands in the output: it is in a file that its owner alone can read."""
    with Gateway({"listen": "127.0.0.1:0"}, tmp_path, arguments=("--demo",)) as gateway:
        output = "".join(gateway.output)
        (path,) = {Path(found) for found in re.findall(r"key is in (\S+)", output)}
        key = path.read_text().strip()
        assert key.startswith("pk_live_")
        assert len(key) == len("pk_live_") + 43
        assert key not in output
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (
            ask(
                gateway, key=key, body='{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}'
            ).status
            == 200
        )
        assert ask(gateway, key=key[:-1]).status == 401
        (change,) = json.loads(run("audit", "--json", "--config", "penstock.yaml", folder=tmp_path).stdout)
        assert (change["who"], change["act"], change["name"]) == ("the gateway itself", "keys.create", "default")
        path.unlink()
        assert all(key.encode() not in file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())


def test_the_first_key_is_shown_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal the key and the lines to paste are shown, and no file holds the key."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*PENSTOCK, "serve", "--listen", "127.0.0.1:0", "--demo"],
        stdin=follower, stdout=follower, stderr=follower, cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TERM": "dumb"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    deadline = time.monotonic() + 30
    while b"Ctrl-C" not in shown and time.monotonic() < deadline:
        if select.select([leader], [], [], 0.2)[0]:
            shown += os.read(leader, 65536)
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    os.close(leader)
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    (key,) = set(re.findall(r"pk_live_[\w-]{43}", text))
    for line in (
        "curl http://127.0.0.1:",
        "ANTHROPIC_BASE_URL=",
        "GOOGLE_GEMINI_BASE_URL=",
        "openai_base_url",
        "base_url=",
    ):
        assert line in text
    assert all(key.encode() not in file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())


def test_a_second_start_makes_no_second_key(tmp_path: Path) -> None:
    """The first key stays the key."""
    for first in (True, False):
        with Gateway({"listen": "127.0.0.1:0"}, tmp_path, arguments=("--demo",)) as gateway:
            pass
        assert ("key is in" in "".join(gateway.output)) is first


def test_nobody_gets_a_made_up_answer_by_forgetting_a_key(tmp_path: Path) -> None:
    """The simulator stands in only in the demo, says so, and never for a caller who brings a credential."""
    with Provider(lambda _: json_answer(b'{"real":true}')) as provider:
        config = settings(anthropic={"dialect": "anthropic", "base_url": provider.base_url})
        body = '{"model":"claude-sonnet-5-5","max_tokens":20,"messages":[{"role":"user","content":"Hello"}]}'
        with Gateway(config, tmp_path) as gateway:
            got = ask(gateway, body=body)
            assert got.status == 400
            assert "X-Provider-Key" in json.loads(got.body)["error"]["message"]
        with Gateway(config, tmp_path, arguments=("--demo",)) as gateway:
            got = ask(gateway, body=body)
            assert (got.status, got.headers["x-penstock-simulated"]) == (200, "true")
            assert json.loads(got.body)["type"] == "message"
            got = ask(gateway, body=body, headers={"x-provider-key": CALLER_KEY})
            assert got.body == b'{"real":true}'
            assert "x-penstock-simulated" not in got.headers


def test_a_key_made_while_the_gateway_runs_is_known_within_a_second(tmp_path: Path) -> None:
    """``keys create`` prints the key once; the running gateway takes it, the database holds only its hash."""
    with Provider(lambda _: json_answer(b"{}")) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        with Gateway(settings(anthropic=row), tmp_path) as gateway:
            made = run(
                "keys",
                "create",
                "--config",
                str(tmp_path / "penstock.yaml"),
                "--name",
                "new",
                "--json",
                folder=tmp_path,
            )
            assert made.returncode == 0
            shown = json.loads(made.stdout)
            assert shown["name"] == "new"
            deadline = time.monotonic() + 30
            while (status := ask(gateway, key=shown["key"]).status) != 200 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert status == 200
            assert ask(gateway, key=KEY).status == 200
        stored = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
        assert all(shown["key"].encode() not in content for content in stored)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("keys", "create", "--name", "a"), 0, "shown this once"),
        (("keys", "create", "--name", "twice"), 1, "already"),
        (("keys", "create"), 2, "--name"),
        (("serve", "--config", "missing.yaml"), 2, "missing.yaml"),
        (("serve", "--config", "wrong.yaml"), 2, "did you mean"),
        (("explain", "--path", "/v1/nothing"), 1, "404"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_exit_codes_and_words(tmp_path: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    """Scripts get a code that tells success, failure and misuse apart; people get words."""
    path = configured(tmp_path)
    (tmp_path / "wrong.yaml").write_text("lisen: 127.0.0.1:0\n")
    if arguments[0] in {"keys", "explain"}:
        arguments = (*arguments, "--config", str(path))
    if "twice" in arguments:
        run(*arguments, folder=tmp_path)
    done = run(*arguments, folder=tmp_path, content="{}")
    assert done.returncode == code
    assert says in done.stdout + done.stderr


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """Two gateways can't listen on one port; the second says so and exits."""
    with Gateway(settings(anthropic=PROVIDER), tmp_path) as gateway:
        (tmp_path / "second").mkdir()
        second = configured(tmp_path / "second", listen=f"127.0.0.1:{gateway.port}")
        done = run("serve", "--config", str(second), folder=tmp_path / "second")
    assert done.returncode == 1
    address = f"127.0.0.1:{gateway.port}"
    assert done.stderr.strip() == f"Error: can't listen on {address}: another program does already; stop it, or " \
        "choose another port with --listen"  # fmt: skip


@pytest.mark.parametrize("command", ["serve", "simulate"])
def test_an_address_of_another_machine_is_named(tmp_path: Path, command: str) -> None:
    """One of those that are kept for documents, so no machine has it."""
    done = run(command, "--listen", "192.0.2.1:8080", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: can't listen on 192.0.2.1:8080: this machine has no such address")


@pytest.mark.parametrize("whole", [True, False])
def test_explain_tells_all_and_sends_nothing(tmp_path: Path, whole: bool) -> None:
    """A request's destination, its changes and what the provider receives; no credential is shown, nothing is sent."""
    body = '{"model":"claude-x","stream":true}'
    request = f"POST /v1/messages?beta=true HTTP/1.1\r\nHost: x\r\nX-Api-Key: {KEY}\r\nAnthropic-Beta: a\r\n\r\n{body}"
    arguments = ("--config", str(configured(tmp_path)))
    if not whole:
        arguments += ("--path", "/v1/messages?beta=true", "-H", f"x-api-key: {KEY}", "-H", "anthropic-beta: a")
    content = request if whole else body
    done = run("explain", *arguments, "--json", folder=tmp_path, content=content)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["provider"], told["model"], told["stream"]) == ("anthropic", "claude-x", True)
    assert told["url"] == "https://api.anthropic.com/v1/messages?beta=true"
    assert "header x-api-key: not sent on" in told["changes"]
    assert "anthropic-beta: a" in told["request"]
    assert told["credential"] == "the operator's"
    shown = run("explain", *arguments, folder=tmp_path, content=content).stdout
    assert "https://api.anthropic.com/v1/messages?beta=true" in shown
    for secret in (KEY, OPERATOR_KEY):
        assert secret not in done.stdout + shown


def test_what_is_to_be_pasted_leads_somewhere(tmp_path: Path) -> None:
    """Only lines for what some provider speaks, and a first request that works as it is printed."""
    with Provider(lambda _: json_answer(b'{"said":"hello"}')) as provider:
        row = {"dialect": "openai", "base_url": provider.base_url + "/v1", "auth": "none"}
        config = {"listen": "127.0.0.1:0", "providers": {"local": row}}
        with Gateway(config, tmp_path) as gateway:
            printed = "".join(gateway.output)
            assert ("Codex" in printed, "openai SDK" in printed) == (True, True)
            assert not re.search("Claude Code|anthropic|Gemini|google", printed)
            command = printed.split("Try it:\n\n")[1].split("\n\n")[0]
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
            assert done.stdout == '{"said":"hello"}'
            (path,) = re.findall(r"key is in (\S+)", printed)
            Path(path).unlink()


def test_explain_in_the_demo_tells_of_the_simulator(tmp_path: Path) -> None:
    """No address that nobody could call, and no credential; a row that wants none is said to get none."""
    body = '{"model":"claude-x","messages":[]}'
    shown = run("explain", "--demo", folder=tmp_path, content=body).stdout
    assert (
        "It goes to simulator (no credential for the provider: the simulator answers), without a credential.\n" in shown
    )
    assert "\n  the simulator that is built into the gateway; nothing leaves this machine\n" in shown
    assert "127.0.0.1" not in shown
    assert json.loads(run("explain", "--demo", "--json", folder=tmp_path, content=body).stdout)["url"] is None
    row = {"dialect": "anthropic", "base_url": "http://127.0.0.1:11434", "auth": "none"}
    config = ("--config", str(configured(tmp_path, providers={"local": row})))
    shown = run("explain", *config, folder=tmp_path, content=body).stdout
    assert "It goes to local (the first provider that speaks anthropic), without a credential.\n" in shown


def test_help_is_instant_and_complete(tmp_path: Path) -> None:
    """Every command explains itself, with an example."""
    for command in ("serve", "explain", "keys create"):
        done = run(*command.split(), "--help", folder=tmp_path)
        assert done.returncode == 0
        assert "Examples:" in done.stdout
