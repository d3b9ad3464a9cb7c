"""What of a request's body is a picture and no text."""

import base64
import json
from random import Random

import pytest

from penstock.core.attachments import LEAST, NONE, SMALL, attachments

_RANDOM = Random("attachments")
WORDS = "And so we went on, word by word, until there were enough of them. " * 2_000


def coded(length: int) -> str:
    """A picture of about so many bytes, as it stands in a request."""
    return base64.b64encode(_RANDOM.randbytes(length * 3 // 4)).decode()


def body(*parts: str) -> bytes:
    return json.dumps({"messages": [{"role": "user", "content": list(parts)}]}).encode()


PICTURE = coded(300_000)


@pytest.mark.parametrize(
    "parts",
    [
        (WORDS, PICTURE, WORDS),
        (PICTURE,),
        ("data:image/png;base64," + PICTURE, "What is this?"),
        (WORDS, "data:image/png;base64," + PICTURE),
        (WORDS, PICTURE.replace("+", "-").replace("/", "_").rstrip("=")),
        (WORDS, *(coded(9_000) + " " for number in range(3)), coded(40_000), *(coded(40_000) for number in range(20))),
    ],
    ids=["between words", "alone", "data URI", "data URI behind words", "URL alphabet", "text that looks like one"],
)
def test_base64_strings_are_found(parts: tuple[str, ...]) -> None:
    """Each once, with the bytes that it takes, wherever it stands."""
    data = body(*parts)
    pictures = [part for part in parts if " " not in part]
    pictures += [part for part in parts if part.startswith("data:") and part not in pictures]
    found = attachments(data)
    assert found.count == len(pictures)
    assert found.share * len(data) == pytest.approx(sum(map(len, pictures)), abs=1)


def test_dozens_of_one_size_are_found() -> None:
    """Each is smaller than the distance between the first looks; no more than what stands before the first may be
    missed."""
    pictures = [coded(20_000 + 1_000 * (number % 3)) for number in range(60)]
    data = body(*pictures)
    found = attachments(data)
    assert found.count >= 58
    assert found.share > 0.96


def test_a_slash_may_be_escaped() -> None:
    """As PHP writes it."""
    data = body(PICTURE, WORDS).replace(b"/", b"\\/")
    assert attachments(data).count == 1


def test_the_shortest_that_counts() -> None:
    """With one letter less it is an id or a key; and a body a byte longer than a small one is looked at."""
    data = body(*[coded(LEAST)] * 60)
    found = attachments(data)
    assert found.count > 0
    assert found.share * len(data) == pytest.approx(found.count * LEAST)
    assert attachments(b'"' + b"A" * (SMALL - 1) + b'"').count == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        body(WORDS),
        body("你好世界" * 20_000),
        json.dumps({"content": "你好世界" * 20_000}, ensure_ascii=False).encode(),
        body("See ![it](data:image/png;base64," + PICTURE + ") and tell."),
        json.dumps([{"id": f"call_{number:032}"} for number in range(5_000)], separators=(",", ":")).encode(),
        body(coded(15_000)),
        body(*[coded(LEAST)[: LEAST - 1]] * 60),
        body("data:" + "A" * 200 + "," + PICTURE),
        b'"' + b"A" * (SMALL - 2) + b'"',
        b"A" * 100_000 + b" ",
    ],
    ids=[
        "nothing",
        "words",
        "escaped",
        "Chinese",
        "inside a text",
        "ids",
        "a small body",
        "short strings",
        "a data URI without an end of its head",
        "a body of the least size",
        "no JSON",
    ],
)
def test_text_is_none(data: bytes) -> None:
    """Nor is a body too small to matter."""
    assert attachments(data) == NONE
