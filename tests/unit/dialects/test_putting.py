"""Tokens in the bytes of an answer: where one may stand, what may begin one, and what comes in their place."""

import pytest

from penstock.core.mask import Masks, spelt
from penstock.dialects.depth import Depth
from penstock.dialects.putting import held_back, part, puts, stands_in, stirs

MAIL, NAME = spelt("EMAIL", 7), spelt("PE", 8)
TOOL = spelt("SECRET", 9)
VALUES = {MAIL: 'a"b', NAME: "Zoë"}
PLAIN = Masks(VALUES)
COUNTING = Masks(VALUES, tools={TOOL: "s"}, numbers={"481516": "123456", "99887766": "11223344"})


@pytest.mark.parametrize(
    ("text", "stands", "counted"),
    [
        ("", False, False), ("a", False, False), (MAIL, True, True), (f"x{MAIL}y", True, True),
        (MAIL.lower(), True, True), (MAIL[:-1], False, False), ("snake_case_word", False, False),
        ("12345", False, False), ("123456", False, True), ("x 1234567 x", False, True),
    ],
)  # fmt: skip
def test_where_one_may_stand(text: str, stands: bool, counted: bool) -> None:
    """What has its form; digits only where any stand for a number."""
    raw = text.encode()
    assert stands_in(raw, PLAIN) is stands
    assert stands_in(raw, COUNTING) is counted
    assert stands_in(b"[" + raw + b"]", COUNTING, 1, 1 + len(raw)) is counted


def test_only_the_part_that_is_asked_of_is_looked_at() -> None:
    """Nothing before it and nothing behind it."""
    raw = f"{MAIL} 1234567 x {MAIL}".encode()
    start, end = raw.index(b" x "), raw.index(b" x ") + 3
    assert not stands_in(raw, COUNTING, start, end)
    assert not stirs(raw, COUNTING, start, end)
    assert stirs(raw, COUNTING, 0, start)
    assert stirs(raw, PLAIN, 0, start)
    assert stirs(raw, PLAIN, end, len(raw))
    digits = raw.index(b"1234567")
    assert not stirs(raw, PLAIN, digits, start)
    assert stirs(raw, COUNTING, digits, start + 2)
    assert not stands_in(raw, COUNTING, digits, digits + 5)
    assert not stirs(raw, COUNTING, digits + 4, start + 2)


@pytest.mark.parametrize(
    ("text", "plain", "counted"),
    [
        ("to E", True, True), ("to Z", True, True), ("to A", True, True), ("to e", False, False),
        ("to EMAIL_", True, True), ("to EMAIL_b", True, True), (f"to {MAIL[:-1]}", True, True),
        (f"{MAIL} x", True, True), ("to a_b c", False, False), ("snake_case", False, False),
        ("EMAIL_baa", False, False),
        ("to 1", False, True), ("to 9", False, True), ("0", False, True), ("123456 to", False, True),
        ("12345 to", False, False), ("plain", False, False),
    ],
)  # fmt: skip
def test_what_stirs(text: str, plain: bool, counted: bool) -> None:
    """A token, or what may become one at the end: a capital letter, the body so far, a digit."""
    raw = text.encode()
    assert stirs(raw, PLAIN, 0, len(raw)) is plain
    assert stirs(raw, COUNTING, 0, len(raw)) is counted


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("", ""), ("to ", ""), ("to E", "E"), ("to EMAIL", "EMAIL"), ("to X", ""), (f"to {MAIL[:-1]}", MAIL[:-1]),
        (MAIL, ""), ("to P", "P"), ("PEP", "P"), ("XE", "E"), ("to 4", "4"), ("to 48151", "48151"),
        ("to 481516", "481516"), ("to 4815162", ""), ("14", ""), ("a4", "4"), ("\\u00CE", ""), ("\\u00E", ""),
        ("\\u", ""), ("\\u00C9E", "E"), ("\\u00C99", "9"), ("\\u00489", ""), ("\\\\u00CE", "E"), ("\\u004E", ""),
        ("\\u00e9EMA", "EMA"), ("x" * 40 + MAIL[:-1], MAIL[:-1]),
    ],
)  # fmt: skip
def test_what_is_held_back(text: str, held: str) -> None:
    """What may begin one of these tokens, or be a number's first digits; the digits of an escape are none."""
    assert text.encode()[len(text) - held_back(text.encode(), COUNTING, digit=False) :].decode() == held


def test_digits_behind_a_digit_begin_no_number() -> None:
    """The text goes on one that ended in a digit: the whole is another number."""
    assert [held_back(text, COUNTING, digit=True) for text in (b"4", b"4815", b"1 4", b"x4", b"E")] == [0, 0, 1, 1, 1]
    assert held_back(b"4", COUNTING, digit=False) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("none", "none"), (f"to {MAIL}.", 'to a"b.'), (f"{MAIL}{NAME}", 'a"bZoë'), (f"x{NAME}x", "xZoëx"),
        (f"{MAIL} {NAME} {MAIL}", 'a"b Zoë a"b'), (MAIL.lower(), MAIL.lower()),
        (f"EMAIL\\_{MAIL[6:]}", f"EMAIL\\_{MAIL[6:]}"),
        (TOOL, TOOL), ("481516", "123456"), ("n 481516, 99887766.", "n 123456, 11223344."), ("1481516", "1481516"),
        ("4815162", "4815162"), (f"481516{MAIL}481516", '123456a"b123456'), ("\\u0048481516", "\\u0048123456"),
        ("\\\\u0048481516", "\\\\u0048481516"), (f"\\u00e9{NAME}", "\\u00e9Zoë"),
    ],
)  # fmt: skip
def test_what_is_put(text: str, told: str) -> None:
    """Tokens exactly as they are spelt, and digits of exactly these numbers."""
    raw = text.encode()
    found = puts(raw, len(raw), Depth(0, structured=False), COUNTING, tool=False)
    assert part(raw, found, 0, len(raw)).decode() == told
    assert sorted(found) == found


def test_tools_get_more_and_the_end_is_kept() -> None:
    """What only a tool is given; and nothing behind the end, nor digits that go on a number."""
    raw = f"{TOOL} 481516 {MAIL}".encode()
    end = raw.index(b" E")
    assert [put for _, _, put in puts(raw, end, Depth(0, structured=False), COUNTING, tool=True)] == [b"s", b"123456"]
    assert [put for _, _, put in puts(raw, end, Depth(0, structured=False), PLAIN, tool=True)] == []
    assert puts(b"x 481516", 5, Depth(0, structured=False), COUNTING, tool=False) == []
    assert puts(b"481516", 6, Depth(0, structured=False), COUNTING, tool=False, digit=True) == []
    assert len(puts(b" 481516", 7, Depth(0, structured=False), COUNTING, tool=False, digit=True)) == 1


def test_each_is_escaped_where_it_stands() -> None:
    """The depth goes on with the text, beyond the last token too."""
    depth = Depth(1, structured=True)
    raw = f'{{\\"a\\": \\"{MAIL}\\", \\"b'.encode()
    (put,) = puts(raw, len(raw), depth, PLAIN, tool=True)
    assert put[2] == b'a\\\\\\"b'
    assert depth.strings == 2


def test_a_part_holds_what_begins_in_it() -> None:
    """Of a token that began before nothing is left; one that goes on behind is put whole."""
    text, found = b"abcdefghij", [(2, 5, b"<1>"), (7, 9, b"<2>")]
    told = {
        (0, 10): b"ab<1>fg<2>j", (0, 2): b"ab", (0, 3): b"ab<1>", (3, 6): b"f", (3, 4): b"", (5, 7): b"fg",
        (5, 8): b"fg<2>", (8, 10): b"j", (9, 10): b"j", (2, 5): b"<1>", (4, 9): b"fg<2>",
    }  # fmt: skip
    assert {place: part(text, found, *place) for place in told} == told
    assert part(text, [], 1, 4) == b"bcd"
