"""The pages lead where they say, and say of the code what is so."""

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from penstock import __version__
from tests.docs.pages import ROOT, blocks

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """A file or folder of the project, and where an anchor is named, a heading of it."""
    broken = []
    for link in _LINK.findall(_FENCED.sub("", page.read_text())):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


def test_every_test_that_is_named_exists() -> None:
    """Pages that promise something name what holds it: a file or folder, and maybe a function in it."""
    missing = []
    for page in PAGES:
        for path, function in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", page.read_text()):
            there = ROOT / path
            if not there.exists() or (function and f"def {function}(" not in there.read_text()):
                missing.append(f"{path}::{function}")
    assert missing == []


def test_every_test_that_mutation_runs_exists() -> None:
    """One that was moved would end the run before it begins."""
    chosen = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"][
        "pytest_add_cli_args_test_selection"
    ]
    assert [path for path in chosen if not (ROOT / path).exists()] == []


def test_the_map_is_short_and_shows_the_layers_as_they_are_checked() -> None:
    """ARCHITECTURE.md fits on two screens, and its layers are those of the import contract."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert "```text\n" + "\n".join(layers) + "\n```" in text
    assert len(text.splitlines()) <= 150


def test_the_map_names_every_room() -> None:
    """A folder or file at the top of the package that the map leaves out could not be found."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = [path for path in (ROOT / "src" / "penstock").iterdir() if not path.name.startswith("_")]
    names = [path.name + "/" if path.is_dir() else path.name for path in rooms if path.suffix in {"", ".py"}]
    assert [name for name in names if name not in text] == []


def test_every_make_target_that_is_named_exists() -> None:
    """And CONTRIBUTING.md explains all that make lists."""
    listed = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
        assert named <= listed, page.name
    explained = set(re.findall(r"^\| `make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert listed - explained == {"help", "setup", "clean"}


def test_the_clients_of_the_readme_are_those_of_the_guide() -> None:
    """Each line of the README's table stands in an example that runs."""
    rows = (ROOT / "README.md").read_text().partition("| client |")[2].partition("\n\n")[0].splitlines()[2:-1]
    examples = "\n".join(block.code for block in blocks("docs/guides/point-your-client.md"))
    pieces = [piece for row in rows for piece in re.findall(r"`([^`]+)`", row)]
    assert len(pieces) >= 9
    missing = [piece for piece in pieces if not all(word in examples for word in re.split(r"\bcodex |\s+", piece))]
    assert missing == []


def test_the_figures_of_the_readme_tell_date_machine_and_verdict() -> None:
    """Measured figures only, each with its budget and whether that was met: ``make bench`` gives them again."""
    figures = (ROOT / "README.md").read_text().partition("<!-- figures")[2].partition("<!-- end of figures")[0]
    assert re.search(r"^20\d\d-\d\d-\d\d, .+, CPython 3\.\d+\.\d+, nginx ", figures, re.MULTILINE)
    rows = [line for line in figures.splitlines() if line.startswith("| ") and not line.startswith("| figure")]
    assert len(rows) >= 2
    assert [row for row in rows if not re.search(r"\d .*\| [<>]= .*\| (met|missed) \|$", row)] == []


def test_the_changelog_begins_with_this_version() -> None:
    """What is released has its section."""
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[:2] == ["Unreleased", __version__]
