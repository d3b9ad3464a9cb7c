"""Tables of an answer's words: which places of a JSON text they name, and what comes there."""

import pytest

from penstock.core.mask import Masks, spelt
from penstock.core.tree import tree
from penstock.dialects.tables import (
    Leaf,
    Table,
    depth_of,
    found_in,
    inside,
    items,
    joined,
    members,
    places,
    restored,
    restored_lines,
    word,
)

MAIL, KEY = spelt("EMAIL", 1), spelt("SECRET", 2)
MASKS = Masks({MAIL: 'a"b'}, tools={KEY: "s"})
WORDS = Leaf.WORDS

NAMED: dict[str, tuple[Table | Leaf, str, list[tuple[str, Leaf]]]] = {
    "a string": ({"a": WORDS}, '{"a":"x","b":"y"}', [('"x"', WORDS)]),
    "no string": ({"a": WORDS}, '{"a":{"a":"x"}}', []),
    "a list where a string is": ({"a": WORDS}, '{"a":["x"]}', []),
    "JSON in a string": ({"a": Leaf.JSON}, '{"a":"{}"}', [('"{}"', Leaf.JSON)]),
    "JSON itself": ({"a": Leaf.JSON, "b": Leaf.JSON}, '{"a":{"x":1},"b":[2]}',
                    [('{"x":1}', Leaf.VALUE), ("[2]", Leaf.VALUE)]),
    "no JSON": ({"a": Leaf.JSON}, '{"a":7}', []),
    "spoken": ({"a": Leaf.SPOKEN}, '{"a":"x","b":["y"]}', [('"x"', Leaf.SPOKEN)]),
    "spoken in a list": ({"a": Leaf.SPOKEN}, '{"a":["x"]}', []),
    "any value": ({"a": Leaf.VALUE, "b": Leaf.TOLD}, '{"a":7,"b":null}', [("7", Leaf.VALUE), ("null", Leaf.TOLD)]),
    "elements": ({"a": {"*": WORDS}}, '{"a":["x",["y"],"z"]}', [('"x"', WORDS), ('"z"', WORDS)]),
    "elements of none": ({"a": {"*": WORDS}}, '{"a":"x"}', []),
    "a string or a list": ({"a": {".": WORDS, "*": {"b": WORDS}}}, '{"a":"x"}', [('"x"', WORDS)]),
    "a list or a string": ({"a": {".": WORDS, "*": {"b": WORDS}}}, '{"a":[{"b":"y"},"x"]}', [('"y"', WORDS)]),
    "a name with escapes": ({"a": WORDS}, '{"\\u0061":"x"}', []),
    "a long name": ({"a": WORDS, "": WORDS}, f'{{"{"n" * 100}":"x","{"n" * 99}":"y"}}', [('"x"', WORDS)]),
    "twice": ({"a": WORDS}, '{"a":"x","a":"y"}', [('"x"', WORDS), ('"y"', WORDS)]),
    "the whole": (Leaf.TOLD, '["x"]', [('["x"]', Leaf.TOLD)]),
    "barred": ({"*": {"a": WORDS, "b": {"*": {"a": WORDS}}}}, '[{"no":1,"a":"x"},{"a":"y","b":[{"no":1,"a":"z"}]}]',
               [('"y"', WORDS)]),
}  # fmt: skip


@pytest.mark.parametrize(("table", "text", "expected"), NAMED.values(), ids=NAMED)
def test_what_a_table_names(table: Table | Leaf, text: str, expected: list[tuple[str, Leaf]]) -> None:
    """In the order of the text; nothing below what is barred."""
    body = text.encode()
    found = places(body, tree(body), table, lambda piece, node: b'"no"' in piece[node.start : node.start + 6])
    assert [(body[node.start : node.end].decode(), leaf) for node, leaf in found] == expected


def test_several_tables_are_one() -> None:
    """Two that name the same member both go on; of two ends the later one counts."""
    one: Table = {"a": {"b": WORDS, "c": WORDS}, "d": WORDS}
    other: Table = {"a": {"c": Leaf.TOLD, "e": WORDS}, "d": {"f": WORDS}, "g": WORDS}
    whole = {"a": {"b": WORDS, "c": Leaf.TOLD, "e": WORDS}, "d": {"f": WORDS}, "g": WORDS}
    assert joined(one, other) == whole
    assert joined(other, one)["d"] is WORDS
    assert joined() == {}


def test_members_elements_and_words() -> None:
    """Of what is none, none."""
    body = b'{"a":["x",1],"b":"w"}'
    root = tree(body)
    told = members(body, root)
    assert list(told) == ["a", "b"]
    assert members(body, told["a"]) == members(body, None) == {}
    assert [len(items(node)) for node in (told["a"], told["b"], root, None)] == [2, 0, 0, 0]
    assert [word(body, node) for node in (told["b"], told["a"], root, None)] == ["w", "", "", ""]


@pytest.mark.parametrize(
    ("leaf", "written"),
    [(WORDS, 'a\\"b'), (Leaf.SPOKEN, 'a\\"b'), (Leaf.JSON, 'a\\\\\\"b'), (Leaf.VALUE, 'a\\"b'), (Leaf.TOLD, 'a\\"b')],
)
def test_how_a_value_is_written(leaf: Leaf, written: str) -> None:
    """Inside a string, inside JSON in a string, inside a value."""
    any_value = leaf in {Leaf.VALUE, Leaf.TOLD}
    body = f'["{{\\"x\\":\\"{MAIL}\\"}}"]' if leaf is Leaf.JSON else f'["{MAIL} {KEY}"]'
    node = tree(body.encode()) if any_value else tree(body.encode()).items[0]
    start, end = inside((node, leaf))
    assert body[start:end] == (body if any_value else body[2:-2])
    found = found_in(body.encode(), (node, leaf), MASKS)
    place = body.index(MAIL)
    assert found[0] == (place, place + len(MAIL), written.encode())
    tool = leaf in {Leaf.SPOKEN, Leaf.VALUE}
    assert [put for _, _, put in found[1:]] == ([b"s"] if tool else [])
    assert depth_of(leaf).strings == (0 if any_value else 1)


def test_a_body_is_written_anew_only_where_something_is_put() -> None:
    """Else it is the very same; numbers that name places change with the text."""
    table: Table = {"a": WORDS, "b": {"*": WORDS}}
    body = f'{{"b":["{MAIL}","x"], "a" : "{MAIL}","c":"{MAIL}"}}'.encode()
    told = body.replace(MAIL.encode(), b'a\\"b', 2)
    assert restored(body, table, MASKS) == told
    assert (
        restored(body, table, MASKS, cited=lambda text, root, found: [(0, 1, b"<%d" % len(found))]) == b"<2" + told[1:]
    )
    for same in (f'{{"c":"{MAIL}"}}'.encode(), b'{"a":"x"}', f'{{"a":"{KEY}"}}'.encode(), f'{{"a":"{MAIL}"'.encode()):
        assert restored(same, table, MASKS) is same
    assert restored(body, {"c": WORDS}, MASKS, lambda text, node: True) is body


def test_lines_are_restored_each_by_itself() -> None:
    """One that can't be read stays; if all do, it is the very same text."""
    table: Table = {"a": WORDS}
    line = f'{{"a":"{MAIL}"}}'.encode()
    body = b"\n".join([line, b"{broken" + line, b"", b'{"a":1}', line])
    put = line.replace(MAIL.encode(), b'a\\"b')
    assert restored_lines(body, table, MASKS) == b"\n".join([put, b"{broken" + line, b"", b'{"a":1}', put])
    for same in (b'{"a":"x"}\n\n', b"{broken" + line, f'{{"b":"{MAIL}"}}\n{{}}'.encode()):
        assert restored_lines(same, table, MASKS) is same
    cited = restored_lines(line + b"\n" + line, table, MASKS, lambda text, root, found: [(0, 1, b"<")])
    assert cited == b"<" + put[1:] + b"\n<" + put[1:]
