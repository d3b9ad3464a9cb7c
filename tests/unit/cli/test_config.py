"""``penstock config``: every mistake at once, what is in force and why, and no secret shown."""

import json
from pathlib import Path

import pytest

from tests.support.command import invoke

FILE = """\
listen: 127.0.0.1:9099
providers:
  claude:
    dialect: anthropic
    base_url: https://api.anthropic.com
    api_key: "${SOME_KEY}"
keys:
  - {name: mine, key: pk_live_0123456789abcdefghijklmnop}
limits: {body: 4 MB}
"""
SECRETS = ("sk-ant-canary-000000000000", "pk_live_0123456789")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_KEY", "sk-ant-canary-000000000000")
    Path("penstock.yaml").write_text(FILE)


def test_a_mistake_in_an_option_names_the_option() -> None:
    """Who wrote ``--listen`` knows of no variable, even where there is one that it wins over."""
    found = invoke("serve", "-c", "penstock.yaml", "--listen", "8090", env={"PENSTOCK_LISTEN": "127.0.0.1:7"})
    assert found.exit_code == 2
    assert "\n--listen: listen is a port without a host\n" in found.stderr
    assert "PENSTOCK_LISTEN" not in found.stderr


def test_what_is_in_force_says_where_it_comes_from() -> None:
    """File and line, the variable that a value was read from, an override, or the default."""
    found = invoke("config", "show", "-c", "penstock.yaml", "--all", "--json", env={"PENSTOCK_LISTEN": "127.0.0.1:7"})
    rows = {row["setting"]: (row["value"], row["from"]) for row in json.loads(found.stdout)}
    assert rows["listen"] == ("127.0.0.1:7", "environment variable PENSTOCK_LISTEN")
    assert rows["providers.claude.base_url"] == ("https://api.anthropic.com", "penstock.yaml:5:15")
    assert rows["providers.claude.api_key"] == ("(secret)", "penstock.yaml:6:14, from ${SOME_KEY}")
    unset = invoke("config", "show", "-c", "penstock.yaml", "--json", env={"SOME_KEY": None})
    rows_without = {row["setting"]: (row["value"], row["from"]) for row in json.loads(unset.stdout)}
    assert rows_without["providers.claude.api_key"] == (None, "penstock.yaml:6:14, ${SOME_KEY} is not set here")
    assert rows["keys[0].key"][0] == "(secret)"
    assert rows["limits.body"] == (4 * 1024 * 1024, "penstock.yaml:9:16")
    assert rows["limits.upload"][1] == "default"
    assert rows["key_prefix"] == ("pk_live_", "default")


def test_no_secret_is_shown() -> None:
    """Neither the file's keys nor what the environment gave, in whatever form."""
    for arguments in (("show",), ("show", "--all"), ("show", "--json"), ("check",), ("check", "--json")):
        output = invoke("config", *arguments, "-c", "penstock.yaml").output
        assert output
        assert not [secret for secret in SECRETS if secret in output]


def test_only_what_was_given_is_shown_unless_all_is_asked_for() -> None:
    """Forty defaults would hide the four settings that somebody wrote."""
    short = invoke("config", "show", "-c", "penstock.yaml").stdout
    assert "limits.body" in short
    assert "limits.upload" not in short
    assert "--all" in invoke("config", "show").stdout


def test_check_lists_every_mistake() -> None:
    """Place, what, and what to write instead; as words and as JSON; exit code 2."""
    Path("bad.yaml").write_text("lisen: 127.0.0.1:1\nlimits: {body: lots}\n")
    found = invoke("config", "check", "--config", "bad.yaml")
    assert found.exit_code == 2
    assert "bad.yaml:1:1: lisen is not a setting\n    did you mean `listen`?" in found.stderr
    listed = invoke("config", "check", "--config", "bad.yaml", "--json")
    answer = json.loads(listed.stdout)
    assert listed.exit_code == 2
    assert [(mistake["line"], mistake["path"]) for mistake in answer["mistakes"]] == [(1, "lisen"), (2, "limits.body")]
    assert all(mistake["suggestion"] for mistake in answer["mistakes"])
    right = invoke("config", "check", "--config", "penstock.yaml", "--json")
    assert (right.exit_code, json.loads(right.stdout)["ok"]) == (0, True)


def test_check_opens_what_a_start_would_open(tmp_path: Path) -> None:
    """What passes here starts: a credential that nobody stored is a mistake, and looking for it makes nothing."""
    Path("stored.yaml").write_text(
        "providers: {a: {dialect: openai, base_url: 'https://h/v1', api_key_stored: true}}\n"
    )
    before = sorted(tmp_path.iterdir())
    found = invoke("config", "check", "-c", "stored.yaml")
    assert found.exit_code == 2
    assert "providers.a.api_key_stored names a credential that is not there" in found.stderr
    assert "penstock providers credential set a" in found.stderr
    assert sorted(tmp_path.iterdir()) == before
    for name in ("cert.pem", "key.pem"):
        Path(name).write_text("-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n")
    Path("tls.yaml").write_text("tls: {certificate: cert.pem, key: key.pem}\n")
    broken = invoke("config", "check", "-c", "tls.yaml", "--json")
    assert (broken.exit_code, json.loads(broken.stdout)["mistakes"][0]["path"]) == (2, "tls")


def test_the_schema_is_json_schema() -> None:
    """An editor can complete by it: each setting is there with its words."""
    schema = json.loads(invoke("config", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["listen"]["description"]
    assert schema["additionalProperties"] is False
