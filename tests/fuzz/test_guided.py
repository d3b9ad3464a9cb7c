"""The guided fuzzer plays the same targets, from seeds that are right, and runs where Atheris can be had."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.guided import complaint, smaller
from tests.fuzz.seeded import LONGEST, SEEDED, parted, seeds
from tests.fuzz.targets import TARGETS


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_right(name: str) -> None:
    """Each target has some, and nothing is wrong with any, written or recorded."""
    found = list(seeds(name))
    assert found
    assert [seed for seed in found if complaint(name, seed)] == []


def test_no_target_is_left_out() -> None:
    """Nor is there one that the other fuzzer does not know."""
    assert list(SEEDED) == list(TARGETS)


@given(st.binary(max_size=40))
def test_any_bytes_are_an_example(data: bytes) -> None:
    """Whatever a change makes of them; what is cut stands at their end."""
    choice, cuts, rest = parted(data)
    assert 0 <= choice <= 255
    assert data.endswith(rest)
    assert all(0 <= cut <= len(rest) < LONGEST for cut in cuts)


def test_what_is_found_is_told_and_made_small() -> None:
    """By where it fails, and without what it does not need."""
    assert complaint("head", b"{}") == ""
    assert smaller(b"one two three four", lambda data: b"w" in data and b"f" in data) == b"wf"


@pytest.mark.slow
def test_it_runs_or_says_why_not(tmp_path: Path) -> None:
    """For a second, with a corpus of its own; without Atheris one line, and no failure."""
    command = [sys.executable, "-m", "tests.fuzz.guided", "--kept", str(tmp_path), "1", "head"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 0, told
    if importlib.util.find_spec("atheris") is None:
        assert "no guided fuzzing" in told.stdout
    else:
        assert "examples" in told.stdout
        assert list((tmp_path / "head").iterdir())
