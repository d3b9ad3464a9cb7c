"""Where edits of texts fall among a block's bytes; strings as trees have them are in ``test_tree``."""

import json

import pytest

from penstock.core.finding import Matter
from penstock.core.text import Edit, Text, placed, spliced
from penstock.core.tree import string, tree


def inside(piece: bytes) -> list[Text]:
    """The strings of the JSON list in the one string of a list."""
    (node,) = tree(piece).items
    outer = Text(node.start, node.end, string(piece, node), Matter.USER)
    said = outer.value.encode()
    return [Text(one.start, one.end, string(said, one), Matter.USER, within=outer) for one in tree(said).items]


@pytest.mark.parametrize("letter", ["\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff"])
def test_letters_of_any_width_may_stand_before_it(letter: str) -> None:
    """In UTF-8 they take one byte to four."""
    piece = json.dumps([json.dumps([letter, "x@y"], ensure_ascii=False)], ensure_ascii=False).encode()
    _, text = inside(piece)
    assert spliced(piece, placed(piece, [Edit(text, 0, 3, "Z")])) == piece.replace(b"x@y", b"Z")


def test_texts_of_one_string_are_edited_each_where_it_stands() -> None:
    """In any order, whatever is escaped in one of them."""
    piece = rb'["[\"\\n one\", \"two \\n\", \"\\t\\n three\"]"]'
    one, two, three = inside(piece)
    edits = [Edit(three, 3, 8, "3"), Edit(one, 2, 5, "1"), Edit(two, 0, 3, "2"), Edit(one, 0, 1, "")]
    assert spliced(piece, placed(piece, edits)) == rb'["[\" 1\", \"2 \\n\", \"\\t\\n 3\"]"]'


def test_bare_texts_are_edited_where_their_characters_stand() -> None:
    """In any order; what stands there has no quotes and no escapes."""
    piece = "é: ä = ö; ß".encode()
    one, two = (
        Text(
            piece.index(words.encode()),
            piece.index(words.encode()) + len(words.encode()),
            words,
            Matter.USER,
            bare=True,
        )
        for words in ("é: ä", "ö; ß")
    )
    edits = [Edit(two, 3, 4, "ss"), Edit(one, 3, 4, "ae"), Edit(one, 0, 1, "e"), Edit(two, 0, 1, "oe")]
    assert spliced(piece, placed(piece, edits)).decode() == "e: ae = oe; ss"
