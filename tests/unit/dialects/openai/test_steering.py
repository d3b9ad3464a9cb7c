"""Which operations take words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.route import Match
from penstock.core.terseness import Exemption, Placement
from penstock.route_rows import ROWS
from tests.unit.dialects.openai.asked import CHAT, RESPONSES, SPEAKING, WORDS, met

BODY = b'{"messages":[{"role":"user","content":"Why?"}],"input":"Why?","instructions":"a","prompt":"Why?"}'
CHATS = {"chat.completions.create", "responses.create", "responses.input_tokens"}


def test_three_operations_take_words() -> None:
    """Of all that this dialect has; the others say that they are no chat, and nothing is put into them."""
    rows = [row for row in ROWS if row.dialect == "openai"]
    takers = set()
    for row in rows:
        match = Match(row, (), row.template, "")
        if SPEAKING.requests(match, BODY) is not None:
            takers.add(row.operation)
            assert SPEAKING.opening(match, BODY) is not None
            assert SPEAKING.steered(match, BODY, WORDS, Placement.AUTO) not in {None, BODY}
        else:
            assert SPEAKING.opening(match, BODY) is None
            assert SPEAKING.steered(match, BODY, WORDS, Placement.AUTO) is None
    assert takers == CHATS
    assert {row.operation for row in rows} > {"completions.create", "embeddings.create", "threads.runs.create"}


@pytest.mark.parametrize("body", [b"", b"[]", b"noise", b"\xef\xbb\xbf{}"])
def test_what_can_be_no_object_holds_no_request(body: bytes) -> None:
    """The operation is a chat all the same."""
    assert SPEAKING.requests(CHAT, body) == ()
    assert SPEAKING.requests(CHAT, b" \n" + BODY) == ((0, len(BODY) + 2),)


FIELDS = [
    *("messages", "input", "instructions", "previous_response_id", "conversation", "prompt", "tools", "functions"),
    *("tool_choice", "function_call", "response_format", "text", "reasoning", "reasoning_effort", "thinking"),
    *("max_tokens", "max_completion_tokens", "max_output_tokens", "web_search_options", "grammar", "role", "content"),
    *("type", "name", "tool_calls", "id", "format", "mode", "effort", "allowed_tools", "function"),
]
WORD = st.sampled_from(["user", "system", "assistant", "message", "function", "namespace", "json_object", "text", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, -1, 10**30, 1.5]) | WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=15,
)


@given(
    request=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=8),
    route=st.sampled_from([CHAT, RESPONSES]),
    placement=st.sampled_from(Placement),
    cut=st.none() | st.integers(min_value=0, max_value=200),
    noise=st.binary(max_size=2),
)
def test_nothing_that_is_sent_makes_it_stumble(
    request: dict[str, Any], route: Match, placement: Placement, cut: int | None, noise: bytes
) -> None:
    """Known names with values of any kind, and bodies that are cut or broken: no words, or JSON with words in it."""
    whole = json.dumps(request).encode()
    body = whole if cut is None else whole[:cut] + noise + whole[cut:]
    found = SPEAKING.opening(route, body)
    got = SPEAKING.steered(route, body, WORDS, placement)
    if found is not None and got is not None and got != body:
        assert json.loads(got.decode(errors="replace")).keys() == json.loads(body.decode(errors="replace")).keys()
        assert found.exemption is not Exemption.UNREADABLE
        assert SPEAKING.steered(route, got, WORDS, placement) == got


def test_no_words_are_no_change() -> None:
    """There is nothing to put in."""
    assert SPEAKING.steered(CHAT, BODY, "", Placement.FIRST) is None


def test_the_clients_names_lead_to_the_same_rows() -> None:
    """With and without the dialect in front."""
    assert [met(path).route.operation for path in ("/openai/v1/chat/completions", "/v1/responses")] == [
        CHAT.route.operation,
        RESPONSES.route.operation,
    ]
