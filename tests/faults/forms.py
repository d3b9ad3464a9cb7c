"""The ways of asking: a whole answer and a stream of each dialect, and an upload."""

from dataclasses import dataclass

from tests.path.wire.raw import LAST_CHUNK, chunk, head, sized
from tests.path.wire.streams import ANTHROPIC, ARRAY, CHAT, GEMINI, RESPONSES, Stream
from tests.support.gateway import KEY

_CHAT = b'"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]'
_CANDIDATES = b'"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"finishReason":"STOP"}]'
_WHOLE = {
    "anthropic": b'{"id":"msg_1","type":"message","role":"assistant","model":"m","stop_reason":"end_turn",'
    b'"content":[{"type":"text","text":"a"}],"usage":{"input_tokens":1,"output_tokens":2}}',
    "chat": b'{"id":"c","object":"chat.completion","created":1,%b,'
    b'"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}' % _CHAT,
    "responses": b'{"id":"resp_1","object":"response","status":"completed","model":"m","output":[],'
    b'"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}',
    "gemini": b'{%b,"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}}' % _CANDIDATES,
    "upload": b'{"text":"a"}',
}
# What is said holds something private: who scrubs has to see the answer.
WORDS = b"Write to jane.doe@example.com"
_MESSAGES = b'"messages":[{"role":"user","content":"%b"}]' % WORDS
_SAID = {
    "anthropic": b'{"model":"%b","max_tokens":9,"stream":%b,' + _MESSAGES + b"}",
    "chat": b'{"model":"%b","stream":%b,' + _MESSAGES + b"}",
    "responses": b'{"model":"%b","stream":%b,"input":"' + WORDS + b'"}',
}
_ASKED = b'{"contents":[{"role":"user","parts":[{"text":"%b"}]}]}' % WORDS
BOUNDARY = "multipart/form-data; boundary=x"
_FORM = (
    b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\n%b\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n%b\r\n--x--\r\n'
)


@dataclass(frozen=True)
class Form:
    """``stream`` None: the answer is one piece of JSON."""

    name: str
    dialect: str
    target: str
    voice: str
    """Whose bodies."""
    stream: Stream | None = None
    kind: str = "application/json"

    def said(self, model: str) -> bytes:
        """A small good body. In Gemini's the model is a part of the path."""
        if self.voice == "upload":
            return _FORM % (model.encode(), b"sound")
        if self.voice == "gemini":
            return _ASKED
        return _SAID[self.voice] % (model.encode(), b"true" if self.stream else b"false")

    def request(
        self,
        model: str,
        *lines: str,
        body: bytes | None = None,
        framing: str | None = None,
        version: str = "HTTP/1.1",
        host: str = "Host: gateway",
    ) -> bytes:
        """A good request unless something is asked to be bad. ``framing`` in place of its length."""
        body = self.said(model) if body is None else body
        usual = (host, f"X-Penstock-Key: {KEY}", f"Content-Type: {self.kind}", "Connection: close")
        length = f"Content-Length: {len(body)}" if framing is None else framing
        start = f"POST {self.target.replace('MODEL', model)} {version}"
        return head(start, *usual, *lines, *([length] if length else [])) + body

    @property
    def whole(self) -> bytes:
        """A good answer's body."""
        return self.stream.whole if self.stream else _WHOLE[self.voice]

    def begun(self) -> list[bytes]:
        """A good answer's head and the first part of its body."""
        if self.stream:
            return [self.stream.answer_head(), chunk(self.stream.frames[0])]
        return [sized(self.whole)[: -len(self.whole) // 2]]

    def good(self) -> list[bytes]:
        """A good answer, in the pieces in which it is sent."""
        if self.stream:
            return [self.stream.answer_head(), *map(chunk, self.stream.frames), LAST_CHUNK]
        return [sized(self.whole)]


_GEMINI = "/gemini/v1beta/models/MODEL"
_ALL = (
    Form("messages", "anthropic", "/v1/messages", "anthropic"),
    Form("messages, streamed", "anthropic", "/v1/messages", "anthropic", ANTHROPIC),
    Form("chat", "openai", "/v1/chat/completions", "chat"),
    Form("chat, streamed", "openai", "/v1/chat/completions", "chat", CHAT),
    Form("responses", "openai", "/v1/responses", "responses"),
    Form("responses, streamed", "openai", "/v1/responses", "responses", RESPONSES),
    Form("gemini", "gemini", f"{_GEMINI}:generateContent", "gemini"),
    Form("gemini, events", "gemini", f"{_GEMINI}:streamGenerateContent?alt=sse", "gemini", GEMINI),
    Form("gemini, array", "gemini", f"{_GEMINI}:streamGenerateContent", "gemini", ARRAY),
)
FORMS = {form.name: form for form in _ALL}
"""The usual ones: JSON goes up."""
UPLOAD = Form("upload", "openai", "/v1/audio/transcriptions", "upload", kind=BOUNDARY)
EVERY = {**FORMS, UPLOAD.name: UPLOAD}

UNARY = tuple(name for name, form in FORMS.items() if not form.stream)
STREAMED = tuple(name for name, form in FORMS.items() if form.stream)
