"""The life of a key at the command line: made, looked at, changed, rotated, ended."""

import json
import re
import time
from pathlib import Path

import pytest

from penstock.core.caller import digest
from penstock.stores.database import DATABASE, open_database
from penstock.stores.keys import KeyStore
from penstock.stores.ledger import Ledger
from tests.support.books import AT, entry
from tests.support.command import invoke, on_terminal
from tests.support.made import made_folder

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made_folder(tmp_path / "data")


def known(key: str) -> str | None:
    """The name under which a gateway would know this key now."""
    store = KeyStore(Path("data"))
    try:
        profile = store.profiles().get(digest(store.pepper, key.strip()))
        return None if profile is None else profile.name
    finally:
        store.close()


def test_a_folder_where_no_gateway_has_run_is_named() -> None:
    """Or a key that is made in the wrong folder looks like one that a gateway knows."""
    elsewhere = {"PENSTOCK_DATA_DIR": str(Path.cwd() / "elsewhere")}
    assert f"no key in {Path.cwd() / 'elsewhere'} yet" in invoke("keys", "list", env=elsewhere).stdout
    first, second = (invoke("keys", "create", name, env=elsewhere) for name in ("laptop", "phone"))
    assert f"No gateway has run in {Path.cwd() / 'elsewhere'} yet" in first.stderr
    assert (second.exit_code, "No gateway" in second.stderr) == (0, False)


def test_a_key_is_shown_once() -> None:
    """Standard output is the key alone; the database, the list and the show never hold it."""
    made = invoke("keys", "create", "laptop", "--team", "red", "--owner", "ada", "--label", "the old one")
    assert re.fullmatch(r"pk_live_[\w-]{43}\n", made.stdout)
    assert "shown this once" in made.stderr
    key = made.stdout.strip()
    assert known(key) == "laptop"
    shown = (
        invoke("keys", "show", "laptop").stdout
        + invoke("keys", "list").stdout
        + invoke("keys", "list", "--json").stdout
    )
    assert key not in shown
    assert {"red", "ada", "the old one"} <= set(re.findall(r"red|ada|the old one", shown))
    assert all(key.encode() not in path.read_bytes() for path in Path("data").iterdir())


def test_a_script_gets_everything_as_json() -> None:
    """One object with the key and its terms; a list of objects without any key."""
    made = json.loads(
        invoke(
            "keys", "create", "--name", "ci", "--expires", "2999-01-01", "--model", "claude-*", "--model", "gpt-?",
            "--route", "messages.*", "--require-provider-key", "--json",
        ).stdout
    )  # fmt: skip
    assert made["key"].startswith("pk_live_")
    assert (made["models"], made["routes"], made["require_provider_key"]) == (
        ["claude-*", "gpt-?"],
        ["messages.*"],
        True,
    )
    assert made["expires"] == "2999-01-01T00:00:00Z"
    (listed,) = json.loads(invoke("keys", "list", "--json").stdout)
    assert listed == {**{name: value for name, value in made.items() if name != "key"}, "last_used": None}
    assert json.loads(invoke("keys", "show", made["id"], "--json").stdout) == listed


def test_rotation_keeps_the_identity_and_lets_the_old_key_work_until_the_grace_ends() -> None:
    """Both keys are known during the grace, under one id; without a grace only the new one is."""
    first = invoke("keys", "create", "laptop").stdout
    before = json.loads(invoke("keys", "show", "laptop", "--json").stdout)
    turned = invoke("keys", "rotate", "laptop", "--grace", "1h")
    assert turned.exit_code == 0
    assert "works until" in turned.stderr
    assert (known(first), known(turned.stdout)) == ("laptop", "laptop")
    assert "rotating" in invoke("keys", "list").stdout
    after = json.loads(invoke("keys", "show", "laptop", "--json").stdout)
    assert after["id"] == before["id"]
    assert len(after["secrets"]) == 2
    third = invoke("keys", "rotate", "laptop", "--grace", "0s").stdout
    assert (known(first), known(turned.stdout), known(third)) == (None, None, "laptop")


@pytest.mark.slow
def test_a_grace_ends() -> None:
    """The old key is refused once its grace is over, and the store says that something changed."""
    first = invoke("keys", "create", "laptop").stdout
    second = invoke("keys", "rotate", "laptop", "--grace", "2s").stdout
    store = KeyStore(Path("data"))
    try:
        assert len(store.profiles()) == 2
        store.changed()
        until = time.monotonic() + 30
        while not store.changed() and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        store.close()
    assert (known(first), known(second)) == (None, "laptop")


def test_only_what_is_named_changes() -> None:
    """``set`` leaves the rest; ``any`` and an empty text take a limit or a word away."""
    invoke("keys", "create", "laptop", "--team", "red", "--model", "claude-*", "--expires", "90d")
    assert invoke("keys", "set", "laptop", "--owner", "ada").exit_code == 0
    row = json.loads(invoke("keys", "show", "laptop", "--json").stdout)
    assert (row["team"], row["owner"], row["models"]) == ("red", "ada", ["claude-*"])
    invoke("keys", "set", "laptop", "--model", "any", "--team", "", "--expires", "never")
    row = json.loads(invoke("keys", "show", "laptop", "--json").stdout)
    assert (row["team"], row["owner"], row["models"], row["expires"]) == (None, "ada", [], None)
    assert "Say what to change" in invoke("keys", "set", "laptop").stderr


def test_a_key_is_ended_only_by_someone_who_means_it(tmp_path: Path) -> None:
    """In a pipe it wants ``--yes``, on a terminal it asks; a name that was ended can be given again."""
    key = invoke("keys", "create", "laptop").stdout
    refused = invoke("keys", "revoke", "laptop")
    assert (refused.exit_code, known(key)) == (2, "laptop")
    assert "--yes" in refused.stderr
    code, shown = on_terminal("keys", "revoke", "laptop", folder=tmp_path, typed="n\n")
    assert (code, known(key)) == (1, "laptop")
    assert "for good?" in shown
    code, _ = on_terminal("keys", "revoke", "laptop", folder=tmp_path, typed="y\n")
    assert (code, known(key)) == (0, None)
    again = invoke("keys", "create", "laptop")
    assert known(again.stdout) == "laptop"
    assert invoke("keys", "list").stdout.count("laptop") == 1
    assert invoke("keys", "list", "--all").stdout.count("laptop") == 2
    assert invoke("keys", "revoke", "laptop", "--yes").exit_code == 0


def test_what_ended_is_not_brought_back() -> None:
    """A revoked key takes no new terms and no new secret, and says what to do instead."""
    invoke("keys", "create", "laptop")
    invoke("keys", "revoke", "laptop", "--yes")
    changed = invoke("keys", "set", "laptop", "--expires", "never")
    assert (changed.exit_code, "penstock keys create" in changed.stderr) == (1, True)
    assert invoke("keys", "rotate", "laptop").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create",), "--name"),
        (("create", "a", "--expires", "soon"), "write it like 90d"),
        (("create", "a", "--expires", "2020-01-01"), "is over already"),
        (("create", "a", "--route", "message.create"), "did you mean `messages.create`?"),
        (("create", "a", "--scrub-kind", "emial=mask", "--quota", "60 requets per day"), "--quota: "),
        (
            ("create", "a", "--quota", "60 rpm", "--scrub-kind", "emial=mask"),
            "--scrub-kind: there is no kind 'emial'; did",
        ),
        (
            ("create", "a", "--scrub-kind", "emial=mask", "--quota", "a lot"),
            "`$20 per day`.\n--scrub-kind: there is no",
        ),
        (("rotate", "a", "--grace", "a while"), "write it like 30m"),
        (("set", "declared", "--owner", "x", "--config", "file.yaml"), "change it there"),
        (("create", "declared", "--config", "file.yaml"), "declares a key called 'declared'"),
    ],
)
def test_mistakes_are_told_with_what_to_write(arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, and the sentence ends in something to do."""
    Path("file.yaml").write_text("keys: [{name: declared, key: pk_live_0123456789abcdefghijklmnop}]\n")
    found = invoke("keys", *arguments)
    assert found.exit_code == 2
    assert words in found.stderr


def test_a_name_is_given_once_and_a_misspelt_one_is_guessed() -> None:
    """Two keys of one name could not be told apart in the books."""
    invoke("keys", "create", "laptop")
    taken = invoke("keys", "create", "laptop")
    assert (taken.exit_code, "penstock keys rotate laptop" in taken.stderr) == (1, True)
    assert "did you mean 'laptop'?" in invoke("keys", "show", "labtop").stderr


DECLARED = """\
keys:
  - name: declared
    key: pk_live_0123456789abcdefghijklmnop
    team: blue
    owner: Ada
    label: the nightly run
    expires: 2030-01-01
    models: [claude-haiku-*]
    routes: [messages.*]
  - {name: over, key: pk_live_abcdefghijklmnop0123456789, expires: 2020-01-01T12:00+02:00}
"""


def test_the_files_keys_are_listed_beside_the_others() -> None:
    """With all that the file says of them, and as what they are: the file's."""
    Path("file.yaml").write_text(DECLARED)
    listed = invoke("keys", "list", "--config", "file.yaml")
    assert [line.split("  ") for line in re.sub("  +", "  ", listed.stdout).splitlines()[1:]] == [
        ["declared", "blue", "Ada", "in the file", "-", "claude-haiku-*, messages.*", "2030-01-01 00:00", "-"],
        ["over", "-", "-", "expired", "-", "everything", "2020-01-01 10:00", "-"],
    ]
    shown = invoke("keys", "show", "declared", "--config", "file.yaml").stdout
    assert "kept:                 in the configuration file, and changed there\n" in shown
    assert "label:                the nightly run\n" in shown
    told = json.loads(invoke("keys", "show", "file:declared", "--config", "file.yaml", "--json").stdout)
    assert (told["in_file"], told["models"], told["routes"]) == (True, ["claude-haiku-*"], ["messages.*"])
    assert (told["expires"], told["created"]) == ("2030-01-01T00:00:00Z", None)
    assert not re.search("0123456789|abcdefgh", listed.stdout + shown)


@pytest.mark.parametrize("command", [("set", "--owner", "x"), ("rotate",), ("revoke", "--yes")])
def test_what_the_file_declares_is_changed_there(command: tuple[str, ...]) -> None:
    """Every command that would change such a key says which file it stands in, and changes nothing."""
    Path("file.yaml").write_text(DECLARED)
    verb, *options = command
    found = invoke("keys", verb, "declared", *options, "--config", "file.yaml")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "stands in the configuration file, file.yaml; change it there" in found.stderr
    assert Path("file.yaml").read_text() == DECLARED


def test_a_key_that_nobody_uses_is_seen() -> None:
    """The list says when each key was used last, as far as the books know."""
    invoke("keys", "create", "idle")
    invoke("keys", "create", "laptop")
    name = json.loads(invoke("keys", "show", "laptop", "--json").stdout)["id"]
    engine = open_database(Path("data") / DATABASE)
    Ledger(engine).append([entry("e1", key=name, at=AT - 60), entry("e2", key=name, at=AT)])
    engine.dispose()
    told = {row["name"]: row["last_used"] for row in json.loads(invoke("keys", "list", "--json").stdout)}
    assert told == {"idle": None, "laptop": "2026-11-21T12:34:56Z"}
    assert re.search(r"^laptop .* 2026-11-21 12:34$", invoke("keys", "list").stdout, re.MULTILINE)
    assert "last used:            2026-11-21 12:34 UTC\n" in invoke("keys", "show", "laptop").stdout
    assert "last used:            not in the books\n" in invoke("keys", "show", "idle").stdout
    Path("off.yaml").write_text("books: false\n")
    assert "not in the books, which are off here" in invoke("keys", "show", "idle", "-c", "off.yaml").stdout
