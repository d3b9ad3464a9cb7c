"""Recorded streams with tokens in them: values come back, the rules of streams hold as before, other bytes stay."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random
from typing import Any

import pytest

from penstock.core.mask import Masks, spelt
from penstock.core.restoring import Restoring
from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.route_rows import ROWS
from tests.corpus.routing import place
from tests.laws import stream_rules
from tests.support.corpus import Recorded, recorded

EMAIL, PERSON = spelt("EMAIL", 123456789), spelt("PERSON", 99999)
VALUES = {EMAIL: 'a"b\\c@x.example', PERSON: "José “P” 😀\n"}
OTHERS = {spelt("EMAIL", 1): "a@x.example", spelt("IP", 2): "192.0.2.1", spelt("ZZ", 3): "s"}

Key = tuple[object, ...]
_STRING = r'"(?:[^"\\]|\\.)*+"'
_FRAME = re.compile(r"(?:\r?\n)*(?:[^\r\n]+(?:\r\n|\n|\Z))+(?:\r?\n)*")
_DATA = re.compile(r"^data: ?(\{.*\})\s*$", re.MULTILINE)
_LEAF = re.compile(r'(: ?")(?:[^"\\]|\\.)*+"')
_CITED = re.compile(r'(?<="startIndex": )\d+|(?<="endIndex": )\d+')
_JSON = {"partial_json", "arguments"}


@dataclass(frozen=True)
class Format:
    """Streams of one dialect, read without the gateway's help."""

    route: str
    operation: str
    restoring: Restoring
    check: Callable[[bytes], list[stream_rules.Broken]]
    fields: str
    key: Callable[[dict[str, Any], str], Key | None]
    """The lane of a frame in which a text of this name stands; None where it is no lane's."""

    @property
    def match(self) -> Match:
        """A request that is answered so."""
        route = next(row for row in ROWS if row.operation == self.operation)
        return Match(route, (), route.template, "")

    def said(self, frame: str) -> tuple[Key, re.Match[str]] | None:
        """The one text of a lane in a frame."""
        data = _DATA.search(frame)
        met = list(re.finditer(rf'"({self.fields})"\s*:\s*({_STRING})', frame))
        if data is None or len(met) != 1:
            return None
        try:
            key = self.key(json.loads(data[1]), met[0][1])
        except (ValueError, KeyError, IndexError, TypeError):
            return None
        return None if key is None else (key, met[0])

    def texts(self, frames: Sequence[str]) -> dict[Key, str]:
        """All lanes."""
        texts: dict[Key, str] = {}
        for frame in frames:
            if found := self.said(frame):
                texts[found[0]] = texts.get(found[0], "") + json.loads(found[1][2])
        return texts


def _anthropic(data: dict[str, Any], field: str) -> Key | None:
    return (data["index"], field) if data["type"] == "content_block_delta" and "citation" not in data["delta"] else None


def _chat(data: dict[str, Any], field: str) -> Key | None:
    (choice,) = data["choices"]
    calls = choice["delta"].get("tool_calls") or [{"index": None}]
    return (choice.get("index"), field, calls[0]["index"]) if len(calls) == 1 else None


def _responses(data: dict[str, Any], field: str) -> Key | None:
    kinds = ("output_text.delta", "refusal.delta", "reasoning_summary_text.delta")
    place = (data["output_index"], data.get("content_index"), data.get("summary_index"))
    return (data["type"], *place) if data["type"].endswith(kinds) else None


def _gemini(data: dict[str, Any], field: str) -> Key | None:
    (candidate,) = data["candidates"]
    (part,) = candidate["content"]["parts"]
    return (candidate.get("index") or 0,) if field in part and not part.get("thought") else None


FORMATS = {
    "anthropic": Format("POST /v1/messages", "messages.create", Anthropic().restoring,
                        stream_rules.anthropic_messages, "text|partial_json", _anthropic),
    "chat": Format("POST /v1/chat/completions", "chat.completions.create", OpenAI().restoring,
                   stream_rules.openai_chat, "content|arguments", _chat),
    "responses": Format("POST /v1/responses", "responses.create", OpenAI().restoring,
                        stream_rules.openai_responses, "delta", _responses),
    "gemini": Format("POST v1beta/models/*:streamGenerateContent", "models.streamGenerateContent", Gemini().restoring,
                     stream_rules.gemini_events, "text", _gemini),
}  # fmt: skip

each = pytest.mark.parametrize("dialect", FORMATS.values(), ids=FORMATS)


def _streams(dialect: Format) -> Iterator[tuple[Recorded, list[str]]]:
    for exchange in recorded():
        where = place(exchange)
        if where is not None and where.operation == dialect.route and exchange.sse and exchange.status == 200:
            yield exchange, _frames(exchange.response_body)


def _frames(stream: str) -> list[str]:
    frames = _FRAME.findall(stream)
    return frames if "".join(frames) == stream else [stream]


def _told(dialect: Format, frames: Sequence[str], values: dict[str, str], dice: Random) -> list[str]:
    """What a client gets of these frames, which arrive in groups."""
    lanes, told = dialect.restoring.lanes(dialect.match, Masks(values)), b""
    cuts = sorted(dice.choices(range(len(frames) + 1), k=len(frames) // 3))
    for start, end in pairwise([0, *cuts, len(frames)]):
        told += lanes.frames("".join(frames[start:end]).encode())
    return _frames((told + lanes.rest()).decode())


@each
def test_streams_without_tokens_keep_their_bytes(dialect: Format) -> None:
    """Nearly all of them to the last byte. A frame that is longer than a token and ends like the beginning of one comes
    as two, and says the same."""
    seen = split = 0
    for exchange, frames in _streams(dialect):
        told = _told(dialect, frames, OTHERS, exchange.dice("groups"))
        seen += 1
        if told != frames:
            split += 1
            assert len(told) >= len(frames), exchange.id
            assert dialect.texts(told) == dialect.texts(frames), exchange.id
    assert seen > 200
    assert split <= seen * 0.05, f"{split} of {seen}"


@each
def test_values_come_back_into_recorded_streams(dialect: Format) -> None:
    """Two tokens put into the longest text of each stream, cut anywhere: the client reads the values, the stream keeps
    the rules that it kept, and all other frames keep their bytes and their order."""
    seen = 0
    for exchange, frames in _streams(dialect):
        dice = exchange.dice("tokens")
        put = _with_tokens(dialect, frames, dice)
        # Two messages as one, and texts that go on behind their end, are none that a provider means.
        if put is None or _rules(dialect, frames) & {"one-start", "after-finish"}:
            continue
        masked, key, said = put
        told = _told(dialect, masked, VALUES, dice)
        texts = dialect.texts(told)
        assert texts[key] == _whole(said, key), exchange.id
        others = dialect.texts(masked)
        assert {**texts, key: ""} == {**others, key: ""}, exchange.id
        assert _rules(dialect, told) == _rules(dialect, masked), exchange.id
        if dialect.key is not _responses:
            assert _apart(dialect, told, key) == _apart(dialect, masked, key), exchange.id
        seen += 1
    assert seen > 60


def _whole(said: str, key: Key) -> str:
    escaped = bool(_JSON & set(map(str, key)))
    for token, value in VALUES.items():
        said = said.replace(token, json.dumps(value, ensure_ascii=False)[1:-1] if escaped else value)
    return said


def _rules(dialect: Format, frames: Sequence[str]) -> set[str]:
    """Which it breaks; how often depends on how many frames it has."""
    return {one.rule for one in dialect.check("".join(frames).encode())}


def _apart(dialect: Format, frames: Sequence[str], key: Key) -> list[str]:
    """The frames that are not this lane's; citations in them may name other places now."""
    others = [frame for frame in frames if (found := dialect.said(frame)) is None or found[0] != key]
    return [_CITED.sub("", frame) for frame in others]


def _with_tokens(dialect: Format, frames: Sequence[str], dice: Random) -> tuple[list[str], Key, str] | None:
    """The stream with tokens in its longest text; None where there is none of several frames."""
    met = {at: found for at, frame in enumerate(frames) if (found := dialect.said(frame))}
    texts = dialect.texts(frames)
    lanes = [key for key in texts if sum(one[0] == key for one in met.values()) > 1 and len(texts[key]) > 8]
    if not lanes:
        return None
    key = max(lanes, key=lambda one: len(texts[one]))
    text, places = texts[key], [at for at, found in met.items() if found[0] == key]
    if _JSON & set(map(str, key)):
        # A leaf of what a tool is given.
        spots = [found.end(1) for found in _LEAF.finditer(text)]
    else:
        spots = list(range(len(text) + 1)) if not text.lstrip().startswith(("{", "[")) else []
    if not spots:
        return None
    if dialect.key in {_chat, _gemini} and places[-1] - places[0] >= len(places):
        # Something else is done between two of its frames: there nobody is in the midst of a token.
        return None
    cuts = [*accumulate(len(json.loads(met[at][1][2])) for at in places)][:-1]
    for token in VALUES:
        spot = dice.choice(spots)
        text = text[:spot] + token + text[spot:]
        spots = [one + len(token) * (one >= spot) for one in spots]
        cuts = [cut + len(token) * (cut > spot) for cut in cuts]
        moved = dice.randrange(len(cuts))
        cuts[moved] = spot + dice.randint(0, len(token))
        cuts.sort()
    masked = list(frames)
    for at, (start, end) in zip(places, pairwise([0, *cuts, len(text)]), strict=True):
        first, last = met[at][1].span(2)
        masked[at] = frames[at][:first] + json.dumps(text[start:end]) + frames[at][last:]
    return [_repeated(frame, texts[key], text) for frame in masked], key, text


def _repeated(frame: str, before: str, after: str) -> str:
    """The whole text told again, as responses do."""
    if ".delta" in frame:
        return frame
    return re.sub(_STRING, lambda found: json.dumps(after) if json.loads(found[0]) == before else found[0], frame)
