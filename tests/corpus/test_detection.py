"""Detection scored on prompts that others wrote and labelled: what must hold on both halves, and its page.

Read from the data folder; where it is absent, these skip and say so.
"""

import os
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from penstock.policies.compress.reasons import Reason

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> SimpleNamespace:
    """What the page is printed by: it reads the prompts, splits and scores them."""
    named = os.environ.get("PENSTOCK_TEST_DATA")
    if not named or not (Path(named) / "data" / "prompts").is_dir():
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with data/prompts in it")
    return SimpleNamespace(**runpy.run_path(str(DOCS / "generate_detection.py")))


@pytest.mark.parametrize("half", ["is_for_tuning", "is_for_reporting"])
def test_every_goal_is_met_on_either_half(generator: SimpleNamespace, half: str) -> None:
    """The half that nobody tuned on must do as well as the bar; at least fifty prompts stand behind each figure."""
    sets = generator.sets()
    missed = {}
    for goal in generator.GOALS:
        reached, number = generator.share(goal, filter(getattr(generator, half), sets[goal.name]))
        assert number >= 50
        if reached < goal.least:
            missed[goal.name] = f"{reached:.1%} of {number}, at least {goal.least:.0%}"
    assert missed == {}


def test_the_page_is_what_its_generator_prints(generator: SimpleNamespace) -> None:
    """Print it again with ``python docs/generate_detection.py > docs/reference/detection.md``."""
    assert (DOCS / "reference" / "detection.md").read_text() == generator.page()


def test_the_page_knows_every_reason() -> None:
    """Also where the prompts are absent."""
    page = (DOCS / "reference" / "detection.md").read_text()
    assert [reason for reason in Reason if f"\n| `{reason.value}` | " not in page] == []
