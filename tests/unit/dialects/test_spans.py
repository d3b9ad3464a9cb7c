"""Where a member of the outermost object stands, and the elements of a list."""

import msgspec
import pytest

from penstock.dialects.spans import elements, member, member_start, value_start
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
MORE = [
    ("behind a name that ends like it", b'{"\\"a":"x","a":<"x">}'),
    ("before a name that ends like it", b'{"a":<"x">,"\\"a":"x"}'),
    ("a list", b'{"b":[[1]],"a":< [1,{"a":[2]}, "]"]>,"c":1}'.replace(b"< [", b" <[")),
    ("an object", b'{"b":{"a":{}},"a":<{"a":"}{]","b":[{}]}>}'),
    ("a string with quotes", b'{"a":<"\\"a\\":{ \\\\">,"c":"\\\\"}'),
    (
        "met often, deeper down",
        b'{"b":[%b],"a":<"x">,"c":[%b]}' % ((b'{"a":"x"},' * 20)[:-1], (b'{"a":"y"},' * 20)[:-1]),
    ),
    (
        "met often, and twice",
        b'{"b":[%b],"a":"x","a":<"x">,"c":[%b]}' % ((b'{"a":"x"},' * 9)[:-1], (b'{"a":"y"},' * 9)[:-1]),
    ),
]
HIDDEN = [
    ("none", b'{"b":"a"}'),
    ("deeper down alone", b'{"b":{"a":"x"}}'),
    ("deeper down alone, near the beginning", b'{"b":{"a":"x"},"c":"%b"}' % (b"y" * 99)),
    ("deeper down alone, often", b'{"b":[%b]}' % (b'{"a":"x"},' * 20)[:-1]),
    ("written with escapes", b'{"\\u0061":"x"}'),
    ("written with escapes, and deeper down plainly", b'{"\\u0061":"x","b":{"a":"x"}}'),
    ("the same, near the beginning", b'{"\\u0061":"x","b":{"a":"x"},"c":"%b"}' % (b"y" * 99)),
    ("no object", b'[{"a":"x"}]'),
    ("nothing", b""),
    ("noise", b'"a":'),
    ("noise, cut", b'{"a":"x'),
]

read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@pytest.mark.parametrize(("name", "marked"), [*VALUES, *MORE])
def test_a_value_is_found_where_it_stands(name: str, marked: bytes) -> None:
    """The outermost one, and the one that counts."""
    before, _, rest = marked.partition(b"<")
    value, _, after = rest.rpartition(b">")
    text = before + value + after
    assert bytes(read(text)["a"]) == value
    assert member(text, "a") == (len(before), len(before) + len(value))
    assert member_start(text, "a") == len(before)
    if "often" not in name:
        assert value_start(text, "a", read(text)["a"]) == len(before)


@pytest.mark.parametrize(("name", "text"), HIDDEN)
def test_a_value_that_is_not_there_has_no_place(name: str, text: bytes) -> None:
    """Another one of the same name is not taken for it."""
    assert member(text, "a") is None
    assert value_start(text, "a", msgspec.Raw(b'"x"')) is None


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("one", b"[<1>]"),
        ("several, with spaces", b'[ <{"a":[1, "]"]}> ,\n<-2.5e3>\t,<"3,">\r, <null> ,<[[],{}]> ]'),
        ("none", b"[ ]"),
        ("none, and others behind", b"[ ],[1"),
        ("no list", b'{"a":[1]}'),
        ("a list that breaks off", b'[<1>,<[2]>,[{"a":[3'),
        ("a text that does not end", b'[<1>,"2,3]'),
    ],
)
def test_elements_are_found_where_they_stand(name: str, marked: bytes) -> None:
    """One after the other, without the spaces around them."""
    pieces = marked.replace(b">", b"<").split(b"<")
    text = b'{"a":%b,4]}' % b"".join(pieces)
    ends = [5 + sum(map(len, pieces[: at + 1])) for at in range(len(pieces))]
    wanted = list(zip(ends[::2], ends[1::2], strict=False))
    assert list(elements(text, 5)) == wanted


def test_long_elements_are_found_too() -> None:
    """As those before and behind them."""
    values = [b'"%b"' % (b"x" * 10), b'{"a":"%b"}' % (b"\\n" * 50_000), b"[%b1]" % (b"[[]]," * 50_000), b"2"]
    text = b'{"b":[{"a":1}],"a": [ %b ] ,"c":[]}' % b" ,\n".join(values)
    start = member_start(text, "a")
    assert start is not None
    assert [text[begun:end] for begun, end in elements(text, start)] == values


@pytest.mark.parametrize("after", [b'"":1', b'"":[7]', b'"":"x","b":2,"":[3,4,5]', b'"\\u0000":0,"":null'])
def test_a_member_without_a_name_is_no_list(after: bytes) -> None:
    """Behind the list, whose long elements are read in another way than short ones."""
    values = [b'"%b"' % (b"x" * 50_000), b"2"]
    text = b'{"a":[%b],%b}' % (b",".join(values), after)
    assert [text[begun:end] for begun, end in elements(text, 5)] == values


@pytest.mark.parametrize(("often", "found"), [(400, True), (9_000, False)])
def test_names_that_are_met_too_often_are_given_up(often: int, found: bool) -> None:
    """Looking at each would take longer than all that is done with a request."""
    nested = (b'{"a":"y"},' * often)[:-1]
    text = b'{"b":[%b],"a":"x","c":[%b]}' % (nested, nested)
    place = text.index(b'"x"')
    assert member_start(text, "a") == (place if found else None)
    assert value_start(text, "a", read(text)["a"]) == (place if found else None)


def test_names_in_texts_and_names_that_are_texts_are_no_places() -> None:
    """Of all others it is not known yet how deep they stand."""
    text = b'{"a":1,"b":["a", {"a" : 2}],"c":"\\"a\\":3","aa":4,"x":{"\\"a":5},"a"\n:\t6}'
    assert [text[place : place + 1] for place in places(text, "a")] == [b"1", b"2", b"6"]


def test_a_piece_is_put_in_or_instead() -> None:
    """All else stays."""
    assert with_piece(b"abcd", 2, b"-") == b"ab-cd"
    assert with_piece(b"abcd", 1, b"-", 3) == b"a-d"
    assert with_piece(b"abcd", 0, b"-", 0) == b"-abcd"
