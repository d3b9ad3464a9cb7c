"""Stored credentials at the command line: put without showing, used by the gateway, rotated."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.assembly import composing
from penstock.cli import main
from penstock.config import ConfigError, Secret, load
from tests.support.command import PENSTOCK, invoke

pytestmark = pytest.mark.slow

SECRET = "sk-c4n4ry-c4n4ry"

CONFIG = """\
providers:
  one: {dialect: openai, base_url: "https://h/v1", api_key_stored: true}
  two: {dialect: openai, base_url: "https://i/v1"}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_CONFIG", "penstock.yaml")
    Path("penstock.yaml").write_text(CONFIG)


def put(name: str, typed: str = SECRET + "\n") -> Result:
    """The command, with the secret at its standard input."""
    return CliRunner().invoke(main, ["providers", "credential", "set", name], input=typed)


def shown_to(provider: str) -> Secret | None:
    """The credential that a gateway would show to this provider."""
    return composing.table(load(Path("penstock.yaml"), {}), {}).providers[provider].credential


def test_what_is_set_is_what_the_provider_is_shown() -> None:
    """From standard input to the table of routing; nothing prints it, and only the row that asks for it gets it."""
    told = put("one")
    assert (told.exit_code, told.stdout) == (0, "The credential of 'one' is stored.\n")
    assert "within a second" in told.stderr
    assert "api_key_stored: true" in put("two").stderr
    assert (shown_to("one"), shown_to("two")) == (Secret(SECRET), None)
    listed = invoke("providers", "credential", "list")
    assert [line.split()[0::3] for line in listed.stdout.splitlines()[1:]] == [["one", "yes"], ["two", "no"]]
    assert "c4n4ry" not in told.output + listed.output + invoke("config", "show").output


def test_a_secret_is_asked_for_without_an_echo() -> None:
    """On a terminal, where somebody may look on: what is typed at the prompt is not shown."""
    leader, follower = pty.openpty()
    command = [*PENSTOCK, "providers", "credential", "set", "one"]
    streams = {"stdin": follower, "stdout": follower, "stderr": follower}
    process = subprocess.Popen(command, start_new_session=True, **streams)
    os.close(follower)
    screen = b""
    while not screen.endswith(b"Credential of one: "):
        screen += os.read(leader, 1024)
    os.write(leader, SECRET.encode() + b"\n")
    while b"is stored." not in screen:
        screen += os.read(leader, 1024)
    assert process.wait(10) == 0
    os.close(leader)
    assert b"c4n4ry" not in screen
    assert shown_to("one") == Secret(SECRET)


def test_a_credential_that_is_missing_refuses_the_configuration() -> None:
    """A gateway that starts without it would ask its callers for theirs; the message says what to type."""
    with pytest.raises(ConfigError) as caught:
        shown_to("one")
    (mistake,) = caught.value.mistakes
    assert (mistake.path, mistake.what) == ("providers.one.api_key_stored", "names a credential that is not there")
    assert "penstock providers credential set one" in mistake.suggestion
    for command in (("providers", "check"), ("serve", "--listen", "127.0.0.1:0")):
        found = invoke(*command)
        assert (found.exit_code, "names a credential that is not there" in found.stderr) == (2, True)


def test_a_rotation_is_not_noticed_by_the_gateway() -> None:
    """Same credential, other key in the file."""
    put("one")
    before = Path("data/master-key").read_bytes()
    assert invoke("providers", "credential", "rotate").stdout.startswith("1 credential encrypted anew.")
    assert Path("data/master-key").read_bytes() != before
    assert shown_to("one") == Secret(SECRET)
    assert json.loads(invoke("providers", "credential", "rotate", "--json").stdout) == {"rotated": 1}


def test_a_master_key_from_the_environment_needs_a_second_one_to_rotate() -> None:
    """It is not ours to change, and the message says how it is done."""
    found = invoke("providers", "credential", "rotate", env={"PENSTOCK_MASTER_KEY": "A" * 43})
    assert (found.exit_code, "put a new one before it" in found.stderr) == (3, True)
    assert not Path("data/master-key").exists()


def test_a_lost_master_key_is_told_and_changes_nothing() -> None:
    """Which provider's credential does not open, and what can be done."""
    put("one")
    Path("data/master-key").unlink()
    found = invoke("providers", "credential", "rotate")
    assert found.exit_code == 1
    assert "stored credential of one needs the master key" in found.stderr
    assert "Nothing was changed" in found.stderr
    assert not Path("data/master-key").exists()


def test_removing_is_for_good() -> None:
    """And tells a script when there was nothing to remove."""
    put("one")
    assert invoke("providers", "credential", "remove", "one").exit_code == 0
    assert invoke("providers", "credential", "remove", "one").exit_code == 1
    with pytest.raises(ConfigError):
        shown_to("one")


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("three", SECRET, "there is no provider 'three' in the configuration; there is `one`, `two`"),
        ("one", "", "is empty"),
        ("one", "c4n4ry c4n4ry", "holds a space"),
    ],
)
def test_what_can_be_no_credential_is_refused(name: str, typed: str, words: str) -> None:
    """Without repeating it."""
    found = put(name, typed)
    assert found.exit_code == 2
    assert words in found.stderr
    assert "c4n4ry" not in found.output
