"""The pictures of the docs are what the commands look like now, and what was measured last."""

import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GENERATOR = runpy.run_path(str(DOCS / "generate_pictures.py"))
MEASURED = runpy.run_path(str(DOCS / "generate_figures.py"))["DRAWN"]


@pytest.mark.parametrize("name", sorted(GENERATOR["PICTURES"]))
def test_a_picture_is_what_the_command_draws(name: str) -> None:
    """Draw it again with ``python docs/generate_pictures.py``."""
    picture = (DOCS / "pictures" / f"{name}.svg").read_text()
    assert picture == GENERATOR["picture"](name)
    assert "http" not in picture.replace("http://www.w3.org/", "")


@pytest.mark.parametrize("name", MEASURED)
def test_a_measured_picture_says_when_and_asks_for_nothing(name: str) -> None:
    """It is small, loads and runs nothing, tells no path of a machine, and has colours for the dark."""
    picture = (DOCS / "pictures" / f"{name}.svg").read_text()
    words = " ".join(ET.fromstring(picture).itertext())
    assert re.search(r"20\d\d-\d\d-\d\d, .*CPython 3\.", words)
    assert "prefers-color-scheme:dark" in picture
    assert len(picture) < 150_000
    assert not re.search(r"http|<script|href", picture.replace("http://www.w3.org/", ""))
    assert not re.search(r"(?<![\w.])/(?:root|home|work|usr|tmp|opt)/|site-packages", words)


@pytest.mark.parametrize("name", [name for name in MEASURED if name.startswith("flame-")])
def test_flames_are_of_the_path(name: str) -> None:
    """Whatever was looked at, it went through the wire, and every file of ours is named from its package on."""
    titles = [title.text or "" for title in ET.parse(DOCS / "pictures" / f"{name}.svg").iter() if "title" in title.tag]
    assert [title for title in titles if title.startswith("penstock/wire/connection.py:")]


def test_no_picture_is_left_over() -> None:
    """A picture that nothing draws any more would never be noticed as stale."""
    assert {path.stem for path in (DOCS / "pictures").iterdir()} == {*GENERATOR["PICTURES"], *MEASURED}
