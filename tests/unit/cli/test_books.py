"""``usage``, ``log``, ``show`` and ``models`` over books that a real database holds."""

import csv
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from penstock.cli.printing import cells
from penstock.core.terseness import Arm, Terseness
from penstock.core.usage import Consumption, Source
from penstock.ledger.journal import FOLDER, Journal
from penstock.stores.database import DATABASE, open_database
from penstock.stores.ledger import Ledger
from penstock.stores.retention import Retention
from tests.support.books import AT, entry, opened, used
from tests.support.command import PENSTOCK, environment, invoke, on_terminal
from tests.support.made import database_at

pytestmark = pytest.mark.slow

DAY = 86_400
EVIL = "evil\x1b[31m\nname"
"""What a client may call its model."""
THEN = ("--since", "2026-11-01", "--until", "2026-12-01")

ENTRIES = [
    entry("e1", at=AT - DAY, cost=1_250_001,
          consumption=used("claude-1", input=1_000_000, cache_read=200_000, output=50_000)),
    entry("e2", key="key_2", key_name="bob", team="", consumption=used("gpt-x", input=10, output=5), cost=None),
    entry("e3", outcome="abandoned", cost=7,
          consumption=used("claude-1", source=Source.ESTIMATED, input=30, output=20)),
    entry("e4", key="", key_name="", team="", tenant="", provider="", model="", status=401, outcome="refused",
          fault="unauthenticated", blame="client", consumption=Consumption(), cost=0),
    entry("e5", model=EVIL, consumption=used(EVIL, input=1, output=1), cost=None,
          provider="local", status=502, outcome="failed", fault="unreachable", blame="upstream"),
]  # fmt: skip


def keep(*entries: object) -> None:
    """Write these into the books of the current folder."""
    engine = database_at(Path("data") / DATABASE)
    Ledger(engine).append(entries)  # type: ignore[arg-type]
    engine.dispose()


@pytest.fixture(autouse=True)
def _books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keep(*ENTRIES)


def usage(*arguments: str) -> dict[str, object]:
    return json.loads(invoke("usage", *THEN, *arguments, "--json").stdout)


def test_sums_add_up_to_the_micro_dollar() -> None:
    """By day, with a total; what has no price is counted beside the cost, not as nothing."""
    report = usage("--by", "day")
    assert [(row["day"], row["exchanges"], row["cost_micro_dollars"]) for row in report["rows"]] == [
        ("2026-11-20", 1, 1_250_001),
        ("2026-11-21", 4, 7),
    ]
    total = report["total"]
    assert (total["exchanges"], total["not_served"], total["unpriced"], total["estimated"]) == (5, 3, 2, 1)
    assert (total["cost_micro_dollars"], total["total_input"]) == (1_250_008, 1_200_041)
    assert total["usage"]["cache_read"] == 200_000


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("key", [("",), ("key_1",), ("key_2",)]),
        ("team", [("",), ("research",)]),
        (
            "model,provider",
            [("", ""), ("claude-1", "anthropic"), (EVIL, "local"), ("gpt-x", "anthropic")],
        ),
        ("status", [("200",), ("401",), ("502",)]),
        ("day,key", [("2026-11-20", "key_1"), ("2026-11-21", ""), ("2026-11-21", "key_1"), ("2026-11-21", "key_2")]),
    ],
)
def test_usage_by_anything(by: str, groups: list[tuple[str, ...]]) -> None:
    """Each group once, and the same total whatever is grouped by."""
    report = usage("--by", by)
    assert [tuple(row[name] for name in by.split(",")) for row in report["rows"]] == groups
    assert report["total"] == usage()["total"]
    assert sum(row["exchanges"] for row in report["rows"]) == 5


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--key", "bob"), 1),
        (("--key", "key_1"), 3),
        (("--team", "research"), 3),
        (("--status", "4xx"), 1),
        (("--status", "400-599"), 2),
        (("--status", "502"), 1),
        (("--model", "gpt-x"), 1),
        (("--provider", "local"), 1),
    ],
)
def test_the_same_options_choose_for_usage_and_log(arguments: tuple[str, ...], count: int) -> None:
    """What ``usage`` counts is what ``log`` lists."""
    assert usage(*arguments)["total"]["exchanges"] == count
    assert len(invoke("log", *THEN, *arguments, "--json").stdout.splitlines()) == count


def test_what_was_pruned_is_told_by_whole_hours_and_said_so() -> None:
    """Of the hour before, half of which is asked for, only the sum is left: whoever adds it up must know."""
    half = ("--since", "2026-11-21T12:40:00Z", "--until", "2026-11-21T14:00:00Z", "--by", "day")
    before = json.loads(invoke("usage", *half, "--json").stdout)
    assert (before["total"]["exchanges"], before["rounded"]) == (0, None)
    engine = open_database(Path("data") / DATABASE)
    assert sum(Retention(engine).remove(AT + DAY)) == len(ENTRIES)
    engine.dispose()
    after = json.loads(invoke("usage", *half, "--json").stdout)
    assert (after["total"]["exchanges"], after["since"]) == (4, "2026-11-21T12:40:00Z")
    assert after["rounded"] == {"since": "2026-11-21T12:00:00Z", "until": "2026-11-21T14:00:00Z"}
    words = (
        "Single exchanges have been pruned: these are sums of whole hours, "
        "from 2026-11-21 12:00 until 2026-11-21 14:00 UTC."
    )
    assert words in invoke("usage", *half).stderr
    assert words in invoke("usage", *half, "--csv").stderr
    assert usage()["rounded"] is None


def test_the_table_in_a_pipe_has_all_columns_and_a_total() -> None:
    """Aligned, exact, and with the words that belong beside the sums on standard error."""
    found = invoke("usage", *THEN, "--by", "key")
    assert found.stdout.splitlines() == [
        "key       requests  not served      input   cached  output  cost in $  unpriced  estimated",
        "(no key)         1           1          0        0       0   0.000000         0          0",
        "alice            3           2  1,200,031  200,000  50,021   1.250008         1          1",
        "bob              1           0         10        0       5   unpriced         1          0",
        "total            5           3  1,200,041  200,000  50,026   1.250008         2          1",
    ]
    assert "From 2026-11-01 00:00 UTC until 2026-12-01 00:00 UTC, at list prices." in found.stderr
    assert "2 requests without a price" in found.stderr
    assert "penstock models --unpriced" in found.stderr
    assert "Less than 0.1% of the tokens are estimates, $0.000007 of the cost" in found.stderr


def test_the_table_on_a_terminal_leaves_out_what_is_nothing(tmp_path: Path) -> None:
    """On eighty columns numbers stay whole; a column of zeros is not shown."""
    code, shown = on_terminal("usage", *THEN, "--by", "key", "--key", "bob", folder=tmp_path, width=80)
    assert code == 0
    assert "unpriced" in shown
    assert "not served" not in shown
    assert "estimated" not in shown
    _, shown = on_terminal("usage", *THEN, "--by", "model", folder=tmp_path, width=80, TERM="dumb")
    assert "1,200,041" in shown
    assert "1.250008" in shown


def test_csv_is_for_adding_up_elsewhere() -> None:
    """A line for each group, money in micro-dollars, every counter, and no line of totals."""
    rows = list(csv.DictReader(io.StringIO(invoke("usage", *THEN, "--by", "day,key", "--csv").stdout)))
    assert sum(int(row["cost_micro_dollars"]) for row in rows) == 1_250_008
    assert {row["key_name"] for row in rows} == {"alice", "bob", ""}
    assert sum(int(row["cache_read"]) for row in rows) == 200_000
    empty = invoke("usage", "--since", "2020-01-01", "--until", "2020-01-02", "--csv").stdout
    assert empty == invoke("usage", *THEN, "--csv").stdout.splitlines()[0] + "\n"


def test_nothing_used_says_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty table would look like a mistake."""
    nothing = ("--since", "2020-01-01", "--until", "2020-01-02")
    for command in ("usage", "log"):
        found = invoke(command, *nothing)
        assert found.exit_code == 0
        assert "The books hold exchanges from 2026-11-20 12:34 to 2026-11-21 12:34 UTC." in found.stdout
        assert "`books: false`" not in found.stdout
    # Nobody looks for a mistake of their own where nothing is written down at all.
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    keep()
    Path("off.yaml").write_text("books: false\n")
    for command in ("usage", "log"):
        assert "The books are off here: take `books: false` out" in invoke(command, "-c", "off.yaml").stdout
        assert invoke(command).stdout.endswith("The books are empty.\n")


def test_without_a_beginning_thirty_days_are_shown() -> None:
    """Before the end that is named, or before now."""
    told = json.loads(invoke("usage", "--until", "2026-12-01", "--json").stdout)
    assert (told["since"], told["until"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    assert told["total"]["exchanges"] == 5


def test_what_the_simulator_cost_nobody_charges() -> None:
    """Its part is said beside the sums, unless a provider of the operator's bears its name."""
    keep(entry("s1", provider="simulator", credential="", cost=40))
    note = "$0.000040 of the cost is the simulator's, which nobody charges."
    assert note in invoke("usage", *THEN).stderr
    assert "The simulator answered all of them" in invoke("usage", *THEN, "--provider", "simulator").stderr
    assert "simulator" not in invoke("usage", *THEN, "--provider", "local").stderr
    assert usage()["simulated"]["cost_micro_dollars"] == 40
    assert "the simulator's, so nobody charges it" in invoke("show", "s1").stdout
    Path("own.yaml").write_text(
        "providers: {simulator: {dialect: openai, base_url: http://127.0.0.1:9/v1, auth: none}}\n"
    )
    assert "nobody" not in invoke("usage", *THEN, "-c", "own.yaml").stderr
    assert "nobody" not in invoke("show", "s1", "-c", "own.yaml").stdout


@pytest.mark.slow
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_terminal_is_too_narrow(tmp_path: Path, width: int) -> None:
    """No line of a table is longer than the terminal is wide, numbers stay whole, wide letters take two places, and
    what was left out is said; without colours there are none."""
    name, counters = "長い名前" * 9, {"input": 10**8, "cache_read": 10**8, "output": 10**7}
    keep(*(entry(f"{number:028x}", cost=10**12, model=name, consumption=used(name, **counters)) for number in range(3)))

    def shown(*command: str) -> tuple[list[str], str]:
        code, text = on_terminal(*command, *THEN, folder=tmp_path, width=width, NO_COLOR="1")
        assert code == 0
        assert "\x1b[3" not in text
        table, _, notes = re.sub(r"\x1b\[[0-9;]*m", "", text).partition("Not shown" if "Not shown" in text else "From ")
        return [line.rstrip() for line in table.splitlines()], notes

    lines, _ = shown("log")
    assert [line for line in lines if cells(line) > width] == []
    assert sum(line.endswith(f" {number:028x}") for line in lines for number in range(3)) == 3
    for by in ("key", "team,model"):
        lines, notes = shown("usage", "--by", by)
        assert [line for line in lines if cells(line) > width] == []
        assert any("3,000,001.250008" in line for line in lines)
        assert ("for want of room: estimated" in notes) is (width < 200)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("usage", "--by", "colour"), "choose from day, key"),
        (("usage", "--status", "bad"), "write it like 429"),
        (("usage", "--since", "yesterday-ish"), "write it like 24h"),
        (("usage", "--csv", "--json"), "Choose one"),
        (("usage", "--csv", "--watch"), "Choose one"),
        (("usage", "--since", "2d", "--until", "3d"), "is not after --since"),
        (("log", "--status", "500-400"), "ends before it begins"),
        (("log", "--lines", "0"), "0"),
    ],
)
def test_mistakes_are_told_with_what_to_write(arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2."""
    found = invoke(*arguments)
    assert (found.exit_code, words in found.stderr) == (2, True)


def test_without_books_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3, and nothing is made on the way."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for command in (("usage",), ("log",), ("show", "x"), ("models", "--unpriced")):
        found = invoke(*command)
        assert (found.exit_code, "no gateway has run there yet" in found.stderr) == (3, True)
    assert list((tmp_path / "empty").iterdir()) == []


def test_the_log_is_one_line_an_exchange_newest_last() -> None:
    """Lines are aligned under their headings, and a client's names cannot break out of theirs."""
    found = invoke("log", *THEN)
    lines = found.stdout.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["e1", "e2", "e3", "e4", "e5"]
    assert len({line.rindex(" ") for line in lines}) == 1
    assert "\x1b" not in found.stdout
    assert "evil·[31m·name" in found.stdout
    assert next(line for line in lines if line.endswith(" e3")).count("~") == 2
    newest = invoke("log", *THEN, "-n", "2").stdout.splitlines()
    assert newest[1:] == lines[-2:]


def test_log_as_json_is_an_object_a_line() -> None:
    """For jq: times in RFC 3339, money in micro-dollars or null."""
    rows = {row["id"]: row for row in map(json.loads, invoke("log", *THEN, "--json").stdout.splitlines())}
    assert set(rows) == {"e1", "e2", "e3", "e4", "e5"}
    assert rows["e1"]["at"] == "2026-11-20T12:34:56.250Z"
    assert (rows["e1"]["cost_micro_dollars"], rows["e2"]["cost_micro_dollars"]) == (1_250_001, None)
    assert "cost" not in rows["e1"]


def test_show_tells_everything_of_one_exchange() -> None:
    """Who, what, where, counts, cost and times; as words, and as JSON with the same facts."""
    words = invoke("show", "e1").stdout
    for piece in ("2026-11-20 12:34:56.250 UTC", "served, status 200", "alice (key_1)", "research",
                  "operator credential",
                  "claude-cli/2.1.329", "input 1,000,000, cache read 200,000, output 50,000", "reported", "$1.250001",
                  "18,234 in, 4,321 out", "all after 3.250 s", "0.5 ms"):  # fmt: skip
        assert piece in words
    told = json.loads(invoke("show", "e1", "--json").stdout)
    assert (told["id"], told["key_name"], told["cost_micro_dollars"]) == ("e1", "alice", 1_250_001)
    assert told["shares"][0]["usage"]["cache_read"] == 200_000
    assert "the client's" in invoke("show", "e4").stdout
    assert "\x1b" not in invoke("show", "e5").stdout
    missing = invoke("show", "nope")
    assert (missing.exit_code, "penstock log" in missing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("ending", "words"),
    [("truncated", "cut at its cap"), ("refused", "refused by"), ("invalid", "can't be read"), ("", "")],
)
def test_show_says_how_an_answer_ended(ending: str, words: str) -> None:
    """A line of its own only where it did not end in order."""
    keep(entry("x", ending=ending))
    lines = [line for line in invoke("show", "x").stdout.splitlines() if line.startswith("ended:")]
    assert [words in line for line in lines] == [True] * bool(ending)
    assert json.loads(invoke("show", "x", "--json").stdout)["ending"] == ending


@pytest.mark.parametrize("reasked", [True, False])
def test_show_says_that_a_request_asks_again(reasked: bool) -> None:
    """A line of its own only where it does."""
    keep(entry("x", terseness=Terseness(Arm.TREATED, "default", later=True, reasked=reasked)))
    assert ("asks again:" in invoke("show", "x").stdout) is reasked


def test_what_a_dead_gateway_left_is_brought_in_first() -> None:
    """A journal that nobody owns any more is in the report, its open exchange as killed."""
    journal = Journal(Path("data") / FOLDER)
    with journal:
        journal.opened(opened("late", at=AT))
        journal.closed(entry("late", at=AT, cost=5))
        journal.opened(opened("cut-off", at=AT))
    assert usage()["total"]["exchanges"] == 7
    assert "killed" in invoke("show", "cut-off").stdout
    assert usage()["total"]["exchanges"] == 7


def follow(*arguments: str) -> Iterator[str]:
    """The lines of a command that goes on, one by one, from a pipe; ended by Ctrl-C, which must end it well."""
    process = subprocess.Popen(
        [*PENSTOCK, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        yield from process.stdout
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, process.stderr.read()
        process.stdout.close()
        process.stderr.close()


def test_follow_tells_what_comes_once() -> None:
    """New exchanges appear within a second, those that do not fit never; Ctrl-C is the ordinary end."""
    lines = follow("log", "--follow", "--json", "--key", "bob", "-n", "1")
    assert json.loads(next(lines))["id"] == "e2"
    began = time.monotonic()
    keep(entry("e6"), entry("e7", key="key_2", key_name="bob"))
    assert json.loads(next(lines))["id"] == "e7"
    assert time.monotonic() - began < 20
    keep(entry("e8", key="key_2", key_name="bob"))
    assert json.loads(next(lines))["id"] == "e8"
    lines.close()


@pytest.mark.slow
def test_watch_is_live_on_a_terminal(tmp_path: Path) -> None:
    """The table is drawn again when the books have changed; Ctrl-C ends it with code 0."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*PENSTOCK, "usage", *THEN, "--by", "team", "--watch"],
        stdin=follower, stdout=follower, stderr=follower, cwd=tmp_path, env=environment(TERM="xterm", COLUMNS="120"),
    )  # fmt: skip
    os.close(follower)

    def until(words: str) -> str:
        shown, end = "", time.monotonic() + 15
        while words not in shown and time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                shown += os.read(leader, 65536).decode()
        return shown

    assert "1.250008" in until("Ctrl-C ends it")
    keep(entry("e9", cost=4_000_000))
    assert "5.250008" in until("5.250008")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    os.close(leader)


def test_models_says_where_a_name_goes_and_what_it_costs() -> None:
    """By rule or by default; with list prices, the operator's own, or none on the operator's own machine."""
    Path("penstock.yaml").write_text(
        "providers:\n"
        "  claude: {dialect: anthropic, base_url: https://api.anthropic.com}\n"
        "  openai: {dialect: openai, base_url: https://api.openai.com/v1}\n"
        "  local: {dialect: openai, base_url: http://127.0.0.1:9/v1, auth: none}\n"
        "models:\n  - {match: 'gpt-4.1*', provider: local}\n  - {match: 'claude-2*', provider: openai}\n"
        "prices:\n  gpt-5: {input: 1.5, output: 6}\n"
    )

    def line(name: str) -> dict[str, object]:
        (found,) = json.loads(invoke("models", name, "-c", "penstock.yaml", "--json").stdout)
        return found

    assert (line("claude-sonnet-4-5")["provider"], line("claude-sonnet-4-5")["why"]) == (
        "claude",
        "first for anthropic",
    )
    assert line("claude-sonnet-4-5")["window"] == 200_000
    assert (line("gpt-5")["prices"], line("gpt-5")["source"]) == ({"input": "1.5", "output": "6"}, "the configuration")
    local = line("gpt-4.1-mini")
    assert (local["provider"], local["why"], local["source"]) == ("local", "rule 'gpt-4.1*'", None)
    assert (line("claude-2.1")["provider"], "speaks openai" in str(line("claude-2.1")["why"])) == (None, True)
    unknown = json.loads(invoke("models", "nobody-knows", "-c", "penstock.yaml", "--json").stdout)
    assert [(row["dialect"], row["provider"], row["source"]) for row in unknown] == [
        ("anthropic", "claude", None),
        ("openai", "openai", None),
    ]
    table = invoke("models", "claude-sonnet-4-5", "-c", "penstock.yaml").stdout
    assert table.splitlines()[0].split() == [
        "model", "goes", "to", "why", "window", "input", "cached", "output", "price", "from",
    ]  # fmt: skip
    assert "gemini" not in invoke("models", "-c", "penstock.yaml").stdout


def test_models_lists_what_was_used_without_a_price() -> None:
    """With how often and how much, and what to do."""
    found = invoke("models", "--unpriced")
    assert [line.split()[:4] for line in found.stdout.splitlines()[1:]] == [
        ["anthropic", "gpt-x", "1", "15"],
        ["local", "evil·[31m·name", "1", "2"],
    ]
    assert "`prices`" in found.stderr
    rows = msgspec.json.decode(invoke("models", "--unpriced", "--json").stdout)
    assert [row["model"] for row in rows] == ["gpt-x", EVIL]
    assert invoke("models", "--unpriced", "--since", "2026-11-22").stdout == "Everything that was used has a price.\n"


def test_a_reader_that_has_seen_enough_is_no_trouble(tmp_path: Path) -> None:
    """``penstock log | head -1`` does not blame the database."""
    keep(*(entry(f"many-{number}") for number in range(3000)))
    run = subprocess.run(
        f"{' '.join(PENSTOCK)} log --since 2026-11-01 --json | head -1",
        shell=True, capture_output=True, text=True, cwd=tmp_path, env=environment(),
    )  # fmt: skip
    assert len(run.stdout.splitlines()) == 1
    assert "data_dir" not in run.stderr
    assert "Traceback" not in run.stderr
