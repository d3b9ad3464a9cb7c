"""Places of a text that has values where tokens were."""

import pytest

from penstock.core.tree import tree
from penstock.dialects.shifting import Link, Measure, Shifts, characters, linked, octets, shifted


@pytest.mark.parametrize(
    ("raw", "letters", "size"),
    [
        (b"abc", 3, 3), ("é😀".encode(), 2, 6), (b"a\\n\\u00e9", 3, 4), (b"\\ud83d\\ude00", 1, 4), (b"", 0, 0),
        ("é\\".encode(), 3, 3), (b"\xff", 1, 1), (b'"', 1, 1),
    ],
)  # fmt: skip
def test_how_long_a_text_is(raw: bytes, letters: int, size: int) -> None:
    """In characters and in bytes of what it says; what can't be read, as it stands."""
    assert (characters(raw), octets(raw)) == (letters, size)


# ``TOKEN_ONE`` at 4 gives way to seven letters fewer, ``TOKEN`` at 18 to three more.
RAW = b"See TOKEN_ONE and TOKEN now"
PUTS = [(4, 13, b"ab"), (18, 23, "zwölf¹²³".encode())]


@pytest.mark.parametrize(
    ("place", "begins", "ends"),
    [(0, 0, 0), (3, 3, 3), (4, 4, 4), (5, 4, 6), (12, 4, 6), (13, 6, 6), (18, 11, 11), (19, 11, 19), (22, 11, 19),
     (23, 19, 19), (27, 23, 23), (30, 26, 26)],
)  # fmt: skip
@pytest.mark.parametrize("whole", [True, False])
def test_where_a_place_has_gone(place: int, begins: int, ends: int, whole: bool) -> None:
    """One in the midst of a token is where the value begins, or ends."""
    shifts = Shifts(characters)
    if whole:
        shifts.pass_over(RAW, PUTS)
    else:
        shifts.pass_over(RAW[:2])
        shifts.pass_over(RAW[2:15], [(2, 11, b"ab")])
        shifts.pass_over(RAW[15:], [(3, 8, PUTS[1][2])])
    assert (shifts.moved(place, end=False), shifts.moved(place, end=True)) == (begins, ends)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (b"13", b"6"), (b"3", None), (b"-13", None), (b"13.0", None), (b'"13"', None),
        (b"100000000000000", b"99999999999996"), (b"1000000000000000", None),
    ],
)  # fmt: skip
def test_a_number_that_moves(number: bytes, told: bytes | None) -> None:
    """Whole numbers alone; one that stays is not written again."""
    shifts = Shifts(characters)
    shifts.pass_over(RAW, PUTS)
    put = shifted(number, tree(number), shifts, end=False)
    assert put == (None if told is None else (0, len(number), told))
    assert shifted(b"5", tree(b"5"), shifts, end=True) == (0, 1, b"6")
    assert shifted(b"5", tree(b"5"), shifts, end=False) == (0, 1, b"4")


@pytest.mark.parametrize(("measure", "end"), [(characters, 17), (octets, 21)])
def test_numbers_that_name_places_of_several_texts(measure: Measure, end: int) -> None:
    """Each of its own text, in its own measure."""
    body = b'["' + RAW + b'", 13, 27, "' + RAW + b'", 18, "x", 1]'
    root = tree(body)
    first, thirteen, last, second, eighteen, third, one = root.items
    inside = second.start + 1
    found = [(first.start + 1 + 4, first.start + 1 + 13, b"ab"), (inside + 18, inside + 23, PUTS[1][2])]
    links = [
        Link(first, thirteen, False),
        Link(first, last, True),
        Link(second, eighteen, False),
        Link(third, one, True),
    ]
    told = linked(body, links, found, measure)
    assert told == [(thirteen.start, thirteen.end, b"6"), (last.start, last.end, b"20")]
    (whole,) = linked(body, [Link(second, last, True)], found, measure)
    assert whole[2] == b"%d" % (end + 13)
