"""The hard rules of Gemini's streams: server-sent events (`alt=sse`) and one JSON array.

The clients read lines, not events: what the grammar of server-sent events allows is no measure here. Each reason is
what was seen of Python `google-genai` 3.4 and Node `@google/genai` 3.1.
"""

import json
from typing import Any

from tests.laws.stream_judges.judge import LINE_END, Judge

_WHY = {
    "comment": "Python takes a comment for JSON: 'Failed to parse response as JSON'",
    "event": "Python takes an event line for JSON: 'Failed to parse response as JSON'",
    "done": "Python and Node both fail on [DONE]",
    "data-space": "the prefix is `data: ` with its space: Python fails on `data:{`",
    "framing": "a frame is one data line with a JSON object and a blank line; else there may only be blank lines",
    "shape": "a frame holds candidates, promptFeedback, usageMetadata or an error: SDKs find nothing else in it",
    "finish": "an answer ends in a finishReason, a blockReason or an error: else a cut looks like a success",
    "error-shape": "both SDKs raise an error by its code, and show message and status",
    "after-error": "an error ends the stream: both SDKs raise there",
}

_ARRAY_WHY = {
    "framing": "the body is one JSON array of objects: clients parse it piecewise, element by element",
    **{rule: _WHY[rule] for rule in ("shape", "finish", "error-shape", "after-error")},
}
_KNOWN = {"candidates", "promptFeedback", "usageMetadata", "error"}


class GeminiJudge(Judge):
    """Gemini's server-sent events."""

    WHY = _WHY

    def __init__(self) -> None:
        super().__init__()
        self.finished = False
        self.failed = False
        self.frame_open = False

    def read(self, text: str) -> None:
        lines = LINE_END.split(text)
        for line in lines[:-1]:
            self._line(line)
        if lines[-1]:
            self._line(lines[-1])
        if self.frame_open:
            self.breaks("framing", "no blank line after the last frame")

    def _line(self, line: str) -> None:
        if not line:
            self.number += self.frame_open
            self.frame_open = False
        elif line.startswith(":"):
            self.breaks("comment", line)
        elif line.startswith("event:"):
            self.breaks("event", line)
        elif line.startswith("data:"):
            self._data(line[5:])
        else:
            self.breaks("framing", line)

    def _data(self, value: str) -> None:
        if self.frame_open:
            self.breaks("framing", "a second line in a frame")
        self.frame_open = True
        if value.strip() == "[DONE]":
            self.breaks("done", "data: [DONE]")
            return
        if not value.startswith(" "):
            self.breaks("data-space", value)
        answer = self.object_of(value)
        if answer is not None:
            self.answer(answer)

    def answer(self, value: dict[str, Any]) -> None:
        """One whole GenerateContentResponse, or an error."""
        if self.failed:
            self.breaks("after-error", value)
        if not _KNOWN & value.keys():
            self.breaks("shape", value)
        if "error" in value:
            self.failed = True
            error = value["error"]
            if not isinstance(error, dict) or not {"code", "message", "status"} <= error.keys():
                self.breaks("error-shape", error)
        blocked = (value.get("promptFeedback") or {}).get("blockReason")
        reasons = [candidate.get("finishReason") for candidate in value.get("candidates") or []]
        self.finished = self.finished or bool(blocked) or any(reasons)

    def end(self) -> None:
        if not (self.finished or self.failed):
            self.breaks("finish", "the stream ends here")


class GeminiArrayJudge(GeminiJudge):
    """The same answers as the elements of one JSON array, which is how Google streams without ``alt=sse``."""

    WHY = _ARRAY_WHY

    def read(self, text: str) -> None:
        try:
            whole = json.loads(text)
        except ValueError as error:
            whole = str(error)
        if not isinstance(whole, list) or not all(isinstance(one, dict) for one in whole):
            self.breaks("framing", whole)
            self.failed = True
            return
        for one in whole:
            self.answer(one)
            self.number += 1
