"""The page on security names tests: each of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    """As a function of the file; and every class names some."""
    rows = [line for line in (ROOT / "docs/concepts/security.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 8
    for row in rows:
        named = NAMED.findall(row)
        assert len(named) > 2, row
        for path, name in named:
            assert re.search(rf"^\s*def {name}\(", (ROOT / path).read_text(), re.MULTILINE), (path, name)
