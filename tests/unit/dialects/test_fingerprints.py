"""What stays the same of a message, however it is written down."""

import pytest

from penstock.dialects.fingerprints import canonical, fingerprint

WRITTEN: dict[str, tuple[bytes, bytes]] = {
    "a block of text": (b'{"type":"text","text":"a"}', b'{"text":"a","type":"text"}'),
    "with a mark and spaces": (
        b'{ "cache_control" : {"type":"ephemeral"}, "text": "a b", "type": "text" }', b'{"text":"a b","type":"text"}',
    ),
    "a text that is no string": (b'{"type": "text", "text": [ 1 ]}', b'{"text":[1],"type":"text"}'),
    "a type that is no string": (b'{"type": {"b": 1}, "text": "a"}', b'{"text":"a","type":{"b":1}}'),
    "any other block": (
        b'{"type":"tool_result", "id":"t","content": [{"type":"text","text":"a","cache_control":null}, 1.50]}',
        b'{"content":[{"text":"a","type":"text"},1.50],"id":"t","type":"tool_result"}',
    ),
    "a mark further down": (b'{"z": {"cache_control": {}, "y": []}, "a": "{ }"}', b'{"a":"{ }","z":{"y":[]}}'),
    "names with escapes": (b'{"\\u00e9": 1, "a\\"": 2}', '{"a\\"":2,"é":1}'.encode()),
    "a name that stands twice": (b'{"a":1, "a":2}', b'{"a":2}'),
    "a list": (b'[ {"b": 1, "a": 2}, [ ] ]', b'[{"a":2,"b":1},[]]'),
    "a string": (b'"{ }"', b'"{ }"'),
    "a number": (b"1.0", b"1.0"),
    "no JSON": (b"{ broken", b"{ broken"),
    "no list": (b"[ 1,", b"[ 1,"),
    "nothing": (b"", b""),
}  # fmt: skip


@pytest.mark.parametrize(("written", "kept"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_kept(written: bytes, kept: bytes) -> None:
    """Values as they are written; no cache marks, no white space, names in order."""
    assert canonical(written) == kept


@pytest.mark.parametrize(("depth", "kept"), [(7, b'{"a":1}'), (8, b'{ "a":1 }'), (9, b'{ "a":1 }')])
def test_what_stands_far_down_is_taken_as_it_is(depth: int, kept: bytes) -> None:
    """Eight levels, of objects as of lists."""
    inner = b'{ "a":1 }'
    assert canonical(b'{"x": ' * depth + inner + b"}" * depth).replace(b'{"x":', b"").strip(b" }") == kept.strip(b" }")
    assert canonical(b"[ " * depth + inner + b" ]" * depth).strip(b"[] ") == kept


def test_two_lists_are_told_apart_by_what_they_say() -> None:
    """Where a block ends and where the system's words end counts."""
    assert fingerprint([b'{"b": 1}'], [b"2"]) == b'9:7:{"b":1}3:1:2'
    told = [fingerprint(*lists) for lists in (([b"1", b"2"], []), ([b"12"], []), ([b"1"], [b"2"]), ([], [b"1", b"2"]))]
    assert len(set(told)) == 4
