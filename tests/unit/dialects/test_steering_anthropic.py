"""Words in Anthropic's requests: where they stand, where they can't, and what is read of a conversation's beginning."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.terseness import Exemption, Opening, Placement
from penstock.dialects.anthropic.steering import Steering
from tests.unit.dialects.marked import WORDS, met, unmarked

SPEAKING = Steering()
CREATE = met("/v1/messages")
FIRST, LAST = Placement.FIRST, Placement.LAST
BLOCK = b'{"type":"text","text":"Be brief."}'
BILLED = b'{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.329.7; cc_entrypoint=cli;"}'
MARK = b'"cache_control":{"type":"ephemeral"}'

# | marks what is put in.
PLACES = [
    ("no system", FIRST, b'{|"system":"Be brief.",|"messages":[]}'),
    ("no system, last", LAST, b'{|"system":"Be brief.",|"messages":[]}'),
    ("an empty object", FIRST, b' {|"system":"Be brief."| }'),
    ("an empty string", FIRST, b'{"system":"|Be brief.|"}'),
    ("an empty string, last", LAST, b'{"system":"|Be brief.|"}'),
    ("a string", FIRST, b'{"system": "|Be brief.\\n\\n|Hi \\u00e9 \\"x\\"" }'),
    ("a string, last", LAST, b'{"system": |[{"type":"text","text":|"Hi"|},%b]|,"messages":[]}' % BLOCK),
    ("an empty list", FIRST, b'{"system":[|%b| ]}' % BLOCK),
    ("an empty list, last", LAST, b'{"system":[|%b|]}' % BLOCK),
    ("a list", FIRST, b'{"system":[ |%b,|{"type":"text","text":"Hi"}, {"x":1} ]}' % BLOCK),
    ("a list, last", LAST, b'{"system":[ {"type":"text","text":"Hi"}, {"x":1}|,%b| ]}' % BLOCK),
    ("behind the attribution", FIRST, b'{"system":[%b,|%b,|{"type":"text","text":"Hi"}]}' % (BILLED, BLOCK)),
    ("the attribution alone", FIRST, b'{"system":[%b|,%b|]}' % (BILLED, BLOCK)),
    ("the attribution as a string", FIRST,
     b'{"system":|[{"type":"text","text":|"x-anthropic-billing-header: a"|},%b]|}' % BLOCK),
    ("the name deeper down", FIRST, b'{|"system":"Be brief.",|"metadata":{"system":"no"},"messages":[]}'),
    ("the name deeper down, behind", FIRST, b'{"system":"|Be brief.\\n\\n|Hi","tools":[{"schema":{"system":"no"}}]}'),
    ("the name deeper down, in front", FIRST,
     b'{"messages":[{"content":[{"input":{"system":[]}}]}],"system":"|Be brief.\\n\\n|Hi"}'),
    ("a role, not a name", FIRST, b'{"system":"|Be brief.\\n\\n|Hi","messages":[{"role":"system","content":"a"}]}'),
    ("spoken of in a text", FIRST,
     b'{|"system":"Be brief.",|"messages":[{"role":"user","content":"{\\"system\\":\\"a\\"}"}]}'),
    ("twice: the last counts", FIRST, b'{"system":"a","system":"|Be brief.\\n\\n|b"}'),
]  # fmt: skip

NO_PLACE = [
    ("a system text that is a number", b'{"system":1,"messages":[]}'),
    ("an object", b'{"system":{"text":"a"},"messages":[]}'),
    ("no object", b"[]"),
    ("nothing", b""),
    ("not JSON", b"hello"),
]


def ids(row: Any) -> str | None:
    return row if isinstance(row, str) else None


@pytest.mark.parametrize("far", [b"", b"x" * 300_000], ids=["short", "long"])
@pytest.mark.parametrize(("name", "placement", "text"), PLACES, ids=ids)
def test_words_at_their_place(name: str, placement: Placement, text: bytes, far: bytes) -> None:
    """Every other byte is the client's, whatever stands around; a second time changes nothing."""
    for long in (text, text.replace(b'"messages":[', b'"metadata":{"user_id":"%b"},"messages":[' % far)):
        before, after = unmarked(long)
        assert SPEAKING.steered(CREATE, before, WORDS, placement) == after
        assert SPEAKING.steered(CREATE, after, WORDS, placement) == after


@pytest.mark.parametrize("placement", [FIRST, LAST], ids=lambda one: one.value)
def test_null_gives_way(placement: Placement) -> None:
    """Null is how some clients write nothing."""
    assert SPEAKING.steered(CREATE, b'{"system": null ,"a":1}', WORDS, placement) == b'{"system": "Be brief." ,"a":1}'


@pytest.mark.parametrize(("name", "body"), NO_PLACE, ids=ids)
def test_no_place_for_words(name: str, body: bytes) -> None:
    """Nothing is guessed."""
    assert SPEAKING.steered(CREATE, body, WORDS, FIRST) is None


def test_words_are_written_as_json() -> None:
    """Quotes, line ends and letters of any script."""
    edited = SPEAKING.steered(CREATE, b'{"system":"Hi"}', 'Say "é"\n漢', FIRST)
    assert edited is not None
    assert json.loads(edited)["system"] == 'Say "é"\n漢\n\nHi'


def test_no_words_are_not_put() -> None:
    """An empty block would be refused by the API."""
    assert SPEAKING.steered(CREATE, b'{"system":"Hi"}', "", FIRST) is None


PLACED = [
    ("nothing marked", FIRST, b'{"system":[{"type":"text","text":"Hi"}],"messages":[{"role":"user","content":"a"}]}'),
    ("a system block", LAST, b'{"system":[{"type":"text","text":"Hi",%b}],"messages":[]}' % MARK),
    ("a tool", LAST, b'{"tools":[{"name":"a"},{"name":"b",%b}],"messages":[]}' % MARK),
    ("a message's block", LAST, b'{"messages":[{"role":"user","content":[{"type":"text","text":"a",%b}]}]}' % MARK),
    ("in a result", LAST, b'{"messages":[{"content":[{"type":"tool_result","content":[{"type":"text",%b}]}]}]}' % MARK),
    ("in a document", LAST, b'{"messages":[{"content":[{"type":"document","source":{"content":[{%b}]}}]}]}' % MARK),
    ("the request itself", LAST, b'{%b,"messages":[]}' % MARK),
    ("a mark that is null", FIRST, b'{"cache_control":null,"system":[{"cache_control": null}],"messages":[]}'),
    ("the attribution", LAST, b'{"system":[%b,{"type":"text","text":"Hi"}],"messages":[]}' % BILLED),
    ("the attribution as a string", LAST, b'{"system":"x-anthropic-billing-header: a","messages":[]}'),
    ("an attribution that is not first", FIRST, b'{"system":[{"type":"text","text":"Hi"},%b],"messages":[]}' % BILLED),
    ("spoken of", FIRST, b'{"messages":[{"content":"what is {\\"cache_control\\":{}}, or \\"cache_control"}]}'),
    ("a tool's input", FIRST, b'{"messages":[{"content":[{"type":"tool_use","input":{%b}}]}]}' % MARK),
    ("a tool's schema", FIRST, b'{"tools":[{"input_schema":{"properties":{%b}}}],"messages":[]}' % MARK),
    ("metadata", FIRST, b'{"metadata":{%b},"messages":[]}' % MARK),
    ("unreadable", FIRST, b'{"cache_control":{},"messages":['),
]  # fmt: skip


@pytest.mark.parametrize(("name", "placement", "body"), PLACED, ids=ids)
def test_what_auto_means(name: str, placement: Placement, body: bytes) -> None:
    """Last where anything is marked for a cache, and behind Claude Code's attribution; a word in a text is no mark."""
    assert SPEAKING.placed(CREATE, body) is placement
    assert SPEAKING.steered(CREATE, body, WORDS, Placement.AUTO) == SPEAKING.steered(CREATE, body, WORDS, placement)


USER = '"messages":[{"role":"user","content":"Hi"}]'
OPENINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("the least", "{%s}", {"user": "Hi", "system": "", "tools": (), "answered": False, "cap": None}),
    ("no wish to think", "{%s}", {"reasoning": False, "exemption": None, "continues": ""}),
    ("a string", '{"system":"a","max_tokens":5,%s}', {"system": "a", "cap": 5}),
    ("a pre-warm", '{"max_tokens":0,%s}', {"cap": 0}),
    ("a cap that is none", '{"max_tokens":"5",%s}', {"cap": None}),
    ("blocks", '{"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],%s}', {"system": "a\n\nb"}),
    ("attribution", '{"system":[' + BILLED.decode() + ',{"type":"text","text":"b"}],%s}', {"system": "b"}),
    ("tools", '{"tools":[{"name":"a"},{"type":"mcp_toolset"}],%s}', {"tools": ("a", "mcp_toolset")}),
    ("thinking", '{"thinking":{"type":"enabled","budget_tokens":1024},%s}', {"reasoning": True}),
    ("adaptive", '{"thinking":{"type":"adaptive"},%s}', {"reasoning": True}),
    ("no thinking", '{"thinking":{"type":"disabled"},%s}', {"reasoning": False}),
    ("an effort", '{"output_config":{"effort":"low"},%s}', {"reasoning": True}),
    ("a schema", '{"output_config":{"format":{"type":"json_schema"}},%s}', {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("an older schema", '{"output_format":{"type":"json_schema"},%s}', {"exemption": Exemption.STRUCTURED_OUTPUT}),
    ("no format", '{"output_format":null,"output_config":{"format":null},%s}', {"exemption": None, "reasoning": False}),
    ("any tool", '{"tool_choice":{"type":"any"},%s}', {"exemption": Exemption.FORCED_TOOL}),
    ("one tool", '{"tool_choice":{"type":"tool","name":"a"},%s}', {"exemption": Exemption.FORCED_TOOL}),
    ("tools as it likes", '{"tool_choice":{"type":"auto"},%s}', {"exemption": None}),
    ("a thread", '{"thread":{"type":"create"},%s}', {"exemption": Exemption.CONTINUED, "continues": ""}),
    ("a thread's next turn", '{"thread":{"type":"continue","previous_message_id":"msg_1"},%s}',
     {"exemption": Exemption.CONTINUED, "continues": "msg_1"}),
    ("odd system", '{"system":7,%s}', {"exemption": Exemption.UNREADABLE}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "told"), OPENINGS, ids=ids)
def test_what_an_opening_says(name: str, text: str, told: dict[str, Any]) -> None:
    """Each field from where the API has it."""
    found = opened(text % USER)
    assert {field: getattr(found, field) for field in told} == told


ENDINGS: list[tuple[str, str, bool, Exemption | None]] = [
    ("a question", "", False, None),
    ("an answer, and another question", '{"role":"assistant","content":"a"},{"role":"user","content":"b"}', True, None),
    ("a prefill", '{"role":"assistant","content":"{"}', False, Exemption.PREFILL),
    ("a prefill of blocks", '{"role":"assistant","content":[{"type":"text","text":"{"}]}', False, Exemption.PREFILL),
    ("an empty prefill", '{"role":"assistant","content":""}', False, None),
    ("a later prefill",
     '{"role":"assistant","content":"a"},{"role":"user","content":"b"},{"role":"assistant","content":"{"}',
     True, Exemption.PREFILL),
    ("a turn that was paused",
     '{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"server_tool_use","id":"s"}]}',
     True, None),
    ("a call without its result", '{"role":"assistant","content":[{"type":"tool_use","id":"t"}]}', True, None),
    ("a paused turn in two messages",
     '{"role":"assistant","content":[{"type":"thinking","thinking":"x"}]},{"role":"assistant","content":"a"}',
     True, None),
    ("a system message behind it", '{"role":"assistant","content":"a"},{"role":"system","content":"b"}', True, None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "more", "answered", "exemption"), ENDINGS, ids=ids)
def test_prefill_or_turn(name: str, more: str, answered: bool, exemption: Exemption | None) -> None:
    """Plain text at the end begins the answer; anything else there is a turn of the model's."""
    found = opened('{"messages":[{"role":"user","content":"Hi"}%s]}' % (more and "," + more))
    assert (found.answered, found.exemption) == (answered, exemption)


SAME = [
    ("a string and its block", {"content": [{"type": "text", "text": "Hi é"}]}),
    ("a mark", {"content": [{"type": "text", "text": "Hi é", "cache_control": {"type": "ephemeral"}}]}),
    ("another order of names", {"content": [{"text": "Hi é", "type": "text"}]}),
    ("system as a block", {"system": [{"type": "text", "text": "S"}]}),
    ("system marked", {"system": [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}),
    ("system behind an attribution", {"system": [json.loads(BILLED), {"type": "text", "text": "S"}]}),
    ("more turns", {"more": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}]}),
    ("a system message in front", {"before": [{"role": "system", "content": "x"}]}),
    ("another model, other tools", {"rest": {"model": "other", "tools": [{"name": "x"}], "max_tokens": 9}}),
]
OTHER = [
    ("another question", {"content": "Ho"}),
    ("another system text", {"system": "T"}),
    ("no system text", {"system": None}),
    ("two blocks", {"content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": " é"}]}),
    (
        "a picture too",
        {"content": [{"type": "text", "text": "Hi é"}, {"type": "image", "source": {"type": "url", "url": "a"}}]},
    ),
    ("the texts the other way about", {"system": "Hi é", "content": "S"}),
]


@pytest.mark.parametrize(("name", "change"), SAME, ids=ids)
def test_one_conversation_has_one_fingerprint(name: str, change: dict[str, Any]) -> None:
    """However a client writes its beginning down again."""
    assert opened(conversation(**change)).fingerprint == opened(conversation()).fingerprint


@pytest.mark.parametrize(("name", "change"), OTHER, ids=ids)
def test_others_have_others(name: str, change: dict[str, Any]) -> None:
    """No two beginnings are mixed up."""
    assert opened(conversation(**change)).fingerprint != opened(conversation()).fingerprint


def test_pictures_count_by_what_they_are() -> None:
    """A picture is no text, but another picture is another conversation; the order of its names is not."""

    def shown(source: str) -> Opening:
        return opened('{"messages":[{"role":"user","content":[{"type":"image","source":' + source + "}]}]}")

    one, same, other = shown('{"type":"url","url":"a"}'), shown('{"url":"a", "type":"url"}'), shown('{"url":"b"}')
    assert one.user == ""
    assert one.fingerprint == same.fingerprint != other.fingerprint


UNREADABLE = [b"", b"[]", b"nonsense", b'{"messages":{}}', b'{"messages":[1]}', b'{"messages":[{"role":1}]}', b"{}",
              b"[" * 100_000, b'{"messages":[{"role":"user","content":"\xff"}],']  # fmt: skip


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: repr(body[:30]))
def test_what_can_not_be_read(body: bytes) -> None:
    """None, never an exception."""
    assert SPEAKING.opening(CREATE, body) is None


@pytest.mark.parametrize("body", [b'{"messages":[]}', b'{"messages":[{"role":"user","content":""}]}',
                                  b'{"messages":[{"role":"assistant","content":"a"}]}',
                                  b'{"messages":[{"role":"user","content":7}]}'], ids=repr)  # fmt: skip
def test_a_conversation_that_nobody_began_is_left_alone(body: bytes) -> None:
    """Without a first question all such would be one conversation."""
    found = SPEAKING.opening(CREATE, body)
    assert found is not None
    assert found.exemption is Exemption.UNREADABLE


def test_where_requests_stand() -> None:
    """The whole of a call or a count, each of a batch; elsewhere none."""
    batch = met("/v1/messages/batches")
    assert SPEAKING.requests(CREATE, b"{}") == ((0, 2),)
    assert SPEAKING.requests(met("/v1/messages/count_tokens"), b"{ }") == ((0, 3),)
    assert SPEAKING.requests(met("/v1/files"), b"{}") is None
    assert SPEAKING.requests(batch, b"{}") == ()
    assert SPEAKING.requests(batch, b'{"requests":7}') == ()
    assert SPEAKING.requests(batch, b'{"requests":[') == ()
    body = (
        b'{"requests" : [ {"custom_id":"a","params" : {"messages":[{"params":{"x":1}}]} },'
        b'{"custom_id":"params"}, 3, {"params":{ },"custom_id":"\\"params\\":{}"}]}'
    )
    spans = SPEAKING.requests(batch, body)
    assert spans is not None
    assert [body[start:end] for start, end in spans] == [b'{"messages":[{"params":{"x":1}}]}', b"{ }"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["system", "text", "type", "content", "cache_control", "x"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(system=JSON, others=st.dictionaries(st.sampled_from(["a", "messages", "tools", "metadata"]), JSON),
       front=st.booleans(), placement=st.sampled_from(Placement))  # fmt: skip
def test_whatever_stands_there(system: Any, others: dict[str, Any], front: bool, placement: Placement) -> None:
    """The words come in once, and all but the system text reads as before; where an opening is plain, they come in."""
    body = msgspec.json.encode({"system": system, **others} if front else {**others, "system": system})
    edited = SPEAKING.steered(CREATE, body, WORDS, placement)
    found = SPEAKING.opening(CREATE, body)
    assert edited is not None or found is None or found.exemption is Exemption.UNREADABLE
    if edited is not None:
        assert SPEAKING.steered(CREATE, edited, WORDS, placement) == edited
        after = json.loads(edited)
        assert {name: after[name] for name in others} == others
        assert WORDS in json.dumps(after["system"])


@given(body=st.binary(max_size=60) | st.text('{}[]":,\\ systemcn', max_size=40).map(str.encode))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    """Whatever they are."""
    for match in (CREATE, met("/v1/messages/batches")):
        SPEAKING.requests(match, body)
        SPEAKING.opening(match, body)
        SPEAKING.placed(match, body)
        SPEAKING.steered(match, body, WORDS, Placement.AUTO)


def opened(text: str) -> Opening:
    found = SPEAKING.opening(CREATE, text.encode())
    assert found is not None
    return found


def conversation(content: Any = "Hi é", system: Any = "S", before: Any = (), more: Any = (), rest: Any = None) -> str:
    messages = [*before, {"role": "user", "content": content}, *more]
    return json.dumps({**(rest or {}), "system": system, "messages": messages})
