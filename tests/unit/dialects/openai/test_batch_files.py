"""A batch's file as it is uploaded: which uploads are one, which of its lines take words, and what stays as it was."""

from collections.abc import Iterator

import pytest

from penstock.core.terseness import Exemption, Placement
from penstock.dialects.openai.batch_files import asked, lines, requests, telling
from tests.unit.dialects.openai.asked import CHAT, RESPONSES, SPEAKING, WORDS, ids, met, steered

UPLOAD = met("/v1/files")
KIND = b'multipart/form-data; boundary="b"'
PURPOSE = b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch'
OTHER_PURPOSE = b'Content-Disposition: form-data; name="purpose"\r\n\r\nfine-tune'
FIELD = b'Content-Disposition: form-data; name="expires_after[anchor]"\r\n\r\ncreated_at'
FILE_HEADERS = (
    b'Content-Disposition: form-data; name="file"; filename="a b.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n'
)

CHAT_LINE = b'{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":<{"model":"m","messages":[{}]}>}'
SHORT_LINE = b'{"url":"/chat/completions","body":<{"messages":[{}]}>}'
RESPONSES_LINE = b'{"body": <{"input":"a","body":{"input":"a"}}> ,"url":"/v1/responses"}'
EMBEDDING_LINE = b'{"url":"/v1/embeddings","body":{"input":"a"}}'
FILES = [
    ("nothing", b"", []),
    ("one of each", CHAT_LINE + b"\n" + RESPONSES_LINE + b"\n", ["chat.completions.create", "responses.create"]),
    ("Windows' line ends, empty lines, no last one", b"\r\n\n" + CHAT_LINE + b"\r\n" + CHAT_LINE,
        ["chat.completions.create", "chat.completions.create"]),
    ("a byte order mark", b"\xef\xbb\xbf" + CHAT_LINE, ["chat.completions.create"]),
    ("a path without a version", SHORT_LINE, ["chat.completions.create"]),
    ("the name in its own body", b'{"x":{"body":{}},"url":"/v1/responses","body":<{"body":{}}>}', ["responses.create"]),
    ("others, and none", b"\n".join([
        EMBEDDING_LINE, b'{"url":"/v1/completions","body":{"prompt":"a"}}', b'{"url":7,"body":{}}',
        b'{"body":{"messages":[]}}', b"[]", b"noise", b'{"url":"/v1/chat/completions","body":{"messages":[]}',
        CHAT_LINE]), ["chat.completions.create"]),
]  # fmt: skip


def form(*parts: bytes, end: bytes = b"\r\n") -> bytes:
    """Parts between boundaries."""
    return b"".join(b"--b" + end + part + end for part in parts) + b"--b--" + end


def uploaded(file: bytes) -> bytes:
    return form(PURPOSE, FILE_HEADERS + file)


@pytest.mark.parametrize(("name", "marked", "operations"), FILES, ids=ids)
def test_the_chats_in_a_batchs_file_are_found(name: str, marked: bytes, operations: list[str]) -> None:
    """Each at its place, whatever the lines around it are."""
    pieces = marked.replace(b">", b"<").split(b"<")
    body = b"".join(pieces)
    found = [(start, asked(body[start:end])) for start, end in lines(body, 0, len(body))]
    assert [each and each[0] for _, each in found] == operations
    assert [body[begun + each[1] : begun + each[2]] for begun, each in found if each] == pieces[1::2]
    upload = uploaded(body)
    spans = requests(upload, KIND)
    assert spans is not None
    assert [upload[start:end] for start, end in spans] == [body[slice(*span)] for span in lines(body, 0, len(body))]


def test_what_is_found_in_a_batch_takes_words() -> None:
    """Line by line, as the same request does alone; all between and around it keeps its bytes."""
    chats = [b'{"model":"m", "messages":[{"role":"user","content":"%d"}]}' % at for at in range(3)]
    answers = [
        b'{"model":"m","instructions":"Be\\n\\u00fc","input":"a" }',
        b'{"input":[ {"role":"user","content":"a"}]}',
    ]
    rows = [b'{"custom_id" :"%d","url":"/v1/chat/completions","body": %b }' for _ in chats]
    rows += [b'{"custom_id":"%d","body":%b,"url":"/v1/responses"}' for _ in answers]
    others = [EMBEDDING_LINE, b"", b"noise", b"\r", EMBEDDING_LINE]

    def upload(each: list[bytes]) -> bytes:
        pairs = zip(rows, each, others, strict=True)
        file = b"\n".join(row % (at, one) + b"\r\n" + other for at, (row, one, other) in enumerate(pairs))
        return form(FIELD, FILE_HEADERS + b"\xef\xbb\xbf" + file, PURPOSE)

    body = upload([*chats, *answers])
    spans = SPEAKING.requests(UPLOAD, body, KIND)
    assert spans is not None
    assert len(spans) == 5
    for start, end in reversed(spans):
        got = SPEAKING.steered(UPLOAD, body[start:end], WORDS, Placement.FIRST)
        assert got is not None
        assert SPEAKING.steered(UPLOAD, got, WORDS, Placement.FIRST) == got
        body = body[:start] + got + body[end:]
    alone = [steered(CHAT, one) or b"" for one in chats] + [steered(RESPONSES, one) or b"" for one in answers]
    assert all(WORDS.split()[-1].encode() in one for one in alone)
    assert body == upload(alone)


def test_a_line_opens_as_the_same_request_does_alone() -> None:
    """So that a conversation is the same one in a batch; and a form that leaves no room for words leaves none here."""
    request = b'{"model":"m","max_tokens":7,"messages":[{"role":"user","content":"Why?"}]}'
    line = b'{"url":"/v1/chat/completions","body":%b}'
    assert SPEAKING.opening(UPLOAD, line % request) == SPEAKING.opening(CHAT, request) != None  # noqa: E711
    low = SPEAKING.lowered(CHAT, request)
    assert low is not None
    assert SPEAKING.lowered(UPLOAD, line % request) == line % low
    exempt = SPEAKING.opening(UPLOAD, line % request.replace(b"{", b'{"tool_choice":"required",', 1))
    assert exempt is not None
    assert exempt.exemption is Exemption.FORCED_TOOL
    for none in (EMBEDDING_LINE, b"noise", b'{"url":"/v1/responses"}'):
        assert SPEAKING.opening(UPLOAD, none) is None
        assert SPEAKING.steered(UPLOAD, none, WORDS, Placement.FIRST) is None


CHAT_FILE = CHAT_LINE.replace(b"<", b"").replace(b">", b"")
FILE = FILE_HEADERS + CHAT_FILE
OTHER_FIELD = PURPOSE.replace(b'"purpose"', b'"x"')
UNIX = form(PURPOSE.replace(b"\r", b""), FILE.replace(b"\r", b""), end=b"\n")
UPLOADS = {
    "the purpose first": (form(PURPOSE, FILE), True, 1),
    "the purpose last": (form(FILE, FIELD, PURPOSE), True, 1),
    "lines of its own that end like Unix's": (UNIX, True, 1),
    "no name of its own": (form(PURPOSE, FILE.replace(b'; filename="a b.jsonl"', b"")), True, 1),
    "a name in two spellings": (form(PURPOSE, FILE.replace(b'"\r', b"\"; filename*=UTF-8''a%20b\r", 1)), True, 1),
    "another purpose": (form(OTHER_PURPOSE, FILE), False, None),
    "another purpose, last": (form(FILE, OTHER_PURPOSE), False, None),
    "two purposes": (form(PURPOSE, OTHER_PURPOSE, FILE), True, None),
    "no purpose": (form(OTHER_FIELD, FILE), None, None),
    "a file of another name": (form(PURPOSE, FILE.replace(b'"file"', b'"image"')), True, 0),
    "the boundary in the file": (form(PURPOSE, FILE + b"\r\nx--b"), True, 0),
}  # fmt: skip


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize(("body", "is_one", "count"), UPLOADS.values(), ids=UPLOADS)
def test_which_uploads_are_a_batchs_file(body: bytes, is_one: bool | None, count: int | None, size: int) -> None:
    """Told while it arrives, however it is cut, and read when it is there; two purposes are none."""
    tells = telling(KIND)
    assert tells is not None
    told = [tells(piece) for piece in pieces(body, size)]
    assert next((each for each in told if each is not None), None) is is_one
    found = requests(body, KIND)
    assert (None if found is None else len(found)) == count


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_a_file_of_another_kind_is_not_waited_for(size: int) -> None:
    """A picture before its purpose is let go at its beginning, which is all that is looked at."""
    picture = form(FILE_HEADERS + b"\r\n \x89PNG" + bytes(100_000), PURPOSE)
    tells = telling(KIND)
    assert tells is not None
    seen = 0
    for piece in pieces(picture, size):
        seen += len(piece)
        if tells(piece) is not None:
            break
    assert seen <= max(512, size)
    late = telling(KIND)
    assert late is not None
    # Of what begins like a batch's file nothing can be told before its purpose.
    assert {late(piece) for piece in pieces(form(FILE_HEADERS + b" {" + bytes(100_000), FIELD), 1000)} == {None}


@pytest.mark.parametrize("kind", [None, b"application/json", b"multipart/form-data", b"multipart/mixed; boundary=b"])
def test_only_a_form_is_looked_at(kind: bytes | None) -> None:
    """What is no form is no upload of a batch; nor is an upload of any other operation."""
    assert telling(kind) is None
    assert requests(form(PURPOSE, FILE), kind) is None
    assert SPEAKING.telling(CHAT, KIND) is None
    assert SPEAKING.telling(met("/v1/uploads/upload_1/parts"), KIND) is None
