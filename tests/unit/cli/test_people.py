"""Teams, users and quotas at the command line, and the log of who changed what."""

import json
import re
import shlex
from pathlib import Path

import pytest

from penstock.cli.acting import completing, key_names, team_names, user_names
from penstock.cli.keys import keys
from tests.support.command import invoke

pytestmark = pytest.mark.slow

DECLARED = """\
teams: {filed: {quotas: [1k tokens per day], label: ours}}
users: {Fay: {}}
keys: [{name: declared, key: pk_live_0123456789abcdefghijklmnop, team: filed, quotas: [60 rpm]}]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", ["teams", "users"])
def test_the_life_of_a_team_and_of_a_user(kind: str) -> None:
    """Made, looked at, changed, taken away; keys that name it stay."""
    option = "--team" if kind == "teams" else "--user"
    invoke("keys", "create", "laptop", option, "red")
    made = invoke(
        kind, "create", "red", "--quota", "5M output tokens per month", "--quota", "60 rpm", "--model", "gpt-*"
    )
    assert (made.exit_code, made.stdout) == (0, f"The {kind[:-1]} 'red' is made. See it: penstock {kind} show red\n")
    shown = invoke(kind, "show", "red").stdout
    assert re.search(r"^quotas: +5M output tokens per month\n +60 rpm\nmodels: +gpt-\*\n", shown, re.MULTILINE)
    assert re.search(r"^keys: +1$", shown, re.MULTILINE)
    changed = invoke(kind, "set", "red", "--no-quotas", "--scrub", "--scrub-kind", "email=flag", "--json")
    told = json.loads(changed.stdout)
    assert (told["quotas"], told["models"], told["scrub"]) == (
        [],
        ["gpt-*"],
        {"wanted": True, "kinds": {"email": "flag"}},
    )
    assert re.search(r"^red +1 +- +gpt-\* +since", invoke(kind, "list").stdout, re.MULTILINE)
    assert "say --yes" in invoke(kind, "remove", "red").stderr
    assert invoke(kind, "remove", "red", "--yes").exit_code == 0
    assert json.loads(invoke(kind, "show", "red", "--json").stdout)["models"] == []
    assert invoke("keys", "show", "laptop").exit_code == 0


def test_a_command_to_go_on_with_can_be_typed_as_it_stands() -> None:
    """Names with spaces and quotes in them are quoted there."""
    told = invoke("users", "create", "Ada O'Neill").stdout.strip().rpartition("See it: penstock ")[2]
    assert shlex.split(told) == ["users", "show", "Ada O'Neill"]
    assert invoke(*shlex.split(told)).exit_code == 0
    assert invoke("keys", "create", "her laptop").exit_code == 0
    refused = re.search(r"`penstock (keys rotate .*)`", invoke("keys", "create", "her laptop").stderr)
    assert refused is not None
    assert invoke(*shlex.split(refused[1])).exit_code == 0


def test_quotas_of_a_key_are_set_as_a_whole_and_taken_away() -> None:
    """What is given replaces what was; other terms stay."""
    invoke("keys", "create", "laptop", "--user", "Ada", "--quota", "$20 per day for claude-opus-*, strict")

    def quotas() -> list[str]:
        found: list[str] = json.loads(invoke("keys", "show", "laptop", "--json").stdout)["quotas"]
        return found

    assert quotas() == ["$20 per day for claude-opus-*, strict"]
    invoke("keys", "set", "laptop", "--quota", "8 requests at once", "--quota", "60 requests per minute")
    assert quotas() == ["8 requests at once", "60 requests per minute"]
    invoke("keys", "set", "laptop", "--label", "x")
    assert len(quotas()) == 2
    assert "--no-quotas" in invoke("keys", "set", "laptop", "--no-quotas", "--quota", "1 rpm").stderr
    assert len(quotas()) == 2
    invoke("keys", "set", "laptop", "--no-quotas")
    assert quotas() == []
    refused = invoke("keys", "set", "laptop", "--quota", "60 requests per hour")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--quota: it can't be counted by the hour; write it per minute, day, week or month." in refused.stderr


def test_what_the_file_declares_is_shown_and_changed_there() -> None:
    """Teams, users and keys with their quotas."""
    Path("file.yaml").write_text(DECLARED)
    assert re.search(r"^filed +0 +1k tokens per day +everything +in the file$",
                     invoke("teams", "list", "-c", "file.yaml").stdout, re.MULTILINE)  # fmt: skip
    assert re.search(r"^quotas: +60 rpm$", invoke("keys", "show", "declared", "-c", "file.yaml").stdout, re.MULTILINE)
    for call in (
        ("teams", "set", "filed", "--label", "x"),
        ("users", "remove", "Fay", "--yes"),
        ("teams", "create", "filed"),
    ):
        refused = invoke(*call, "-c", "file.yaml")
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "the configuration file, file.yaml" in refused.stderr


def test_the_log_tells_who_changed_what() -> None:
    """The newest first, with the names of what changed; filtered, and as JSON with before and after."""
    key = invoke("keys", "create", "laptop", "--team", "red").stdout.strip()
    invoke("keys", "set", "laptop", "--quota", "60 rpm", "--label", "x")
    invoke("teams", "create", "red")
    invoke("keys", "revoke", "laptop", "--yes")
    lines = [re.split(r"  +", line) for line in invoke("audit").stdout.splitlines()[1:]]
    assert [line[1:] for line in lines] == [
        ["local operator", "keys.revoke", "laptop", "revoked, secrets, state"],
        ["local operator", "teams.create", "red"],
        ["local operator", "keys.change", "laptop", "label, quotas"],
        ["local operator", "keys.create", "laptop"],
    ]
    told = json.loads(invoke("audit", "--kind", "key", "--of", "laptop", "--json").stdout)
    assert [row["act"] for row in told] == ["keys.revoke", "keys.change", "keys.create"]
    assert (told[1]["before"]["quotas"], told[1]["after"]["quotas"], told[2]["before"]) == ([], ["60 rpm"], None)
    assert key not in json.dumps(told)
    assert "No such change" in invoke("audit", "--who", "nobody").stdout
    assert "There are more" in invoke("audit", "-n", "1").stderr


def test_names_are_completed() -> None:
    """Of keys, teams and users, the file's too; where there is no database nothing is offered, and nothing fails."""
    Path("file.yaml").write_text(DECLARED)
    context = keys.commands["show"].make_context("show", ["x", "-c", "file.yaml"])
    parameter = keys.commands["show"].params[1]

    def offered(names: object, begun: str) -> list[str]:
        return [item.value for item in completing(names)(context, parameter, begun)]  # type: ignore[arg-type]

    assert offered(key_names, "") == ["declared"]
    invoke("keys", "create", "laptop", "--team", "fire", "--user", "Fred", "-c", "file.yaml")
    assert offered(key_names, "l") == ["laptop"]
    assert offered(team_names, "fi") == ["filed", "fire"]
    assert offered(user_names, "F") == ["Fay", "Fred"]
    Path("file.yaml").write_text("nonsense: 1")
    assert offered(key_names, "") == []


def test_the_doctor_tells_of_quotas() -> None:
    """How many, where they are counted, and a team that stands in two places; it does not make a database."""
    Path("file.yaml").write_text(DECLARED)

    def findings() -> list[tuple[str, str]]:
        found = json.loads(invoke("doctor", "-c", "file.yaml", "--json").stdout)["findings"]
        return [(one["state"], one["what"]) for one in found if one["about"] == "quotas"]

    assert [(state, what.partition(" of ")[0]) for state, what in findings()] == [("good", "2")]
    assert not Path("data").exists()
    invoke("teams", "create", "filed", "--quota", "9 rpm")
    states = findings()
    assert [state for state, _ in states] == ["warning", "good"]
    assert "in the configuration file and in the database; the file's terms hold" in states[0][1]
    assert states[1][1].startswith("3 of teams")
    Path("file.yaml").write_text("{}")
    invoke("teams", "remove", "filed", "--yes")
    assert findings() == []
