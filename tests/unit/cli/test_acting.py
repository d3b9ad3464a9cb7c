"""Commands beside a gateway that does not answer: done once, and said."""

import contextlib
import json
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from penstock.administering.keys import CreateKey
from penstock.background.attending import SOCKET
from penstock.cli import main
from penstock.cli.acting import acting
from penstock.console.asking import SilentError
from penstock.stores.keys import KeyStore
from tests.support.command import invoke
from tests.support.gatekeeper import ALIVE, Gatekeeper

pytestmark = pytest.mark.slow


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "penstock.yaml"
    path.write_text(f"data_dir: {tmp_path}\n")
    return path


def names(folder: Path) -> list[str]:
    store = KeyStore(folder)
    found = [row.name for row in store.rows()]
    store.close()
    return found


def test_beside_a_silent_gateway_it_is_done_here(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a word of it, once."""
    with Gatekeeper(tmp_path) as keeper, acting(config, new=True, patience=0.2) as act:
        act.do("keys.create", CreateKey(name="one"))
    assert b"/v1" not in keeper.heard
    assert names(tmp_path) == ["one"]
    words = "The gateway that runs here does not answer: it says nothing within 0.2 seconds."
    assert capsys.readouterr().err.startswith(words)


def test_beside_one_that_turns_away_it_is_done_here(tmp_path: Path, config: Path) -> None:
    """The command's own output stays as it is."""
    with Gatekeeper(tmp_path, lambda said: None):
        found = invoke("keys", "create", "one", "--config", str(config))
    assert (found.exit_code, len(found.stdout.splitlines())) == (0, 1)
    assert "does not answer: it ends the connection; its log says why." in found.stderr
    assert names(tmp_path) == ["one"]


def test_what_the_gateway_took_is_not_done_here(tmp_path: Path, config: Path) -> None:
    """Where nobody knows whether it was done, that is what is said."""
    with Gatekeeper(tmp_path, lambda said: ALIVE if b"/healthz" in said else None):
        found = invoke("keys", "create", "one", "--config", str(config))
    assert (found.exit_code, found.stdout) == (3, "")
    assert "`penstock audit` shows whether it was done" in found.stderr
    assert names(tmp_path) == []


def test_a_gateway_that_ends_in_between_is_not_replaced(tmp_path: Path, config: Path) -> None:
    """A command goes on with whom it began; nothing was changed."""
    with contextlib.ExitStack() as going_on, Gatekeeper(tmp_path, lambda said: ALIVE):
        act = going_on.enter_context(acting(config, new=True))
        (tmp_path / SOCKET).unlink()
        with pytest.raises(SilentError) as caught:
            act.do("keys.create", CreateKey(name="one"))
        with pytest.raises(click.ClickException, match="nothing was changed, try again") as told:
            going_on.__exit__(SilentError, caught.value, None)
    assert told.value.exit_code == 3
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("keys show", ["filed", "one"]),
        ("keys revoke o", ["one"]),
        ("keys create x --team", ["blue", "red"]),
        ("teams show", ["blue", "red"]),
        ("users set", ["Ada"]),
        ("quotas --user", ["Ada"]),
        ("admin tokens revoke", ["ann"]),
        ("providers credential set", ["groq"]),
        ("savings resume", ["filed", "one"]),
        ("explain --key", ["filed", "one"]),
        ("try --key o", ["one"]),
    ],
)
def test_shells_complete_names_and_ask_no_gateway(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch, line: str, names: list[str]
) -> None:
    """From the database and the file; a key that is pressed starts no process and waits for none."""
    provider = {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"}
    keys = [{"name": "filed", "key": "k" * 20, "team": "blue"}]
    told = {"data_dir": str(tmp_path), "providers": {"groq": provider}, "keys": keys, "teams": {"blue": {}}}
    config.write_text(json.dumps(told))
    for made in ("keys create one --team red --user Ada", "admin tokens create ann", "admin tokens create bob"):
        assert invoke(*made.split(), "--config", str(config)).exit_code == 0
    assert invoke("admin", "tokens", "revoke", "bob", "--config", str(config)).exit_code == 0
    monkeypatch.setenv("PENSTOCK_CONFIG", str(config))
    *words, begun = line.split() if line.endswith(" o") else (*line.split(), "")
    with Gatekeeper(tmp_path) as keeper:
        shell = ShellComplete(main, {}, "penstock", "_PENSTOCK_COMPLETE")
        found = shell.get_completions(words, begun)
    assert [one.value for one in found] == names
    assert keeper.heard == b""
