"""What is fuzzed: what an example is made of, and what must hold of it. Each reader of ours beside a second one.

``test_targets`` plays a few examples of each, ``python -m tests.fuzz SECONDS`` as many as there is time for.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import astuple

from penstock.core.document import Document
from penstock.core.ending import Ending
from penstock.core.legible import NotReadableError
from penstock.core.route import Match
from penstock.core.usage import Consumption, Usage
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.route_rows import ROWS
from penstock.wire.sse import Decoder, Frames
from tests.fuzz import grammar, twice
from tests.path.wire.raw import split
from tests.path.wire.streams import STREAMS
from tests.unit.wire.test_sse import CUTS, LINES, beginning


@dataclass(frozen=True)
class Target:
    """``check`` takes an example of each of ``given``."""

    given: tuple[st.SearchStrategy[Any], ...]
    check: Callable[..., None]


_SPACES = re.compile(rb"(?<=[!-~])  +(?=[!-~][^\r\n]*(?:HTTP|RTSP|ICE)/[12])|(?<=[!-~])  +(?=(?:HTTP|RTSP|ICE)/[12])")
_ZEROS = re.compile(rb"(?i)(?<=content-length:)([ \t]*)0+(?=\d)")
_KIN = re.compile(rb" (?:RTSP|ICE)/")
_REASON = re.compile(rb"^(HTTP/1\.. \d{3} )([^\r\n]*)", re.MULTILINE)

# --- HTTP, beside h11 ----------------------------------------------------------------------------------------------


def listener(sent: bytes, cuts: list[int]) -> None:
    """Requests that both take are the same; none is taken that h11 refuses; cuts change nothing.

    More than one space within a request's first line tells nothing (RFC 9112, 3), nor do names of protocols that are
    read as HTTP is (``wire.strict``), nor zeros before a length. h11 refuses the first two, and a number of more than
    twenty digits: it does not see them.
    """
    sent = _ZEROS.sub(rb"\1", _KIN.sub(b" HTTP/", _SPACES.sub(b" ", sent)))
    ours, theirs = twice.requests(split(sent, cuts)), twice.requests_by_h11(sent)
    assert (ours.requests, bool(ours.refused)) == ((whole := twice.requests([sent])).requests, bool(whole.refused))
    assert len(ours.requests) <= len(theirs.requests), theirs.refused
    for mine, other in zip(ours.requests, theirs.requests, strict=False):
        assert (mine.start[0], mine.headers) == (other.start[0], other.headers)
        assert mine.start[1] == other.start[1] or not other.start[1].startswith(b"/")
        if mine.whole:
            assert other.whole
            assert mine.body == other.body


def upstream(sent: bytes, cuts: list[int], close: bool) -> None:
    """An answer that is taken whole is one for h11, too, and the same.

    Its reason phrase, and line ends in front of it, tell nothing: they are made plain.
    """
    sent = _REASON.sub(lambda found: found[1] + b"x" * len(found[2]), sent).lstrip(b"\r\n")
    ours = asyncio.run(twice.answer(split(sent, cuts), close=close))
    if ours.fault is None and ours.answer is not None and ours.answer.whole:
        theirs = twice.answer_by_h11(sent, close=close).answer
        assert theirs is not None
        assert (ours.answer.start, ours.answer.headers) == (theirs.start, theirs.headers)
        assert (ours.answer.body, ours.answer.whole) == (theirs.body, theirs.whole)


# --- events, beside a splitter of lines ----------------------------------------------------------------------------


def _events(stream: bytes) -> list[tuple[bytes, bytes]]:
    """Every event that has data, by the letter of the grammar, line by line."""
    found: list[tuple[bytes, bytes]] = []
    event, data = b"", None
    text = stream.removeprefix(b"\xef\xbb\xbf")
    for line in text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:-1]:
        name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if not line:
            found += [(event, data)] if data is not None else []
            event, data = b"", None
        elif name == b"data":
            data = value if data is None else data + b"\n" + value
        elif name == b"event":
            event = value
    return found


def events(stream: bytes, cuts: list[int]) -> None:
    """The decoder finds what a splitter of lines does, and both of ours let go the same bytes."""
    decoder, held = Decoder(), Frames(1 << 20)
    frames = [frame for piece in split(stream, cuts) for frame in decoder.feed(piece)]
    out = b"".join(held.feed(piece) for piece in split(stream, cuts))
    assert out == stream[: beginning(stream)] == b"".join(frame.raw for frame in frames)
    assert out + held.held() == stream
    assert [(frame.event, frame.data) for frame in frames if frame.data is not None] == _events(out)


# --- a request's facts, beside Python's own reader of JSON ---------------------------------------------------------

_TOKENS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"model"', b'"stream"', b'"mod\\u0065l"', b"true", b"false", b"null", b'"m"',
     b"1", b"-", b"01", b"1e5", b".5", b" ", b"\t", b"\x00", b'"\\ud83d\\ude00"', b'"\xff"', b'"\x01"',
     b"NaN", b"1e999",
     b"Infinity", b"\xef\xbb\xbf", b'"\\x"', b"//", b"9" * 400, b'"a\n"']
)  # fmt: skip
_NAMES = st.sampled_from(["model", "stream", "Model", "a", "model\0", ""])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)
_JSON = (
    st.dictionaries(_NAMES, _VALUES, max_size=3).map(lambda value: json.dumps(value).encode())
    | st.lists(_TOKENS, max_size=12).map(b"".join)
    | st.lists(_TOKENS, max_size=8).map(lambda parts: b'{"model":"m",' + b"".join(parts) + b"}")
)


def _facts(text: str) -> tuple[str | None, bool] | None:
    def none(_name: str) -> None:
        raise ValueError("no JSON")

    try:
        tree = json.loads(text, parse_constant=none)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    model = tree.get("model")
    # Half of a character is no character, for us.
    name = model.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(model, str) else None
    return name, tree.get("stream") is True


def head(body: bytes) -> None:
    """The facts are those that Python's own reader finds, and what it refuses is refused.

    What is not UTF-8 is refused in the model's name, and left to the provider elsewhere: nobody has looked there yet.
    """
    text = body.decode(errors="replace")
    try:
        found = Document(body, body).facts()
    except NotReadableError:
        assert _facts(text) is None or text.encode() != body
    else:
        assert (found.model, found.stream) == _facts(text)


# --- what an answer used -------------------------------------------------------------------------------------------

_DIALECTS = {one.name: one for one in (Anthropic(), OpenAI(), Gemini())}
COUNTED = [row for row in ROWS if _DIALECTS[row.dialect].tally(Match(row, (), "", "")) is not None]
_USAGE = (
    b'{"id":"a","model":"m","type":"message","usage":{"input_tokens":5,"output_tokens":7,"total_tokens":12,'
    b'"prompt_tokens":5,"completion_tokens":7},"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7}}'
)
TELLING = [*(stream.whole for stream in STREAMS), _USAGE, b"data: " + _USAGE + b"\n\n", _USAGE + b"\n" + _USAGE]
_BITS = st.sampled_from([b"", b"{", b"}", b"[", b'"', b"\\", b"\n\n", b"\r", b":", b"null", b"1e999", b"-1", b"\xff",
                         b"9" * 30, b'"usage":', b"{}", b"[]", b"true", b"0.5", b'"x"', b"\x00"])  # fmt: skip
_EDITS = st.lists(st.tuples(st.integers(0, 700), st.integers(0, 40), _BITS), max_size=5)


def edited(whole: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """With pieces taken out and others put in."""
    for at, length, bits in edits:
        at %= len(whole) + 1
        whole = whole[:at] + bits + whole[at + length :]
    return whole


def usage(row: int, answer: int, edits: list[tuple[int, int, bytes]], cuts: list[int]) -> None:
    """An answer that is nearly right."""
    used(row, edited(TELLING[answer % len(TELLING)], edits), cuts)


def used(row: int, told: bytes, cuts: list[int]) -> None:
    """Any bytes are taken without a word and read the same however they are cut; nothing used is below 0."""
    route = COUNTED[row % len(COUNTED)]

    def read(pieces: list[bytes], *, framed: bool) -> tuple[Consumption, Ending, str]:
        tally = _DIALECTS[route.dialect].tally(Match(route, (), "", ""))
        assert tally is not None
        for piece in pieces:
            (tally.frames if framed else tally.piece)(piece)
        tally.latest(told[-500:] if framed else b"")
        return tally.consumed(), tally.ending, tally.batch

    assert read([told], framed=False) == read(split(told, cuts), framed=False)
    # A line that ends with CR ends only once it is known what follows.
    told_apart = list(Decoder().feed(told))
    frames = [frame.raw for frame in told_apart]
    together, apart = (_counted(read(pieces, framed=True)) for pieces in ([b"".join(frames)], frames))
    # The latest event that speaks of usage is taken for its last word, unread: a broken one hides what came before. And
    # the model's name is looked for in what comes first: where that is broken, it may be found or not.
    telling = [frame.data for frame in told_apart if b"sage" in frame.raw]
    assert together == apart or not all(map(_sound, telling)) or not _grows(telling)


def _sound(data: bytes | None) -> bool:
    """It tells of usage where a provider does."""
    try:
        tree = json.loads(data or b"")
    except (ValueError, RecursionError):
        return False
    holders = (tree, tree.get("message"), tree.get("response")) if isinstance(tree, dict) else ()
    told = (one.get("usage", one.get("usageMetadata")) for one in holders if isinstance(one, dict))
    return any(isinstance(one, dict) for one in told)


def _grows(telling: list[bytes | None]) -> bool:
    """Every event has the counters that stood in one before it, as Gemini's do: what stands between the first and the
    latest is not read."""
    before: set[str] = set()
    for data in telling:
        usage = json.loads(data or b"{}").get("usageMetadata")
        counters = {name for name, value in usage.items() if type(value) is int} if isinstance(usage, dict) else before
        if not before <= counters:
            return False
        before = counters
    return True


def _counted(told: tuple[Consumption, Ending, str]) -> tuple[list[Usage], Ending, str]:
    consumption, ending, batch = told
    used = [share.usage for share in consumption.shares if share.usage != Usage()]
    assert all(value >= 0 for usage in used for value in astuple(usage) if isinstance(value, int))
    return used, ending, batch


TARGETS = {
    "listener": Target((grammar.REQUESTS, grammar.CUTS), listener),
    "upstream": Target((grammar.ANSWERS, grammar.CUTS, st.booleans()), upstream),
    "events": Target((st.lists(LINES, max_size=24).map(b"".join) | st.binary(max_size=40), CUTS), events),
    "head": Target((_JSON,), head),
    "usage": Target((st.integers(0, 99), st.integers(0, 99), _EDITS, grammar.CUTS), usage),
}
