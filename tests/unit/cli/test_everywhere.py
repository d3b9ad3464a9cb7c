"""Every command where it is met: on a terminal, in a pipe and as JSON, with what it says when something is wrong."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import insert

from penstock.core.caller import Secret
from penstock.core.usage import Source
from penstock.stores.credentials import CredentialStore
from penstock.stores.database import DATABASE, open_database
from penstock.stores.keys import KeyStore
from penstock.stores.ledger import Ledger
from penstock.stores.schema import vault_sets
from tests.support.books import entry, used
from tests.support.command import PENSTOCK, environment, invoke, on_terminal, piped

pytestmark = pytest.mark.slow

THEN = ("--since", "2026-11-01", "--until", "2026-12-01")
CONFIG = """\
listen: 127.0.0.1:0
providers: {local: {dialect: openai, base_url: "http://127.0.0.1:9/v1", auth: none}}
keys: [{name: nightly, key: pk_live_0123456789abcdefghijklmnop}]
"""

RESULTS = [
    (("usage", "--by", "key", *THEN), "1.000105"),
    (("log", *THEN), "unpriced"),
    (("show", "e1"), "input 10, output 5"),
    (("models", "gpt-5"), "first for openai"),
    (("models", "--unpriced"), "house-model"),
    (("keys", "list"), "nightly"),
    (("keys", "show", "laptop"), "laptop"),
    (("teams", "list"), "5M output tokens per month"),
    (("teams", "show", "red"), "8 requests at once"),
    (("users", "list"), "60 rpm"),
    (("quotas", "--team", "red"), "5M output tokens per month"),
    (("audit",), "teams.create"),
    (("providers", "list"), "127.0.0.1:9"),
    (("providers", "check", "--timeout", "1"), "local"),
    (("providers", "credential", "list"), "local"),
    (("config", "check"), "is right"),
    (("config", "show"), "providers.local.base_url"),
    (("doctor",), "database"),
    (("backup", "--verify", "copy"), "is whole"),
    (("db", "prune", "--dry-run", "--before", "2020-01-01"), "nothing from before 2020-01-01"),
    (("vault", "list"), "team:red"),
    (("explain", "request.http"), "without a credential"),
    (("savings", *THEN), "None of these conversations was to get terser answers"),
    (("try", "How do rainbows form?"), "Detection: full (open-question)"),
]
"""Each command that prints a result, and what must be in it."""

PROBLEMS = {("providers", "check")}
"""Nobody answers at the provider's address, which it has to say with code 1."""

MISTAKES = [
    (("usage", "--by", "colour"), 2, "choose from day"),
    (("log", "--status", "x"), 2, "write it like 429"),
    (("show", "nope"), 1, "penstock log"),
    (("models", "--since", "7d"), 2, "--unpriced"),
    (("keys", "show", "labtop"), 1, "did you mean 'laptop'?"),
    (("keys", "create", "a\nb"), 2, "more than one line"),
    (("keys", "set", "laptop"), 2, "--expires 30d"),
    (("keys", "set", "laptop", "--quota", "5 requets per day"), 2, "did you mean `requests`?"),
    (("teams", "create", "a/b"), 2, "write a-b"),
    (("teams", "set", "rde", "--label", "x"), 1, "did you mean 'red'?"),
    (("users", "remove", "nobody", "--yes"), 1, "there is no user 'nobody'"),
    (("audit", "--kind", "keys"), 2, "'key'"),
    (("quotas", "--key", "labtop"), 1, "did you mean 'laptop'?"),
    (("keys", "rotate", "nightly"), 2, "change it there"),
    (("keys", "revoke", "nobody"), 1, "penstock keys list"),
    (("providers", "add", "local", "--dialect", "openai"), 2, "penstock.yaml"),
    (("providers", "check", "nobody"), 2, "There is no provider 'nobody'"),
    (("providers", "credential", "rotate", "--config", "broken.yaml"), 2, "did you mean `listen`?"),
    (("config", "check", "--config", "broken.yaml"), 2, "broken.yaml:1:1: lisen is not a setting"),
    (("config", "show", "--config", "broken.yaml"), 2, "broken.yaml:1:1"),
    (("doctor", "--config", "absent.yaml"), 2, "name a readable file"),
    (("backup", "copy"), 2, "name a new folder"),
    (("db", "prune"), 2, "--older-than 400d"),
    (("vault", "empty", "nobody", "--yes"), 1, "penstock vault list"),
    (("explain", "--path", "/nowhere", "request.json"), 1, "404"),
    (("savings", "--plot", "saved.png"), 2, "name it saved.svg"),
    (("try", "How do rainbows form?", "--live"), 2, "try another --dialect"),
    (("completion", "tcsh"), 2, "'bash', 'zsh', 'fish'"),
    (("serve", "--config", "broken.yaml"), 2, "did you mean `listen`?"),
    (("simulate", "--listen", "127.0.0.1:99999"), 2, "write HOST:PORT"),
]
"""Each command called wrongly, its exit code, and what its message must say."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, keys, a credential and books."""
    folder = tmp_path_factory.mktemp("house")
    data = folder / "data"
    store = KeyStore(data)
    store.create("laptop", prefix="pk_live_")
    store.close()
    engine = open_database(data / DATABASE)
    CredentialStore(engine, data).put("local", Secret("sk-c4n4ry"))
    local = used("house-model", source=Source.ESTIMATED, input=7)
    Ledger(engine).append([entry("e1", cost=1_000_105), entry("e2", model="house-model", consumption=local, cost=None)])
    one = [{"tenant": "team:red", "name": "s", "nonce": b"", "ciphertext": b"", "ends": 1_800_000_000}]
    with engine.begin() as connection:
        connection.execute(insert(vault_sets), one)
    engine.dispose()
    quotas = ("--quota", "5M output tokens per month", "--quota", "8 requests at once")
    assert piped("teams", "create", "red", *quotas, folder=folder).returncode == 0
    assert piped("users", "create", "Ada", "--quota", "60 rpm", folder=folder).returncode == 0
    (folder / "penstock.yaml").write_text(CONFIG)
    (folder / "broken.yaml").write_text("lisen: 127.0.0.1:1\n")
    (folder / "request.json").write_text("{}")
    (folder / "request.http").write_text('POST /v1/chat/completions HTTP/1.1\n\n{"model":"m","messages":[]}')
    assert piped("backup", "copy", folder=folder).returncode == 0
    return folder


def configured(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The same with the folder's configuration, unless the test names another or the command takes none."""
    without = (
        "--config" in arguments or arguments[0] in {"completion", "simulate"} or arguments[:2] == ("models", "gpt-5")
    )
    return arguments if without else (*arguments, "--config", "penstock.yaml")


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "words"), RESULTS, ids=[" ".join(row[0][:3]) for row in RESULTS])
def test_a_result_is_the_same_everywhere(
    house: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], words: str
) -> None:
    """In words on a terminal, without any colour or box in a pipe, and as JSON that can be read whole."""
    monkeypatch.chdir(house)
    code = 1 if arguments[:2] in PROBLEMS else 0
    call = configured(arguments)
    ended, shown = on_terminal(*call, folder=house, width=160)
    assert (ended, words in shown) == (code, True), shown
    pipe = piped(*call, folder=house)
    assert (pipe.returncode, words in pipe.stdout) == (code, True), pipe.stderr
    assert not re.search("\x1b|─", pipe.stdout + pipe.stderr)
    told = invoke(*call, "--json")
    assert told.exit_code == code
    for part in told.stdout.splitlines() if arguments[0] == "log" else [told.stdout]:
        assert json.loads(part)
    assert "c4n4ry" not in shown + pipe.stdout + told.stdout


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES, ids=[" ".join(row[0][:3]) for row in MISTAKES])
def test_a_mistake_is_told_the_same_everywhere(
    house: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """On standard error, with an exit code that scripts can use, nothing on standard output; on a terminal too."""
    monkeypatch.chdir(house)
    call = configured(arguments)
    found = invoke(*call)
    assert (found.exit_code, words in found.stderr, found.stdout) == (code, True, ""), found.stderr
    ended, shown = on_terminal(*call, folder=house, width=160)
    assert (ended, words in shown) == (code, True), shown


@pytest.mark.parametrize("command", [("keys", "list"), ("keys", "show", "a"), ("providers", "credential", "list")])
def test_to_look_is_not_to_make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    """In a folder where no gateway ever ran, a command that only looks leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    assert invoke(*command).exit_code in {0, 1}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_gateway_that_cannot_start_says_why(tmp_path: Path, workers: str) -> None:
    """A damaged database is not taken for a busy address, and ends with words and code 3, no traceback."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DATABASE).write_bytes(b"no database at all" * 100)
    command = [*PENSTOCK, "serve", "--listen", "127.0.0.1:0", "--workers", workers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment())
    assert done.returncode == 3
    assert "can't be used: file is not a database. Try `penstock doctor`." in done.stderr
    assert "Traceback" not in done.stderr
    assert "listen" not in done.stderr
