"""The hard rules of OpenAI's Chat Completions stream.

Each reason is what was seen of real clients: Python `openai` 3.52, Node `openai` 7.55, and reports against gateways.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.laws.stream_judges.judge import Frame, Judge

_WHY = {
    "framing": "a frame without a closing blank line, or whose data is no JSON object, is never dispatched",
    "keep-alive": "keep-alives are comments: named, empty or choice-less data surfaces as a chunk or JSONDecodeError",
    "same-head": "one id, created and model, object chat.completion.chunk, in all chunks",
    "role": "the first delta of a choice says `role: assistant`",
    "tool-index": "tool_calls[].index starts at 0, dense: the Python helper raises IndexError",
    "tool-first": "id, type and name stand in the first delta of a tool call",
    "tool-once": "repeated, the Python helper concatenates them: id `aa`, name `ff`",
    "finish": "every choice ends in a finish_reason: Node helper 'missing finish_reason for choice 0'",
    "after-finish": "nothing of a choice comes after its finish_reason, not another one either",
    "usage-choices": "the usage chunk has `choices: []`; usage beside choices broke clients",
    "usage-unasked": "a chunk without choices that was not asked for: some clients read choices[0] blindly",
    "usage-asked": "with include_usage each chunk has `usage` (null) and one last chunk has the numbers",
    "error-shape": "error is an object with message, type, param and code: from a string SDKs lose code and type",
    "end": "a close without [DONE] or an error frame is accepted as success",
    "after-end": "the connection ends right after [DONE] or the error frame: clients stop reading there",
}


@dataclass
class _Choice:
    begun: bool = False
    finished: bool = False
    tools: set[int] = field(default_factory=set)


class ChatJudge(Judge):
    """Chat Completions chunks. ``usage_asked`` None: it is not known whether the client asked for usage."""

    WHY = _WHY

    def __init__(self, *, usage_asked: bool | None = None) -> None:
        super().__init__()
        self.usage_asked = usage_asked
        self.usages = 0
        self.head: tuple[object, ...] | None = None
        self.choices: dict[int, _Choice] = {}
        self.failed = False

    def frame(self, frame: Frame) -> None:
        if frame.event is not None or not frame.data:
            self.breaks("keep-alive", f"event {frame.event}, data {frame.data!r}")
            return
        if self.over:
            self.breaks("after-end", frame.data)
        elif frame.data == "[DONE]":
            self.over = True
        elif (value := self.object_of(frame.data)) is not None:
            self._chunk(value)

    def _chunk(self, value: dict[str, Any]) -> None:
        if "error" in value:
            self.over = self.failed = True
            error = value["error"]
            if not isinstance(error, dict) or not {"message", "type", "param", "code"} <= error.keys():
                self.breaks("error-shape", error)
            return
        choices = value.get("choices")
        if not isinstance(choices, list):
            self.breaks("keep-alive", f"a chunk without choices: {value}")
            return
        head = (value.get("id"), value.get("created"), value.get("model"), value.get("object"))
        if head[3] != "chat.completion.chunk" or head != (self.head or head) or None in head:
            self.breaks("same-head", head)
        self.head = self.head or head
        self._usage(value, choices)
        for choice in choices:
            self._choice(choice)

    def _usage(self, value: dict[str, Any], choices: list[Any]) -> None:
        if self.usage_asked is False and not choices:
            self.breaks("usage-unasked", value)
        elif self.usage_asked and "usage" not in value:
            self.breaks("usage-asked", "a chunk without the usage key")
        if value.get("usage") is not None:
            self.usages += 1
            if choices:
                self.breaks("usage-choices", f"usage beside {len(choices)} choices")

    def _choice(self, value: dict[str, Any]) -> None:
        choice = self.choices.setdefault(value.get("index", 0), _Choice())
        delta = value.get("delta") or {}
        if not choice.begun and delta.get("role") != "assistant":
            self.breaks("role", delta)
        choice.begun = True
        if choice.finished and (value.get("finish_reason") or any(delta.values())):
            self.breaks("after-finish", value)
        for call in delta.get("tool_calls") or []:
            self._tool(choice, call)
        choice.finished = choice.finished or bool(value.get("finish_reason"))

    def _tool(self, choice: _Choice, call: dict[str, Any]) -> None:
        index, function = call.get("index"), call.get("function") or {}
        said = (call.get("id"), call.get("type"), function.get("name"))
        if index in choice.tools:
            if any(said):
                self.breaks("tool-once", said)
            return
        if not isinstance(index, int) or index != len(choice.tools):
            self.breaks("tool-index", f"{index}, expected {len(choice.tools)}")
        if not all(said):
            self.breaks("tool-first", said)
        choice.tools.add(index if isinstance(index, int) else len(choice.tools))

    def end(self) -> None:
        if not self.over:
            self.breaks("end", "the stream ends here")
        if self.failed:
            return
        for index, choice in self.choices.items():
            if not choice.finished:
                self.breaks("finish", f"choice {index} has no finish_reason")
        if self.usage_asked and self.usages != 1:
            self.breaks("usage-asked", f"{self.usages} usage chunks")
