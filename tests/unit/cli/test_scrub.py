"""``penstock scrub``: what would leave of a file."""

from pathlib import Path

import pytest

from tests.support.command import invoke
from tests.support.pdfs import pdf


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_of_a_pdf_its_text_is_shown(here: Path) -> None:
    """With tokens in the places of what would keep it in the house."""
    (here / "a.pdf").write_bytes(pdf(["Questions go to", "ann.lee@corp.de"]))
    shown = invoke("scrub", "a.pdf")
    assert shown.exit_code == 0
    assert shown.stdout.startswith("Questions go to\nEMAIL_")
    assert "ann.lee" not in shown.stdout
    assert "email, by email" in shown.stderr


def test_a_pdf_that_cannot_be_read_is_told(here: Path) -> None:
    """As whoever sends it would be."""
    (here / "a.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    shown = invoke("scrub", "a.pdf")
    assert shown.exit_code != 0
    assert "This PDF can't be looked through for private values: it is damaged." in shown.stderr
