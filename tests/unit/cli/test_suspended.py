"""``penstock savings`` and ``savings resume`` over books that a real database holds."""

import json
import re
import time
from pathlib import Path

import msgspec
import pytest

from penstock.stores.database import DATABASE
from penstock.stores.ledger import Ledger
from penstock.stores.suspensions import Evidence, Suspension, Suspensions
from tests.support.command import invoke, on_terminal, piped
from tests.support.made import database_at
from tests.support.treated import MODEL, losing

pytestmark = pytest.mark.slow

SINCE = 1_795_264_440
"""2026-11-21 12:34 UTC."""
LEVELS = [("key_1", "alice", "full", None), ("key_2", "bob", "ultra", "truncated")]
ASKED = "How do rainbows form?"
RESUME = ("savings", "resume", "alice", MODEL, "full")
TOLD = (
    f"full for {MODEL} with the key alice is suspended since 2026-11-21 12:34 UTC: loses money (net cost saved: "
    "-20.0 % [-30.0, -9.9]; 300 treated, 100 left alone, 2026-11-01 to 2026-11-20, full-1). "
    f"To reverse it: penstock savings resume alice {MODEL} full"
)


@pytest.fixture(autouse=True)
def _books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = database_at(Path("data") / DATABASE)
    for key, name, level, guard in LEVELS:
        found = Evidence(-0.2, -0.3, -0.099, 300, 100, 1_793_491_200.0, 1_795_132_800.0, (f"{level}-1",))
        reason = "loses money" if guard is None else "worse answers"
        one = Suspension(
            key=key, key_name=name, model=MODEL, intensity=level, since=SINCE, reason=reason, guard=guard, found=found
        )
        assert Suspensions(engine).suspend(one, time.time())
    engine.dispose()


def in_force() -> set[str]:
    engine = database_at(Path("data") / DATABASE)
    try:
        return {one.key for one in Suspensions(engine).rows() if one.lifted is None}
    finally:
        engine.dispose()


def lose() -> None:
    engine = database_at(Path("data") / DATABASE)
    Ledger(engine).append(losing(time.time() - 3600))
    engine.dispose()


def test_what_is_suspended_is_shown(tmp_path: Path) -> None:
    """With why, and with the command that reverses it: in words on a terminal, on one line in a pipe, as JSON."""
    lose()
    ended, shown = on_terminal("savings", folder=tmp_path, width=400)
    assert (ended, TOLD in shown) == (0, True), shown
    pipe = piped("savings", folder=tmp_path)
    assert (pipe.returncode, TOLD in pipe.stdout.splitlines()) == (0, True), pipe
    assert "worse answers (truncated: -20.0 % [" in pipe.stdout
    assert not re.search("\x1b", pipe.stdout + pipe.stderr)
    # What is done already need not be advised.
    assert "should be switched off" not in pipe.stdout
    told = json.loads(invoke("savings", "--json").stdout)
    assert told["suspended"][0] == {
        "key": "key_1",
        "key_name": "alice",
        "model": MODEL,
        "intensity": "full",
        "since": "2026-11-21T12:34:00Z",
        "reason": "loses money",
        "guard": None,
        "found": {
            "point": -0.2, "low": -0.3, "high": -0.099, "treated": 300, "control": 100,
            "first": "2026-11-01T00:00:00Z", "last": "2026-11-20T00:00:00Z", "rules": ["full-1"],
        },
        "lifted": None,
    }  # fmt: skip
    assert [one["guard"] for one in told["suspended"]] == [None, "truncated"]
    assert told["names"] == {"key_1": "alice"}
    assert told["report"]["suspensions"][0]["reason"] == "loses money"


def test_it_is_shown_without_any_measurement_too() -> None:
    """The exchanges may have been taken out of the books; of one key only that key's."""
    assert TOLD in invoke("savings").stdout.splitlines()
    only = invoke("savings", "--key", "bob").stdout
    assert "ultra for" in only
    assert "full for" not in only
    assert "suspended" not in invoke("savings", "--model", "another").stdout


@pytest.mark.parametrize("key", ["alice", "key_1"])
def test_a_level_is_given_back(key: str) -> None:
    """That one alone; it is said, and stays visible."""
    lose()
    found = invoke("savings", "resume", key, MODEL, "FULL")
    assert (found.exit_code, found.stderr) == (0, "")
    assert (
        found.stdout == f"full for {MODEL} with the key alice is given to new conversations again, within a second.\n"
    )
    assert in_force() == {"key_2"}
    shown = invoke("savings").stdout
    assert f"full for {MODEL} with the key alice was suspended since 2026-11-21 12:34 UTC, and resumed 20" in shown
    assert "should be switched off" not in shown


def test_it_is_given_back_everywhere(tmp_path: Path) -> None:
    """On a terminal and in a pipe; as JSON with the time."""
    ended, shown = on_terminal(*RESUME, folder=tmp_path)
    assert (ended, "again, within a second." in shown) == (0, True), shown
    done = piped("savings", "resume", "bob", MODEL, "ultra", "--json", folder=tmp_path)
    assert done.returncode == 0
    one = json.loads(done.stdout)["resumed"][0]
    assert (one["key_name"], one["intensity"], one["lifted"][:2]) == ("bob", "ultra", "20")
    assert in_force() == set()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("resume", "alice", MODEL, "lite"), 1, f"What is suspended: full for {MODEL} with the key alice; ultra for"),
        (("resume", "carol", MODEL, "full"), 1, f"full is not suspended for {MODEL} with the key carol."),
        (("resume", "alice", MODEL, "off"), 2, "'lite', 'full', 'ultra'"),
        (("resume", "alice", MODEL), 2, "INTENSITY"),
        (("--key", "alice", *RESUME[1:]), 2, "--key stands before resume; write the options after it"),
        (("resumee",), 2, "resumee"),
        ((*RESUME[1:], "--config", "absent.yaml"), 2, "absent.yaml"),
    ],
)
def test_a_mistake_resumes_nothing(tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """It is told on standard error, with what to do; on a terminal too."""
    found = invoke("savings", *arguments)
    assert (found.exit_code, words in found.stderr, found.stdout) == (code, True, ""), found.stderr
    ended, shown = on_terminal("savings", *arguments, folder=tmp_path, width=200)
    assert (ended, words in shown) == (code, True), shown
    assert in_force() == {"key_1", "key_2"}


def test_what_should_be_suspended_is_by_a_command_too(tmp_path: Path) -> None:
    """As the gateway does it by itself: told on a terminal, in a pipe and as JSON; a second time there is nothing."""
    invoke(*RESUME)
    (tmp_path / "penstock.yaml").write_text("data_dir: other\n")
    engine = database_at(Path("other") / DATABASE)
    Ledger(engine).append(
        [*losing(time.time() - 3600), *losing(time.time() - 3600, "b", key="key_3", key_name="carol")]
    )
    engine.dispose()
    done = piped("savings", "judge", "--config", "penstock.yaml", folder=tmp_path)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 2), done
    assert (
        f"full is suspended for {MODEL} with the key alice (key_1) from the next conversation on: loses mon" in lines[0]
    )
    assert lines[1].endswith(f"To reverse it: penstock savings resume carol {MODEL} full")
    ended, shown = on_terminal("savings", "judge", "--config", "penstock.yaml", folder=tmp_path)
    assert (ended, "Nothing is suspended that was not before." in shown) == (0, True)
    assert json.loads(invoke("savings", "judge", "--config", "penstock.yaml", "--json").stdout) == {"suspended": []}
    assert json.loads(invoke("savings", "judge", "--json").stdout) == {"suspended": []}


def test_without_books_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3; none are made."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found = invoke(*RESUME)
    assert found.exit_code == 3
    assert "no books in" in found.stderr
    assert not list(Path().iterdir())


def test_explain_and_try_tell_what_is_suspended() -> None:
    """For this key and this model, whoever chose the level: nothing is put in, but for an override."""
    key = "mt_live_alice_canary_00000000000000000"
    rule = {"name": "rain", "match": "tides", "intensity": "full"}
    keys = [{"name": "carol", "key": key, "intensity": "full"}, {"name": "dora", "key": f"{key}2", "intensity": "full"}]
    Path("p.yaml").write_text(json.dumps({"keys": keys, "terser": {"when": [rule]}}))
    engine = database_at(Path("data") / DATABASE)
    one = Suspensions(engine).rows()[0]
    assert Suspensions(engine).suspend(msgspec.structs.replace(one, key="file:carol", key_name="carol"), time.time())
    engine.dispose()
    config, model = ("--config", "p.yaml"), ("--model", MODEL)
    told = "Suspended for this key and model: full. `penstock savings` says why, and how to give it back.\n"

    def tried(*arguments: str) -> str:
        return invoke("try", *arguments, *config).stdout

    assert f"{told}Nothing would be put in: suspended.\n" in tried(ASKED, *model, "--key", "carol")
    ruled = tried("How do tides work?", *model, "--key", "carol")
    assert f"Your rule rain decides before it.\n{told}Nothing would be put in: suspended.\n" in ruled
    forced = tried(ASKED, *model, "--key", "carol", "--intensity", "full")
    assert told in forced
    assert "full, as asked for here: " in forced
    for other in ((*model, "--key", "dora"), model, ("--model", "claude-opus-4-5", "--key", "carol")):
        assert "Suspended" not in tried(ASKED, *other)
    assert json.loads(tried(ASKED, *model, "--key", "carol", "--json"))["suspended"] == ["full"]

    body = json.dumps({"model": MODEL, "max_tokens": 900, "messages": [{"role": "user", "content": ASKED}]})
    Path("request.json").write_text(body)
    explained = ("explain", "request.json", "--demo", *config)
    shown = invoke(*explained, "--key", "carol").stdout
    assert f"\n{told}" in shown
    assert "no words added; off, arm exempt, because: suspended\n" in shown
    assert "Suspended" not in invoke(*explained, "--key", "dora").stdout
    assert json.loads(invoke(*explained, "--key", "carol", "--json").stdout)["suspended"] == ["full"]
