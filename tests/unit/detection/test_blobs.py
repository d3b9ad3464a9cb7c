"""Base64 with words inside: decoded once, and a secret in it makes all of it a finding."""

import base64

import pytest

from penstock.core.finding import Matter
from penstock.detection.blobs import blobs
from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT

WORDS = "database: postgres://joe:Tr0ub4dor-9x@db.corp/x\n"
PLAIN = base64.b64encode(WORDS.encode()).decode()


@pytest.mark.parametrize(
    "blob", [PLAIN, PLAIN.rstrip("="), base64.urlsafe_b64encode((WORDS + "??>>~~ÿ".replace("ÿ", "")).encode()).decode()]
)
def test_words_are_read(blob: str) -> None:
    """With padding and without, in either alphabet, wherever it stands."""
    ((start, end, said),) = blobs(f"token: {blob}\nbye")
    assert start == 7
    assert f"token: {blob}"[start:end] == blob
    assert said.startswith(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(bytes(range(256))).decode(),
        "a" * 33,
        "0123456789abcdef" * 4,
        "some/path/to/a/file/that/is/long/enough",
        base64.b64encode(b"short").decode(),
    ],
)
def test_what_holds_no_words_is_passed_by(text: str) -> None:
    """Pictures, hashes, paths, short words."""
    assert not list(blobs(text))


def test_a_secret_inside_makes_the_blob_a_finding() -> None:
    """All of it, as a secret; an address inside makes none."""
    text = f"kubectl says {PLAIN} and {base64.b64encode(b'write to joe@corp.de about this').decode()}"
    found = engine(DEFAULT).find(text, Matter.RESULT)
    assert [(one.kind, text[one.start : one.end]) for one in found] == [("secret", PLAIN)]
