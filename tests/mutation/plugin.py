"""A plugin of pytest for runs over changed code: every run tries the same examples, and few; none is made smaller.

It also forgets the names that pytest keeps of parametrized tests. A process collects many times here, and pytest spells
the backslashes of kept names twice the second time, so that nobody finds the test any more.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

EXAMPLES = "PENSTOCK_MUTATION_EXAMPLES"

settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=int(os.environ.get(EXAMPLES, "25")),
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_configure() -> None:
    """After conftest.py, which chooses another profile, and before tests are imported."""
    settings.load_profile("mutation")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the next collection in this process name the tests anew."""
    for item in items:
        for mark in item.iter_markers("parametrize"):
            if mark._param_ids_from is not None:
                object.__setattr__(mark._param_ids_from, "_param_ids_generated", None)
