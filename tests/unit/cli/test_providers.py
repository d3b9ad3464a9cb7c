"""``penstock providers``: what each kind of trouble is called, by real calls to servers that have it."""

import json
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.command import invoke
from tests.support.gateway import Gateway, settings
from tests.support.provider import Provider, Scripted, json_answer

pytestmark = pytest.mark.slow

KEY = "sk-canary-operator-0000000000"
MODELS = json_answer(b'{"data":[{"id":"m-1"},{"id":"m-2"}]}')


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def checked(row: dict[str, object], *arguments: str) -> tuple[int, dict[str, object], str]:
    """The exit code, the one row of the answer, and everything that was printed."""
    Path("penstock.yaml").write_text(yaml.safe_dump({"providers": {"there": {"api_key": KEY, **row}}}))
    found = invoke("providers", "check", "-c", "penstock.yaml", "--json", *arguments)
    (answer,) = json.loads(found.stdout)
    return found.exit_code, answer, found.output


@pytest.mark.parametrize(
    ("dialect", "answer", "code", "state", "words"),
    [
        ("openai", MODELS, 0, "good", "answers, with 2 models"),
        ("anthropic", MODELS, 0, "good", "answers, with 2 models"),
        ("gemini", json_answer(b'{"models":[{"name":"models/g"}]}'), 0, "good", "answers, with 1 model"),
        ("openai", json_answer(b"{}", 401), 1, "bad", "refuses the credential"),
        ("anthropic", json_answer(b"{}", 403), 1, "bad", "refuses the credential"),
        ("gemini", json_answer(b'{"error":{"message":"API key not valid."}}', 400), 1, "bad", "refuses the credential"),
        ("openai", json_answer(b"{}", 404), 1, "bad", "no such API at this address"),
        ("openai", Scripted(302, (("location", "https://elsewhere.example/"),), ()), 1, "bad", "follows no redirect"),
        ("openai", Scripted(200, (("content-type", "text/html"),), (b"<html>",)), 1, "bad", "no openai list of models"),
        ("openai", json_answer(b"{}", 429), 0, "limited", "limit is used up"),
        ("openai", json_answer(b"{}", 500), 1, "bad", "trouble of its own"),
    ],
)
def test_an_answer_is_told_in_words(dialect: str, answer: Scripted, code: int, state: str, words: str) -> None:
    """The credential goes up as requests send it; the verdict, what to do, and the exit code follow from the answer."""
    with Provider(lambda _: answer) as provider:
        base = f"{provider.base_url}/v1" if dialect == "openai" else provider.base_url
        found, row, output = checked({"dialect": dialect, "base_url": base})
        (asked,) = provider.received
    assert (found, row["state"]) == (code, state)
    assert words in str(row["words"])
    assert row["action"] if state != "good" else not row["action"]
    assert asked.path == {"openai": "/v1/models", "anthropic": "/v1/models", "gemini": "/v1beta/models"}[dialect]
    assert KEY in repr(asked.headers)
    assert KEY not in output


def test_without_a_credential_it_is_a_notice() -> None:
    """Callers may bring their own: that is no failure."""
    with Provider(lambda _: json_answer(b"{}", 401)) as provider:
        code, row, _ = checked({"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": None})
    assert (code, row["state"]) == (0, "limited")
    assert "X-Provider-Key" in str(row["action"])


def test_a_port_where_nobody_listens() -> None:
    """Refused is not the same as silent, or as unknown."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    code, row, _ = checked({"dialect": "openai", "base_url": f"http://127.0.0.1:{port}/v1"})
    assert (code, row["words"]) == (1, f"127.0.0.1:{port} refused the connection")


def test_a_name_without_an_address() -> None:
    """``.invalid`` never has one (RFC 6761)."""
    code, row, _ = checked({"dialect": "openai", "base_url": "https://nowhere.invalid/v1"})
    assert code == 1
    assert "nowhere.invalid has no address (DNS)" in str(row["words"])


def test_a_server_that_is_silent() -> None:
    """The call is given up in the time that was asked for."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        code, row, _ = checked({"dialect": "openai", "base_url": f"http://127.0.0.1:{port}/v1"}, "--timeout", "0.3")
    assert code == 1
    assert float(str(row["seconds"])) < 5


def test_a_server_that_speaks_no_tls() -> None:
    """https to a plain port is told as TLS trouble."""
    with Provider(lambda _: MODELS) as provider:
        code, row, _ = checked({"dialect": "openai", "base_url": f"https://127.0.0.1:{provider.port}/v1"})
    assert code == 1
    assert "TLS" in str(row["words"])


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    """The words name the setting that would trust it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "x.key", "-out", "x.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    # A gateway with this certificate is the server that is checked.
    nowhere = {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"}
    tls = {"certificate": str(tmp_path / "x.pem"), "key": str(tmp_path / "x.key")}
    folder = tmp_path / "there"
    folder.mkdir()
    with Gateway({**settings(nowhere=nowhere), "tls": tls}, folder) as gateway:
        code, row, _ = checked({"dialect": "openai", "base_url": f"https://127.0.0.1:{gateway.port}/v1"})
        assert code == 1
        assert "is not trusted" in str(row["words"])
        assert "providers.there.ca_file" in str(row["action"])
        trusted = {"dialect": "openai", "base_url": f"https://127.0.0.1:{gateway.port}/v1", "ca_file": "x.pem"}
        assert "refuses the credential" in str(checked(trusted)[1]["words"])


def test_a_proxy_that_is_not_there_is_named_without_its_password() -> None:
    """The proxy is what was refused, not the provider."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    proxy = f"http://user:proxy-password@127.0.0.1:{port}"
    code, row, output = checked({"dialect": "openai", "base_url": "https://llm.example.com/v1", "proxy": proxy})
    assert code == 1
    assert "127.0.0.1 refused the connection" in str(row["words"])
    assert "right proxy" in str(row["action"])
    assert "proxy-password" not in output


def test_one_bad_provider_is_enough_for_exit_code_1_and_names_choose() -> None:
    """Only those that are named are called."""
    with Provider(lambda _: MODELS) as provider:
        rows = {
            "fine": {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": KEY},
            "gone": {"dialect": "openai", "base_url": "https://nowhere.invalid/v1", "api_key": KEY},
        }
        Path("penstock.yaml").write_text(yaml.safe_dump({"providers": rows}))
        both = invoke("providers", "check", "-c", "penstock.yaml")
        one = invoke("providers", "check", "-c", "penstock.yaml", "fine")
        unknown = invoke("providers", "check", "-c", "penstock.yaml", "other")
    assert (both.exit_code, one.exit_code, unknown.exit_code) == (1, 0, 2)
    assert [line.split()[:2] for line in both.stdout.splitlines()[1:]] == [["fine", "good"], ["gone", "bad"]]
    assert "there is fine, gone" in unknown.stderr


def test_add_and_list() -> None:
    """The row is written with the variable's name, never with the credential; the list shows it."""
    Path("penstock.yaml").write_text("# mine\nlisten: 127.0.0.1:1\n")
    added = invoke(
        "providers", "add", "groq", "-c", "penstock.yaml", "--dialect", "openai",
        "--base-url", "https://api.groq.com/openai/v1", "--api-key-env", "GROQ_API_KEY",
    )  # fmt: skip
    assert added.exit_code == 0
    assert "penstock providers check groq" in added.stdout
    assert "GROQ_API_KEY is not set here" in added.stderr
    assert "only the providers in the file" in added.stderr
    assert Path("penstock.yaml").read_text() == (
        "# mine\nlisten: 127.0.0.1:1\n\nproviders:\n  groq:\n    dialect: openai\n"
        '    base_url: "https://api.groq.com/openai/v1"\n    api_key: "${GROQ_API_KEY}"\n'
    )
    (row,) = json.loads(invoke("providers", "list", "-c", "penstock.yaml", "--json").stdout)
    assert (row["name"], row["dialect"], row["default"]) == ("groq", "openai", True)
    assert invoke("providers", "add", "groq", "-c", "penstock.yaml", "--dialect", "openai").exit_code == 2
    assert "Say which file" in invoke("providers", "add", "x", "--dialect", "openai").stderr
