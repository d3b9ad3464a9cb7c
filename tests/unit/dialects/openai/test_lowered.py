"""OpenAI's own measure of length, set low where the client left it unset: what is put in stands between bars."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from tests.unit.dialects.openai.asked import CHAT, COUNT, RESPONSES, SPEAKING, before_and_after, ids, met

ROWS = [
    ("chat", CHAT, b'{|"verbosity":"low",|"model":"m", "messages":[{"role":"user","content":"verbosity"}]}'),
    ("chat, white space", CHAT, b' {|"verbosity":"low",|\n "messages" : []}'),
    ("chat, deeper down", CHAT, b'{|"verbosity":"low",|"messages":[{"role":"user","content":"a","verbosity":"high"}]}'),
    ("responses", RESPONSES, b'{|"text":{"verbosity":"low"},|"input":"Why?"}'),
    ("its count", COUNT, b'{|"text":{"verbosity":"low"},|"input":"Why?"}'),
    ("with a format", RESPONSES, b'{"input":"Why?", "text": {|"verbosity":"low",|"format":{"type":"text"}}, "a":1}'),
    (
        "with nothing",
        RESPONSES,
        b'{"text":{ |"verbosity":"low"|},"input":"Why?"}'.replace(b"{ |", b"{|").replace(b"|}", b"| }"),
    ),
    (
        "beside texts",
        RESPONSES,
        b'{"text":{|"verbosity":"low",|"format":{"text":{}}},"input":[{"content":[{"type":"input_text","text":{}}]}]}',
    ),
]

LEFT_ALONE = [
    ("chat, set", CHAT, b'{"messages":[],"verbosity":"high"}'),
    ("chat, null", CHAT, b'{"messages":[],"verbosity":null}'),
    ("chat, written otherwise", CHAT, b'{"messages":[],"verb\\u006fsity":"high"}'),
    ("responses, set", RESPONSES, b'{"input":"a","text":{"verbosity":"medium"}}'),
    ("responses, null", RESPONSES, b'{"input":"a","text":{"verbosity":null}}'),
    ("no object", RESPONSES, b'{"input":"a","text":null}'),
    ("a string", RESPONSES, b'{"input":"a","text":"verbosity"}'),
    ("noise", CHAT, b'{"messages":['),
    ("a list", RESPONSES, b"[]"),
    ("no chat", met("/v1/embeddings"), b'{"input":"a"}'),
]


@pytest.mark.parametrize(("name", "route", "row"), ROWS, ids=ids)
def test_it_is_set_where_the_client_left_it(name: str, route: Match, row: bytes) -> None:
    """At the outermost level, in the client's own object where there is one, every other byte as it was; and once."""
    before, after = before_and_after(row)
    assert SPEAKING.lowered(route, before) == after, name
    assert SPEAKING.lowered(route, after) is None


@pytest.mark.parametrize(("name", "route", "body"), LEFT_ALONE, ids=ids)
def test_what_the_client_opened_stays_the_clients(name: str, route: Match, body: bytes) -> None:
    """Whatever it says there; and what can't be read, or has no such field, is left alone."""
    assert SPEAKING.lowered(route, body) is None, name


@given(
    request=st.dictionaries(
        st.sampled_from(["text", "input", "verbosity", "format"]),
        st.recursive(
            st.none() | st.sampled_from(["text", '{"text":{}}', 1]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["text", "verbosity", "format"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_nothing_but_it_is_set(request: dict[str, object]) -> None:
    """Read as JSON, the request is what it was, with one member more."""
    body = json.dumps(request).encode()
    low = SPEAKING.lowered(RESPONSES, body)
    text = request.get("text", {})
    if isinstance(text, dict) and "verbosity" not in text:
        assert low is not None
        assert json.loads(low) == {**request, "text": {**text, "verbosity": "low"}}
    else:
        assert low is None
    chat = SPEAKING.lowered(CHAT, body)
    assert ("verbosity" in request) == (chat is None)
    assert chat is None or json.loads(chat) == {**request, "verbosity": "low"}


def test_other_formats_have_none() -> None:
    """What Anthropic and Gemini have is a measure of thinking, too, and is never touched."""
    assert Anthropic().speaking.lowered(met("/v1/messages"), b'{"messages":[]}') is None
    assert Gemini().speaking.lowered(met("/v1/messages"), b'{"contents":[]}') is None
