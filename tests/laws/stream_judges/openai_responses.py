"""The hard rules of OpenAI's Responses stream.

Each reason is what was seen of real clients: Codex CLI 0.169, Python `openai` 3.52, Node `openai` 7.55.
"""

from dataclasses import dataclass
from typing import Any

from tests.laws.stream_judges.judge import Frame, Judge

_WHY = {
    "framing": "a frame without a closing blank line, or whose data is no JSON object, is never dispatched",
    "event-name": "`event:` must equal data.type; a frame without a type is not safe in this stream",
    "sequence": "sequence_number stands in each event and grows by one: clients resume by it",
    "created": "response.created comes first, once",
    "item-order": "output_index starts at 0, dense, in order of output_item.added",
    "item-open": "an event about an item or a part that is not open: SDK accumulators find nothing at that index",
    "item-done": "Codex takes an item only from response.output_item.done",
    "joined": "a .done event repeats what its deltas said, joined: clients read either the one or the other",
    "usage": "response.completed carries usage: Codex counts its context by it",
    "output": "the final response lists the items that were streamed: SDKs return it as the result",
    "error-shape": "an error event has code, message and param; a failed response has its error: Codex acts on code",
    "end": "without response.completed, incomplete, failed or an error event Codex sends it all again",
    "after-end": "the terminal event is the last one",
}

_FINAL = {"response.completed", "response.incomplete", "response.failed"}
_PART_OF = {
    "output_text": "content_part",
    "refusal": "content_part",
    "reasoning_summary_text": "reasoning_summary_part",
}
_SAID_IN = ("text", "arguments", "refusal", "input", "code", "transcript")


@dataclass
class _Item:
    identifier: object
    kind: object
    done: bool = False


class ResponsesJudge(Judge):
    """Typed events; unknown types are legal as long as what they speak of is open."""

    WHY = _WHY

    def __init__(self) -> None:
        super().__init__()
        self.sequence: int | None = None
        self.created = False
        self.items: dict[object, _Item] = {}
        self.parts: set[tuple[object, ...]] = set()
        self.said: dict[tuple[object, ...], str] = {}

    def frame(self, frame: Frame) -> None:
        if frame.data == "[DONE]":
            self.breaks("event-name", "[DONE] has no type")
            return
        value = self.object_of(frame.data)
        if value is None:
            return
        kind = str(value.get("type"))
        if frame.event != value.get("type") or not frame.event:
            self.breaks("event-name", f"event {frame.event}, type {kind}")
        if self.over:
            self.breaks("after-end", kind)
            return
        self._sequence(value)
        if self.created is (kind == "response.created") and kind != "error":
            self.breaks("created", kind)
        self.created = True
        self._event(kind, value)

    def _sequence(self, value: dict[str, Any]) -> None:
        number = value.get("sequence_number")
        if not isinstance(number, int) or (self.sequence is not None and number != self.sequence + 1):
            self.breaks("sequence", f"{number} after {self.sequence}")
        self.sequence = number if isinstance(number, int) else self.sequence

    def _event(self, kind: str, value: dict[str, Any]) -> None:
        if kind in _FINAL:
            self._final(kind, value.get("response") or {})
        elif kind == "error":
            self.over = True
            if not (value.get("message") and {"code", "param"} <= value.keys()):
                self.breaks("error-shape", value)
        elif kind == "response.output_item.added":
            self._added(value)
        elif "output_index" in value:
            self._about_item(kind, value)

    def _added(self, value: dict[str, Any]) -> None:
        index, item = value.get("output_index"), value.get("item") or {}
        if index != len(self.items):
            self.breaks("item-order", f"{index}, expected {len(self.items)}")
        self.items[index] = _Item(item.get("id"), item.get("type"))

    def _about_item(self, kind: str, value: dict[str, Any]) -> None:
        index = value["output_index"]
        item = self.items.get(index)
        if item is None or item.done or value.get("item_id", item.identifier) != item.identifier:
            self.breaks("item-open", f"{kind} for {value.get('item_id')} at {index}")
            return
        if kind == "response.output_item.done":
            item.done = True
            return
        name, _, verb = kind.removeprefix("response.").rpartition(".")
        self._part(name, verb, index, value)
        place = (name, index, value.get("content_index"), value.get("summary_index"))
        if verb == "delta":
            self.said[place] = self.said.get(place, "") + str(value.get("delta"))
        elif verb == "done":
            whole = next((value[key] for key in _SAID_IN if key in value), None)
            if whole is not None and whole != self.said.get(place, ""):
                self.breaks("joined", f"{kind} says {whole!r}, its deltas {self.said.get(place, '')!r}")

    def _part(self, name: str, verb: str, index: object, value: dict[str, Any]) -> None:
        if name in {"content_part", "reasoning_summary_part"} and verb == "added":
            self.parts.add((name, index, value.get("content_index"), value.get("summary_index")))
        elif name in _PART_OF and verb in {"delta", "done"}:
            part = _PART_OF[name]
            if (part, index, value.get("content_index"), value.get("summary_index")) not in self.parts:
                self.breaks("item-open", f"{name}.{verb} without its {part}.added")

    def _final(self, kind: str, response: dict[str, Any]) -> None:
        self.over = True
        if kind == "response.failed":
            error = response.get("error") or {}
            if not (error.get("code") and error.get("message")):
                self.breaks("error-shape", error)
            return
        usage = response.get("usage") or {}
        counts = ("input_tokens", "output_tokens", "total_tokens")
        if not all(isinstance(usage.get(name), int) for name in counts):
            self.breaks("usage", usage)
        if still := [index for index, item in self.items.items() if not item.done]:
            self.breaks("item-done", f"items {still} are open")
        listed = [(item.get("id"), item.get("type")) for item in response.get("output") or []]
        streamed = [(item.identifier, item.kind) for item in self.items.values()]
        if listed != streamed:
            self.breaks("output", f"listed {listed}, streamed {streamed}")

    def end(self) -> None:
        if not self.over:
            self.breaks("end", "the stream ends here")
