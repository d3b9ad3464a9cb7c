"""The page of kinds is what the code says, with the scores of today."""

import os
import runpy
from pathlib import Path

import pytest

from penstock.detection.kinds import KINDS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "private-values.md"


def test_the_page_is_what_its_generator_prints() -> None:
    """Print it again with ``python docs/generate_kinds.py > docs/reference/private-values.md``."""
    found = Path(os.environ.get("PENSTOCK_TEST_DATA") or "nowhere") / "data" / "pii" / "presidio-synth-v2.json"
    if not found.is_file():
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with data/pii in it")
    generator = runpy.run_path(str(DOCS / "generate_kinds.py"))
    assert PAGE.read_text() == generator["page"](found.read_bytes())


def test_the_page_knows_every_kind() -> None:
    """Also where the texts are absent."""
    page = PAGE.read_text()
    assert [kind.name for kind in KINDS if f"\n| `{kind.name}` | `{kind.label}_` |" not in page] == []
