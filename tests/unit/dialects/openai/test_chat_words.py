"""Chat Completions: where words are put in, that all else stays, and what an opening says."""

import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.terseness import Exemption, Placement
from tests.unit.dialects.openai.asked import (
    CHAT,
    JSON_WORDS,
    SPEAKING,
    WORDS,
    before_and_after,
    ids,
    opening,
    steered,
)

S = b'{"role":"system","content":"%b"}' % JSON_WORDS
D = b'{"role":"developer","content":"%b"}' % JSON_WORDS
USER = b'{"role":"user","content":"Why?"}'

FIRST = [
    ("one message", b'{"model":"m","messages":[|%b,|%b]}' % (S, USER)),
    ("system text", b'{"messages":[|%b,|{"role":"system","content":"Be kind."},%b]}' % (S, USER)),
    ("developer text", b'{"messages":[|%b,|{"role":"developer","content":"Be kind."},%b]}' % (D, USER)),
    ("system, then developer", b'{"messages":[|%b,|{"role":"system"},{"role":"developer"}]}' % S),
    ("spaces and line ends", b'\n { "messages" :\r\n\t[ |%b,|{ "role" : "user" } ] , "n" : 1 }\n' % S),
    ("odd forms stay", b'{"a":1.0e2,"b":"\\u00e9\\/","c":123456789012345678901,"messages":[|%b,|%b]}' % (S, USER)),
    ("bytes that are not UTF-8", b'{"messages":[|%b,|{"role":"user","content":"\xff"}]}' % S),
    ("content that is null", b'{"messages":[|%b,|{"role":"assistant","content":null,"tool_calls":[{}]}]}' % S),
    ("no content", b'{"messages":[|%b,|{}]}' % S),
    ("content that is odd", b'{"messages":[|%b,|{"role":"system","content":{"a":[1]}},{"content":7}]}' % S),
    ("the name in a text", b'{"user":"\\"messages\\":[{}]","messages":[|%b,|%b]}' % (S, USER)),
    ("the name as a text", b'{"user":"messages","messages":[|%b,|%b]}' % (S, USER)),
    ("the name deeper down, first", b'{"x":{"messages":[{"role":"user"}]},"messages":[|%b,|%b]}' % (S, USER)),
    ("the name deeper down, the same", b'{"x":{"messages":[%b]},"messages":[|%b,|%b]}' % (USER, S, USER)),
    ("the name deeper down, the same, later", b'{"messages":[|%b,|%b],"x":[{"messages":[%b]}]}' % (S, USER, USER)),
    ("the name in a message", b'{"messages":[|%b,|{"role":"user","messages":[%b]}]}' % (S, USER)),
    ("twice: the last counts", b'{"messages":[{"role":"user"}],"messages":[|%b,|%b]}' % (S, USER)),
    ("twice the same: the last counts", b'{"messages":[%b],"messages":[|%b,|%b]}' % (USER, S, USER)),
    ("another name twice", b'{"a":1,"a":2,"messages":[|%b,|%b],"a":3}' % (S, USER)),
    ("long texts before and after", b'{"a":"%b","messages":[|%b,|%b],"z":"%b"}' % (b"x" * 9999, S, USER, b"y" * 9999)),
    ("deep, within what decoders take", b'{"a":%b,"messages":[|%b,|%b]}' % (b"[" * 300 + b"]" * 300, S, USER)),
]

LAST = [
    ("no system text", b'{"messages":[|%b,|%b]}' % (S, USER)),
    ("one", b'{"messages":[{"role":"system","content":"a"}|,%b|,%b]}' % (S, USER)),
    ("two, with spaces", b'{"messages":[ {"role":"developer"} , {"role":"system"}|,%b| , %b ] }' % (D, USER)),
    ("nothing else", b'{"messages":[{"role":"system","content":"a"}|,%b|]}' % S),
    ("a later one belongs to its turn", b'{"messages":[|%b,|%b,{"role":"system","content":"a"}]}' % (S, USER)),
]

NOWHERE = [
    ("no messages", b'{"model":"m"}'),
    ("no message", b'{"messages":[]}'),
    ("messages that are none", b'{"messages":"Why?"}'),
    ("messages that are null", b'{"messages":null}'),
    ("a message that is none", b'{"messages":["Why?"]}'),
    ("the name deeper down alone", b'{"x":{"messages":[{"role":"user"}]}}'),
    ("a name with escapes", b'{"m\\u0065ssages":[{"role":"user"}]}'),
    ("a list", b'[{"messages":[{"role":"user"}]}]'),
    ("a mark before the beginning", b'\xef\xbb\xbf{"messages":[{"role":"user"}]}'),
    ("nothing", b""),
    ("noise", bytes(range(256))),
]


BROKEN = [
    ("cut", b'{"messages":[{"role":"user"}]'),
    ("cut in a message", b'{"messages":[{"role":"user'),
    ("more after the end", b'{"messages":[{"role":"user"}]} {}'),
    ("half an emoji, which the decoder refuses", b'{"messages":[{"role":"user","content":"\\ud83d"}]}'),
    ("deeper than decoders go", b'{"messages":[{"role":"user"}],"a":%b}' % (b"[" * 200_000)),
    ("a kind that is none", b'{"messages":[{"role":7}]}'),
]


@pytest.mark.parametrize(("name", "row"), FIRST, ids=ids)
def test_words_are_a_message_of_their_own_at_the_head(name: str, row: bytes) -> None:
    """Every other byte is the client's; and put in again, they are there already."""
    body, wanted = before_and_after(row)
    assert steered(CHAT, body) == wanted
    assert steered(CHAT, wanted) == wanted
    assert steered(CHAT, body, Placement.AUTO) == wanted


@pytest.mark.parametrize(("name", "row"), LAST, ids=ids)
def test_placed_last_they_follow_the_clients_system_text(name: str, row: bytes) -> None:
    """And wherever they stand already, they are not put in a second time."""
    body, wanted = before_and_after(row)
    assert steered(CHAT, body, Placement.LAST) == wanted
    assert steered(CHAT, wanted, Placement.LAST) == wanted
    assert steered(CHAT, wanted, Placement.FIRST) == wanted


@pytest.mark.parametrize(("name", "body"), NOWHERE, ids=ids)
def test_without_a_place_there_is_no_body(name: str, body: bytes) -> None:
    """Nothing is guessed, and nothing becomes answerable that was not."""
    assert steered(CHAT, body) is None
    assert steered(CHAT, body, Placement.LAST) is None
    found = SPEAKING.opening(CHAT, body)
    assert found is None or found.exemption is Exemption.UNREADABLE or b"\\u0065" in body


@pytest.mark.parametrize(("name", "body"), BROKEN, ids=ids)
def test_what_is_broken_has_no_opening(name: str, body: bytes) -> None:
    """Whatever becomes of it then: nothing is raised."""
    assert SPEAKING.opening(CHAT, body) is None
    assert steered(CHAT, body, Placement.LAST) != body


def test_automatic_is_first_also_where_a_prefix_is_marked() -> None:
    """The table of places has one place for this dialect."""
    marked = b'{"messages":[{"role":"system","content":[{"type":"text","text":"a","cache_control":{}}]}]}'
    assert SPEAKING.placed(CHAT, marked) is Placement.FIRST


def said(**request: Any) -> dict[str, Any]:
    """What an opening says beside its fingerprint and the latest message, as far as it says anything."""
    messages = [{"role": "user", "content": "Why?"}]
    found = opening(CHAT, json.dumps({"model": "m", "messages": messages} | request).encode())
    plain = {"fingerprint": found.fingerprint, "system": "", "user": "Why?", "tools": (), "answered": False}
    nothing = plain | {"latest": found.latest, "cap": None, "reasoning": False, "exemption": None, "continues": ""}
    return {name: getattr(found, name) for name in found.__struct_fields__ if getattr(found, name) != nothing[name]}


def one(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content} | more


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words} | more


IMAGE = {"type": "image_url", "image_url": {"url": "data:,"}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SAID: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", {}, {}),
    ("parameters of no interest", {"n": 2, "logprobs": True, "prediction": {"type": "content", "content": "a"},
        "modalities": ["text", "audio"], "audio": {"voice": "a"}, "verbosity": "low", "stop": ["a"]}, {}),
    ("system text", {"messages": [one("system", "Be kind."), one("user", "Why?")]}, {"system": "Be kind."}),
    ("developer text, in parts", {"messages": [one("developer", [text("a"), text("b")]), one("system", "c"),
        one("user", "Why?"), one("system", "d")]}, {"system": "a\n\nb\n\nc"}),
    ("no user message", {"messages": [one("system", "a")]}, {"system": "a", "user": ""}),
    ("a question in parts", {"messages": [one("user", [text("Is"), IMAGE, text("this?"), 7])]},
        {"user": "Is\n\nthis?"}),
    ("the first question only", {"messages": [one("user", "a"), one("user", "b")]}, {"user": "a"}),
    ("text that is not UTF-16", {"messages": [one("user", "\U0001f600 é")]}, {"user": "\U0001f600 é"}),
    ("an answer", {"messages": [one("user", "a"), one("assistant", "b"), one("user", "c")]},
        {"user": "a", "answered": True}),
    ("a tool's answer", {"messages": [one("user", "Why?"), one("tool", "b", tool_call_id="c")]}, {"answered": True}),
    ("a beginning of the answer", {"messages": [one("user", "Why?"), one("assistant", "Be")]},
        {"exemption": Exemption.PREFILL}),
    ("a call without its result", {"messages": [one("user", "Why?"), one("assistant", None, tool_calls=[CALL])]},
        {"answered": True}),
    ("functions", {"tools": [{"type": "function", "function": {"name": "f"}}, {"function": {"name": "g"}}]},
        {"tools": ("f", "g")}),
    ("other tools", {"tools": [{"type": "custom", "custom": {"name": "c"}}, {"type": "openrouter:web_search"}],
        "web_search_options": {}}, {"tools": ("c", "openrouter:web_search", "web_search")}),
    ("functions of old", {"functions": [{"name": "f"}], "function_call": "auto"}, {"tools": ("f",)}),
    ("tools that are none", {"tools": [1]}, {}),
    ("a cap", {"max_tokens": 7}, {"cap": 7}),
    ("the cap of today", {"max_tokens": 7, "max_completion_tokens": 8}, {"cap": 8}),
    ("a cap that is none", {"max_tokens": "7", "max_completion_tokens": -1}, {}),
    ("a cap beyond all counts", {"max_tokens": 10**30}, {}),
    ("effort", {"reasoning_effort": "minimal"}, {"reasoning": True}),
    ("no effort", {"reasoning_effort": "none", "reasoning": {"effort": "none"}, "thinking": {"type": "disabled"},
        "enable_thinking": False}, {}),
    ("effort of other servers", {"reasoning": {"max_tokens": 9}}, {"reasoning": True}),
    ("no effort of other servers", {"reasoning": {"enabled": False, "max_tokens": 9}}, {}),
    ("thinking", {"thinking": {"type": "enabled"}}, {"reasoning": True}),
    ("thinking of Qwen", {"enable_thinking": True}, {"reasoning": True}),
    ("parameters of odd kinds", {"reasoning_effort": {}, "thinking": {"type": []}, "reasoning": 1, "tool_choice": [],
        "function_call": 1, "response_format": "json", "web_search_options": 1}, {}),
    ("plain text", {"response_format": {"type": "text"}, "tool_choice": "auto"}, {}),
    ("JSON", {"response_format": {"type": "json_object"}}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("a schema", {"response_format": {"type": "json_schema"}}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("a grammar", {"grammar": "root ::= a"}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("a list of answers", {"guided_choice": ["a"]}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("any tool", {"tool_choice": "required"}, {"exemption": Exemption.FORCED_TOOL}),
    ("any tool of Mistral", {"tool_choice": "any"}, {"exemption": Exemption.FORCED_TOOL}),
    ("no tool", {"tool_choice": "none"}, {}),
    ("no tool, as an object", {"tool_choice": {"type": "none"}}, {}),
    ("this function", {"tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"exemption": Exemption.FORCED_TOOL}),
    ("this function, without a type", {"tool_choice": {"function": {"name": "f"}}},
        {"exemption": Exemption.FORCED_TOOL}),
    ("this tool", {"tool_choice": {"type": "custom", "custom": {"name": "c"}}}, {"exemption": Exemption.FORCED_TOOL}),
    ("this function, as of old", {"function_call": {"name": "f"}}, {"exemption": Exemption.FORCED_TOOL}),
    ("one of these", {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required"}}},
        {"exemption": Exemption.FORCED_TOOL}),
    ("perhaps one of these", {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}}, {}),
    ("all at once", {"tool_choice": "required", "response_format": {"type": "json_object"},
        "messages": [one("user", "Why?"), one("assistant", "{")]}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "request_", "wanted"), SAID, ids=ids)
def test_an_opening_says(name: str, request_: dict[str, Any], wanted: dict[str, Any]) -> None:
    """This of a request, and nothing else."""
    assert said(**request_) == wanted


def print_of(*messages: Any, **request: Any) -> bytes:
    return opening(CHAT, json.dumps({"messages": messages} | request).encode()).fingerprint


SAME: list[tuple[str, list[Any]]] = [
    ("more turns", [one("system", "a"), one("user", "b"), one("assistant", "c"), one("user", "d")]),
    ("in parts", [one("system", [text("a")]), one("user", [text("b")])]),
    ("marked", [one("system", [text("a", cache_control={"type": "ephemeral"})]),
                one("user", [text("b", prompt_cache_breakpoint={"mode": "explicit"})])]),
    ("by its other name", [one("developer", "a"), one("user", "b", name="me")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "messages"), SAME, ids=ids)
def test_a_conversation_has_one_fingerprint(name: str, messages: list[Any]) -> None:
    """However it is written, marked, continued and parametrised."""
    wanted = print_of(one("system", "a"), one("user", "b"))
    assert print_of(*messages) == wanted
    assert print_of(*messages, model="other", tools=[{"type": "web_search"}], max_tokens=3, stream=True) == wanted


def test_marks_do_not_change_what_an_image_is() -> None:
    """They move from turn to turn; the order of names is a client's own business too."""
    turned = {"cache_control": {}, "image_url": {"url": "data:,"}, "type": "image_url"}
    assert print_of(one("user", [turned])) == print_of(one("user", [IMAGE]))
    assert print_of(one("user", [IMAGE])) != print_of(one("user", [IMAGE | {"image_url": {"url": "data:,a"}}]))


def test_other_beginnings_have_other_fingerprints() -> None:
    """Also where the same texts stand otherwise."""
    prints = [
        print_of(one("system", "a"), one("user", "b")),
        print_of(one("system", "a"), one("user", "c")),
        print_of(one("system", "c"), one("user", "b")),
        print_of(one("user", "b")),
        print_of(one("system", "a"), one("system", "b")),
        print_of(one("user", [text("a"), text("b")])),
        print_of(one("user", 'a","b')),
    ]
    assert len(set(prints)) == len(prints)


def published() -> list[bytes]:
    """The calls that the published page shows, as the SDK would send them."""
    pages = list((Path(os.environ.get("PENSTOCK_TEST_DATA") or "/nowhere") / "seeds").glob("001*.txt"))
    if not pages:
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with seeds/001*.txt in it")
    calls = re.findall(r"chat\.completions\.create(\(.*?\n\))", pages[0].read_text(), re.DOTALL)
    trees = [ast.parse("f" + call, mode="eval").body for call in calls]
    assert all(isinstance(tree, ast.Call) for tree in trees)
    return [
        json.dumps({word.arg: ast.literal_eval(word.value) for word in tree.keywords}, separators=(",", ":")).encode()
        for tree in trees
        if isinstance(tree, ast.Call)
    ]


def test_the_published_examples_get_a_system_message() -> None:
    """Before the client's own, or before the question where there is none."""
    first, second = published()
    assert steered(CHAT, first) == first.replace(b'[{"role":"system",', b'[%b,{"role":"system",' % S)
    assert steered(CHAT, second) == second.replace(b'[{"role":"user",', b'[%b,{"role":"user",' % S)
    assert opening(CHAT, first).system == "You are a database expert."
    assert opening(CHAT, first).cap == 400
    assert opening(CHAT, second).user == "Count to 10"
    assert [opening(CHAT, body).exemption for body in (first, second)] == [None, None]


NAMES = st.sampled_from(["messages", "content", "a", "input", "messages\\", '"messages":['])
TEXT = st.text('a é"\\:{\n\U0001f600', max_size=5)
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT | st.sampled_from(['"messages":[{"role":"user"}]', '\\"messages":[']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
MESSAGE = st.builds(
    lambda role, rest: rest | {"role": role},
    st.sampled_from(["system", "developer", "user", "assistant", "tool", "none such"]),
    st.dictionaries(st.sampled_from(["content", "name", "messages", "x"]), JSON, max_size=3),
)


@given(
    before=st.dictionaries(NAMES, JSON, max_size=3),
    messages=st.lists(MESSAGE, min_size=1, max_size=5),
    after=st.dictionaries(NAMES, JSON, max_size=3),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 0, 2]),
    last=st.booleans(),
)
def test_any_request_is_changed_at_one_place(
    before: dict[str, Any],
    messages: list[dict[str, Any]],
    after: dict[str, Any],
    ascii_only: bool,
    indent: int | None,
    last: bool,
) -> None:
    """Whatever stands around it in whatever order: one message more, and without its bytes the body is the client's."""
    before.pop("messages", None)
    after.pop("messages", None)
    request = before | {"messages": messages} | after
    body = json.dumps(request, ensure_ascii=ascii_only, indent=indent).encode()
    got = steered(CHAT, body, Placement.LAST if last else Placement.FIRST)
    role = "developer" if messages[0]["role"] == "developer" else "system"
    leading = next((at for at, it in enumerate(messages) if it["role"] not in {"system", "developer"}), len(messages))
    place = leading if last else 0
    added = [*messages[:place], {"role": role, "content": WORDS}, *messages[place:]]
    assert got is not None
    assert json.loads(got) == request | {"messages": added}
    message = D if role == "developer" else S
    piece = b"," + message if place else message + b","
    assert [got.replace(piece, b"", 1), got.count(piece)] == [body, 1]
    assert steered(CHAT, got) == got
