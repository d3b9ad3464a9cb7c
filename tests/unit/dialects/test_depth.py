"""How a value is written where a text has come to: escaped once for each JSON string that is open there."""

from itertools import pairwise

import pytest

from penstock.dialects.depth import Depth

FOUND = 'a"\\n'
"""A quote, and a backslash with a letter behind it."""
ONCE = 'a\\"\\\\n'
TWICE = 'a\\\\\\"\\\\\\\\n'

# Strings around the text, whether it is surely JSON, what came, and how the value is written behind it.
ROWS: dict[str, tuple[int, bool, str, str]] = {
    "prose": (0, False, "He said ", FOUND),
    "a quote in prose": (0, False, 'He said "', FOUND),
    "nothing yet": (0, False, "", FOUND),
    "white space alone": (0, False, " \n", FOUND),
    "an object": (0, False, ' \n{"a": ', FOUND),
    "a string of it": (0, False, ' \n{"a": "', ONCE),
    "a string of a list": (0, False, '["', ONCE),
    "behind a string": (0, False, '["x"', FOUND),
    "the second string": (0, False, '["x", "', ONCE),
    "a quote in a string": (0, False, '["x\\"', ONCE),
    "a backslash in a string": (0, False, '["x\\\\"', FOUND),
    "surely JSON": (0, True, 'x "', ONCE),
    "prose in a string": (1, False, "He said ", ONCE),
    "a quote of prose in a string": (1, False, 'He said \\"', ONCE),
    "JSON in a string": (1, False, '{\\"a\\": \\"', TWICE),
    "JSON in a string, over": (1, False, '{\\"a\\": \\"x\\"', ONCE),
    "JSON in a string, with line ends": (1, False, '\\n\\t{\\"a\\": \\"', TWICE),
    "arguments": (1, True, '{\\"a\\": \\"', TWICE),
    "a file in them": (1, True, '{\\"a\\": \\"{\\\\\\"b\\\\\\": \\\\\\"', 'a\\\\\\\\\\\\\\"\\\\\\\\\\\\\\\\n'),
    "prose in them": (1, True, '{\\"a\\": \\"x \\\\\\"b', TWICE),
    "quotes by number": (1, True, "{\\u0022a\\u0022: \\u0022", TWICE),
    "quotes by number, over": (1, True, "{\\u0022a\\u0022", ONCE),
    "quotes by number further down": (
        1, True, "{\\u0022a\\u0022: \\u0022{\\\\u0022b", 'a\\\\\\\\\\\\\\"\\\\\\\\\\\\\\\\n',
    ),
    "letters like a quote's number": (1, True, "{u0022a", ONCE),
    "a quote that opens nothing": (1, False, '{\\\\\\"a', ONCE),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(("strings", "structured", "text", "written"), ROWS.values(), ids=ROWS)
def test_a_value_is_escaped_for_its_place(strings: int, structured: bool, text: str, written: str, size: int) -> None:
    """However the text is cut."""
    depth = Depth(strings, structured=structured)
    for start, end in pairwise([*range(0, len(text), size), len(text)]):
        depth.pass_over(text[start:end].encode())
    value = 'a"\\n' if depth.escape is None else depth.escape(FOUND)
    assert value == written


@pytest.mark.parametrize(
    ("value", "written"),
    [('a\\n', 'a\\\\n'), ("a\\u00e9\\/", "a\\\\u00e9\\\\/"), ('a"\\n', TWICE), ("a\\x", "a\\\\\\\\x"), ("a", "a"),
     ("a\n", "a\\\\n"), ('"', '\\\\\\"')],
)  # fmt: skip
def test_what_is_written_as_in_json_stays_so_inside_of_json(value: str, written: str) -> None:
    """In a text that only seems to be JSON: a value that was found in a JSON string is escaped there no more."""
    depth = Depth(1, structured=False)
    depth.pass_over(b'{\\"a\\": \\"')
    assert depth.escape is not None
    assert depth.escape(value) == written


def test_prose_stays_prose() -> None:
    """Nothing that comes is looked at any more; nothing is known of a text that has not begun."""
    for text, plain in (("", False), (" ", False), ("a", True), ('"', True), ("{", False), ("[1]", False)):
        depth = Depth(0, structured=False)
        depth.pass_over(text.encode())
        assert depth.plain is plain
        depth.pass_over(b'{"')
        assert depth.plain is plain
    assert not Depth(1, structured=True).plain
