"""Generated reference pages are what their generators print from the code as it is now."""

import runpy
from pathlib import Path

import pytest

from penstock.core.fault import FaultKind
from penstock.route_rows import ROWS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("admin-api", "cli", "errors", "faults", "headers", "routes", "secrets")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_its_generator_prints(name: str) -> None:
    """Print it again with ``python docs/generate_<name>.py > docs/reference/<name>.md``."""
    printed = runpy.run_path(str(DOCS / f"generate_{name}.py"))["page"]()
    assert (DOCS / "reference" / f"{name}.md").read_text() == printed


def test_every_operation_and_kind_of_fault_is_on_its_page() -> None:
    """A generator that left rows out would still agree with its own page."""
    routes = (DOCS / "reference" / "routes.md").read_text()
    errors = (DOCS / "reference" / "errors.md").read_text()
    assert [row.operation for row in ROWS if f"`{row.operation}`" not in routes] == []
    assert [kind.label for kind in FaultKind if f"### `{kind.label}`" not in errors] == []
