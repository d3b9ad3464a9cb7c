"""Words inside the client's own system message, for servers that take but one: what is put in stands between bars."""

import pytest

from penstock.core.route import Match
from penstock.core.terseness import Placement
from tests.unit.dialects.openai.asked import CHAT, JSON_WORDS, RESPONSES, before_and_after, ids, steered

W = JSON_WORDS
USER = b'{"role":"user","content":"Why?"}'

ROWS = [
    ("string", CHAT, rb'{"messages":[{"role":"system","content":"|%b\n\n|Be \u00fc."},%b]}' % (W, USER)),
    ("spaces", CHAT, rb'{"messages" : [ { "content" : "|%b\n\n|Be." , "role":"system" } , %b]}' % (W, USER)),
    ("developer", CHAT, rb'{"messages":[{"role":"developer","content":"|%b\n\n|Be."},%b]}' % (W, USER)),
    ("empty", CHAT, b'{"messages":[{"role":"system","content":"|%b|"},%b]}' % (W, USER)),
    (
        "parts",
        CHAT,
        b'{"messages":[{"role":"system","content":[|{"type":"text","text":"%b"},|{"type":"text","text":"Be."}]},%b]}'
        % (W, USER),
    ),
    ("no parts", CHAT, b'{"messages":[{"role":"system","content":[|{"type":"text","text":"%b"}|]},%b]}' % (W, USER)),
    ("none", CHAT, b'{"messages":[|{"role":"system","content":"%b"},|%b]}' % (W, USER)),
    (
        "a later one belongs to its turn",
        CHAT,
        b'{"messages":[|{"role":"system","content":"%b"},|%b,{"role":"system","content":"a"}]}' % (W, USER),
    ),
    (
        "of two the first",
        CHAT,
        rb'{"messages":[{"role":"system","content":"|%b\n\n|a"},{"role":"system","content":"b"}]}' % W,
    ),
    ("instructions", RESPONSES, rb'{"instructions":"|%b\n\n|Be.","input":"Why?"}' % W),
    (
        "an item",
        RESPONSES,
        b'{"input":[{"role":"system","content":[|{"type":"input_text","text":"%b"},|{"type":"input_text","text":"a"}]},%b]}'
        % (W, USER),
    ),
    ("no item", RESPONSES, b'{"input":[|{"role":"developer","content":"%b"},|%b]}' % (W, USER)),
    (
        "behind declared tools",
        RESPONSES,
        rb'{"input":[{"type":"additional_tools","tools":[]},{"role":"developer","content":"|%b\n\n|a"},%b]}'
        % (W, USER),
    ),
]


@pytest.mark.parametrize(("name", "route", "row"), ROWS, ids=ids)
def test_the_words_go_into_the_first_system_message(name: str, route: Match, row: bytes) -> None:
    """Before its text, which keeps its bytes like all else, or as its first part; and once."""
    before, after = before_and_after(row)
    assert steered(route, before, Placement.WITHIN) == after, name
    assert steered(route, after, Placement.WITHIN) == after


@pytest.mark.parametrize("content", [b"null", b"7", b'{"a":1}', b'[{"text":7}]'])
def test_a_content_that_is_odd_has_no_place(content: bytes) -> None:
    """Nothing is claimed of it."""
    body = b'{"messages":[{"role":"system","content":%b},%b]}' % (content, USER)
    assert steered(CHAT, body, Placement.WITHIN) is None
    assert steered(CHAT, b'{"messages":[{"role":"system"},%b]}' % USER, Placement.WITHIN) is None
