"""The command line with a gateway that runs and without one: the same words, the same codes, the same log."""

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml
from click.testing import CliRunner

from penstock.administering.table import ACTS
from penstock.background.attending import SOCKET
from penstock.cli import main
from penstock.stores.database import DATABASE
from penstock.stores.site import Site
from penstock.stores.suspensions import Evidence, Suspension, Suspensions
from tests.support.gateway import KEY, Gateway, settings

pytestmark = pytest.mark.slow

GROUPS = ("keys", "teams", "users", "quotas", "audit", "admin tokens", "providers credential", "savings resume")
"""Commands that do acts."""
ELSEWHERE = {"providers credential rotate"}
"""What changes the master key's file has no act."""

TRANSCRIPT = (
    "keys create laptop --user Ada --team red --expires 90d --quota '60 rpm' --quota '5M tokens per month' --json",
    "keys create laptop",
    "keys create filed",
    "keys create 'z/b?c=d&e#f %41' --model 'claude-*' --scrub --scrub-kind email=redact",
    "keys create wrong --quota '60 requests per fortnight'",
    "keys create wrong --scrub-kind emial=mask",
    "keys create wrong --route messages",
    "keys create wrong --route messages --quota '60 requets per day' --quota 'a lot' --scrub-kind emial=mask",
    "keys create 'in two\nlines'",
    "keys list",
    "keys list --all --team red --json",
    "keys show laptop",
    "keys show 'z/b?c=d&e#f %41' --json",
    "keys show filed",
    "keys show latpop",
    "keys show ''",
    "keys show ..",
    "keys show null",
    "keys set laptop --label 'on the désk' --intensity lite --no-smart --holdout 5",
    "keys set laptop --scrub-kind email=unset --team '' --no-quotas --json",
    "keys set filed --label x",
    "keys set nobody --label x",
    "keys set laptop --holdout 0 --expires never",
    "keys rotate laptop --grace 1h --json",
    "keys rotate filed",
    "keys revoke 'z/b?c=d&e#f %41' --yes",
    "keys rotate 'z/b?c=d&e#f %41'",
    "keys revoke nobody --yes",
    "keys set laptop --user Ada --team red",
    "teams create red --quota '1M tokens per day' --json",
    "teams create red",
    "teams create 'not a name'",
    "teams list",
    "teams list --json",
    "teams show red",
    "teams show filed-team --json",
    "teams show rde",
    "teams set red --model 'gpt-*' --label 'Red'",
    "teams set filed-team --label x",
    "teams remove red --yes",
    "teams remove red --yes",
    "users create Ada --quota '90 requests per day'",
    "users create a/b",
    "users list --json",
    "users show Ada",
    "users set Ada --smart --quota '$20 per day, strict'",
    "users set nobody --smart",
    "users remove Ada --yes --json",
    "quotas",
    "quotas --json",
    "quotas --key laptop --json",
    "quotas --team filed-team",
    "quotas --user Ada",
    "quotas --key nobody",
    "quotas --key laptop --team red",
    "admin tokens create ann --role owner --json",
    "admin tokens create ann",
    "admin tokens create bob --role lead",
    "admin tokens create bob --role lead --team red --expires 90d",
    "admin tokens list",
    "admin tokens revoke bob --json",
    "admin tokens revoke bob",
    "admin tokens list --json",
    "providers credential set one < sk-c4n4ry",
    "providers credential set two --json < sk-c4n4ry",
    "providers credential set three < sk-c4n4ry",
    "providers credential list",
    "providers credential list --json",
    "providers credential remove one",
    "providers credential remove one",
    "savings resume filed gpt-5 full --json",
    "savings resume filed gpt-5 full",
    "audit",
    "audit --json -n 1000",
    "audit --kind credential -n 2",
    "audit --kind suspension --json",
    "audit --of laptop --who 'local operator' -n 1",
    "audit --of null",
)

SUSPENDED = Suspension(
    key="file:filed", key_name="filed", model="gpt-5", intensity="full", since=1_795_000_000, reason="loses money",
    guard=None, found=Evidence(-0.2, -0.3, None, 300, 100, 1_794_000_000.0, 1_795_000_000.0, ("full-1",)),
)  # fmt: skip

CONFIG = {
    **settings(
        one={"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"},
        two={"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "auth": "none"},
    ),
    "keys": [{"name": "filed", "key": KEY, "team": "filed-team", "quotas": ["5 MB per request"]}],
    "teams": {"filed-team": {"quotas": ["9k tokens per day"]}},
    "quotas": {"all": ["$100 per month"]},
}

PASSING = (
    (re.compile(r"\b(key|admin)_[0-9a-f]{16}\b"), "IDENTITY"),
    (re.compile(r"\bp[a-z]_[A-Za-z0-9_-]+"), "SECRET"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"\b1[789]\d{8}(\d{3})?\b"), "1"),
)
"""What differs from run to run."""


class Way(NamedTuple):
    """A configuration: a gateway runs with it, or none does."""

    config: Path

    def say(self, line: str) -> tuple[int, str, str]:
        """What a line of the transcript ends with and prints; behind ` < ` stands what is typed."""
        call, _, typed = line.partition(" < ")
        found = CliRunner().invoke(main, [*shlex.split(call), "--config", str(self.config)], input=typed or None)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found.exit_code, self._plain(found.stdout), self._plain(found.stderr)

    def _plain(self, text: str) -> str:
        text = text.replace(str(self.config), "CONFIG")
        for pattern, name in PASSING:
            text = pattern.sub(name, text)
        return text


def written(folder: Path, config: dict[str, Any]) -> Way:
    folder.mkdir(exist_ok=True)
    path = folder / "penstock.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return Way(path)


def suspend(folder: Path) -> None:
    engine = Site(folder).open()
    Suspensions(engine).suspend(SUSPENDED, time.time())
    engine.dispose()


def door(folder: Path, socket: Path) -> Way:
    """A data folder in which nothing is but the gateway's socket, and a database that holds nothing: whatever a command
    knows it knows of the gateway."""
    way = written(folder, {"data_dir": str(folder)})
    (folder / DATABASE).touch()
    (folder / SOCKET).symlink_to(socket)
    return way


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(CONFIG, tmp_path_factory.mktemp("a")) as gateway:
        suspend(gateway.folder / "data")
        yield gateway


def commands(group: click.Command, name: str) -> Iterator[str]:
    """The names of all commands below."""
    if isinstance(group, click.Group):
        for one in group.commands.values():
            yield from commands(one, f"{name} {one.name}".strip())
    elif not group.hidden:
        yield name


def test_every_command_that_acts_is_in_the_transcript() -> None:
    """One that is added has to be tried both ways."""
    acting = {name for name in commands(main, "") if name.startswith(GROUPS)} - ELSEWHERE
    assert {name for name in acting if not any(line.startswith(name) for line in TRANSCRIPT)} == set()


def test_it_is_the_same_with_a_gateway_and_without(gateway: Gateway, tmp_path: Path) -> None:
    """Line by line: exit code, output and errors; and with a gateway no command has opened a database."""
    alone = written(tmp_path / "alone", {**CONFIG, "data_dir": str(tmp_path / "alone" / "data")})
    suspend(tmp_path / "alone" / "data")
    asking = door(tmp_path / "door", gateway.folder / "data" / SOCKET)
    told: list[tuple[str, tuple[int, str, str]]] = []
    for line in TRANSCRIPT:
        one = asking.say(line)
        assert one == alone.say(line), line
        told.append((line, one))
    assert (tmp_path / "door" / DATABASE).stat().st_size == 0
    # Both could be wrong in the same way.
    assert {code for _, (code, _, _) in told} == {0, 1, 2}
    log = next(json.loads(output) for line, (_, output, _) in told if line == "audit --json -n 1000")
    assert {row["act"] for row in log} == {act.name for act in ACTS if act.writes} - {"setup"}
    assert {row["who"] for row in log} == {"local operator"}
    assert "c4n4ry" not in str([one for _, one in told])


def test_a_changed_file_is_known_to_the_next_command(gateway: Gateway, tmp_path: Path) -> None:
    """Of a provider that has just been added a credential can be stored; a file that is wrong changes nothing, and what
    holds until a restart stays."""
    way = door(tmp_path / "door", gateway.folder / "data" / SOCKET)
    path = gateway.folder / "penstock.yaml"
    before = path.read_text()
    assert way.say("providers credential set three < sk-c4n4ry")[0] == 2
    config = yaml.safe_load(before)
    rows = {**config["providers"], "three": {**config["providers"]["one"], "api_key_stored": False}}
    try:
        path.write_text(yaml.safe_dump({**config, "providers": rows, "data_dir": "elsewhere"}))
        assert way.say("providers credential set three < sk-c4n4ry")[0] == 0
        path.write_text("providers: nothing\n")
        assert way.say("providers credential remove three")[0] == 0
    finally:
        path.write_text(before)
    assert way.say("providers credential set three < sk-c4n4ry")[0] == 2
