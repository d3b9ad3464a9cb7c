"""How long tests last that are about time: one setting shortens them all, and ``make test-long`` runs them in full."""

import os

import pytest

FULL = 1.0
SHARE = float(os.environ.get("PENSTOCK_TEST_LASTING", "0.02"))
"""Of the full time, in the runs that are not marked as long: ten minutes are twelve seconds."""


def lasting(seconds: float) -> list[object]:
    """Values for a parametrised test: the time in short, and in full as a long test of its own."""
    full = pytest.param(seconds, marks=[pytest.mark.long, pytest.mark.timeout(seconds * 3 + 300)], id="in full")
    return [pytest.param(seconds * SHARE, id="in short"), full]
