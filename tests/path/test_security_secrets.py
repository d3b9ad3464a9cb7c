"""Mistake class: credentials that end where people and programs read: logs, tracebacks, process lists, error messages,
files with loose modes, core dumps (GHSA-69x8-hrgq-fjj8, the leaks of keys in tracebacks and URLs of March 2026).
"""

import contextlib
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from penstock.stores.keys import KeyStore, KeyTerms
from tests.path.attacker import KEYED, answering, attack
from tests.support.client import ask
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import CUT, Provider, Received, Scripted, json_answer, stream_answer

MESSAGES = "/v1/messages"
LIST = (
    b'{"data":[{"id":"m","created":"soon","display_name":7},{"id":1},7,'
    b'{"id":"n","created":1e300},{"id":"o","created":null}]}'
)
FIXED = "Bearer sk-canary-fixed-header-51c7"


def script(request: Received) -> Scripted:
    """Goes wrong in the way that is asked for."""
    way = request.header("x-ask") or ""
    if way == "cut":
        return stream_answer(b'event: message_start\ndata: {"type":"message_start"}\n\n', CUT)
    if way == "html":
        return Scripted(200, (("content-type", "text/html"),), (b"<html>",))
    if way.isdigit():
        return json_answer(b'{"error":{"message":"no"}}', int(way))
    return json_answer(LIST if request.path.endswith("/models") else b'{"id":"x"}')


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(script) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with answering(b"no HTTP\r\n\r\n") as broken:
        rows = {
            "anthropic": {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY},
            "one": {"dialect": "openai", "base_url": provider.base_url, "api_key": OPERATOR_KEY},
            "two": {"dialect": "openai", "base_url": provider.base_url + "/two", "api_key": OPERATOR_KEY},
            "gone": {"dialect": "gemini", "base_url": "http://127.0.0.1:9", "api_key": OPERATOR_KEY},
            "broken": {"dialect": "anthropic", "base_url": broken, "api_key": OPERATOR_KEY},
        }
        config = {**settings(**rows), "models": [{"match": "broken", "provider": "broken"}]}
        # On its way out it fails if a credential stands in its output or its data.
        with Gateway(config, tmp_path_factory.mktemp("gateway"), forked=False) as running:
            yield running


OWN = f"X-Provider-Key: {CALLER_KEY}"
FAULTS = [
    (MESSAGES, (*KEYED, "x-ask: 401"), b"{}"),
    (MESSAGES, (*KEYED, OWN, "x-ask: 401"), b"{}"),
    (MESSAGES, (*KEYED, OWN, "x-ask: 500"), b"{}"),
    (MESSAGES, (*KEYED, OWN, "x-ask: html"), b"{}"),
    (MESSAGES, (*KEYED, OWN, "x-ask: cut"), b'{"stream":true}'),
    (MESSAGES, (*KEYED, OWN), b'{"model":"broken"}'),
    (MESSAGES, (*KEYED, OWN), b'{"model":'),
    (MESSAGES, (*KEYED, OWN, "Content-Encoding: gzip"), b"no gzip"),
    (MESSAGES, (*KEYED, OWN, "Content-Length: 1"), b"{}"),
    (MESSAGES, (f"x-api-key: {KEY}\x00", OWN), b"{}"),
    (MESSAGES, (f"x-api-key: {CALLER_KEY}", OWN), b"{}"),
    (f"/nowhere/{CALLER_KEY}", (*KEYED, OWN), b"{}"),
    (f"/gemini/v1beta/models/m:generateContent?key={KEY}", (OWN,), b"{}"),
    (f"/gemini/v1beta/models/m:generateContent?key={CALLER_KEY}%E2%82%AC", (f"X-Penstock-Key: {KEY}",), b"{}"),
    (f"/v1/messages?key={KEY}&key={CALLER_KEY}", (OWN, "anthropic-version: \xff"), b'{"model":"\xff"}'),
]


@pytest.mark.parametrize(("target", "headers", "body"), FAULTS)
def test_no_fault_tells_a_credential(gateway: Gateway, target: str, headers: tuple[str, ...], body: bytes) -> None:
    """Whatever goes wrong, the client reads no credential that is not in its own path, and the log none at all."""
    got = attack(gateway, target, headers, body)
    assert got.status
    assert KEY.encode() not in got.content
    assert OPERATOR_KEY.encode() not in got.content
    assert CALLER_KEY.encode() not in got.content
    assert not gateway.leaks()


def test_strange_entries_are_no_bug(gateway: Gateway) -> None:
    """A merged list of models takes what it can read; a provider's odd values end in no traceback."""
    got = ask(gateway, "/v1/models", None, method="GET")
    assert got.status == 200
    assert b'"m"' in got.body
    assert b'"o"' in got.body
    assert "Traceback" not in "".join(gateway.output)


def test_a_kept_list_is_nobodys_in_particular(gateway: Gateway, provider: Provider) -> None:
    """What one caller's list is answered with is kept for others, so nothing of a caller's goes into the question."""
    before = len(provider.received)
    headers = {"x-goog-fieldmask": "x", "openai-organization": "org-x", "x-ask": ""}
    assert ask(gateway, "/openai/v1/models", None, headers, method="GET").status == 200
    for request in provider.received[before:]:
        assert not {"x-goog-fieldmask", "openai-organization", "x-ask"} & {name for name, _ in request.headers}


def test_a_running_gateway_tells_no_key(gateway: Gateway) -> None:
    """Its command line is in every process list, and a core dump would hold all of its memory."""
    process = Path(f"/proc/{gateway.pid}")
    if not process.exists():
        pytest.skip("there is no /proc here")
    assert not [secret for secret in gateway.secrets() if secret.encode() in (process / "cmdline").read_bytes()]
    (limit,) = [line for line in (process / "limits").read_text().splitlines() if line.startswith("Max core file size")]
    assert limit.split()[4] == "0"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_data_folder_is_its_owners(tmp_path: Path, umask: int) -> None:
    """Under any umask, what is made is readable by its owner alone."""
    (tmp_path / "penstock.yaml").write_text(yaml.safe_dump({"data_dir": str(tmp_path / "new" / "data")}))
    command = [sys.executable, "-m", "penstock", "keys", "create", "--name", "a", "--config", "penstock.yaml"]
    made = subprocess.run(command, cwd=tmp_path, umask=umask, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    data = tmp_path / "new" / "data"
    files = [path for path in data.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert not files
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0
    assert not [path for path in data.iterdir() if made.stdout.strip().encode() in path.read_bytes()]


def test_the_first_key_is_not_written_into_what_stands_there(tmp_path: Path) -> None:
    """A file of that name keeps its loose mode, and a link leads elsewhere: both make way for a new file."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "first-key"
    path.symlink_to(elsewhere)
    with Gateway({"listen": "127.0.0.1:0"}, tmp_path, arguments=("--demo",)):
        assert elsewhere.read_text() == "untouched"
        assert not path.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("pk_live_")


def test_explain_masks_what_the_operator_adds(tmp_path: Path) -> None:
    """A fixed header may be a credential; neither it nor the key nor the caller's is printed."""
    row = {"dialect": "openai", "base_url": "https://api.openai.com/v1", "auth": "none",
           "headers": {"authorization": FIXED}}  # fmt: skip
    (tmp_path / "penstock.yaml").write_text(yaml.safe_dump(settings(openai=row)))
    command = [sys.executable, "-m", "penstock", "explain", "--config", "penstock.yaml", "--path",
               f"/v1/chat/completions?key={KEY}", "-H", f"x-api-key: {KEY}", "-H", OWN]  # fmt: skip
    got = subprocess.run(command, cwd=tmp_path, input='{"model":"m"}', capture_output=True, text=True, timeout=120)
    assert got.returncode == 0, got.stderr
    assert "authorization: ***" in got.stdout
    for secret in (FIXED, KEY, CALLER_KEY):
        assert secret not in got.stdout + got.stderr


BROKEN = [
    "keys: [{name: a, key: KEY}, {name: a, key: KEY}]",
    "keys: [{name: a, key: KEY}",
    "keys: {KEY: KEY}",
    "keys: [KEY]",
    "keys: [{name: KEY KEY, key: KEY, KEY: 1}]",
    "keys: [{name: a, key: 'KEY \n x'}]",
    "providers: {a: {dialect: openai, base_url: 'https://KEY@h/v1', api_key: KEY}}",
    "providers: {a: {dialect: openai, base_url: 'https://h/v1', api_key: KEY}}\nkeys: [{name: a, key: KEY}]",
    "providers: {a: {dialect: openai, base_url: 'https://h/v1', proxy: 'ftp://user:KEY@h'}}",
    "providers: {a: {dialect: openai, base_url: 'https://h/v1', headers: {authorization: ' KEY'}}}",
]


@pytest.mark.parametrize("text", BROKEN)
def test_mistakes_in_the_file_quote_no_key(tmp_path: Path, text: str) -> None:
    """The gateway does not start, says where the mistake stands, and shows no value that may be a credential."""
    (tmp_path / "penstock.yaml").write_text(text.replace("KEY", OPERATOR_KEY))
    command = [sys.executable, "-m", "penstock", "serve", "--config", "penstock.yaml", "--listen", "127.0.0.1:0"]
    got = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert got.returncode == 2, got
    assert OPERATOR_KEY not in got.stdout + got.stderr


def test_an_expired_key_is_a_strangers(tmp_path: Path) -> None:
    """A key's time ends at its second, though nothing in the database changes then."""
    with Provider(script) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        with Gateway(settings(anthropic=row), tmp_path) as gateway:
            with contextlib.closing(KeyStore(tmp_path / "data")) as store:
                key = store.create("b", prefix="pk_live_").key.reveal()
                assert comes(gateway, key, 200)
                store.change("b", KeyTerms(expires=int(time.time()) + 3))
            assert comes(gateway, key, 401)


def comes(gateway: Gateway, key: str, status: int) -> bool:
    """Whether the key is answered so before long."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if ask(gateway, key=key).status == status:
            return True
        time.sleep(0.1)
    return False
