"""Which requests to Claude are marked for the prompt cache, and how deep a mark may stand."""

import pytest

from penstock.dialects.anthropic.marks import any_marked, marked

MARK = b'"cache_control":{"type":"ephemeral"}'


def nested(levels: int) -> bytes:
    """A list of blocks with a mark in so many contents."""
    text = b"[{%b}]" % MARK
    for _ in range(levels):
        text = b'[{"content":%b}]' % text
    return text


def test_a_mark_counts_four_lists_deep() -> None:
    """A result holds blocks, and a document in it; nothing goes deeper."""
    assert [any_marked(nested(levels)) for levels in range(6)] == [True, True, True, True, False, False]
    within = b'[{"source":{"type":"content","content":%b}}]'
    assert [any_marked(within % nested(levels)) for levels in range(3)] == [True, True, True]
    assert [any_marked(nested(levels), 1) for levels in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"messages":[],%b}' % MARK, True),
        (b'{%b,"messages":[]}' % MARK, True),
        (b'{"messages":[],"cache_control":null}', False),
        (b'{"messages":[],"tools":[{"name":"f"},{%b}]}' % MARK, True),
        (b'{"messages":[],"tools":[{"input_schema":{%b}}]}' % MARK, False),
        (b'{"messages":[],"tools":null,"system":%b}' % nested(0), True),
        (b'{"messages":[],"system":"\\"cache_control\\""}', False),
        (b'{"messages":[],"system":{%b}}' % MARK, False),
        (b'{"messages":[{"content":"a"},{"content":%b},{"content":"b"}]}' % nested(0), True),
        (b'{"messages":[{"content":%b}]}' % nested(2), True),
        (b'{"messages":[{"content":%b}]}' % nested(3), False),
        (b'{"messages":[{"content":[{"text":"\\"cache_control\\""}]}]}', False),
        (b'{"messages":[{"content":[{"input":{%b}}]}]}' % MARK, False),
        (b'{"messages":[{"content":%b}]' % nested(0), False),
        (b"[%b]" % MARK, False),
        (b"", False),
    ],
)
def test_what_is_marked(body: bytes, expected: bool) -> None:
    """The request, a tool or a block; the same name in a text, in an input or in a schema is none."""
    assert marked(body) is expected
