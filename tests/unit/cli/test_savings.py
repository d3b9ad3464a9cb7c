"""``penstock savings`` over books that a real database holds: the table, the plot, JSON, and what it can't say."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from penstock.core.entry import Entry
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.stores.database import DATABASE
from penstock.stores.ledger import Ledger
from tests.support.books import AT, entry, used
from tests.support.command import invoke, on_terminal, piped
from tests.support.made import database_at

pytestmark = pytest.mark.slow

DAY = 86_400
THEN = ("--since", "2026-11-01", "--until", "2026-12-01")
SOME = ("--model", "claude-sonnet-4-5")
NAMED = {"key_1": "alice", "key_2": "bob"}
MODELS = {"claude-sonnet-4-5": 0.5, "gemini-2.5-flash-lite": 1.5, "claude-haiku-4-5": 1.0}
"""Which part of its answers each model's treated ones have."""


def conversations(model: str, key: str, count: int, holdout: int) -> Iterator[Entry]:
    """So many, a third of them left alone if any is; lengths differ by up to half, whatever the arm."""
    chance = random.Random(f"{model}{key}")
    for number in range(count):
        treated = not holdout or number % 3 > 0
        length = 400 * (0.75 + chance.random() / 2) * (MODELS[model] if treated else 1)
        terseness = Terseness(
            Arm.TREATED if treated else Arm.CONTROL, "default", Intensity.FULL, "full-1", f"{model}{key}{number}",
            "question", added=400 * treated, holdout=holdout,
        )  # fmt: skip
        yield entry(
            f"{model}{key}{number}", model=model, key=key, key_name=NAMED[key], at=AT - number * 60, stream=False,
            operation="messages.create", terseness=terseness, cost=15 * round(length) + 3 * 100,
            consumption=used(model, input=100, output=round(length)),
        )  # fmt: skip


def reasoned(kept: Entry) -> Entry:
    """The same, by a model that thinks as long whatever it is told."""
    usage = msgspec.structs.replace(kept.consumption.shares[0].usage, reasoning=200 + len(kept.opened.id) % 7)
    share = msgspec.structs.replace(kept.consumption.shares[0], usage=usage)
    return msgspec.structs.replace(kept, consumption=msgspec.structs.replace(kept.consumption, shares=(share,)))


def keep(folder: Path, *entries: Entry) -> None:
    engine = database_at(folder / "data" / DATABASE)
    Ledger(engine).append(entries)
    engine.dispose()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that saves by half, one that talks more, one that is never compared, one that has hardly begun; and as
    many requests that could not be treated."""
    folder = tmp_path_factory.mktemp("savings")
    exempt = Terseness(Arm.EXEMPT, "structured-output")
    rows = [
        *conversations("claude-sonnet-4-5", "key_1", 360, 33),
        *conversations("gemini-2.5-flash-lite", "key_1", 360, 33),
        *conversations("claude-sonnet-4-5", "key_2", 90, 0),
        *conversations("claude-haiku-4-5", "key_2", 60, 33),
    ]
    rows += [entry(f"e{at}", operation="messages.create", terseness=exempt) for at in range(len(rows))]
    keep(folder, *rows)
    return folder


@pytest.fixture(autouse=True)
def _here(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house)


def report(*arguments: str) -> Any:
    return json.loads(invoke("savings", *THEN, *arguments, "--json").stdout)


def rows_of(shown: str) -> dict[tuple[str, str], list[str]]:
    """The cells of a table in a pipe, by model and key; cells are two spaces apart."""
    lines = [re.split(r"\s{2,}", line) for line in shown.split("\n\n", maxsplit=1)[0].splitlines()]
    return {(line[0], line[1]): line for line in lines[1:]}


def test_a_number_has_its_interval_and_its_counts() -> None:
    """Saved, lost, or in words why nothing can be said: the short of it in the cell, the rest below."""
    shown = invoke("savings", *THEN).stdout
    rows = rows_of(shown)
    saves = rows["claude-sonnet-4-5", "alice"]
    found = re.fullmatch(r"(\d+\.\d) % \[(\d+\.\d), (\d+\.\d)\]", saves[4])
    assert found is not None, saves
    point, low, high = map(float, found.groups())
    assert 40 < low < 50 < high < 60
    assert low < point < high
    assert re.fullmatch(r"-\d+\.\d % \[-\d+\.\d, -\d+\.\d\]", rows["gemini-2.5-flash-lite", "alice"][4])
    assert rows["claude-sonnet-4-5", "bob"][4:6] == ["not measured", "not measured"]
    assert rows["claude-haiku-4-5", "bob"][4:6] == ["not enough data", "not enough data"]
    assert saves[-4:] == ["240", "120", "2026-11-21", "2026-11-21"]
    assert "claude-haiku-4-5, bob, question: not enough data (n = 20, needed 50).\n" in shown
    assert "claude-sonnet-4-5, bob, question: not measured: no holdout.\n" in shown
    assert "Conversations that began from 2026-11-21 to 2026-11-21 (UTC).\n" in shown
    assert "Of all chat requests 50 % could be treated, with " in shown
    assert "gemini-2.5-flash-lite with the key alice: loses money." in shown


def test_the_line_shows_where_zero_is() -> None:
    """A saving stands to the right of it, a loss to the left; nothing is drawn where nothing is known."""
    lines = invoke("savings", *THEN).stdout.splitlines()
    saves, loses, few = (
        next(line for line in lines if line.startswith(model) and key in line)
        for model, key in (("claude-sonnet", "alice"), ("gemini", "alice"), ("claude-haiku", "bob"))
    )
    zero = saves.index("│")
    assert saves.index("●") > zero == loses.index("│") == lines[0].index(" 0 ") + 1
    assert loses.index("●") < zero
    assert "●" not in few


def test_reasoning_is_told_apart_where_there_is_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No text shortens it, and that must not be hidden in a sum with what is shortened."""
    assert "reasoning" not in invoke("savings", *THEN).stdout
    monkeypatch.chdir(tmp_path)
    keep(tmp_path, *map(reasoned, conversations("claude-sonnet-4-5", "key_1", 360, 33)))
    shown = invoke("savings", *THEN).stdout
    assert "reasoning saved" in shown.splitlines()[0]
    output, reasoning = rows_of(shown)["claude-sonnet-4-5", "alice"][4:6]
    assert float(output.split()[0]) > 40
    assert abs(float(reasoning.split()[0])) < 2


def test_json_has_the_whole_of_it() -> None:
    """Shares as fractions, standings in words, and which key is whose."""
    told = report("--key", "alice")
    groups = {one["model"]: one for one in told["report"]["groups"]}
    assert told["names"] == {"key_1": "alice"}
    saved = groups["claude-sonnet-4-5"]["visible"]
    assert saved["standing"] == "measured"
    assert saved["saved"]["low"] < 0.5 < saved["saved"]["high"]
    assert groups["gemini-2.5-flash-lite"]["cost"]["saved"]["high"] < 0
    (few,) = report("--model", "claude-haiku-4-5")["report"]["groups"]
    assert (few["visible"]["standing"], few["visible"]["needed"], few["visible"]["saved"]) == (
        "not enough data", 50, None,
    )  # fmt: skip


def test_a_wide_terminal_shows_all_columns_and_a_narrow_one_says_which_it_leaves_out(house: Path) -> None:
    """Numbers and names stay whole on either."""
    code, shown = on_terminal("savings", *THEN, folder=house, width=200)
    assert code == 0
    for words in ("intensity", "until", "not enough data", "alice", "●"):
        assert words in shown
    code, shown = on_terminal("savings", *THEN, folder=house, width=110)
    assert code == 0
    assert "Not shown for want of room: until, since" in shown
    table = [line for line in shown.splitlines() if "claude-sonnet-4-5" in line]
    assert any("alice" in line and re.search(r"\d % \[\d+\.\d, \d+\.\d\]", line) for line in table)


def test_a_pipe_holds_the_table_alone(house: Path) -> None:
    """No colours, no boxes, nothing about how far it has come."""
    done = piped("savings", *THEN, folder=house)
    assert (done.returncode, done.stderr, "\x1b" in done.stdout) == (0, "", False)
    assert rows_of(done.stdout)["all together", "full"]


@pytest.mark.parametrize("more", [(), ("--tokens",)])
def test_the_plot_says_the_same(tmp_path: Path, more: tuple[str, ...]) -> None:
    """An SVG that parses, loads nothing, and has each group's number as the table has it, keys by their names."""
    path = tmp_path / "saved.svg"
    done = invoke("savings", *THEN, "--plot", str(path), *more)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"Drawn: {path}\n")
    root = ElementTree.fromstring(path.read_text("utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join(root.itertext())
    told = report()["report"]["groups"]
    assert len(told) == 4
    for one in told:
        assert one["model"] in words
        assert one["key"] not in words
        finding = one["visible" if more else "cost"]
        if finding["saved"] is not None:
            assert f"{abs(round(100 * finding['saved']['point']))} %" in words
    assert all(name in words for name in NAMED.values())
    assert ("Output tokens saved" in words) is bool(more)
    assert "http" not in path.read_text("utf-8").replace("http://www.w3.org/", "")


def test_a_plot_and_json_can_be_had_at_once(tmp_path: Path) -> None:
    """One reading of the books for both."""
    path = tmp_path / "saved.SVG"
    done = invoke("savings", *THEN, "--plot", str(path), "--json")
    assert json.loads(done.stdout)["report"] == report()["report"]
    assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--plot", "saved.png"), "saved.png is no SVG, and nothing else can be drawn; name it saved.svg"),
        (("--plot", "saved"), "name it saved.svg"),
        (("--plot", "absent/saved.svg"), "can't write absent/saved.svg: No such file or directory"),
        (("--tokens",), "--plot"),
        (("--status", "200"), "No such option"),
        (("--since", "2d", "--until", "3d"), "is not after --since"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_are_told_with_what_to_write(house: Path, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, nothing drawn."""
    before = sorted(house.iterdir())
    found = invoke("savings", *arguments)
    assert (found.exit_code, words in found.stderr) == (2, True), found.stderr
    assert sorted(house.iterdir()) == before


def test_nobody_treated_says_what_there_is_and_what_to_do() -> None:
    """An empty table would look like a mistake."""
    shown = invoke("savings", "--since", "2020-01-01", "--until", "2020-01-02").stdout
    assert "The books hold exchanges from 2026-11-2" in shown
    assert "penstock keys set NAME --intensity full" in shown


def test_without_books_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3, and nothing is made on the way."""
    monkeypatch.chdir(tmp_path)
    found = invoke("savings", "--plot", "saved.svg")
    assert (found.exit_code, "no gateway has run there yet" in found.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []


def test_help_says_what_a_number_is() -> None:
    """And which days are meant when nobody says."""
    shown = invoke("savings", "--help").stdout
    for words in ("95 % interval", "last 90 days", "--plot", "an SVG"):
        assert words in shown
    assert "--status" not in shown
