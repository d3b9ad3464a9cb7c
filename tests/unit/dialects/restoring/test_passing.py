"""Answers that pass in pieces: however they are cut, what comes out is the same."""

import json

import pytest

from penstock.core.mask import Masks, spelt
from penstock.core.restoring import Lanes
from penstock.dialects.passing import Anywhere, Guessed, RestoredLines
from tests.support.walked import route
from tests.unit.dialects.restoring.test_whole import RESTORING

JANE, KEY, ODD = spelt("EMAIL", 1), spelt("SECRET", 2), spelt("PERSON", 3)
VALUES = {JANE: "jane@corp.de", ODD: 'O"Neil\n'}
NUMBER = "73812300"


def masks() -> Masks:
    return Masks(VALUES, tools={KEY: "sk-1"}, numbers={NUMBER: "41111111"})


def written(text: str) -> str:
    """With the values in place of the tokens, as they are in a text that is no JSON."""
    for token, value in {**VALUES, NUMBER: "41111111"}.items():
        text = text.replace(token, value)
    return text


def passed(lanes: Lanes, whole: bytes, size: int) -> bytes:
    told = b"".join(lanes.frames(whole[start : start + size]) for start in range(0, len(whole), size))
    return told + lanes.rest()


def lanes(dialect: str, path: str) -> Lanes:
    found = RESTORING[dialect].passing(route(dialect, path, "GET"), masks())
    assert found is not None
    return found


FILE = "/v1/files/f/content"
TEXTS = {
    "prose": f"Dear {JANE},\n{ODD} x{JANE}y {KEY} {JANE[:9]}",
    "a table": f'"a";"{JANE}"\n{NUMBER};{ODD}\n1{NUMBER}\n',
    "only the beginning of one": JANE[:12],
    "nothing": "",
    "braces": f"{{ {JANE} }}\n{ODD}",
}


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_has_its_values_wherever_it_is_cut(text: str, size: int) -> None:
    """Tokens stand for themselves alone; what only the model may give to a tool stays."""
    said = TEXTS[text]
    expected = written(said).replace("1" + written(NUMBER), "1" + NUMBER)
    if text == "braces":
        # It begins like JSON: a value is escaped only inside quotes.
        assert passed(lanes("openai", FILE), said.encode(), size).decode() == expected
    assert passed(lanes("openai", FILE), said.encode(), size).decode() == expected


@pytest.mark.parametrize("size", [1, 5, 64, 10_000])
def test_json_has_its_values_escaped(size: int) -> None:
    """On one line or over several, as lines, and inside events."""
    plain = {"a": [JANE, {"b": ODD, "c": int(NUMBER)}], "d": KEY}
    full = {"a": [VALUES[JANE], {"b": VALUES[ODD], "c": 41111111}], "d": KEY}
    for indent in (None, 1):
        got = passed(lanes("openai", FILE), json.dumps(plain, indent=indent).encode(), size)
        assert json.loads(got) == full
    lines = "\n".join(json.dumps(one) for one in (plain, {"x": ODD}, plain)).encode()
    got = passed(lanes("anthropic", FILE), lines, size)
    assert [json.loads(line) for line in got.splitlines()] == [full, {"x": VALUES[ODD]}, full]
    events = b"event: e\ndata: " + json.dumps(plain).encode() + b"\n\n"
    found = RESTORING["openai"].passing(route("openai", "/v1/audio/transcriptions"), masks())
    assert found is not None
    assert json.loads(passed(found, events, size).split(b"data: ")[1]) == full


@pytest.mark.parametrize("size", [1, 17, 10_000])
def test_results_of_batches_are_restored_as_answers_are(size: int) -> None:
    """A tool gets what only tools get; thinking stays; names of requests stay."""
    content = [
        {"type": "thinking", "thinking": JANE, "signature": "s"},
        {"type": "text", "text": JANE},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"k": KEY, "o": ODD}},
    ]
    line = {"custom_id": JANE, "result": {"type": "succeeded", "message": {"content": content}}}
    got = passed(lanes("anthropic", "/v1/messages/batches/b/results"), json.dumps(line).encode() + b"\n", size)
    told = json.loads(got)["result"]["message"]["content"]
    assert told[0]["thinking"] == JANE
    assert told[1]["text"] == VALUES[JANE]
    assert told[2]["input"] == {"k": "sk-1", "o": VALUES[ODD]}
    assert json.loads(got)["custom_id"] == JANE
    call = {"function": {"name": "f", "arguments": json.dumps({"k": KEY, "o": ODD})}}
    body = {"choices": [{"message": {"content": KEY, "tool_calls": [call]}}]}
    result = {"custom_id": "1", "response": {"body": body}, "error": None}
    told = json.loads(passed(lanes("openai", FILE), json.dumps(result).encode(), size))
    message = told["response"]["body"]["choices"][0]["message"]
    assert message["content"] == KEY
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"k": "sk-1", "o": VALUES[ODD]}


def test_what_is_no_text_passes() -> None:
    """Bytes of any kind; sound and pictures are not even looked at."""
    whole = bytes(range(256)) * 50
    assert passed(lanes("gemini", "/v1beta/files/f:download"), whole, 100) == whole
    assert RESTORING["openai"].passing(route("openai", "/v1/videos/v/content", "GET"), masks()) is None


def test_a_line_that_does_not_end_is_not_held_for_ever() -> None:
    """It passes as it comes; the next one is restored again."""
    found = RestoredLines(lambda line: line.replace(b"a", b"b"), most=10)
    assert found.frames(b"aaa\naaaa") == b"bbb\n"
    assert found.frames(b"a" * 7) == b"a" * 11
    assert found.frames(b"a\na") == b"a\n"
    assert found.frames(b"a\n") + found.rest() == b"bb\n"


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(("text", "structured", "told"), [
    (f'He said "{ODD}"', False, 'He said "O"Neil\n"'), (f'x "{ODD}"', True, 'x "O\\"Neil\\n"'),
    (f'{{"a":"{ODD}"}} {ODD}', False, '{"a":"O\\"Neil\\n"} O"Neil\n'),
    (f"1{NUMBER} {NUMBER}", False, f"1{NUMBER} 41111111"),
    (f"{NUMBER}1", False, f"{NUMBER}1"), (NUMBER, False, "41111111"), (f"{NUMBER[:4]}", False, NUMBER[:4]),
    ("", False, ""),
])  # fmt: skip
def test_where_a_value_is_escaped(text: str, structured: bool, told: str, size: int) -> None:
    """In a string of what begins like JSON, or surely is; in prose never."""
    assert passed(Anywhere(masks(), structured=structured), text.encode(), size).decode() == told


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f' \n {{"a":"{ODD}","b":"{JANE}"}}\n{{"a":"{JANE}"}}\n',
         ' \n {"a":"O\\"Neil\\n","b":"jane@corp.de"}\n{"a":"jane@corp.de"}\n'),
        (f'data: {{"a":"{ODD}"}}\n\n', 'data: {"a":"O\\"Neil\\n"}\n\n'),
        (f'event: x\ndata: "{ODD}"\n\n', 'event: x\ndata: "O\\"Neil\\n"\n\n'),
        (f': x\nid: 1\ndata: "{ODD}"\n\n', ': x\nid: 1\ndata: "O\\"Neil\\n"\n\n'),
        (f'date: "{ODD}"', 'date: "O"Neil\n"'), (f'{{ {ODD} }}\n"{ODD}"', '{ O"Neil\n }\n"O\\"Neil\\n"'),
        (f'{{"a":"{ODD}"\n}}', '{"a":"O\\"Neil\\n"\n}'), ("dat", "dat"), ("  \n", "  \n"), ("", ""), ("{", "{"),
        (f'{{"a":"{ODD}"}}', '{"a":"O\\"Neil\\n"}'), (f'["{ODD}"]\n', '["O\\"Neil\\n"]\n'),
    ],
)  # fmt: skip
def test_what_a_text_is_taken_for(text: str, told: str, size: int) -> None:
    """Lines of JSON, events, or any other; however it is cut."""
    assert passed(Guessed(masks()), text.encode(), size).decode() == told


def test_what_begins_no_token_goes_on_at_once() -> None:
    """Of what may begin one, all before it."""
    found = Anywhere(masks())
    number = f"7{NUMBER[:3]}".encode()
    assert [found.frames(piece) for piece in (b"", b"plain words. ", b"To EMA", b"x", number, b"y")] == [
        b"", b"plain words. ", b"To ", b"EMAx", number, b"y",
    ]  # fmt: skip
    assert found.rest() == b""
    assert passed(Anywhere(masks()), f'x "{ODD}"'.encode(), 1000).decode() == f'x "{VALUES[ODD]}"'
