"""The configuration reference is what the settings' definition prints, and what it shows works."""

import re
import runpy
from pathlib import Path

import pytest

from penstock.config import load

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "configuration.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_page_is_what_the_generator_prints() -> None:
    """A changed setting changes the page: print it again with ``python docs/generate_configuration.py``."""
    generator = runpy.run_path(str(DOCS / "generate_configuration.py"))
    assert PAGE.read_text() == generator["page"]()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_loads(example: str, tmp_path: Path) -> None:
    """Each YAML block of the page is a configuration without mistakes."""
    path = tmp_path / "penstock.yaml"
    path.write_text(example)
    assert load(path, {}).providers["local"].auth == "none"


def test_the_variables_of_the_page_are_read() -> None:
    """Each environment variable in the page's table changes what is loaded."""
    named = re.findall(r"`([A-Z_]+)`", PAGE.read_text().partition("| variable |")[2].partition("\n\n")[0])
    values = dict.fromkeys(named, "some-key") | {
        "PENSTOCK_LISTEN": "127.0.0.1:1",
        "PENSTOCK_DATA_DIR": "/srv/penstock",
        "PENSTOCK_BOOKS": "false",
        "PENSTOCK_LIMITS__BODY": "1MB",
        "PENSTOCK_JOURNAL__FSYNC": "second",
        "HTTPS_PROXY": "http://one:1",
        "HTTP_PROXY": "http://two:2",
        "NO_PROXY": "*",
    }
    assert len(named) == 12
    for name in named:
        assert load(None, {name: values[name]}) != load(None, {}), name
