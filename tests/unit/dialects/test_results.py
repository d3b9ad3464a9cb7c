"""Results of batches, line by line: only files that are results are read, and each line once."""

import pytest

from penstock.core.ending import Ending
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.dialects.results import Results

SIGNS = (b'"id"', b'"result"')


def line_of(line: bytes) -> tuple[Share, ...]:
    """So many tokens as the line has bytes, of a model that its last letter names; nothing for a failure."""
    return () if b"failed" in line else (Share(line[-2:-1].decode(), Usage(input=len(line))),)


def read(*pieces: bytes) -> tuple[Consumption, str]:
    results = Results("batch_1", line_of, SIGNS)
    for piece in pieces:
        results.piece(piece)
    assert results.ending is Ending.PLAIN
    consumed = results.consumed()
    return consumed, results.batch


def told(missing: bool = False, **shares: int) -> tuple[Consumption, str]:
    each = tuple(Share(name, Usage(input=size)) for name, size in shares.items())
    return Consumption(each, Source.REPORTED, missing=missing), "batch_1"


FIRST, OTHER, FAILED = b'{"id":1,"result":a}', b'{"id":2,"result":bb}', b'{"id":3,"failed":"result"}'
NONE = Consumption(), ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (FIRST + b"\n" + OTHER + b"\n", told(a=19, b=20)),
        (FIRST + b"\n\n" + OTHER, told(a=19, b=20)),
        (b" \n\n" + FIRST + b"\n" + FIRST + b"\n", told(a=38)),
        (FIRST + b"\n" + FAILED + b"\n" + OTHER, told(a=19, b=20)),
        (FIRST + b"\n" + b'{"x":c}\n', told(a=19, c=7)),
        (FIRST + b"\n" + b'{"x":c', told(True, **{"a": 19, ":": 6})),
        (FAILED + b"\n", NONE),
        (b'{"id":1}\n' + FIRST, NONE),
        (b'{"result":1}\n' + FIRST, NONE),
        (b"x" + FIRST + b"\n" + FIRST, NONE),
        (b"[" + FIRST + b"]", NONE),
        (b"", NONE),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_are_summed_up_by_model(body: bytes, expected: tuple[Consumption, str], size: int) -> None:
    """However they come; a first line that is no result ends the reading."""
    assert read(*(body[at : at + size] for at in range(0, len(body), size))) == expected


def test_a_line_that_is_too_large_is_missing() -> None:
    """The others count."""
    large = b'{"id":1,"result":"' + b"x" * (4 << 20)
    assert read(FIRST + b"\n", large, b'"}\n', OTHER + b"\n") == told(True, a=19, b=20)
