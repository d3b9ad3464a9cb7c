"""Decisions are one page each, in one form, and the one on dependencies knows every dependency."""

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("0*.md"))

ONE_PAGE = 60


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_context_decision_and_price(page: Path) -> None:
    """A reader finds the same three things on each page, and it is one page."""
    text = page.read_text()
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == ["Context", "Decision", "Price"]
    assert text.startswith(f"# {page.stem[:4]}. ")
    assert len(text.splitlines()) <= ONE_PAGE


def test_the_index_lists_every_decision() -> None:
    """In order, under the titles that the pages have."""
    rows = re.findall(r"^\| \[(\d+)\]\((.+?)\) \| (.+?) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    titles = [page.read_text().splitlines()[0].removeprefix(f"# {page.stem[:4]}. ") for page in PAGES]
    assert rows == [(page.stem[:4], page.name, title) for page, title in zip(PAGES, titles, strict=True)]


def test_every_dependency_has_its_reason_and_its_licence() -> None:
    """A package that ``make run`` installs by name is in the table, with the licence that it declares itself."""
    lines = (ROOT / "requirements" / "run.in").read_text().splitlines()
    wanted = [re.split(r"[\[><=;\s]", line)[0] for line in lines if line and not line.startswith("#")]
    rows = re.findall(r"^\| ([\w-]+) \| (.+?) \| (.+?) \|", (FOLDER / "0011-dependencies.md").read_text(), re.MULTILINE)
    described = {name: licence for name, _, licence in rows if name != "package"}
    assert sorted(described) == sorted(wanted)
    for name, licence in described.items():
        told = metadata(name)
        declared = " ".join(
            [told.get("License-Expression") or "", told.get("License") or "", *(told.get_all("Classifier") or [])]
        )
        assert licence.split(" or ")[0] in declared, (name, licence, declared[:200])
