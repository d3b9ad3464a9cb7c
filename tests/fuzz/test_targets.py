"""Every reader beside a second one: a few hundred examples of each, and for a minute all together."""

import pytest

from tests.fuzz.__main__ import fuzz, play
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_two_readers_agree(name: str) -> None:
    """On whatever is nearly right, quite wrong or not at all."""
    play(name, 200)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", TARGETS)
def test_two_readers_agree_at_length(name: str) -> None:
    """On others each time, for a while."""
    fuzz(name, 12)
