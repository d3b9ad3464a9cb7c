"""The documentation's site has every page and asks nothing of other machines; what is stored is told whole."""

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.stores import schema
from tests.docs.pages import ROOT
from tests.support.gateway import Gateway, settings

DOCS = ROOT / "docs"
STORED = DOCS / "concepts" / "what-is-stored.md"


def linked(nav: object) -> Iterator[str]:
    """The pages of a table of contents, however deep."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
            yield from linked(part)


def test_every_page_is_in_the_table_of_contents() -> None:
    """Once; single decisions are reached from their list."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    pages = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")]
    assert sorted(linked(nav)) == sorted(page for page in pages if not page.startswith("decisions/0"))


@pytest.mark.skipif(importlib.util.find_spec("zensical") is None, reason="skipped: `make docs` installs the generator")
def test_the_site_asks_nothing_of_other_machines(tmp_path: Path) -> None:
    """It is built strictly, and no page loads a script, style, font or picture from elsewhere."""
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout.decode() + built.stderr.decode()
    pages = [path for path in (tmp_path / "site").rglob("*") if path.suffix in {".html", ".css"}]
    assert len(pages) > 40
    foreign = re.compile(
        r"<(?:script|img|iframe|source)[^>]*\bsrc=[\"']?(?:https?:)?//[^\s>]*"
        r"|<link(?![^>]*rel=[\"']?canonical)[^>]*\bhref=[\"']?(?:https?:)?//[^\s>]*|url\([\"']?(?:https?:)?//[^)]*"
    )
    assert {found[0] for page in pages for found in foreign.finditer(page.read_text())} == set()


def test_what_is_stored_names_every_table() -> None:
    """A new table says on that page what it holds."""
    named = set(re.findall(r"`([a-z_]+)`", STORED.read_text().partition("## In the database")[2].partition("\n## ")[0]))
    tables = {*schema.metadata.tables, *schema.server_metadata.tables}
    assert tables - named == set()
    assert {name for name in named if "_" in name} - tables == set()


def test_what_is_stored_names_every_file(tmp_path: Path) -> None:
    """A gateway that has just begun writes no file that the page does not know."""
    row = {"dialect": "anthropic", "base_url": "http://127.0.0.1:9", "api_key": "sk-canary-stored"}
    with Gateway({**settings(anthropic=row), "admin": {"listen": "127.0.0.1:0"}, "keys": []}, tmp_path):
        found = {path.name for path in (tmp_path / "data").iterdir()}
    named = STORED.read_text().partition("## In the data folder")[2].partition("\n## ")[0]
    assert {"penstock.db", "pepper", "journal", "first-key"} <= found
    assert {name for name in found if name.split("-wal")[0].split("-shm")[0] not in named} == set()
