"""A model that repeats what it was told: recorded answers with tokens put into their texts and their tools' arguments.

It reads answers by itself, by the published formats, and cuts streams anywhere, in the midst of tokens too.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Body = Any
Key = tuple[Any, ...]
Change = Callable[[str], str]


@dataclass(frozen=True)
class Place:
    """A string of an answer: ``holder[name]``. ``form``: words, a JSON text, or a value that a tool is given."""

    holder: Any
    name: Any
    form: str
    key: Key = ()

    @property
    def text(self) -> str:
        return self.holder[self.name]

    def put(self, text: str) -> None:
        """Another text in its place."""
        self.holder[self.name] = text


def _strings(holder: Any, name: Any) -> Iterator[Place]:
    """The leaves of a tool's input."""
    value = holder[name]
    if isinstance(value, str):
        yield Place(holder, name, "value")
    elif isinstance(value, dict | list):
        for inner in list(value) if isinstance(value, dict) else range(len(value)):
            yield from _strings(value, inner)


def whole(protocol: str, body: Body) -> Iterator[Place]:
    """Where an answer that came whole has words for people and for tools."""
    if protocol == "anthropic":
        for block in body.get("content") or []:
            if block.get("type") == "text":
                yield Place(block, "text", "words")
            elif block.get("type") == "tool_use":
                yield from _strings(block, "input")
    elif protocol == "openai-responses":
        for item in body.get("output") or []:
            for part in item.get("content") or [] if item.get("type") == "message" else []:
                if part.get("type") == "output_text":
                    yield Place(part, "text", "words")
            if item.get("type") == "function_call":
                yield Place(item, "arguments", "json")
    elif protocol == "gemini":
        for candidate in body.get("candidates") or []:
            yield from _parts(candidate)
    else:
        for choice in body.get("choices") or []:
            message = choice.get("message") or {}
            if isinstance(message.get("content"), str):
                yield Place(message, "content", "words")
            for call in message.get("tool_calls") or []:
                if isinstance(call.get("function", {}).get("arguments"), str):
                    yield Place(call["function"], "arguments", "json")


def _parts(candidate: Body) -> Iterator[Place]:
    index = candidate.get("index", 0)
    for part in (candidate.get("content") or {}).get("parts") or []:
        if isinstance(part.get("text"), str) and not part.get("thought"):
            yield Place(part, "text", "words", (index,))
        elif isinstance(part.get("functionCall", {}).get("args"), dict):
            yield from _strings(part["functionCall"], "args")


_DELTAS = {"response.output_text.delta": "words", "response.function_call_arguments.delta": "json"}


def deltas(protocol: str, event: Body) -> Iterator[Place]:
    """The texts of a stream's event that go on in other events."""
    if not isinstance(event, dict):
        return
    if protocol == "anthropic":
        if event.get("type") == "content_block_delta":
            for kind, name, form in (("text_delta", "text", "words"), ("input_json_delta", "partial_json", "json")):
                if event["delta"].get("type") == kind:
                    yield Place(event["delta"], name, form, (event["index"], kind))
    elif protocol == "openai-responses":
        kind = event.get("type")
        if kind in _DELTAS and isinstance(event.get("delta"), str):
            key = (kind, event.get("output_index"), event.get("content_index"))
            yield Place(event, "delta", _DELTAS[kind], key)
    elif protocol == "gemini":
        for candidate in event.get("candidates") or []:
            yield from (place for place in _parts(candidate) if place.form == "words")
    else:
        for choice in event.get("choices") or []:
            delta, index = choice.get("delta") or {}, choice.get("index", 0)
            for name in ("content", "refusal", "reasoning", "reasoning_content"):
                if isinstance(delta.get(name), str):
                    yield Place(delta, name, "words", (index, name))
            # Some servers say a text beside the delta, which nobody reads.
            if isinstance(choice.get("text"), str) and "delta" not in choice:
                yield Place(choice, "text", "words", (index, "text"))
            for call in delta.get("tool_calls") or []:
                if isinstance((call.get("function") or {}).get("arguments"), str):
                    yield Place(call["function"], "arguments", "json", (index, call.get("index", 0)))


def spread(text: str, tokens: Sequence[str], dice: Random) -> str:
    """A text with tokens somewhere between its words."""
    for token in tokens:
        gaps = [0, len(text), *(found.start() for found in re.finditer(r"\s", text))]
        at = dice.choice(gaps)
        form = dice.choice((" {} ", " `{}`, ", " <{}>\n", " x={} "))
        text = text[:at] + form.format(token) + text[at:]
    return text


def spoken(place: Place, tokens: Sequence[str], dice: Random) -> str | None:
    """What a place says with tokens in it; None where it can't."""
    if place.form != "json":
        return spread(place.text, tokens, dice)
    try:
        tree = json.loads(place.text)
    except ValueError:
        return None
    if not isinstance(tree, dict):
        return None
    tree["note"] = spread("kept as 'it' \\ \"is\"\n", tokens, dice)
    return json.dumps(tree, ensure_ascii=dice.random() < 0.5)


def told(text: str, form: str, change: Change) -> Any:
    """What a place says to whoever reads it, with another text for each text in it."""
    if form != "json":
        return change(text)
    try:
        return _changed(json.loads(text), change)
    except ValueError:
        return change(text)


def _changed(tree: Any, change: Change) -> Any:
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, dict):
        return {name: _changed(one, change) for name, one in tree.items()}
    return [_changed(one, change) for one in tree] if isinstance(tree, list) else tree


def exchanged(values: Mapping[str, str]) -> Change:
    """Each token's value in its place."""

    def change(text: str) -> str:
        for token, value in values.items():
            text = text.replace(token, value)
        return text

    return change


# --- streams ------------------------------------------------------------------------------------------------------


@dataclass
class Event:
    """One event: what stands before its JSON, the JSON as it was written, and what it says."""

    before: str
    data: Any
    after: str
    style: dict[str, Any] = field(default_factory=dict)

    @property
    def frame(self) -> str:
        said = self.data if isinstance(self.data, str) else json.dumps(self.data, **self.style)
        return f"{self.before}{said}{self.after}"


def events(body: str) -> list[Event]:
    """A stream, event by event; an event that is no JSON keeps its text."""
    found = []
    for frame in re.findall(r".+?(?:\r?\n\r?\n|\Z)", body, re.DOTALL):
        met = re.fullmatch(r"((?:.*\n)??data: ?)(.*?)(\s*)", frame, re.DOTALL)
        try:
            data = json.loads(met[2]) if met else None
        except ValueError:
            data = None
        if met is None or data is None:
            found.append(Event("", frame, ""))
            continue
        spaced = '": ' in met[2][:40]
        style = {"separators": (", ", ": ") if spaced else (",", ":"), "ensure_ascii": met[2].isascii()}
        found.append(Event(met[1], data, met[3] if met[3].endswith("\n\n") or "\r" in met[3] else "\n\n", style))
    return found


def lanes(protocol: str, stream: Sequence[Event]) -> dict[Key, tuple[str, str]]:
    """Each text of a stream together, with its form."""
    found: dict[Key, tuple[str, str]] = {}
    for event in stream:
        for place in deltas(protocol, event.data):
            form, text = found.get(place.key, (place.form, ""))
            found[place.key] = form, text + place.text
    return found


def repeated(protocol: str, stream: list[Event], tokens: Sequence[str], dice: Random) -> list[Event]:
    """The stream with tokens in all its texts, cut anew."""
    stream = copy.deepcopy(stream)
    for key, (form, text) in lanes(protocol, stream).items():
        said = spoken(Place({"text": text}, "text", form), tokens, dice)
        if said is None or not text:
            continue
        at = [number for number, event in enumerate(stream) for one in deltas(protocol, event.data) if one.key == key]
        alone = len(at) == 1 and protocol in {"anthropic", "openai-chat"} and _bare(protocol, stream[at[0]].data)
        if alone:
            stream[at[0] + 1 : at[0] + 1] = [copy.deepcopy(stream[at[0]]) for _ in range(3)]
        pieces = [one for event in stream for one in deltas(protocol, event.data) if one.key == key]
        cuts = sorted(_cuts(said, tokens, len(pieces) - 1, dice))
        if form == "words" and protocol in {"openai-chat", "gemini"}:
            cuts = _kept_whole(protocol, stream, key, said, tokens, cuts)
        for place, start, end in zip(pieces, [0, *cuts], [*cuts, len(said)], strict=True):
            place.put(said[start:end])
        if protocol == "openai-responses":
            for event in stream:
                if isinstance(event.data, dict) and not str(event.data.get("type")).endswith(".delta"):
                    event.data = _retold(event.data, text, said)
    return stream


def _cuts(said: str, tokens: Sequence[str], count: int, dice: Random) -> list[int]:
    """Half of them in the midst of tokens."""
    within = [found.start() + step for token in tokens for found in re.finditer(token, said) for step in range(1, 18)]
    return [
        min(dice.choice(within) if within and dice.random() < 0.5 else dice.randint(0, len(said)), len(said))
        for _ in range(count)
    ]


def _kept_whole(
    protocol: str, stream: Sequence[Event], key: Key, said: str, tokens: Sequence[str], cuts: Sequence[int]
) -> list[int]:
    """Cuts moved out of tokens where the model does something else in between: none does that in the midst of one."""
    busy = [[*(one.key for one in deltas(protocol, event.data)), *_acts(protocol, event.data)] for event in stream]
    at = [number for number, keys in enumerate(busy) for one in keys if one == key]
    spans = [met.span() for token in tokens for met in re.finditer(token, said)]
    split = set()
    for number, cut in enumerate(cuts):
        between = {one for keys in busy[at[number] : at[number + 1] + 1] for one in keys}
        split |= {span for span in spans if span[0] < cut < span[1] and between != {key}}
    return [next((start for start, end in split if start < cut < end), cut) for cut in cuts]


def _acts(protocol: str, data: Any) -> list[Key]:
    """An event without a text does something, unless it is a comment; and some go on behind their own end."""
    if not isinstance(data, dict):
        return []
    ends = [
        one.get("finish_reason") or one.get("finishReason")
        for one in (data.get("choices") or data.get("candidates") or [])
    ]
    return [("acts",)] if any(ends) or not any(deltas(protocol, data)) else []


def _bare(protocol: str, event: Body) -> bool:
    if protocol == "anthropic":
        return True
    choices = event.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    return len(choices) == 1 and not choices[0].get("finish_reason") and set(delta) <= {"content", "role"}


def _retold(tree: Any, text: str, said: str) -> Any:
    if isinstance(tree, str):
        return said if tree == text else tree
    if isinstance(tree, dict):
        return {name: _retold(one, text, said) for name, one in tree.items()}
    return [_retold(one, text, said) for one in tree] if isinstance(tree, list) else tree


_COUNTED = {"start_index", "end_index", "startIndex", "endIndex", "start_char_index", "end_char_index"}


def unplaced(tree: Any) -> Any:
    """Without the places that citations count: they move with what stands before them."""
    if isinstance(tree, dict):
        return {name: unplaced(one) for name, one in tree.items() if name not in _COUNTED}
    return [unplaced(one) for one in tree] if isinstance(tree, list) else tree


def silent(protocol: str, stream: Sequence[Event]) -> list[Any]:
    """All that a stream says beside the texts that come in pieces; events with nothing else are left out."""
    found = []
    for event in stream:
        data = copy.deepcopy(event.data)
        places = list(deltas(protocol, data))
        for place in places:
            place.put("")
        if protocol == "gemini" and isinstance(data, dict):
            # A chunk may be added, and has no more to say than a text.
            candidates = data.get("candidates") or []
            ends = [one.get("finishReason") for one in candidates]
            calls = [part for one in candidates for part in (one.get("content") or {}).get("parts") or []]
            found += [(ends, [one for one in calls if "functionCall" in one])] if any(ends) else []
        elif not places or protocol == "openai-responses":
            found.append(data)
    return found
