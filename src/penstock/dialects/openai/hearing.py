"""What OpenAI's models say: choices of chats, items of responses, whole or streamed; how chats are cut. Pure.

Responses stream in typed events, which ``heard_events`` follows.
"""

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.fault import Fault, FaultKind
from penstock.core.hearing import Kind, Listening, Said
from penstock.core.route import Match
from penstock.dialects.collecting import event_data
from penstock.dialects.leaves import decoded, inner, leaves
from penstock.dialects.openai import heard_events

_CHATS = frozenset({"chat.completions.create", "completions.create"})
_WORDS = (
    ("content", Kind.TEXT), ("refusal", Kind.TEXT), ("text", Kind.TEXT), ("reasoning_content", Kind.THINKING),
    ("reasoning", Kind.THINKING),
)  # fmt: skip

_ABOUT = ("id", "object", "created", "model")


class _Standing(msgspec.Struct, frozen=True):
    about: dict[str, object]
    """What each chunk repeats: id, model, time. Shared by all standings of a stream: it is known from any chunk."""
    choices: tuple[int, ...] = ()
    """Those that have begun and not ended."""
    calling: bool = False


class Hearing:
    """OpenAI's ``core.hearing.Hearing``."""

    def whole(self, match: Match, body: bytes) -> Sequence[Said] | None:
        """A chat, a response, or whatever else answers in JSON."""
        del match
        value = decoded(body)
        return None if value is None else list(leaves(value))

    def listening(self, match: Match) -> Listening:
        """Chunks of choices, or typed events."""
        return _Choices() if match.route.operation in _CHATS else heard_events.Events()

    def cut(self, match: Match, standing: object, fault: Fault, exchange_id: str) -> bytes:
        """A chat's open choices end with the fault's words and the reason ``content_filter``."""
        del exchange_id
        if fault.kind is not FaultKind.REFUSED:
            return b""
        if not isinstance(standing, _Standing):
            return heard_events.cut(standing, fault)
        if standing.calling:
            return b""
        text, choices = f"\n\n[{fault.words}]", standing.choices or (0,)
        legacy = match.route.operation == "completions.create"
        said: dict[str, object] = {"text": text} if legacy else {"delta": {"content": text}}
        nothing: dict[str, object] = {"text": ""} if legacy else {"delta": {}}
        ended = [{"index": index, **nothing, "finish_reason": "content_filter"} for index in choices]
        chunks = [[{"index": choices[0], **said, "finish_reason": None}], ended]
        frames = [b"data: " + msgspec.json.encode({**standing.about, "choices": chunk}) + b"\n\n" for chunk in chunks]
        return b"".join((*frames, b"data: [DONE]\n\n"))


class _Choices:
    """The choices of one chat."""

    def __init__(self) -> None:
        self._standing = _Standing({})

    def frames(self, frames: bytes) -> Sequence[Said]:
        """What they say, in order."""
        return [said for data in event_data(frames, b"") for said in self._chunk(data)]

    def standing(self) -> object:
        """Which choices are open."""
        return self._standing

    def _chunk(self, data: bytes) -> Iterator[Said]:
        chunk = decoded(data)
        if data.strip() == b"[DONE]":
            yield from (said for index in self._standing.choices for said in _ended(str(index)))
        choices = chunk.get("choices") if isinstance(chunk, dict) else None
        if not isinstance(chunk, dict) or not isinstance(choices, list):
            return
        self._standing.about.update({name: chunk[name] for name in _ABOUT if name in chunk})
        for choice in choices:
            if isinstance(choice, dict):
                index = choice.get("index")
                yield from self._choice(choice, index if isinstance(index, int) else 0)

    def _choice(self, choice: dict[str, object], index: int) -> Iterator[Said]:
        standing = self._standing
        delta = choice.get("delta") if "delta" in choice else choice
        if isinstance(delta, dict):
            for name, kind in _WORDS:
                words = delta.get(name)
                if isinstance(words, str):
                    yield Said(f"{index} {name}", kind, words)
            for name in ("tool_calls", "function_call"):
                if delta.get(name):
                    standing = msgspec.structs.replace(standing, calling=True)
                    yield from _calls(delta[name], f"{index} {name}")
        others = tuple(one for one in standing.choices if one != index)
        ended = bool(choice.get("finish_reason"))
        self._standing = msgspec.structs.replace(standing, choices=others if ended else (*others, index))
        if ended:
            yield from _ended(str(index))


def _calls(calls: object, lane: str) -> Iterator[Said]:
    for place, call in enumerate(calls if isinstance(calls, list) else [calls]):
        number = call.get("index", place) if isinstance(call, dict) else place
        for words in inner(_arguments(call), Kind.ARGUMENTS):
            yield Said(f"{lane} {number}", Kind.ARGUMENTS, words)


def _arguments(call: object) -> object:
    if not isinstance(call, dict):
        return None
    inside = next((call[kind] for kind in ("function", "custom") if isinstance(call.get(kind), dict)), call)
    return [inside.get("arguments"), inside.get("input")]


def _ended(index: str) -> Iterator[Said]:
    """All that a choice may have said."""
    for name, kind in _WORDS:
        yield Said(f"{index} {name}", kind, "", ends=True)
