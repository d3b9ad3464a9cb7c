"""Where tokens are restored in OpenAI's answers, and in those of compatible servers: whole ones, and chats that stream.

A choice says text, refuses, reasons and gives arguments to tools: each is a text of its own, and ends with the choice's
``finish_reason``. Reasoning that is signed or encrypted is never touched.
"""

import re
from collections.abc import Iterator

import msgspec

from penstock.core.mask import Masks
from penstock.core.restoring import Lanes
from penstock.core.route import Match
from penstock.core.tree import JsonForm, Node
from penstock.dialects.counting import plainly
from penstock.dialects.lanes import Citing, Key, Restored, Spot, Told, saying
from penstock.dialects.openai.citing import cited, numbers
from penstock.dialects.openai.restoring_responses import Events
from penstock.dialects.openai.words import ANNOTATION, ERROR, LINES, PART, TABLES
from penstock.dialects.passing import Guessed
from penstock.dialects.shifting import characters
from penstock.dialects.tables import Leaf, Table, items, joined, members, places, restored, restored_lines

_TEXTS = ("content", "refusal", "reasoning_content", "reasoning", "text")
_WORDS = frozenset(name.encode() for name in _TEXTS)
_LEAVES = {"arguments": Leaf.JSON, "input": Leaf.SPOKEN}
_WHOLE: dict[str, Table] = {
    "content": {"*": PART}, "annotations": {"*": ANNOTATION}, "audio": {"transcript": Leaf.WORDS},
}  # fmt: skip
_NOTHING = frozenset({b"null", b'""', b"[]"})
_LARGE = frozenset({JsonForm.LIST, JsonForm.OBJECT})
_TYPED = frozenset({"responses.create", "responses.retrieve"})
# Answers of bytes that are text: files that code wrote, and what was heard, as text, subtitles or JSON.
_TEXTUAL = frozenset({"containers.files.content", "audio.transcriptions.create", "audio.translations.create"})


class Restoring:
    """OpenAI's ``core.restoring.Restoring``."""

    def whole(self, match: Match, body: bytes, masks: Masks) -> bytes:
        """As ``words`` says, by operation."""
        operation = match.route.operation
        if operation in LINES:
            return restored_lines(body, LINES[operation], masks, cited)
        return restored(body, joined(ERROR, TABLES.get(operation, {})), masks, cited=cited)

    def lanes(self, match: Match, masks: Masks) -> Lanes:
        """Chats and completions send chunks, responses typed events."""
        if match.route.operation in _TYPED:
            return Events(masks)
        return Chunks(masks, characters if match.route.operation == "chat.completions.create" else None)

    def passing(self, match: Match, masks: Masks) -> Lanes | None:
        """Files, of which some are a batch's results, and what was heard."""
        operation = match.route.operation
        if operation in LINES:
            return Guessed(masks, lambda line: _line(line, LINES[operation], masks))
        return Guessed(masks) if operation in _TEXTUAL else None


class _Result(msgspec.Struct, gc=False):
    custom_id: str
    response: msgspec.Raw


_result = msgspec.json.Decoder(_Result).decode


def _line(line: bytes, results: Table, masks: Masks) -> bytes:
    """A line of a batch's results, or of a file that the client wrote itself."""
    return restored(line, Leaf.TOLD if plainly(_result, line) is None else results, masks)


class Chunks(Restored):
    """Keys: the choice, the tool call's index where there is one, the field."""

    plain = re.compile(
        rb'data: ?\{(?:"\w+": ?(?:null|\d+|"[^"\\]*"), ?)*"choices": ?\[\{(?:"finish_reason": ?null, ?)?'
        rb'"index": ?(\d+), ?(?:"delta": ?\{)?(?:"role": ?"assistant", ?)?(?:"content": ?(?:null|""), ?)?'
        rb'(?:"tool_calls": ?\[\{"index": ?|"function_call": ?\{|)(\d*)(?:, ?"(?:function|custom)": ?\{|)'
        rb'"(content|refusal|reasoning_content|reasoning|arguments|input|text)": ?'
        rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
        rb'(?:, ?"\w+": ?null)*(?:\}\}\]|\})?\}(?:, ?"\w+": ?null)*\}?\]'
        rb'(?:, ?"\w+": ?(?:null|\d+|"[^"\\]*"))*\} *(?:\r?\n){2}'
    )
    said = saying(*_TEXTS, *_LEAVES)
    followed = re.compile(rb'"(?:arguments|input|annotations)"')
    silent = re.compile(rb":")

    def leaf(self, key: Key) -> Leaf:
        """By the field."""
        return _LEAVES.get(key[2].decode(), Leaf.WORDS)

    def told(self, data: bytes, root: Node) -> Told:
        """What the choices of a chunk say, and which of them end."""
        event = members(data, root)
        choices = [members(data, one) for one in items(event.get("choices"))]
        if not choices:
            return Told(tuple(Spot(place) for place in places(data, root, ERROR)), over=None)
        spots = [spot for choice in choices for spot in _said(data, choice)]
        over = [_raw(data, choice, "index") for choice in choices if _says(data, choice, "finish_reason")]
        spoken = {spot.key for spot in spots if spot.place[0].end - spot.place[0].start > 2}
        alone = len(spots) == len(choices) == 1 and not over and _bare(data, choices[0])
        once = alone and (_says(data, event, "usage") or _says(data, members(data, choices[0].get("delta")), "role"))
        beside = [key for key in self.waiting if key[2] in _WORDS and self._beside(key, spoken)]
        cites = [cite for choice in choices for cite in _cites(data, choice)]
        return Told(tuple(spots), over, alone=alone, once=once, beside=beside, cites=cites)

    def _beside(self, key: Key, spoken: set[Key | None]) -> bool:
        """Words end where others of the same choice are said: nobody calls a tool in the midst of a token."""
        return key not in spoken and any(one is not None and one[0] == key[0] for one in spoken)

    def another(self, data: bytes, root: Node, key: Key) -> tuple[bytes, bytes]:
        """A chunk of the same head, with one choice that says one thing."""
        head = b"".join(
            data[name.start : value.end] + b","
            for name, value in zip(root.names, root.items, strict=True)
            if data[name.start : name.end] not in {b'"choices"', b'"obfuscation"'} and value.form not in _LARGE
        )
        index, tool, field = key
        before, after = b'data: {%b"choices":[{"index":%b,' % (head, index), b',"finish_reason":null}]}\n\n'
        if field == b"text":
            return before + b'"text":"', b'","logprobs":null' + after
        before += b'"delta":{'
        if field not in {b"arguments", b"input"}:
            return b'%b"%b":"' % (before, field), b'"}' + after
        if not tool:
            return before + b'"function_call":{"arguments":"', b'"}}' + after
        kind = b"function" if field == b"arguments" else b"custom"
        return b'%b"tool_calls":[{"index":%b,"%b":{"%b":"' % (before, tool, kind, field), b'"}}]}' + after


def _said(data: bytes, choice: dict[str, Node]) -> Iterator[Spot]:
    """Every text of a choice."""
    index = _raw(data, choice, "index")
    delta = members(data, choice.get("delta"))
    # Beside a delta some servers tell its text once more: what is added must be a delta.
    for told in (delta,) if "delta" in choice else (choice,):
        for name in _TEXTS:
            if name in told and told[name].form is JsonForm.STRING:
                yield Spot((told[name], Leaf.WORDS), (index, b"", name.encode()))
    calls = [(b"", members(data, delta.get("function_call")))]
    for call in items(delta.get("tool_calls")):
        told = members(data, call)
        calls += [(_raw(data, told, "index"), members(data, told.get(name))) for name in ("function", "custom")]
    for tool, told in calls:
        for name, leaf in _LEAVES.items():
            if name in told and told[name].form is JsonForm.STRING:
                yield Spot((told[name], leaf), (index, tool, name.encode()))
    for name, below in _WHOLE.items():
        if name in delta:
            yield from (Spot(place) for place in places(data, delta[name], below))


def _cites(data: bytes, choice: dict[str, Node]) -> Iterator[Citing]:
    """Annotations come behind the text whose places they name."""
    key = (_raw(data, choice, "index"), b"", b"content")
    for annotation in items(members(data, choice.get("delta")).get("annotations")):
        yield from (Citing(key, number, end) for number, end in numbers(data, annotation))


def _bare(data: bytes, choice: dict[str, Node]) -> bool:
    """It says one thing, and beside it at most its role: no name of a call, no probabilities."""
    delta = members(data, choice.get("delta")) if "delta" in choice else choice
    told = [name for name in delta if _says(data, delta, name) and name not in {"index", "finish_reason", "role"}]
    if any(_says(data, choice, name) for name in choice if name not in {"index", "delta", "text", "finish_reason"}):
        return False
    if told == ["function_call"]:
        return members(data, delta.get("function_call")).keys() == {"arguments"}
    if told != ["tool_calls"]:
        return len(told) == 1
    calls = [members(data, call) for call in items(delta["tool_calls"])]
    inner = [members(data, call[name]).keys() for call in calls for name in call if name != "index"]
    return len(calls) == 1 and inner in ([{"arguments"}], [{"input"}])


def _says(data: bytes, told: dict[str, Node], name: str) -> bool:
    return name in told and data[told[name].start : told[name].end] not in _NOTHING


def _raw(data: bytes, told: dict[str, Node], name: str) -> bytes:
    return data[told[name].start : told[name].end] if name in told else b"0"
