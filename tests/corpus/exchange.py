"""One recorded exchange made ready: the bytes that a client sends, and the bytes that the provider answers.

The recordings hold parsed bodies. They are written out here once, in ways that real clients write JSON and that a
gateway which parses and serialises would not reproduce. All chance is bound to the exchange's id.
"""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from tests.corpus.routing import Place
from tests.support.corpus import Recorded
from tests.support.gateway import CALLER_KEY

Header = tuple[str, str]


@dataclass(frozen=True)
class Request:
    """What a client sends. ``dropped`` are names that must not travel on."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes | None
    chunked: bool
    dropped: frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What the provider sends. ``framing`` is sized, chunked, or closed (the connection's end is the body's)."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    framing: str
    cut: int | None = None
    """The provider closes after this many bytes of the body, without ending it."""


@dataclass(frozen=True)
class Planned:
    """An exchange, where it goes, and its bytes."""

    recorded: Recorded
    place: Place
    request: Request
    answer: Answer
    own_key: str
    """The caller's own provider credential."""
    query: str
    """The query that the provider must see."""
    judged: bool = field(default=False)
    """The gateway must answer 502 instead: the provider's 200 is neither JSON nor an event stream."""


def planned(recorded: Recorded, place: Place, gateway_key: str, origin: str) -> Planned:
    """Make one exchange ready; ``origin`` is the provider's base URL, which its own links begin with."""
    # One of its own for each exchange, so that a mix-up shows; it begins with the canary that no log may hold.
    own_key = f"{CALLER_KEY}-{recorded.dice('key').getrandbits(64):016x}"
    request = _request(recorded, place, gateway_key, own_key)
    answer = _answer(recorded, origin)
    return Planned(recorded, place, request, answer, own_key, recorded.query, _refused(recorded, place))


# --- the request ----------------------------------------------------------------------------------------------

_ESCAPE = re.compile(r"(\\\\)|\\u([0-9a-f]{4})")

# Headers of real clients that no recording holds; the gateway forwards what it does not know.
_EXTRA = (
    (),
    (("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", "a=1,b=2")),
    (("x-claude-code-session-id", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"), ("x-app", "cli")),
    (("originator", "codex_exec"), ("x-codex-turn-metadata", '{"turn": "1", "a": "b, c; d"}')),
    (("x-stainless-timeout", "NOT_GIVEN"), ("anthropic-user-profile-id", "user-1")),
    (("X-Empty-Value", ""), ("X_Odd.Name~", "tab\tinside; \xe9\xe8"), ("x-twice", "one"), ("x-twice", "two")),
)
# Headers that speak of the way to the gateway, or to the gateway itself: never sent on.
_DROPPED = (
    (("cookie", "session=1"), ("x-penstock-note", "x")),
    (("x-forwarded-for", "10.0.0.9"), ("x-forwarded-proto", "https"), ("forwarded", "for=10.0.0.9")),
    (("via", "1.1 proxy"), ("x-real-ip", "10.0.0.9"), ("X-Mintoken-Note", "x")),
    (("connection", "keep-alive, x-hop"), ("x-hop", "1"), ("keep-alive", "timeout=5"), ("te", "trailers")),
)
_SLOTS = {
    "anthropic": ("x-api-key", "authorization", "x-penstock-key"),
    "openai": ("authorization", "x-penstock-key", "x-api-key"),
    "gemini": ("x-goog-api-key", "?key", "authorization", "X-Penstock-Key"),
}


def _request(recorded: Recorded, place: Place, gateway_key: str, own_key: str) -> Request:
    dice = recorded.dice("request")
    dropped = dice.choice(_DROPPED)
    extra = [one for one in dice.choice(_EXTRA) if one[0] not in recorded.request_headers]
    queries = [recorded.query] if recorded.query else []
    headers = [("x-replay-id", recorded.id), ("X-Provider-Key", own_key), *recorded.request_headers.items()]
    slot = dice.choice(_SLOTS[place.dialect])
    if slot == "?key":
        queries.insert(dice.randrange(len(queries) + 1), f"key={gateway_key}")
    else:
        headers.append((slot, f"Bearer {gateway_key}" if slot == "authorization" else gateway_key))
    if dice.randrange(20) == 0:
        queries.append("intensity=off")
    headers += [*extra, *dropped, ("accept-encoding", "gzip, deflate, br, zstd")]
    dice.shuffle(headers)
    body = _request_body(recorded, place)
    target = place.prefix + place.path + ("?" + "&".join(queries) if queries else "")
    names = frozenset(name.lower() for name, _ in dropped) | {"x-provider-key", slot.lower()}
    return Request(recorded.method, target, tuple(headers), body, body is not None and dice.randrange(6) == 0, names)


def _request_body(recorded: Recorded, place: Place) -> bytes | None:
    if recorded.response_only:
        return _write(_made_up(recorded, place), recorded.dice("form"))
    body: Any = msgspec.json.decode(recorded.request_body)
    if body is None:
        return None if recorded.method in {"GET", "DELETE"} else b""
    if isinstance(body, str):
        if "multipart" in recorded.request_headers.get("content-type", "") and body.startswith("LS"):
            return base64.b64decode(body)
        return body.encode()
    return _write(body, recorded.dice("form"))


def _made_up(recorded: Recorded, place: Place) -> dict[str, Any]:
    said = [{"role": "user", "content": "Grüße, 世界 \u2028 \U0001f600"}]
    if place.dialect == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": said[0]["content"]}]}]}
    told = {"model": "some-model", "stream": recorded.sse}
    if place.dialect == "anthropic":
        return told | {"max_tokens": 64, "messages": said}
    return told | ({"input": said} if place.path == "/v1/responses" else {"messages": said})


def _write(value: Any, dice: Random) -> bytes:
    """JSON in one of the ways in which clients write it."""
    form = dice.randrange(7)
    if form == 0:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    if form == 1:
        return json.dumps(value).encode()
    if form == 2:
        return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
    if form == 3:
        return b"\r\n" + json.dumps(value, indent="\t").replace("\n", "\r\n").encode() + b" \t"
    if form == 4:
        return json.dumps(value, separators=(" ,\n", " :  ")).replace("/", "\\/").encode()
    if form == 5:
        text = _ESCAPE.sub(lambda found: found[1] or f"\\u{found[2].upper()}", json.dumps(value, sort_keys=True))
        text = re.sub(r'(?<!\\)"model": ', '"mod\\\\u0065l": ', text)
        return _begin('"unknown_to_all": [1.0, 1e+3, -0, 12345678901234567890, 0.1000]', text).encode()
    text = json.dumps(value, ensure_ascii=False)
    return _begin('"twice": 1, "twice": {"\\ud83d\\ude00": null}', text).encode("utf-8", "surrogatepass")


def _begin(first: str, text: str) -> str:
    """An object's text with more in front."""
    return "{" + first + (", " if text != "{}" else "") + text[1:]


# --- the answer -----------------------------------------------------------------------------------------------


def _answer(recorded: Recorded, origin: str) -> Answer:
    dice = recorded.dice("answer")
    body = recorded.response_body.encode("utf-8", "surrogatepass")
    headers = [*recorded.response_headers.items()]
    if recorded.path_alone.startswith("/upload/") and not body:
        headers += [
            ("x-goog-upload-status", "active"),
            ("X-Goog-Upload-URL", f"{origin}/upload/v1beta/files?upload_id=a-1_b"),
        ]
    if recorded.status == 200 and body and dice.randrange(24) == 0:
        # The gateway asks for no compression; a provider that compresses anyway is relayed as it is.
        body = gzip.compress(body, mtime=0)
        headers.append(("content-encoding", "gzip"))
    headers += [("date", "Sat, 21 Nov 2026 09:00:00 GMT"), ("keep-alive", "timeout=5")]
    dice.shuffle(headers)
    framing = "chunked" if recorded.sse else dice.choices(("sized", "chunked", "closed"), (12, 4, 1))[0]
    return Answer(recorded.status, tuple(headers), body, framing)


def _refused(recorded: Recorded, place: Place) -> bool:
    if recorded.status // 100 != 2 or not recorded.response_body.strip():
        return False
    told = recorded.response_headers.get("content-type", "").partition(";")[0]
    if told in {"application/json", "text/event-stream"} or not place.operation.startswith("POST /v1/chat"):
        return False
    return not recorded.sse and recorded.response_body.lstrip()[0] not in '{["'


def pieces(planned: Planned) -> Iterator[bytes]:
    """The answer as the provider writes it: head and body, each element one write. A cut one is always chunked."""
    answer, dice = planned.answer, planned.recorded.dice("pieces")
    lines = [f"HTTP/1.1 {answer.status} Recorded", *(f"{name}: {value}" for name, value in answer.headers)]
    if answer.framing == "sized":
        lines.append(f"content-length: {len(answer.body)}")
    else:
        lines.append("transfer-encoding: chunked" if answer.framing == "chunked" else "connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    body = answer.body[: answer.cut]
    if answer.framing != "chunked":
        yield from _cut(head + body, [len(head)] if dice.randrange(2) else [])
    elif dice.randrange(3) or answer.cut is not None:
        # One chunk a write, cut where it hurts a reader of events.
        yield head
        yield from (b"%x\r\n%b\r\n" % (len(piece), piece) for piece in _cut(body, _awkward(body, dice)) if piece)
        if answer.cut is None:
            yield b"0\r\n\r\n"
    else:
        # Large chunks, cut by the network anywhere: in the size lines too.
        chunks = [piece for piece in _cut(body, [len(body) // 3, len(body) // 2]) if piece]
        wire = head + b"".join(b"%X;x=1\r\n%b\r\n" % (len(piece), piece) for piece in chunks) + b"000\r\n\r\n"
        yield from _cut(wire, _awkward(wire, dice))


# A place in the middle of something: a CRLF, an empty line, a character of several bytes.
_SEAMS = re.compile(rb"(?<=\r)\n|(?<=\n)\n|(?<=[\x80-\xff])[\x80-\xbf]")


def _awkward(data: bytes, dice: Random) -> list[int]:
    """Places to cut: anywhere, between CR and LF, between two line ends, inside a character, or at every byte."""
    if len(data) <= 300:
        return list(range(1, len(data)))
    inside = [
        at for at in range(1, len(data)) if data[at] & 0xC0 == 0x80 or data[at - 1 : at + 1] in {b"\r\n", b"\n\n"}
    ]
    cuts = dice.sample(inside, min(len(inside), 10))
    cuts += [dice.randrange(1, len(data)) for _ in range(min(30, len(data) // 300))]
    # A run of single bytes; often at the end, where the events are that tell whether a stream is complete.
    start = dice.choice([dice.randrange(len(data) - 40), len(data) - 40 - dice.randrange(60)])
    return [*cuts, *range(start, start + 40)]


def _cut(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    before = 0
    for at in [*sorted(set(cuts)), len(data)]:
        if at > before:
            yield data[before:at]
            before = at
