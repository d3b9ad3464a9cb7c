"""A plugin of pytest for runs over changed code: every run tries the same examples, and few; none is made smaller.

Runs are forks of a process that has run all tests before, so two things of it are forgotten. What functions cached was
worked out by code without the change. And pytest spells the backslashes in kept names of parametrized tests twice the
second time that it collects them, so that nobody finds the test any more.
"""

import functools
import os
import sys

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


def pytest_sessionstart() -> None:
    """Let cached functions work everything out anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith("penstock."):
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def pytest_collection_finish() -> None:
    """What ran while tests were imported is no test's: a change of it comes too late for a fork."""
    state = sys.modules.get("mutmut.state")
    if state is not None:
        state.state()._stats.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the next collection in this process name the tests anew."""
    for item in items:
        for mark in item.iter_markers("parametrize"):
            if mark._param_ids_from is not None:
                object.__setattr__(mark._param_ids_from, "_param_ids_generated", None)
