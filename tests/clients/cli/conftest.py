"""The scene for each test: ``stage`` takes the provider's answers in order, and every folder is the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.cli.stage import Stage, staged

Staged = Callable[..., Stage]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Staged]:
    """``stage(answer, answer, ...)``: a running gateway in front of a provider that gives these answers."""
    with ExitStack() as held:
        yield lambda *answers: held.enter_context(staged(tmp_path / "gateway", answers))


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Stage]:
    """A gateway that nobody configured: the simulator answers."""
    with staged(tmp_path / "demo", between="demo") as scene:
        yield scene
