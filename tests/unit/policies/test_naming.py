"""A body that names nothing is known by a look at its bytes: however long it is, and wherever the name stands."""

import pytest

from penstock.policies.own.naming import quiet
from penstock.route_rows import ROWS

STORED = next(row.stored for row in ROWS if row.operation == "messages.create")
SIZES = (100, 16 * 1024, 16 * 1024 + 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 200_000)
NAMING = (b'"file_id": "file_1"', b'"container": "c"', b'"type": "code_execution_20250825"', b'"\\u0066ile_id": 1')


@pytest.mark.parametrize("size", SIZES)
def test_a_prompt_that_names_nothing_is_quiet(size: int) -> None:
    """Whatever its length, and though its texts speak of files."""
    body = b'{"messages": "file_id container %b"}' % (b"a" * size)
    assert STORED is not None
    assert quiet(STORED, body)


@pytest.mark.parametrize("named", NAMING)
@pytest.mark.parametrize("size", SIZES)
def test_what_names_an_object_or_could_is_never_quiet(named: bytes, size: int) -> None:
    """Also where the body is looked at in parts and the name stands across the end of one."""
    assert STORED is not None
    for before in range(size - 40, size + 1):
        body = b'{"a":"%b",%b}' % (b"a" * before, named)
        assert not quiet(STORED, body)
