"""Where a member of the outermost object stands, and the elements of its list."""

import msgspec
import pytest

from penstock.dialects.spans import element_spans, value_span
from penstock.dialects.splicing import places, with_piece

# The value that is meant stands between < and >.
VALUES = [
    ("alone", b'{"a":<"x">}'),
    ("among others, with spaces", b'{ "b" : [1] ,\n"a"\t: <"x"> , "c":{}}'),
    ("deeper down too, before", b'{"b":{"a":"x"},"a":<"x">}'),
    ("deeper down too, after", b'{"a":<"x">,"b":[{"a":"x"}]}'),
    ("deeper down too, on both sides", b'{"b":[[{"a":"x"}]],"a":<"x">,"c":{"a":"x"}}'),
    ("twice", b'{"a":"x","a":<"x">}'),
    ("in a text", b'{"b":"\\"a\\":\\"x\\"","a":<"x">,"c":"\\\\"}'),
    ("as a text", b'{"b":"a","a":<"x">}'),
    ("a number", b'{"b":{"a":10},"a":<1>,"c":[10]}'),
    ("null", b'{"b":{"a":null},"a":<null>,"c":{"a":null}}'),
    ("behind a long text", b'{"b":"%b","a":<"x">,"c":{"a":"x"}}' % (b"y" * 999)),
    ("before a long text", b'{"c":{"a":"x"},"a":<"x">,"b":"%b"}' % (b"y" * 999)),
    ("its name in its value", b'{"a":<{"a":{"a":"x"}}>}'),
]
HIDDEN = [
    ("written with escapes", b'{"\\u0061":"x"}'),
    ("written with escapes, and deeper down plainly", b'{"\\u0061":"x","b":{"a":"x"}}'),
    ("the same, near the beginning", b'{"\\u0061":"x","b":{"a":"x"},"c":"%b"}' % (b"y" * 99)),
    ("written plainly and then with escapes", b'{"b":"%b","a":"x","\\u0061":"x"}' % (b"y" * 99)),
]

read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


@pytest.mark.parametrize(("name", "marked"), VALUES)
def test_a_value_is_found_where_it_stands(name: str, marked: bytes) -> None:
    """The outermost one, and the one that counts."""
    before, value, after = marked.replace(b">", b"<").split(b"<")
    text = before + value + after
    assert bytes(read(text)["a"]) == value
    assert value_span(text, "a", value) == (len(before), len(before) + len(value))


@pytest.mark.parametrize(("name", "text"), HIDDEN)
def test_a_value_that_cannot_be_found_has_no_place(name: str, text: bytes) -> None:
    """Another one of the same name is not taken for it."""
    assert value_span(text, "a", b'"x"') is None
    assert value_span(text, "none", b'"x"') is None


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("one", b'{"a":[<1>]}'),
        ("several, with spaces", b'{"a" : [ <{"a":[1]}> ,\n<2>\t,<"3"> ] }'),
        ("the same deeper down", b'{"b":{"a":[1,2]},"a":[<1>,<2>],"c":[{"a":[1,2]}]}'),
        ("a longer one deeper down", b'{"b":{"a":[1,2,3]},"a":[<1>,<2>],"c":{"a":[1,22]}}'),
        ("twice", b'{"a":[1,2],"a":[<1>,<2>]}'),
    ],
)
def test_elements_are_found_where_they_stand(name: str, marked: bytes) -> None:
    """Each of them, without the spaces around it."""
    pieces = marked.replace(b">", b"<").split(b"<")
    text = b"".join(pieces)
    ends = [sum(map(len, pieces[: at + 1])) for at in range(len(pieces))]
    wanted = tuple(zip(ends[::2], ends[1::2], strict=False))
    assert element_spans(text, "a", elements(read(text)["a"])) == wanted


def test_names_in_texts_and_names_that_are_texts_are_no_places() -> None:
    """Of all others it is not known yet how deep they stand."""
    text = b'{"a":1,"b":["a", {"a" : 2}],"c":"\\"a\\":3","aa":4,"x":{"\\"a":5},"a"\n:\t6}'
    assert [text[place : place + 1] for place in places(text, "a")] == [b"1", b"2", b"6"]


def test_a_piece_is_put_in_or_instead() -> None:
    """All else stays."""
    assert with_piece(b"abcd", 2, b"-") == b"ab-cd"
    assert with_piece(b"abcd", 1, b"-", 3) == b"a-d"
    assert with_piece(b"abcd", 0, b"-", 0) == b"-abcd"


def test_a_list_without_elements_has_none() -> None:
    """Nor has one that holds others than were told."""
    assert element_spans(b'{"a":[]}', "a", ()) is None
    assert element_spans(b'{"a":[1,2]}', "a", elements(b"[1]")) is None
    assert element_spans(b'{"a":[1]}', "a", elements(b"[1,2]")) is None
    assert element_spans(b'{"b":{"a":[1]}}', "a", elements(b"[1]")) is None
