"""Takes the gateway's words for terser answers out of a request again, byte for byte, by where they stand.

Written against what the documentation says of their place, with the standard library's JSON alone: it shares no code
with what puts them in. Two requests of a client's can become the same one (a string and a list of one text, an empty
system text and none), so an answer holds each that it may have been, the likeliest first; none where the words are not
at a place of theirs, whole, and exactly once.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_read = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\r\n]*")
_ASKED = re.compile(r',"stream_options":\{"include_usage":true\}(?=\}\s*\Z)')

Span = tuple[int, int]


@dataclass(frozen=True)
class Unworded:
    """A request as it may have been before."""

    body: bytes
    place: str
    """Where the words stood beside what the client says: ``first`` or ``last``, or ``alone`` where it says nothing."""


def unworded(path: str, body: bytes, words: str) -> list[Unworded]:
    """Every request that these words could have been put into."""
    text, undo = body.decode(), _undo(path)
    if undo is None:
        return []
    once = text.count(json.dumps(words)[1:-1]) == 1
    return [Unworded(found.encode(), place) for found, place in undo(text, words)] if once else []


def unworded_batch(body: bytes, words: str) -> list[Unworded]:
    """The same for a batch of Anthropic's, each of whose requests has the words; from the last to the first."""
    text, place = body.decode(), "first"
    spans = _elements(text, _members(text)["requests"][0])
    for start, _ in reversed(spans):
        begun, ended = _members(text, start)["params"]
        found = unworded("/v1/messages", text[begun:ended].encode(), words)
        if not found:
            return []
        text, place = text[:begun] + found[0].body.decode() + text[ended:], found[0].place
    return [Unworded(text.encode(), place)]


def unasked(body: bytes) -> bytes | None:
    """A stream's request without the question for usage that the gateway puts at its end; None where none is there."""
    text, count = _ASKED.subn("", body.decode())
    return text.encode() if count else None


def _undo(path: str) -> Callable[[str, str], Iterator[tuple[str, str]]] | None:
    ways = {"messages": _messages, "chat/completions": _chat, "responses": _responses}
    kind = re.sub(r"/count_tokens$|/input_tokens$", "", path).removeprefix("/v1/")
    return _gemini if re.search(r":(\w*[gG]enerateContent|countTokens)$", path) else ways.get(kind)


def _messages(text: str, words: str) -> Iterator[tuple[str, str]]:
    """A string that begins with them, or is them; else a block of their own, first or last."""
    if "system" not in _members(text):
        return
    start, end = _members(text)["system"]
    system = json.loads(text[start:end])
    if isinstance(system, str):
        place = "alone" if system == words else "first"
        yield from ((one, place) for one in _string(text, words, "system"))
        return
    block = {"type": "text", "text": words}
    for place, index in (("first", 0), ("last", -1)):
        left = _without(text, start, block, index)
        if left is not None:
            held = left[start : start + len(left) - len(text) + end - start]
            # A string that became a list has no other form than this one.
            alone = re.fullmatch(r'\[\{"type":"text","text":("(?:[^"\\]|\\.)*")\}\]', held)
            if alone and place == "last":
                yield left[:start] + alone[1] + left[start + len(held) :], place
            yield left, place


def _chat(text: str, words: str) -> Iterator[tuple[str, str]]:
    """A first message, in the role that the client's own first one has where that is ``developer``."""
    start = _members(text)["messages"][0]
    own = _elements(text, start)[1:2]
    role = json.loads(text[slice(*own[0])])["role"] if own else "system"
    ours = {"role": "developer" if role == "developer" else "system", "content": words}
    left = _without(text, start, ours, 0)
    if left is not None:
        yield left, "first"


def _responses(text: str, words: str) -> Iterator[tuple[str, str]]:
    """The head of the instructions; without any, a developer message that begins the input."""
    members = _members(text)
    if json.loads(text[slice(*members.get("instructions", (0, 0)))] or "null"):
        yield from ((one, "first") for one in _string(text, words, "instructions"))
        return
    start, end = members["input"]
    left = _without(text, start, {"role": "developer", "content": words}, 0) if text[start] == "[" else None
    if left is None:
        return
    held = left[start : start + len(left) - len(text) + end - start]
    alone = re.fullmatch(r'\[\{"role":"user","content":("(?:[^"\\]|\\.)*")\}\]', held)
    if alone:
        yield left[:start] + alone[1] + left[start + len(held) :], "first"
    yield left, "first"


def _gemini(text: str, words: str) -> Iterator[tuple[str, str]]:
    """A first part of the system instruction; contents that are only counted are wrapped for it."""
    members = _members(text)
    if "generateContentRequest" in members:
        start, end = members["generateContentRequest"]
        bare = _unwrapped(text, start, end, words) if len(members) == 1 else None
        if bare is not None:
            yield bare, "first"
        for left, place in _gemini(text[start:end], words):
            yield text[:start] + left + text[end:], place
        return
    named = next((name for name in ("systemInstruction", "system_instruction") if name in members), None)
    if named is None:
        return
    start, end = members[named]
    if json.loads(text[start:end]) == {"parts": [{"text": words}]}:
        without = _without_member(text, named)
    else:
        without = _without(text, start + _members(text[start:end])["parts"][0], {"text": words}, 0)
    if without is not None:
        yield without, "first"


def _unwrapped(text: str, start: int, end: int, words: str) -> str | None:
    """Contents that were counted alone, where nothing else was wrapped."""
    inside = {name: text[start + begun : start + ended] for name, (begun, ended) in _members(text[start:end]).items()}
    if inside.keys() != {"model", "systemInstruction", "contents"}:
        return None
    head = f'{{"model":{inside["model"]},"systemInstruction":{inside["systemInstruction"]},'
    ours = json.loads(inside["systemInstruction"]) == {"parts": [{"text": words}]} and text.startswith(head, start)
    name = '"generateContentRequest":'
    return text[: start - len(name)] + text[start + len(head) : end - 1] + text[end:] if ours else None


def _string(text: str, words: str, name: str) -> Iterator[str]:
    """The string without the words and the empty line after them; where it is nothing else, absent."""
    start, end = _members(text)[name]
    head = '"' + json.dumps(words + "\n\n", ensure_ascii=False)[1:-1]
    if text.startswith(head, start):
        yield text[:start] + '"' + text[start + len(head) :]
    elif json.loads(text[start:end]) == words:
        absent = _without_member(text, name)
        yield from (one for one in (absent, text[:start] + '""' + text[end:]) if one is not None)


def _without(text: str, start: int, ours: dict[str, Any], index: int) -> str | None:
    """A list that begins there without its first or last element, which must be ours; one of another stays."""
    spans = _elements(text, start)
    if not spans or json.loads(text[slice(*spans[index])]) != ours:
        return None
    begun, ended = spans[index]
    if index == 0 and text[ended] == ",":
        return text[:begun] + text[ended + 1 :]
    return text[: begun - 1] + text[ended:] if text[begun - 1] == "," else None


def _without_member(text: str, name: str) -> str | None:
    """An object without its first member, which must have this name."""
    start, end = _members(text)[name]
    head, ours = text.index("{") + 1, f'"{name}":{text[start:end]}'
    if not text.startswith(ours, head):
        return None
    return text[:head] + text[head + len(ours) :].removeprefix(",")


def _members(text: str, start: int = 0) -> dict[str, Span]:
    """Where the values of an object stand."""
    found: dict[str, Span] = {}
    place = _past(text, text.index("{", start) + 1)
    while text[place] != "}":
        name, place = _read(text, place)
        begun = _past(text, _past(text, place) + 1)
        place = _read(text, begun)[1]
        found[name] = begun, place
        place = _past(text, place)
        place = _past(text, place + 1) if text[place] == "," else place
    return found


def _elements(text: str, start: int) -> list[Span]:
    """Where the elements of a list stand."""
    found: list[Span] = []
    place = _past(text, start + 1)
    while text[place] != "]":
        ended = _read(text, place)[1]
        found.append((place, ended))
        place = _past(text, ended)
        place = _past(text, place + 1) if text[place] == "," else place
    return found


def _past(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place
