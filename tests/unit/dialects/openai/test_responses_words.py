"""Responses: words in the instructions or before the input, and what an opening says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.terseness import Exemption, Placement
from tests.unit.dialects.openai.asked import (
    COUNT,
    JSON_WORDS,
    RESPONSES,
    SPEAKING,
    WORDS,
    before_and_after,
    ids,
    opening,
    steered,
)

W = JSON_WORDS
D = b'{"role":"developer","content":"%b"}' % W
USER = b'{"role":"user","content":"Why?"}'

FIRST = [
    ("instructions", b'{"instructions":"|%b\\n\\n|Be kind.","input":"Why?"}' % W),
    ("instructions after a list", b'{"input":[%b],"instructions" : "|%b\\n\\n|Be kind.","model":"m"}' % (USER, W)),
    ("instructions with escapes", b'{"instructions":"|%b\\n\\n|\\"a\\" \\u00e9 \\ud83d\\ude00","input":[]}' % W),
    ("instructions not in UTF-8", b'{"instructions":"|%b\\n\\n|\xff"}' % W),
    ("empty instructions", b'{"instructions":"","input":[|%b,|%b]}' % (D, USER)),
    ("instructions alone", b'{"instructions":"|%b\\n\\n|Be kind.","prompt":{"id":"pmpt_1"}}' % W),
    ("instructions, and it continues", b'{"previous_response_id":"r","instructions":"|%b\\n\\n|a","input":"b"}' % W),
    ("instructions twice: the last count", b'{"instructions":"a","instructions":"|%b\\n\\n|a","input":"b"}' % W),
    ("the name deeper down", b'{"prompt":{"instructions":"a"},"instructions":"|%b\\n\\n|a","x":["instructions"]}' % W),
    ("the name in a text", b'{"input":"\\"instructions\\":\\"a\\"","instructions":"|%b\\n\\n|a"}' % W),
    ("a string", b'{"model":"m","input":|[%b,{"role":"user","content":|"Why?\\n\\u00e9"|}]|}' % D),
    ("an empty string", b'{"input" :|[%b,{"role":"user","content":|""|}]| }' % D),
    ("a list", b'{"input":[|%b,|%b],"model":"m"}' % (D, USER)),
    ("no instructions", b'{"instructions":null,"input":[ |%b,|%b]}' % (D, USER)),
    ("a list with system text", b'{"input":[|%b,|{"type":"message","role":"system","content":"a"},%b]}' % (D, USER)),
    ("tools first", b'{"input":[|%b,|{"type":"additional_tools","role":"developer","tools":[]},%b]}' % (D, USER)),
    ("a turn of the model's first", b'{"input":[|%b,|{"type":"reasoning","encrypted_content":"x"},%b]}' % (D, USER)),
    ("an item of a kind to come", b'{"input":[|%b,|{"type":"telepathy"}]}' % D),
    ("the name in an item", b'{"input":[|%b,|{"type":"custom_tool_call","input":[%b]}]}' % (D, USER)),
    ("a stored prompt, and input", b'{"prompt":{"id":"p","variables":{"input":"a"}},"input":[|%b,|%b]}' % (D, USER)),
]

LAST = [
    ("instructions", b'{"instructions":"Be kind.|\\n\\n%b|","input":"Why?"}' % W),
    ("empty instructions", b'{"instructions":"","input":|[%b,{"role":"user","content":|"Why?"|}]|}' % D),
    ("a string", b'{"input":|[%b,{"role":"user","content":|"Why?"|}]|}' % D),
    ("system text and tools", b'{"input":[{"role":"system","content":"a"},{"type":"additional_tools"}|,%b|,{}]}' % D),
]

CONTINUED = [
    ("a response", b'{"previous_response_id":"resp_1","input":"Why?"}', "resp_1"),
    ("a response, whose instructions are left out", b'{"previous_response_id":"r","instructions":null}', "r"),
    ("a conversation", b'{"conversation":"conv_1","input":[%b]}' % USER, "conv_1"),
    ("a conversation as an object", b'{"conversation":{"id":"conv_1"},"input":"Why?"}', "conv_1"),
]

NOWHERE = [
    ("neither instructions nor input", b'{"prompt":{"id":"pmpt_1","variables":{"input":"a"}}}'),
    ("empty instructions alone", b'{"instructions":"","prompt":{"id":"p"}}'),
    ("no item", b'{"input":[]}'),
    ("input that is null", b'{"input":null}'),
    ("input that is none", b'{"input":7}'),
    ("an item that is none", b'{"input":["Why?"]}'),
    ("instructions that are none", b'{"instructions":["a"],"input":"Why?"}'),
    ("an id that is none", b'{"previous_response_id":"","conversation":{"id":7},"input":[]}'),
    ("a list", b'["input"]'),
    ("not JSON", b'{"input":"Why?"'),
    ("more after the end", b'{"input":"Why?"}x'),
    ("nothing", b""),
]


@pytest.mark.parametrize(("name", "row"), FIRST, ids=ids)
@pytest.mark.parametrize("route", [RESPONSES, COUNT])
def test_words_stand_at_the_head(route: Any, name: str, row: bytes) -> None:
    """Of the instructions, or else of the input; in a count as in the call; once, however often they are put in."""
    body, wanted = before_and_after(row)
    assert steered(route, body) == wanted
    assert steered(route, wanted) == wanted
    assert steered(route, body, Placement.AUTO) == wanted


@pytest.mark.parametrize(("name", "row"), LAST, ids=ids)
def test_placed_last_they_follow_the_clients_system_text(name: str, row: bytes) -> None:
    """And are not put in again, wherever they stand."""
    body, wanted = before_and_after(row)
    assert steered(RESPONSES, body, Placement.LAST) == wanted
    assert steered(RESPONSES, wanted, Placement.LAST) == wanted
    assert steered(RESPONSES, wanted, Placement.FIRST) == wanted


def test_a_client_that_says_the_same_words_has_them_already() -> None:
    """As its whole instructions, or as a message among those that begin the input."""
    for body in (b'{"instructions":"%b","input":"Why?"}' % W, b'{"input":[{"role":"system"},%b,%b]}' % (D, USER)):
        assert steered(RESPONSES, body) is body


@pytest.mark.parametrize(("name", "body", "held"), CONTINUED, ids=ids)
def test_what_goes_on_at_the_provider_keeps_its_words_there(name: str, body: bytes, held: str) -> None:
    """Nothing is put in a second time, and the opening names what holds the turns before."""
    assert steered(RESPONSES, body) is body
    found = opening(RESPONSES, body)
    assert [found.continues, found.exemption] == [held, None]


@pytest.mark.parametrize(("name", "body"), NOWHERE, ids=ids)
def test_without_a_place_there_is_no_body(name: str, body: bytes) -> None:
    """And an opening, if there is one, says that there is none."""
    assert steered(RESPONSES, body) is None
    found = SPEAKING.opening(RESPONSES, body)
    assert found is None or found.exemption is Exemption.UNREADABLE


def said(**request: Any) -> dict[str, Any]:
    """What an opening says beside its fingerprint and the latest message, as far as it says anything."""
    found = opening(RESPONSES, json.dumps({"input": "Why?"} | request).encode())
    plain = {"fingerprint": found.fingerprint, "system": "", "user": "Why?", "tools": (), "answered": False}
    nothing = plain | {"latest": found.latest, "cap": None, "reasoning": False, "exemption": None, "continues": ""}
    return {name: getattr(found, name) for name in found.__struct_fields__ if getattr(found, name) != nothing[name]}


def one(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content} | more


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "input_text", "text": words} | more


WHY = one("user", "Why?")
TOOLS = [{"type": "function", "name": "f"}, {"type": "web_search"}, {"type": "custom", "name": "c"},
         {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "g"}]},
         {"type": "mcp", "server_label": "s"}]  # fmt: skip
SAID: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", {}, {}),
    ("instructions", {"instructions": "Be kind."}, {"system": "Be kind."}),
    ("instructions and system text", {"instructions": "a", "input": [one("system", "b"), one("developer", [text("c")],
        type="message"), WHY, one("system", "d")]}, {"system": "a\n\nb\n\nc"}),
    ("a question in parts", {"input": [one("user", [text("Is"), {"type": "input_image", "file_id": "f"}, text("it?")],
        type="message")]}, {"user": "Is\n\nit?"}),
    ("an answer", {"input": [WHY, one("assistant", "a"), one("user", "b")]}, {"answered": True}),
    ("a call", {"input": [WHY, {"type": "function_call", "name": "f"}]}, {"answered": True}),
    ("a call's answer alone", {"input": [{"type": "function_call_output", "output": "1"}]},
        {"user": "", "answered": True}),
    ("thinking", {"input": [WHY, {"type": "reasoning"}]}, {"answered": True}),
    ("turns in short", {"input": [{"type": "compaction", "encrypted_content": "x"}, WHY]}, {"answered": True}),
    ("a stored item", {"input": [{"id": "msg_1"}, WHY]}, {"answered": True}),
    ("tools on the way", {"input": [{"type": "additional_tools", "role": "developer", "tools": TOOLS[:1],
        "content": "no text"},
        one("developer", "a"), WHY]}, {"tools": ("f",), "system": "a"}),
    ("a beginning of the answer", {"input": [WHY, one("assistant", "Be")]}, {"exemption": Exemption.PREFILL}),
    ("tools", {"tools": TOOLS}, {"tools": ("f", "web_search", "c", "g", "mcp")}),
    ("a cap", {"max_output_tokens": 16}, {"cap": 16}),
    ("effort", {"reasoning": {"effort": "low"}}, {"reasoning": True}),
    ("no effort", {"reasoning": {"effort": "none", "summary": "auto"}}, {}),
    ("a summary of thinking", {"reasoning": {"summary": "auto"}}, {"reasoning": True}),
    ("nothing of reasoning", {"reasoning": {"effort": None}}, {}),
    ("plain text", {"text": {"format": {"type": "text"}, "verbosity": "low"}}, {}),
    ("JSON", {"text": {"format": {"type": "json_object"}}}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("a schema", {"text": {"format": {"type": "json_schema"}}}, {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("any tool", {"tool_choice": "required"}, {"exemption": Exemption.FORCED_TOOL}),
    ("this function", {"tool_choice": {"type": "function", "name": "f"}}, {"exemption": Exemption.FORCED_TOOL}),
    ("a tool of the provider's", {"tool_choice": {"type": "web_search"}}, {"exemption": Exemption.FORCED_TOOL}),
    ("one of these", {"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": []}},
        {"exemption": Exemption.FORCED_TOOL}),
    ("perhaps one of these", {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}}, {}),
    ("it continues", {"conversation": "c", "previous_response_id": "r", "text": {"format": {"type": "json_schema"}}},
        {"continues": "r", "exemption": Exemption.STRUCTURED_OUTPUT}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "request_", "wanted"), SAID, ids=ids)
def test_an_opening_says(name: str, request_: dict[str, Any], wanted: dict[str, Any]) -> None:
    """This of a request, and nothing else."""
    assert said(**request_) == wanted


def test_a_conversation_has_one_fingerprint() -> None:
    """As a string, as a list, with marks, with more turns, with other parameters."""
    inputs: list[Any] = [
        "Why?",
        [WHY],
        [one("user", [text("Why?", prompt_cache_breakpoint={"mode": "explicit"})], type="message")],
        [WHY, {"type": "reasoning", "encrypted_content": "x"}, one("assistant", "a"), one("user", "b")],
        [{"type": "additional_tools", "role": "developer", "tools": TOOLS}, WHY],
    ]
    more = {"tools": TOOLS, "model": "other", "max_output_tokens": 9, "previous_response_id": None}
    bodies = [{"instructions": "a", "input": said} | extra for said in inputs for extra in ({}, more)]
    bodies += [{"input": [one(role, "a"), WHY]} for role in ("system", "developer")]
    bodies += [{"instructions": nothing, "input": [one("system", ["a"]), WHY]} for nothing in ("", None)]
    assert len({opening(RESPONSES, json.dumps(body).encode()).fingerprint for body in bodies}) == 1
    other = [{"instructions": "b", "input": "Why?"}, {"input": "Why?"}, {"instructions": "a", "input": "Who?"}]
    assert len({opening(RESPONSES, json.dumps(body).encode()).fingerprint for body in [*other, bodies[0]]}) == 4


JSON = st.recursive(
    st.none() | st.integers() | st.text('a é"\\:{\n\U0001f600', max_size=4) | st.sampled_from(['"input":[', "input"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["input", "instructions", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXT = st.text('a é"\\:{\n\U0001f600', max_size=8)
ITEM = st.builds(
    lambda kind, rest: rest | kind,
    st.sampled_from([{"role": "user"}, {"role": "system", "type": "message"}, {"type": "function_call"}, {}]),
    st.dictionaries(st.sampled_from(["content", "input", "instructions", "id"]), JSON, max_size=3),
)


@given(
    before=st.dictionaries(st.sampled_from(["a", "metadata", "x"]), JSON, max_size=2),
    own=st.fixed_dictionaries({}, optional={"instructions": st.none() | TEXT})
    .flatmap(lambda held: st.fixed_dictionaries({k: st.just(v) for k, v in held.items()} | {
        "input": TEXT | st.lists(ITEM, min_size=1, max_size=4)})),
    after=st.dictionaries(st.sampled_from(["b", "prompt", "y"]), JSON, max_size=2),
    turned=st.booleans(),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
)  # fmt: skip
def test_any_request_is_changed_at_one_place(
    before: dict[str, Any],
    own: dict[str, Any],
    after: dict[str, Any],
    turned: bool,
    ascii_only: bool,
    indent: int | None,
) -> None:
    """Whatever stands around it in whatever order: without the bytes that were put in, the body is the client's."""
    own = dict(reversed(own.items())) if turned else own
    request = before | own | after
    body = json.dumps(request, ensure_ascii=ascii_only, indent=indent).encode()
    got = steered(RESPONSES, body)
    assert got is not None
    told = request.get("instructions")
    if told:
        assert json.loads(got) == request | {"instructions": f"{WORDS}\n\n{told}"}
        pieces = [W + rb"\n\n"]
    elif isinstance(request["input"], str):
        items = [one("developer", WORDS), one("user", request["input"])]
        assert json.loads(got) == request | {"input": items}
        pieces = [b"[" + D + b',{"role":"user","content":', b"}]"]
    else:
        assert json.loads(got) == request | {"input": [one("developer", WORDS), *request["input"]]}
        pieces = [D + b","]
    # The first piece is found by its words, the second, where there is one, by what is left over.
    start = got.index(pieces[0])
    without = got[:start] + got[start + len(pieces[0]) :]
    for piece in pieces[1:]:
        end = next(at for at in range(len(without)) if without[:at] + without[at + len(piece) :] == body)
        without = without[:end] + without[end + len(piece) :]
    assert without == body
    assert steered(RESPONSES, got) == got
