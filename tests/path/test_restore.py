"""What changes in the data folder of a running gateway: credentials that are put there, and a database restored."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from penstock.stores.database import DATABASE
from tests.path.reloading import said
from tests.support.client import ask
from tests.support.command import PENSTOCK, environment, piped
from tests.support.gateway import Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer
from tests.support.waiting import until

FIRST, SECOND = "sk-canary-stored-first-51d0c7e2", "sk-canary-stored-second-9a7b3f10"
CONFIG = ("--config", "penstock.yaml")


def command(folder: Path, *words: str, typed: str = "") -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        [*PENSTOCK, *words, *CONFIG], input=typed, text=True, capture_output=True, cwd=folder, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("workers", [1, 2])
def test_a_credential_that_is_stored_anew_is_used_within_a_second(tmp_path: Path, workers: int) -> None:
    """By every worker and without a signal; one that is removed stays in use where the row still asks for it, and the
    log says what to do."""

    def answer(received: Received) -> Scripted:
        return json_answer(b'{"key": "%s"}' % (received.header("x-api-key") or "").encode())

    (tmp_path / "data").mkdir()
    with Provider(answer) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key_stored": True}
        config = {**settings(anthropic=row), "data_dir": "data", "workers": workers}
        (tmp_path / "penstock.yaml").write_text(json.dumps(config))
        command(tmp_path, "providers", "credential", "set", "anthropic", typed=FIRST)
        with Gateway(config, tmp_path) as gateway:

            def shown() -> set[bytes]:
                return {ask(gateway).body for _ in range(4 * workers)}

            assert shown() == {b'{"key": "%s"}' % FIRST.encode()}
            command(tmp_path, "providers", "credential", "set", "anthropic", typed=SECOND)
            until(lambda: shown() == {b'{"key": "%s"}' % SECOND.encode()})
            command(tmp_path, "providers", "credential", "remove", "anthropic")
            until(lambda: said(gateway, "penstock providers credential set anthropic") == workers)
            assert shown() == {b'{"key": "%s"}' % SECOND.encode()}
            assert not [line for line in gateway.output if FIRST in line or SECOND in line]


def test_a_database_that_is_restored_under_a_running_gateway_is_used(tmp_path: Path) -> None:
    """A key made after the backup is refused, one that was revoked since works again, and the books go on in the file
    that is there now."""
    with Provider(lambda _: json_answer(b"{}")) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "auth": "none"}
        with Gateway(settings(anthropic=row), tmp_path) as gateway:

            def works(key: str) -> bool:
                return ask(gateway, key=key).status == 200

            early = command(tmp_path, "keys", "create", "early").strip()
            until(lambda: works(early))
            command(tmp_path, "backup", "copy")
            late = command(tmp_path, "keys", "create", "late").strip()
            command(tmp_path, "keys", "revoke", "early", "--yes")
            until(lambda: works(late) and not works(early))
            shutil.copy(tmp_path / "copy" / DATABASE, tmp_path / "restored")
            for name in ("-wal", "-shm"):
                (tmp_path / "data" / f"{DATABASE}{name}").unlink()
            os.replace(tmp_path / "restored", tmp_path / "data" / DATABASE)
            until(lambda: works(early) and not works(late))
            exchange = ask(gateway, key=early).headers["x-penstock-exchange-id"]
            until(lambda: piped("show", exchange, *CONFIG, folder=tmp_path).returncode == 0)
        assert command(tmp_path, "keys", "list").count("late") == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_backup_lacks_nothing_that_was_over_when_it_began(tmp_path: Path, workers: int) -> None:
    """Restored after the gateway was killed and its folder lost, the books have each exchange whose answer was seen."""
    with Provider(lambda _: json_answer(b"{}")) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "auth": "none"}
        with Gateway({**settings(anthropic=row), "workers": workers}, tmp_path) as gateway:
            seen = {ask(gateway).headers["x-penstock-exchange-id"] for _ in range(30)}
            command(tmp_path, "backup", "copy", "--with-secrets")
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "copy").rename(tmp_path / "data")
        told = [json.loads(line) for line in command(tmp_path, "log", "-n", "100", "--json").splitlines()]
        assert {line["id"] for line in told} == seen
        assert {line["outcome"] for line in told} == {"served"}
