"""Words in Gemini's requests: where they stand, where they can't, and what is read of a conversation's beginning."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.terseness import Exemption, Opening, Placement
from penstock.dialects.gemini.steering import Steering
from tests.unit.dialects.marked import WORDS, met, unmarked

SPEAKING = Steering()
GENERATE = met("/gemini/v1beta/models/gemini-3-flash:generateContent")
COUNT = met("/gemini/v1/models/gemini-3-flash:countTokens")
FIRST, LAST = Placement.FIRST, Placement.LAST
PART = b'{"text":"Be brief."}'
ALL = b'"systemInstruction":{"parts":[%b]}' % PART

# | marks what is put in.
PLACES = [
    ("no instruction", FIRST, b'{|%b,|"contents":[]}' % ALL),
    ("no instruction, last", LAST, b'{|%b,|"contents":[]}' % ALL),
    ("an empty object", FIRST, b"{|%b| }" % ALL),
    ("a list", FIRST, b'{"systemInstruction":{"role":"user","parts":[|%b,|{"text":"Hi"}, {"text":"x"} ]}}' % PART),
    ("a list, last", LAST,
     b'{"systemInstruction":{"parts":[ {"text":"Hi"}, {"text":"x"}|,%b| ],"role":"user"}}' % PART),
    ("a part without its list", FIRST, b'{"system_instruction": {"parts":|[%b,|{ "text":"Hi"}|]|} }' % PART),
    ("a part without its list, last", LAST, b'{"system_instruction": {"parts":|[|{ "text":"Hi"}|,%b]|} }' % PART),
    ("no parts", FIRST, b'{"systemInstruction":{|"parts":[%b],|"role":"user"}}' % PART),
    ("nothing in it", FIRST, b'{"systemInstruction":{|"parts":[%b]|}}' % PART),
    ("an empty list", LAST, b'{"systemInstruction":{"parts":[|%b|]}}' % PART),
    ("the name deeper down", FIRST,
     b'{|%b,|"contents":[{"parts":[{"functionCall":{"args":{"systemInstruction":{}}}}]}]}' % ALL),
    ("spoken of in a text", FIRST, b'{|%b,|"contents":[{"parts":[{"text":"{\\"systemInstruction\\":{}}"}]}]}' % ALL),
    ("parts deeper down", FIRST,
     b'{"systemInstruction":{"x":{"parts":[]},"parts":[|%b,|{"text":"Hi"}],"y":{"parts":1}}}' % PART),
]  # fmt: skip

# A count's own forms.
COUNTS = [
    (
        "contents alone",
        b'{|"generateContentRequest":{"model":"models/gemini-3-flash",%b,|"contents":[{"parts":[{"text":"a"}]}]|}|}'
        % ALL,
    ),
    ("a whole request", b'{"generateContentRequest":{|%b,|"model":"models/m","contents":[]}}' % ALL),
    (
        "a request with an instruction",
        b'{"generate_content_request": {"contents":[],"system_instruction":{"parts":[|%b,|{"text":"a"}]}} }' % PART,
    ),
    ("an instruction beside the contents", b'{"contents":[],"systemInstruction":{"parts":[|%b,|{"text":"a"}]}}' % PART),
    ("tools beside the contents", b'{|%b,|"contents":[],"tools":[]}' % ALL),
    ("no whole request", b'{|%b,|"generateContentRequest":null,"contents":[]}' % ALL),
]

NO_PLACE = [
    ("a string", b'{"systemInstruction":"Hi","contents":[]}'),
    ("a list", b'{"systemInstruction":[{"text":"Hi"}]}'),
    ("parts that are a string", b'{"systemInstruction":{"parts":"Hi"}}'),
    ("no object", b"[]"),
    ("nothing", b""),
]


def ids(row: Any) -> str | None:
    return row if isinstance(row, str) else None


@pytest.mark.parametrize(("name", "placement", "text"), PLACES, ids=ids)
def test_words_at_their_place(name: str, placement: Placement, text: bytes) -> None:
    """Every other byte is the client's; a second time changes nothing; a count takes them as the call does."""
    before, after = unmarked(text)
    assert SPEAKING.steered(GENERATE, before, WORDS, placement) == after
    assert SPEAKING.steered(GENERATE, after, WORDS, placement) == after


@pytest.mark.parametrize(("name", "text"), COUNTS, ids=ids)
def test_words_that_are_counted(name: str, text: bytes) -> None:
    """Bare contents become a whole request, because beside them an instruction is refused."""
    before, after = unmarked(text)
    assert SPEAKING.steered(COUNT, before, WORDS, FIRST) == after
    assert SPEAKING.steered(COUNT, after, WORDS, FIRST) == after


NULLS = [
    (b'{"systemInstruction": null ,"contents":[]}', b'{"systemInstruction": {"parts":[%b]} ,"contents":[]}' % PART),
    (b'{"systemInstruction":{"parts":null}}', b'{"systemInstruction":{"parts":[%b]}}' % PART),
]


@pytest.mark.parametrize(("before", "after"), NULLS)
def test_null_gives_way(before: bytes, after: bytes) -> None:
    """Null is how some clients write nothing."""
    assert SPEAKING.steered(GENERATE, before, WORDS, LAST) == after


@pytest.mark.parametrize(("name", "body"), NO_PLACE, ids=ids)
def test_no_place_for_words(name: str, body: bytes) -> None:
    """Nothing is guessed."""
    assert SPEAKING.steered(GENERATE, body, WORDS, FIRST) is None


@pytest.mark.parametrize("model", ["gemma-3-27b-it", "gemma-3n-e4b-it", "models/gemma-2-9b-it"])
def test_models_without_a_system_text(model: str) -> None:
    """They would refuse what they have answered until now."""
    match = met(f"/gemini/v1beta/models/{model.replace('/', '%2F')}:generateContent")
    body = b'{"contents":[{"parts":[{"text":"Hi"}]}]}'
    found = SPEAKING.opening(match, body)
    assert found is not None
    assert found.exemption is Exemption.NO_SYSTEM_TEXT
    assert SPEAKING.steered(match, body, WORDS, FIRST) is None


def test_auto_means_first() -> None:
    """There are no cache marks here."""
    body = b'{"cache_control":{},"systemInstruction":{"parts":[{"text":"Hi"}]}}'
    assert SPEAKING.placed(GENERATE, body) is FIRST
    first = SPEAKING.steered(GENERATE, body, WORDS, FIRST)
    assert SPEAKING.steered(GENERATE, body, WORDS, Placement.AUTO) == first


HI = '"contents":[{"role":"user","parts":[{"text":"Hi"}]}]'
CONFIG = '{"generationConfig":{%s},' + HI + "}"
EXEMPT = {kind: {"exemption": kind} for kind in Exemption}
OPENINGS: list[tuple[str, str, dict[str, Any]]] = [
    ("the least", "{%s}" % HI, {"user": "Hi", "system": "", "tools": (), "answered": False, "cap": None}),  # noqa: UP031
    ("no wishes", CONFIG % "", {"reasoning": False, "exemption": None, "continues": ""}),
    ("an instruction", '{"systemInstruction":{"parts":[{"text":"a"},{"text":"b"}]},' + HI + "}", {"system": "a\n\nb"}),
    ("another spelling", '{"system_instruction":{"parts":{"text":"a"}},' + HI + "}", {"system": "a"}),
    ("a cap", CONFIG % '"maxOutputTokens":7', {"cap": 7}),
    ("a cap, spelled otherwise", '{"generation_config":{"max_output_tokens":7},' + HI + "}", {"cap": 7}),
    ("functions", '{"tools":[{"functionDeclarations":[{"name":"a"},{"name":"b"}]},{"googleSearch":{}}],' + HI + "}",
     {"tools": ("a", "b", "googleSearch")}),
    ("one tool without its list", '{"tools":{"function_declarations":[{"name":"a"}]},' + HI + "}", {"tools": ("a",)}),
    ("a level", CONFIG % '"thinkingConfig":{"thinkingLevel":"LOW"}', {"reasoning": True}),
    ("a budget", CONFIG % '"thinkingConfig":{"thinkingBudget":-1}', {"reasoning": True}),
    ("thoughts", CONFIG % '"thinking_config":{"include_thoughts":true}', {"reasoning": True}),
    ("no budget", CONFIG % '"thinkingConfig":{"thinkingBudget":0,"includeThoughts":false}', {"reasoning": False}),
    ("JSON", CONFIG % '"responseMimeType":"application/json"', EXEMPT[Exemption.STRUCTURED_OUTPUT]),
    ("one of a few", CONFIG % '"response_mime_type":"text/x.enum"', EXEMPT[Exemption.STRUCTURED_OUTPUT]),
    ("a schema", CONFIG % '"responseSchema":{"type":"OBJECT"}', EXEMPT[Exemption.STRUCTURED_OUTPUT]),
    ("a JSON schema", CONFIG % '"responseJsonSchema":{}', EXEMPT[Exemption.STRUCTURED_OUTPUT]),
    ("plain text", CONFIG % '"responseMimeType":"text/plain","responseSchema":null', {"exemption": None}),
    ("any function", '{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}},' + HI + "}",
     EXEMPT[Exemption.FORCED_TOOL]),
    ("in small letters", '{"tool_config":{"function_calling_config":{"mode":"any"}},' + HI + "}",
     EXEMPT[Exemption.FORCED_TOOL]),
    ("functions as it likes", '{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},' + HI + "}",
     {"exemption": None}),
    ("a kept beginning", '{"cachedContent":"cachedContents/1",' + HI + "}", EXEMPT[Exemption.CACHED_CONTENT]),
    ("before all else", '{"cached_content":"c","generationConfig":{"responseSchema":{}},' + HI + "}",
     EXEMPT[Exemption.CACHED_CONTENT]),
    ("none kept", '{"cachedContent":"","cached_content":null,' + HI + "}", {"exemption": None}),
    ("speech", CONFIG % '"responseModalities":["AUDIO"]', EXEMPT[Exemption.NOT_A_CHAT]),
    ("pictures too", CONFIG % '"responseModalities":["TEXT","IMAGE"]', EXEMPT[Exemption.NOT_A_CHAT]),
    ("text alone", CONFIG % '"responseModalities":["TEXT"]', {"exemption": None}),
    ("a whole request to count", '{"generateContentRequest":{"systemInstruction":{"parts":[{"text":"a"}]},' + HI + "}}",
     {"system": "a", "user": "Hi"}),
    ("an odd instruction", '{"systemInstruction":"a",' + HI + "}", EXEMPT[Exemption.UNREADABLE]),
    ("two instructions", '{"systemInstruction":{},"system_instruction":{},' + HI + "}", EXEMPT[Exemption.UNREADABLE]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "told"), OPENINGS, ids=ids)
def test_what_an_opening_says(name: str, text: str, told: dict[str, Any]) -> None:
    """Each field from where the API has it, in both spellings."""
    found = opened(text)
    assert {field: getattr(found, field) for field in told} == told


MODEL, USER = '{"role":"model","parts":[%s]}', ',{"role":"user","parts":[{"text":"b"}]}'
ENDINGS: list[tuple[str, str, bool, Exemption | None]] = [
    ("a question", "", False, None),
    ("an answer, and another question", MODEL % '{"text":"a"}' + USER, True, None),
    ("a prefill", MODEL % '{"text":"a"},{"text":"b"}', False, Exemption.PREFILL),
    ("an empty prefill", MODEL % "", False, None),
    ("a later prefill", MODEL % '{"text":"a"}' + USER + "," + MODEL % '{"text":"{"}', True, Exemption.PREFILL),
    ("a call", MODEL % '{"functionCall":{"name":"f"}}', True, None),
    ("a signed text", MODEL % '{"text":"a","thoughtSignature":"x"}', True, None),
    ("code that ran", MODEL % '{"text":"a"},{"executableCode":{}},{"codeExecutionResult":{}}', True, None),
]


@pytest.mark.parametrize(("name", "more", "answered", "exemption"), ENDINGS, ids=ids)
def test_prefill_or_turn(name: str, more: str, answered: bool, exemption: Exemption | None) -> None:
    """Plain text at the end begins the answer; anything else there is a turn of the model's."""
    found = opened('{"contents":[{"role":"user","parts":[{"text":"Hi"}]}' + (more and "," + more) + "]}")
    assert (found.answered, found.exemption) == (answered, exemption)


PICTURE = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
TURNED = {"inlineData": {"data": "AAAA", "mimeType": "image/png"}}
SAME: list[tuple[str, dict[str, Any]]] = [
    ("no role", {"contents": [{"parts": [{"text": "Hi"}, PICTURE]}]}),
    ("another order of names", {"contents": [{"parts": [{"text": "Hi"}, TURNED], "role": "user"}]}),
    ("contents without their list", {"contents": {"role": "user", "parts": [{"text": "Hi"}, PICTURE]}}),
    ("an instruction without its list", {"systemInstruction": {"role": "system", "parts": {"text": "S"}}}),
    ("other wishes", {"generationConfig": {"temperature": 1}, "tools": [{"googleSearch": {}}]}),
]  # fmt: skip
OTHER: list[tuple[str, dict[str, Any]]] = [
    ("another question", {"contents": [{"parts": [{"text": "Ho"}, PICTURE]}]}),
    ("no picture", {"contents": [{"parts": [{"text": "Hi"}]}]}),
    ("another instruction", {"systemInstruction": {"parts": [{"text": "T"}]}}),
    ("none", {"systemInstruction": None}),
]


@pytest.mark.parametrize(("name", "change"), SAME, ids=ids)
def test_one_conversation_has_one_fingerprint(name: str, change: dict[str, Any]) -> None:
    """However a client writes its beginning down again, and however long it has become."""
    assert opened(conversation(**change)).fingerprint == opened(conversation()).fingerprint
    longer = {"contents": [*BEGUN["contents"], {"role": "model", "parts": [{"text": "a"}]}]}
    assert opened(conversation(**longer)).fingerprint == opened(conversation()).fingerprint


@pytest.mark.parametrize(("name", "change"), OTHER, ids=ids)
def test_others_have_others(name: str, change: dict[str, Any]) -> None:
    """No two beginnings are mixed up."""
    assert opened(conversation(**change)).fingerprint != opened(conversation()).fingerprint


UNREADABLE = [
    b"",
    b"[]",
    b"nonsense",
    b'{"contents":7}',
    b'{"contents":[7]}',
    b'{"contents":[{"role":1}]}',
    b"[" * 99_999,
]


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: repr(body[:30]))
def test_what_can_not_be_read(body: bytes) -> None:
    """None, never an exception."""
    assert SPEAKING.opening(GENERATE, body) is None


def test_requests_inside_requests_end() -> None:
    """However deep somebody packs them."""
    deep = b'{"generateContentRequest":' * 5_000 + b"{}" + b"}" * 5_000
    SPEAKING.opening(COUNT, deep)
    SPEAKING.steered(COUNT, deep, WORDS, FIRST)


def test_where_requests_stand() -> None:
    """The whole body of what chats, and of its counts."""
    stream = met("/gemini/v1alpha/models/gemini-3-flash:streamGenerateContent")
    assert [SPEAKING.requests(match, b"{}") for match in (GENERATE, stream, COUNT)] == [((0, 2),)] * 3
    for path in ("models/m:embedContent", "models/m:batchEmbedContents", "cachedContents"):
        assert SPEAKING.requests(met("/gemini/v1beta/" + path), b"{}") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["systemInstruction", "parts", "text", "role", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)
TEXTS = st.lists(st.fixed_dictionaries({"text": st.text(max_size=5)}), max_size=3)


@given(instruction=JSON | st.fixed_dictionaries({"parts": TEXTS}),
       others=st.dictionaries(st.sampled_from(["a", "contents", "tools"]), JSON),
       name=st.sampled_from(["systemInstruction", "system_instruction"]), front=st.booleans(),
       placement=st.sampled_from(Placement), match=st.sampled_from([GENERATE, COUNT]))  # fmt: skip
def test_whatever_stands_there(
    instruction: Any, others: dict[str, Any], name: str, front: bool, placement: Placement, match: Any
) -> None:
    """The words come in once, and all but the instruction reads as before; where an opening is plain, they come in."""
    body = msgspec.json.encode({name: instruction, **others} if front else {**others, name: instruction})
    edited = SPEAKING.steered(match, body, WORDS, placement)
    found = SPEAKING.opening(match, body)
    assert edited is not None or found is None or found.exemption is Exemption.UNREADABLE
    if edited is not None:
        assert SPEAKING.steered(match, edited, WORDS, placement) == edited
        after = json.loads(edited)
        assert {other: after[other] for other in others} == others
        assert WORDS in json.dumps(after[name])


@given(body=st.binary(max_size=60) | st.text('{}[]":,\\ contespar', max_size=40).map(str.encode))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    """Whatever they are."""
    for match in (GENERATE, COUNT):
        SPEAKING.opening(match, body)
        SPEAKING.placed(match, body)
        SPEAKING.steered(match, body, WORDS, Placement.AUTO)


BEGUN: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "S"}]},
    "contents": [{"role": "user", "parts": [{"text": "Hi"}, PICTURE]}],
}


def opened(text: str) -> Opening:
    found = SPEAKING.opening(GENERATE, text.encode())
    assert found is not None
    return found


def conversation(**change: Any) -> str:
    return json.dumps({**BEGUN, **change})
