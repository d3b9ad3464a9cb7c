"""The pictures of the docs are what the commands look like now."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GENERATOR = runpy.run_path(str(DOCS / "generate_pictures.py"))


@pytest.mark.parametrize("name", sorted(GENERATOR["PICTURES"]))
def test_a_picture_is_what_the_command_draws(name: str) -> None:
    """Draw it again with ``python docs/generate_pictures.py``."""
    picture = (DOCS / "pictures" / f"{name}.svg").read_text()
    assert picture == GENERATOR["picture"](name)
    assert "http" not in picture.replace("http://www.w3.org/", "")


def test_no_picture_is_left_over() -> None:
    """A picture that nothing draws any more would never be noticed as stale."""
    assert {path.stem for path in (DOCS / "pictures").iterdir()} == set(GENERATOR["PICTURES"])
