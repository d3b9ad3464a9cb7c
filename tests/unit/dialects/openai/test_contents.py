"""What the parts of a content say, however a client writes them down."""

import msgspec
import pytest

from penstock.core.terseness import LATEST_BYTES
from penstock.dialects.openai.contents import Message, fingerprint, known, latest, parts, texts, words

PARTS: list[tuple[bytes, list[bytes]]] = [
    (b'"a"', [b'"a"']), (b'["a","b"]', [b'"a"', b'"b"']), (b'[{"type":"text","text":"a"}]', [b'"a"']),
    (b'[{"type":"input_text","text":"a"},{"text":"b"},{"type":"output_text","text":"c"}]', [b'"a"', b'"b"', b'"c"']),
    (b'{"type":"text", "text":"a", "cache_control":{}}', [b'"a"']),
    (b'[{"type":"refusal","text":"a"}]', [b'{"text":"a","type":"refusal"}']),
    (b'[{"type":"text","text":["a"]}]', [b'{"text":["a"],"type":"text"}']),
    (b'[{"url":"u", "type":"image_url","prompt_cache_breakpoint":{},"cache_control":1}]',
     [b'{"type":"image_url","url":"u"}']),
    (b'[null,"",{},"a"]', [b"{}", b'"a"']), (b"null", []), (b'""', []), (b"", []), (b"[]", []), (b"7", [b"7"]),
    (b"{broken", [b"{broken"]), (b"[broken", [b"[broken"]),
    (b"[" + b"0," * 999 + b"0]", [b"0"] * 1000), (b"[" + b"0," * 1000 + b"0]", [b"[" + b"0," * 1000 + b"0]"]),
]  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), PARTS, ids=range(len(PARTS)))
def test_parts_of_a_content(content: bytes, expected: list[bytes]) -> None:
    """Texts as strings, all others without marks and with their names in order."""
    assert parts(msgspec.Raw(content)) == expected


def test_words_of_parts() -> None:
    """With an empty line between them, or each by itself; bytes that are none are read as well as can be."""
    assert words([b'"a"', b'{"text":"b"}', b'"c\\n"']) == "a\n\nc\n"
    assert words([]) == ""
    assert texts(b'[{"type":"text","text":"a"},{"type":"image_url"},"","b"]') == ("a", "b")
    assert texts(b'"\xffa"') == ("\ufffda",)
    assert [known(msgspec.Raw(one)) for one in (b'{"a":1}', b"null", b"", b"{")] == [{"a": 1}, None, None, None]
    assert fingerprint([b'"a"', b'"b"'], [b'"c"']) == b'[["a","b"],["c"]]'


def message(role: str | None, content: bytes = b'"a"', kind: str | None = None) -> Message:
    return Message(role=role, type=kind, content=msgspec.Raw(content))


LARGE = b'"' + b"x" * (LATEST_BYTES - 2) + b'"'


@pytest.mark.parametrize(
    ("messages", "content"),
    [
        ([message("user")], b'"a"'), ([message("user", kind="message")], b'"a"'), ([message("user", kind="x")], b""),
        ([message("user"), message("system"), message("developer", kind="message")], b'"a"'),
        ([message("user"), message("system", kind="x")], b""), ([message("user"), message("assistant")], b""),
        ([message(None)], b""), ([], b""), ([message("system")], b""),
        ([message("user", LARGE)], LARGE), ([message("user", LARGE + b" ")], b""),
        ([message("user", b'"b"'), message("user")], b'"a"'),
    ],
)  # fmt: skip
def test_what_the_user_said_last(messages: list[Message], content: bytes) -> None:
    """Only the client's system text may stand behind it."""
    assert latest(messages) == content
