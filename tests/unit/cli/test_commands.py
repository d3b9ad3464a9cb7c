"""What all commands have in common: help with examples, instant help, completion, tables for people and for pipes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from penstock.cli import main
from penstock.cli.printing import Table, columns, plain
from tests.support.command import invoke, on_terminal, piped


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


COMMANDS = list(_commands(main))
LEAVES = [(path, command) for path, command in COMMANDS if not isinstance(command, click.Group)]
WITHOUT_JSON = {("admin", "serve"), ("db", "export"), ("serve",), ("simulate",), ("completion",), ("config", "schema")}
"""They print no result, or print one that has a form of its own."""


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) for path, _ in COMMANDS])
def test_every_command_helps(path: tuple[str, ...], command: click.Command) -> None:
    """``--help`` says what a command does and ends well; a command that does something shows how it is called."""
    found = invoke(*path, "--help")
    assert found.exit_code == 0
    assert found.output.startswith("Usage: ")
    if not isinstance(command, click.Group):
        assert f"penstock {' '.join(path)}" in found.output.split("Examples:")[1]


@pytest.mark.parametrize("path", [(), *(path for path, found in COMMANDS if isinstance(found, click.Group))])
def test_a_list_of_commands_breaks_off_in_no_word(path: tuple[str, ...]) -> None:
    """Each command is told in a line that a terminal of eighty columns has room for."""
    listed = invoke(*path, "--help").output.split("Commands:")[1].splitlines()[1:]
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=" ".join)
def test_every_result_can_be_had_as_json(path: tuple[str, ...]) -> None:
    """Scripts need no other form."""
    command = dict(LEAVES)[path]
    has = any("--json" in parameter.opts for parameter in command.params)
    assert has is (path not in WITHOUT_JSON)


def test_help_loads_nothing_heavy() -> None:
    """Help and completion are instant because databases, tables and the gateway itself are loaded by who needs them."""
    script = "import sys, penstock.cli; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    heavy = {
        "rich",
        "sqlalchemy",
        "sqlite3",
        "alembic",
        "yaml",
        "uvloop",
        "httptools",
        "penstock.app",
        "penstock.gateway",
    }
    assert loaded & heavy == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_asks_this_program(shell: str) -> None:
    """The script calls ``penstock`` with click's own variable."""
    found = invoke("completion", shell)
    assert found.exit_code == 0
    assert f"_PENSTOCK_COMPLETE={shell}_complete" in found.output


def test_completion_completes(tmp_path: Path) -> None:
    """What the bash script asks for is answered with the commands that begin so."""
    run = piped(folder=tmp_path, _PENSTOCK_COMPLETE="bash_complete", COMP_WORDS="penstock ke", COMP_CWORD="1")
    # Under ``python -m`` the program has another name, and another variable; ask under its own.
    program = Path(sys.executable).with_name("penstock")
    if not program.exists():
        pytest.skip("the program is not installed beside this Python")
    run = subprocess.run(
        [program], capture_output=True, text=True, timeout=120,
        env={"_PENSTOCK_COMPLETE": "bash_complete", "COMP_WORDS": "penstock ke", "COMP_CWORD": "1"},
    )  # fmt: skip
    assert run.stdout == "plain,keys\n"


@pytest.mark.parametrize(("begun", "groups"), [("mo", ["model"]), ("day,k", ["day,key"]), ("day,team,x", [])])
def test_a_shell_completes_the_last_of_several_groups(begun: str, groups: list[str]) -> None:
    """What stands before the last comma stays."""
    shell = ShellComplete(main, {}, "penstock", "_PENSTOCK_COMPLETE")
    assert [one.value for one in shell.get_completions(["usage", "--by"], begun)] == groups


def test_a_table_in_a_pipe_is_aligned_and_has_no_colour(tmp_path: Path) -> None:
    """Each row is one line, and a column begins at one place."""
    run = piped("providers", "list", folder=tmp_path)
    lines = run.stdout.splitlines()
    assert "\x1b" not in run.stdout
    assert len({line.find("http") for line in lines[1:]}) == 1
    assert lines[0].find("base URL") == lines[1].find("http")


@pytest.mark.slow
def test_a_table_on_a_terminal_is_drawn_and_no_colour_is_respected(tmp_path: Path) -> None:
    """A terminal gets lines and weight; ``NO_COLOR`` takes the colour away, ``TERM=dumb`` every sequence."""
    code, shown = on_terminal("providers", "list", folder=tmp_path)
    assert code == 0
    assert "─" in shown
    assert "\x1b[1m" in shown
    _, plainer = on_terminal("providers", "list", folder=tmp_path, NO_COLOR="1")
    assert not any(f"\x1b[3{digit}" in plainer for digit in range(8))
    _, dumb = on_terminal("providers", "list", folder=tmp_path, TERM="dumb")
    assert "\x1b" not in dumb
    assert "api.anthropic.com" in dumb


def test_numbers_stand_right_and_totals_last() -> None:
    """Columns of numbers are aligned at their ends."""
    table = Table(columns("name", "#calls"), (("a", "5"), ("bcd", "1200")), ("total", "1205"))
    assert plain(table).splitlines() == ["name   calls", "a          5", "bcd     1200", "total   1205"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nosuch",), 2, "No such command"),
        (("keys", "revoke"), 2, "NAME"),
        (("keys", "list", "--config", "absent.yaml"), 2, "name a readable file with --config"),
        (("backup", "copy"), 3, "is not there; name the configuration"),
        (("backup", "--verify", "nowhere"), 3, "is this a backup?"),
        (("keys", "show", "nobody"), 1, "`penstock keys list` shows what there is"),
    ],
)
def test_exit_codes_tell_scripts_what_happened(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 a problem, 2 a mistake in the call or the configuration, 3 what is kept can't be reached; each with words."""
    monkeypatch.chdir(tmp_path)
    found = invoke(*arguments)
    assert found.exit_code == code
    assert words in found.stderr


def test_a_damaged_database_is_told_from_a_missing_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no database ends with 3, and names the next step."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "penstock.db").write_bytes(b"no database at all, just some words" * 40)
    found = invoke("keys", "list")
    assert found.exit_code == 3
    assert "penstock doctor" in found.stderr
