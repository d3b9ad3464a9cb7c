"""What typed events say: those of responses, and of assistants, transcripts and pictures; how a response is cut. Pure.

Every event of text names its item and its place in it, so each place is a lane of its own.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from penstock.core.fault import Fault
from penstock.core.hearing import Kind, Said
from penstock.dialects.collecting import event_data
from penstock.dialects.leaves import decoded, leaves

_KINDS = {
    "response.output_text.delta": Kind.TEXT, "response.refusal.delta": Kind.TEXT,
    "response.function_call_arguments.delta": Kind.ARGUMENTS, "response.custom_tool_call_input.delta": Kind.ARGUMENTS,
    "response.mcp_call_arguments.delta": Kind.ARGUMENTS, "response.code_interpreter_call_code.delta": Kind.ARGUMENTS,
    "response.reasoning_summary_text.delta": Kind.THINKING, "response.reasoning_text.delta": Kind.THINKING,
    "response.output_audio_transcript.delta": Kind.TEXT, "transcript.text.delta": Kind.TEXT,
}  # fmt: skip
_TEXT = "response.output_text.delta"
# What is told again when it is complete has been heard before.
_REPEATED = (".done", ".completed", ".created", ".in_progress", ".queued", ".incomplete", ".failed")
_CALL = "_call"
_SPOKEN = frozenset({"message", "reasoning", "function_call", "custom_tool_call"})
"""Items whose words come in deltas."""


class _Part(msgspec.Struct, frozen=True):
    item: str
    output: int
    content: int
    text: str


class _Standing(msgspec.Struct, frozen=True):
    number: int = -1
    """The latest event's."""
    response: dict[str, object] | None = None
    part: _Part | None = None
    """The text that is open."""
    items: tuple[object, ...] = ()
    """Those that are complete."""
    open: str = ""
    """The type of the item that is open."""
    calling: bool = False


class Events:
    """The events of one stream."""

    def __init__(self) -> None:
        self._standing = _Standing()

    def frames(self, frames: bytes) -> Sequence[Said]:
        """What they say, in order."""
        return [said for data in event_data(frames, b"") for said in self._event(decoded(data))]

    def standing(self) -> object:
        """Which item and text are open."""
        return self._standing

    def _event(self, event: object) -> Iterator[Said]:
        if not isinstance(event, dict):
            return
        kind = str(event.get("type") or event.get("object") or "")
        lane = " ".join(str(event.get(name, "")) for name in ("item_id", "output_index", "content_index"))
        self._follow(kind, event)
        spoken = _KINDS.get(kind)
        delta = event.get("delta")
        if spoken is not None and isinstance(delta, str):
            yield Said(f"{lane} {spoken.value}", spoken, delta)
        elif kind.endswith((".done", ".completed")):
            yield from (Said(f"{lane} {one.value}", one, "", ends=True) for one in Kind)
        if spoken is None and (not kind.endswith(_REPEATED) or _comes_whole(kind, event.get("item"))):
            # Whatever else there is may say something: it is heard event by event.
            yield from leaves(event, f"{lane} {kind}")

    def _follow(self, kind: str, event: Mapping[str, object]) -> None:
        standing = self._standing
        number, item = event.get("sequence_number"), event.get("item")
        changed: dict[str, object] = {"number": number} if isinstance(number, int) else {}
        response = event.get("response")
        if kind == "response.created" and isinstance(response, dict):
            changed["response"] = response
        elif kind == "response.output_item.added" and isinstance(item, dict):
            opened = str(item.get("type", ""))
            changed |= {"open": opened, "calling": standing.calling or opened.endswith(_CALL)}
        elif kind == "response.output_item.done":
            changed |= {"open": "", "part": None, "items": (*standing.items, item)}
        elif kind == _TEXT:
            changed["part"] = _continued(standing.part, event)
        elif kind == "response.content_part.done":
            changed["part"] = None
        if changed:
            self._standing = msgspec.structs.replace(standing, **changed)


def _comes_whole(kind: str, item: object) -> bool:
    """A tool of the provider's tells what it found when it is done, and not before."""
    return kind == "response.output_item.done" and isinstance(item, dict) and item.get("type") not in _SPOKEN


def _continued(part: _Part | None, event: Mapping[str, object]) -> _Part | None:
    item, output, content = (event.get(name) for name in ("item_id", "output_index", "content_index"))
    delta = event.get("delta")
    if not (isinstance(item, str) and isinstance(output, int) and isinstance(content, int) and isinstance(delta, str)):
        return part
    before = part.text if part is not None and part.item == item and part.content == content else ""
    return _Part(item, output, content, before + delta)


def cut(standing: object, fault: Fault) -> bytes:
    """The open text ends with the fault's words, its response as incomplete for ``content_filter``."""
    if not isinstance(standing, _Standing) or standing.response is None or standing.calling:
        return b""
    if standing.open and (standing.open != "message" or standing.part is None):
        return b""
    events, items = [], list(standing.items)
    if standing.part is not None:
        found, item = _closed(standing.part, f"\n\n[{fault.words}]")
        events += found
        items.append(item)
    details = {"reason": "content_filter"}
    response = {**standing.response, "status": "incomplete", "incomplete_details": details, "output": items}
    events.append({"type": "response.incomplete", "response": response})
    numbered = [{**event, "sequence_number": standing.number + 1 + place} for place, event in enumerate(events)]
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), msgspec.json.encode(event)) for event in numbered
    )


def _closed(part: _Part, words: str) -> tuple[list[dict[str, object]], dict[str, object]]:
    """The events that close a text and its item, and the item."""
    place = {"item_id": part.item, "output_index": part.output, "content_index": part.content}
    text = part.text + words
    content = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item: dict[str, object] = {
        "id": part.item, "type": "message", "role": "assistant", "status": "incomplete", "content": [content],
    }  # fmt: skip
    events: list[dict[str, object]] = [
        {"type": _TEXT, **place, "delta": words, "logprobs": []},
        {"type": "response.output_text.done", **place, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": content},
        {"type": "response.output_item.done", "output_index": part.output, "item": item},
    ]
    return events, item
