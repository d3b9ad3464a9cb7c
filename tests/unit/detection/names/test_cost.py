"""Looking for names and addresses takes time that grows with the text and with nothing else."""

import time

import pytest

from penstock.core.finding import Matter
from penstock.detection.addresses import Addresses
from penstock.detection.names.persons import Persons
from penstock.detection.parts import Finder

pytestmark = pytest.mark.slow

SHAPES = {
    "names": "John Smith ",
    "capitals": "Kubernetes Xyzzy ",
    "one long word": "A",
    "initials": "A. ",
    "hyphens": "Ab-",
    "particles": "Anna van de la ",
    "greetings": "Dear John, ",
    "cues that lead nowhere": "my name is ",
    "backticks": "`John Smith` ",
    "fences": "```\nJohn Smith\n",
    "mails": "John <a@b.cd> ",
    "heads of mails": "<a@" + "b" * 30,
    "families": "Smith, John\n",
    "streets": "12 Elm Street ",
    "numbers before words": "12 Aa Bb Cc Dd Ee ",
    "units": "Apt 5 ",
    "towns": "Springfield, IL 62701 ",
    "digits": "1 ",
    "strange letters": "Ωß ",
}


def seconds(finder: Finder, text: str) -> float:
    """What looking at it takes of the processor."""
    start = time.process_time()
    finder.find(text, Matter.USER)
    return time.process_time() - start


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("finder", [Persons(), Addresses()], ids=["persons", "addresses"])
def test_time_grows_with_the_text(finder: Finder, shape: str) -> None:
    """Eight times the text takes eight times as long, with room for chance; a square would take 64 times."""
    short, long = (SHAPES[shape] * (size // len(SHAPES[shape])) for size in (30_000, 240_000))
    seconds(finder, short)
    bound = 24 * max(min(seconds(finder, short) for _ in range(3)), 0.002)
    assert any(seconds(finder, long) <= bound for _ in range(3))


def test_five_megabytes_of_capitalised_words_are_read_within_seconds() -> None:
    """Of words that nobody knows, which is the usual case; five megabytes of names take ten times as long."""
    assert seconds(Persons(), "Kubernetes Xyzzy Frobnicate\n" * 180_000) < 5
