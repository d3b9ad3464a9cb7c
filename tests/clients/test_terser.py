"""The judge of the mode with terser answers, judged: requests written by hand, before and after, and wrong ones."""

import pytest

from tests.clients.terser import COMPLAINTS, Judge, words
from tests.support.provider import Received

W = words("full")
MESSAGES = b'"messages":[{"role":"user","content":"Hi"}]'
MARKED = b'"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]'
BLOCK = b'{"type":"text","text":"%b"}' % W.encode()

# Path, the client's body, and the body as it must arrive, where W stands for the words.
RIGHT = {
    "string": (
        "/v1/messages",
        b'{"system":"Be\\n\\u00fc", %b}' % MESSAGES,
        b'{"system":"W\\n\\nBe\\n\\u00fc", %b}' % MESSAGES,
    ),
    "none": ("/v1/messages", b"{ %b}" % MESSAGES, b'{"system":"W", %b}' % MESSAGES),
    "list": (
        "/v1/messages",
        b'{%b, "system": [ {"type":"text","text":"Be"} ]}' % MESSAGES,
        b'{%b, "system": [ {"type":"text","text":"W"},{"type":"text","text":"Be"} ]}' % MESSAGES,
    ),
    "marked string": (
        "/v1/messages",
        b'{"system":"Be",%b}' % MARKED,
        b'{"system":[{"type":"text","text":"Be"},{"type":"text","text":"W"}],%b}' % MARKED,
    ),
    "schema": (
        "/v1/messages",
        b'{"output_config":{"format":{"type":"json_schema"}},%b}' % MESSAGES,
        b'{"output_config":{"format":{"type":"json_schema"}},%b}' % MESSAGES,
    ),
    "lone count": ("/v1/messages/count_tokens", b"{%b}" % MESSAGES, b"{%b}" % MESSAGES),
    "batch": (
        "/v1/messages/batches",
        b'{"requests":[{"params":{%b}},{"params":{%b,"system":"Be"}}]}' % (MESSAGES, MESSAGES),
        b'{"requests":[{"params":{"system":"W",%b}},{"params":{%b,"system":"W\\n\\nBe"}}]}' % (MESSAGES, MESSAGES),
    ),
    "chat": (
        "/v1/chat/completions",
        b"{%b}" % MESSAGES,
        b'{"messages":[{"role":"system","content":"W"},%b}' % MESSAGES.partition(b"[")[2],
    ),
    "chat developer, streamed": (
        "/v1/chat/completions",
        b'{"messages":[{"role":"developer","content":"Be"}],"stream":true}',
        b'{"messages":[{"role":"developer","content":"W"},{"role":"developer","content":"Be"}],"stream":true'
        b',"stream_options":{"include_usage":true}}',
    ),
    "instructions": (
        "/v1/responses",
        b'{"input":"Hi","instructions":"Be"}',
        b'{"input":"Hi","instructions":"W\\n\\nBe"}',
    ),
    "input": (
        "/v1/responses",
        b'{"input":"Hi"}',
        b'{"input":[{"role":"developer","content":"W"},{"role":"user","content":"Hi"}]}',
    ),
    "gemini": (
        "/v1/models/m:generateContent",
        b'{"contents":[{"parts":[{"text":"Hi"}]}]}',
        b'{"systemInstruction":{"parts":[{"text":"W"}]},"contents":[{"parts":[{"text":"Hi"}]}]}',
    ),
    "gemini parts": (
        "/v1/models/m:generateContent",
        b'{"systemInstruction":{"parts":[{"text":"Be"}]},"contents":[]}',
        b'{"systemInstruction":{"parts":[{"text":"W"},{"text":"Be"}]},"contents":[]}',
    ),
}

WRONG = {
    "missing": ("/v1/messages", b"{%b}" % MESSAGES),
    "twice": ("/v1/messages", b'{"system":[{"type":"text","text":"W"},{"type":"text","text":"W"}],%b}' % MESSAGES),
    "last unmarked": (
        "/v1/messages",
        b'{"system":[{"type":"text","text":"Be"},{"type":"text","text":"W"}],%b}' % MESSAGES,
    ),
    "first, though marked": (
        "/v1/messages",
        b'{"system":[{"type":"text","text":"W"},{"type":"text","text":"B"}],%b}' % MARKED,
    ),
    "with a mark": ("/v1/messages", b'{"system":[{"type":"text","text":"W","cache_control":{}}],%b}' % MESSAGES),
    "in a message": ("/v1/messages", b'{"messages":[{"role":"user","content":"W"}]}'),
    "second": ("/v1/chat/completions", b'{"messages":[{"role":"user"},{"role":"system","content":"W"}]}'),
    "another role": ("/v1/chat/completions", b'{"messages":[{"role":"user","content":"W"},{"role":"user"}]}'),
    "in a form": (
        "/v1/chat/completions",
        b'{"messages":[{"role":"system","content":"W"},{"role":"user","content":"Hi"}],"tool_choice":"required"}',
    ),
    "elsewhere": ("/v1/embeddings", b'{"input":"W"}'),
}


def arrived(path: str, body: bytes) -> Received:
    worded = body.replace(b"W", W.encode())
    lengths = ("content-length", str(len(worded)))
    return Received("POST", path, (("accept-encoding", "identity"), lengths), worded)


@pytest.mark.parametrize(("path", "before", "after"), RIGHT.values(), ids=RIGHT)
def test_the_words_are_taken_out_to_the_byte(path: str, before: bytes, after: bytes) -> None:
    """What is seen is the client's request again, its length too; a script still hears that usage was asked for."""
    heard, seen = Judge("full")(arrived(path, after))
    assert (seen.body, seen.header("content-length"), COMPLAINTS) == (before, str(len(before)), [])
    assert (b"include_usage" in heard.body) == (b"include_usage" in after)


@pytest.mark.parametrize(("path", "body"), WRONG.values(), ids=WRONG)
def test_words_that_stand_wrong_are_complained_of(path: str, body: bytes) -> None:
    """Missing, twice, elsewhere, marked, or where none may be."""
    Judge("full")(arrived(path, body))
    assert len(COMPLAINTS) == 1
    COMPLAINTS.clear()


def test_without_a_setting_no_words_may_come() -> None:
    """In the ordinary mode a request with words is as wrong as one without them in the other."""
    path, before, after = RIGHT["string"]
    Judge("")(arrived(path, before))
    assert not COMPLAINTS
    Judge("")(arrived(path, after))
    assert len(COMPLAINTS) == 1
    COMPLAINTS.clear()
