"""A provider's row goes where a careful reader would write it, and everything else keeps its bytes."""

import stat
from pathlib import Path

import pytest

from penstock.config.editing import CannotInsertError, add_provider, inserted
from penstock.config.load import load
from penstock.config.mistakes import ConfigError

ROW = {"dialect": "openai", "base_url": "https://llm.example.com/v1", "api_key": "${SOME_KEY}"}
LINES = '  extra:\n    dialect: openai\n    base_url: "https://llm.example.com/v1"\n    api_key: "${SOME_KEY}"\n'

A = "a: {dialect: openai, base_url: https://a.example/v1}"
LONG = "a: # first\n    dialect: openai\n    base_url: https://a.example/v1\n"
BEFORE = [
    "",
    "listen: 127.0.0.1:1\n",
    "listen: 127.0.0.1:1",
    "providers:\n",
    "providers: # none yet\nlisten: 127.0.0.1:1\n",
    f"# top\nproviders:\n  {LONG}\n# models\nmodels: []\n",
    "providers:\n      a:\n          dialect: openai\n          base_url: https://a.example/v1\n      # last word\n",
    f"providers:\n  {A}\nlisten: 127.0.0.1:1",
    f"providers:\n  {LONG}    headers:\n      x-note: 'a # b'",
    f"providers:\n  {LONG}    headers:\n      x-note: >-\n        a: b\n",
    f"listen: 127.0.0.1:1\r\nproviders:\r\n  {A}\r\n",
]


@pytest.mark.parametrize("before", BEFORE)
def test_the_row_is_added_and_nothing_else_changes(before: str, tmp_path: Path) -> None:
    """Every earlier line stands as it stood, comments too, and the settings differ in the new row alone."""
    path = tmp_path / "penstock.yaml"
    path.write_bytes(before.encode())
    was = load(path, {}) if before else None
    added = add_provider(path, "extra", ROW, {})
    after = path.read_bytes().decode()
    lines = after.splitlines()
    assert lines[added.line - 1].strip() == "extra:"
    rest = [*lines[: added.line - 1], *lines[added.line + 3 :]]
    assert [line for line in rest if line.strip() and line != "providers:"] == [
        line for line in before.splitlines() if line.strip() and line != "providers:"
    ]
    now = load(path, {"SOME_KEY": "sk-000000000000000000000"})
    assert now.providers["extra"].base_url == "https://llm.example.com/v1"
    assert list(now.providers)[-1] == "extra"
    if was is not None and not added.first:
        assert {name: row for name, row in now.providers.items() if name != "extra"} == was.providers
    assert [found.name for found in tmp_path.iterdir()] == ["penstock.yaml"]


def test_what_is_written_where() -> None:
    """The text itself, once, to be looked at."""
    text = (
        "providers:\n  a: {dialect: openai, base_url: https://a.example/v1}\n  # its comment\n\n# models\nmodels: []\n"
    )
    assert inserted(text, "extra", ROW) == (text.replace("\n\n# models", f"\n{LINES}\n# models"), 4)


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """A file that others could not read must not become one that they can."""
    real = tmp_path / "real.yaml"
    real.write_text("listen: 127.0.0.1:1\n")
    real.chmod(0o640)
    link = tmp_path / "penstock.yaml"
    link.symlink_to(real)
    add_provider(link, "extra", ROW, {})
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "extra" in real.read_text()


@pytest.mark.parametrize(
    ("before", "name", "row", "error", "words"),
    [
        ("providers: {a: {dialect: openai, base_url: https://a.example/v1}}\n", "b", ROW, CannotInsertError, "braces"),
        (f"providers:\n{LINES}", "extra", ROW, CannotInsertError, "already"),
        ("lisen: 1\n", "b", ROW, ConfigError, "did you mean"),
        ("", "b", {**ROW, "base_url": "ftp://x"}, ConfigError, "base_url"),
        ("", "a b\nc: d", ROW, ConfigError, "providers"),
    ],
)
def test_the_file_stays_as_it_is_where_the_result_would_be_wrong(
    before: str, name: str, row: dict[str, object], error: type[Exception], words: str, tmp_path: Path
) -> None:
    """A mistake is refused as a whole, and the words say what to do by hand."""
    path = tmp_path / "penstock.yaml"
    if before:
        path.write_text(before)
    with pytest.raises(error, match=words):
        add_provider(path, name, row, {})
    assert (path.read_text() if path.exists() else "") == before
