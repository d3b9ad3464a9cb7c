"""Looking takes time that grows with the text and with nothing else, whatever the text is."""

import sysconfig
import time
from pathlib import Path

import pytest

from tests.support.secret_rules import find, pattern_set

SHAPES = {
    "heads of keys without an end": "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA\n" * 3,
    "one head and much after it": "MIIEpAIBAAKCAQEAx7Rk2vYw1mJtq0cL3nZ5 ",
    "users without hosts": "https://ana:Kr82mLq0vz@ ",
    "names without values": 'password="" token= secret: ',
    "starts of JWTs": "eyJhbGciOiJIUzI1NiJ9.",
    "hexadecimal": "0123456789abcdef:",
    "marks": "$1$$2b$$argon2id$v=19$",
    "spaces after a label": "password" + " " * 40,
    "brackets": "<password><![CDATA[",
    "one long word": "A",
}


def seconds(text: str) -> float:
    """What looking at it takes of the processor."""
    start = time.process_time()
    find(text)
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_text(shape: str) -> None:
    """Eight times the text takes eight times as long, with room for chance; a square would take 64 times."""
    head = "-----BEGIN PRIVATE KEY-----\n" if shape == "one head and much after it" else ""
    short, long = (head + SHAPES[shape] * (size // len(SHAPES[shape])) for size in (40_000, 320_000))
    seconds(short)
    assert seconds(long) <= 24 * max(min(seconds(short) for _ in range(3)), 0.002)


def test_ordinary_code_sets_off_hardly_a_rule() -> None:
    """Each rule that is met reads the text once more: fewer than one does so for 10,000 letters of Python's library."""
    library = Path(sysconfig.get_paths()["stdlib"])
    texts = [path.read_text("utf-8", "replace") for path in sorted(library.glob("*.py"))]
    met = sum(len(pattern_set().Match(text) or ()) for text in texts)
    assert met <= sum(map(len, texts)) / 10_000
