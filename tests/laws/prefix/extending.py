"""What law 3 says of requests, written from its text alone: when one extends another, and what stays byte for byte.

A request is seen as its system text, its tools and its messages, each block by itself. Cache marks are left out, and in
a message a string is the list of its one block. Knows nothing of the code that it judges.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A request as law 3 looks at it."""

    system: list[Any]
    tools: list[Any]
    messages: list[Any]

    def extends(self, earlier: "Seen") -> bool:
        """It is a request of the same conversation as the earlier one, as long or longer."""
        return (
            self.system == earlier.system
            and self.tools[: len(earlier.tools)] == earlier.tools
            and self.messages[: len(earlier.messages)] == earlier.messages
        )


def anthropic(body: Body) -> Seen:
    """System apart, messages of blocks. A system text that becomes a list is another: the law speaks of messages."""
    messages = [_whole(one, "content", "text") for one in body["messages"]]
    return Seen(_unmarked(_many(body.get("system"))), _unmarked(_many(body.get("tools"))), _unmarked(messages))


def gemini(body: Body) -> Seen:
    """Contents of parts; each declared function is a tool."""
    instruction = body.get("systemInstruction") or body.get("system_instruction") or {}
    tools = [
        {kind: one} for tool in _many(body.get("tools")) for kind, declared in tool.items() for one in _many(declared)
    ]
    contents = [{**one, "parts": _many(one.get("parts"))} for one in _many(body["contents"])]
    return Seen(_many(instruction.get("parts")), tools, contents)


def chat(body: Body) -> Seen:
    """All in one list, the system text too."""
    messages = [_whole(one, "content", "text") for one in body["messages"]]
    return Seen([], _many(body.get("tools")), _unmarked(messages))


def responses(body: Body) -> Seen:
    """Instructions, and items of input; what is asked with a string is one item."""
    asked = body["input"]
    items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    messages = [
        _whole(one, "content", "output_text" if one.get("role") == "assistant" else "input_text") for one in items
    ]
    return Seen(_many(body.get("instructions")), _many(body.get("tools")), messages)


VIEWS: dict[str, Callable[[Body], Seen]] = {
    "anthropic": anthropic,
    "gemini": gemini,
    "openai-chat": chat,
    "openai-responses": responses,
}


def inserted(before: bytes, after: bytes) -> list[bytes] | None:
    """What was put into a text, at one place or around one value; None if anything else differs.

    A null may have given way: it says nothing.
    """
    start = _common(lambda length: after.startswith(before[:length]), min(len(before), len(after)))
    end = _common(lambda length: after.endswith(before[len(before) - length :]), min(len(before), len(after)) - start)
    rest, more = before[start : len(before) - end], after[start : len(after) - end]
    if rest in {b"", b"null"}:
        return [more]
    place = more.find(rest)
    return None if place < 0 else [more[:place], more[place + len(rest) :]]


def _common(equal: Callable[[int], bool], most: int) -> int:
    """The greatest length for which they are equal."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if equal(middle) else (least, middle - 1)
    return least


def _whole(message: Any, name: str, kind: str) -> Any:
    return {**message, name: _blocks(message[name], kind)} if name in message else message


def _blocks(content: Any, kind: str) -> list[Any]:
    return [{"type": kind, "text": content}] if isinstance(content, str) else _many(content)


def _many(value: Any) -> list[Any]:
    """A list, or the one that stands for it."""
    return [] if value is None else value if isinstance(value, list) else [value]


def _unmarked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unmarked(one) for one in value]
    if isinstance(value, dict):
        return {name: _unmarked(one) for name, one in value.items() if name != "cache_control"}
    return value
