"""What a Messages request says of its conversation, in one look at the body.

Only the system text, the first user message and what the model is to go on from are opened; all between is passed
over. Forms from the API's types (wire contract 2.3). Pure; never raises.
"""

from collections.abc import Sequence

import msgspec

from penstock.core.terseness import LATEST_BYTES, Exemption, Opening
from penstock.dialects.counting import plainly
from penstock.dialects.fingerprints import fingerprint

ATTRIBUTION = "x-anthropic-billing-header"
"""How the first system block of Claude Code begins; it differs from conversation to conversation (wire contract 3.3).
The API takes it out by its position: no other text may stand before it, nor in one block with it."""

_ABSENT = msgspec.Raw(b"")
_NOTHING = frozenset({b"", b"null"})


class _Message(msgspec.Struct, gc=False):
    role: str
    content: msgspec.Raw = _ABSENT


class _Request(msgspec.Struct, gc=False):
    messages: list[_Message]
    system: msgspec.Raw = _ABSENT
    tools: msgspec.Raw = _ABSENT
    tool_choice: msgspec.Raw = _ABSENT
    thinking: msgspec.Raw = _ABSENT
    output_config: msgspec.Raw = _ABSENT
    output_format: msgspec.Raw = _ABSENT
    max_tokens: msgspec.Raw = _ABSENT
    thread: msgspec.Raw = _ABSENT


class _Tool(msgspec.Struct, gc=False):
    name: str | None = None
    type: str | None = None


class _Text(msgspec.Struct, gc=False):
    type: str
    text: str


class _Typed(msgspec.Struct, gc=False):
    type: str | None = None


class _OutputConfig(msgspec.Struct, gc=False):
    format: msgspec.Raw = _ABSENT
    effort: msgspec.Raw = _ABSENT


class _Thread(msgspec.Struct, gc=False):
    previous_message_id: str = ""


_request = msgspec.json.Decoder(_Request).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_tools = msgspec.json.Decoder(list[_Tool]).decode
_text = msgspec.json.Decoder(_Text).decode
_typed = msgspec.json.Decoder(_Typed).decode
_output_config = msgspec.json.Decoder(_OutputConfig).decode
_thread = msgspec.json.Decoder(_Thread).decode
_whole = msgspec.json.Decoder(int).decode


def opening(body: bytes) -> Opening | None:
    """What ``Speaking.opening`` tells."""
    request = plainly(_request, body)
    if request is None:
        return None
    system = blocks(request.system)
    user = blocks(next((one.content for one in request.messages if one.role == "user"), _ABSENT))
    if system is None or not user:
        return Opening(fingerprint=b"", exemption=Exemption.UNREADABLE)
    if system and attributed(system[0]):
        system = system[1:]
    answered, prefilled = _ending(request.messages)
    config = plainly(_output_config, request.output_config) or _OutputConfig()
    thread = plainly(_thread, request.thread)
    return Opening(
        fingerprint=fingerprint(system, user),
        system=_joined(system),
        user=_joined(user),
        tools=tuple(one.name or one.type or "" for one in plainly(_tools, request.tools) or ()),
        answered=answered,
        cap=plainly(_whole, request.max_tokens),
        reasoning=_type(request.thinking) not in {None, "disabled"} or bytes(config.effort) not in _NOTHING,
        exemption=_exemption(request, config, prefilled=prefilled),
        continues="" if thread is None else thread.previous_message_id,
        latest=_latest(request.messages) if answered else b"",
    )


def blocks(content: msgspec.Raw | bytes) -> list[bytes] | None:
    """The blocks of a system text or of a message's content: a string is one text block. None for any other form."""
    value = bytes(content)
    if value in _NOTHING or value == b'""':
        return []
    if value.startswith(b'"'):
        return [b'{"type":"text","text":%b}' % value]
    listed = plainly(_list, value)
    return None if listed is None else [bytes(one) for one in listed]


def text_of(block: bytes) -> str | None:
    """What a text block says; None for other blocks."""
    found = plainly(_text, block)
    return None if found is None or found.type != "text" else found.text


def attributed(block: bytes) -> bool:
    """The block is Claude Code's attribution."""
    return ATTRIBUTION.encode() in block and (text_of(block) or "").startswith(ATTRIBUTION)


def texts(content: bytes) -> tuple[str, ...]:
    """What the text blocks of a message's content say."""
    return tuple(text for block in blocks(content) or () if (text := text_of(block)))


def _latest(messages: Sequence[_Message]) -> bytes:
    """The content of the last message, where it is the user's. A system message may stand behind it."""
    last = next((one for one in reversed(messages) if one.role != "system"), None)
    if last is None or last.role != "user" or memoryview(last.content).nbytes > LATEST_BYTES:
        return b""
    return bytes(last.content)


def _joined(content: list[bytes]) -> str:
    return "\n\n".join(text for block in content if (text := text_of(block)))


def _ending(messages: Sequence[_Message]) -> tuple[bool, bool]:
    """Whether the model has had a turn, and whether its next one is begun for it.

    Messages of the assistant's at the end are one turn. Plain text there is a prefill. With anything else in it (a
    call of a server's tool, its result, thinking) it is a turn of the model's own that was paused and goes on.
    """
    last = len(messages)
    while last and messages[last - 1].role == "assistant":
        last -= 1
    begun = [block for one in messages[last:] for block in blocks(one.content) or []]
    prefilled = bool(begun) and all(text_of(block) is not None for block in begun)
    answered = any(one.role == "assistant" for one in messages[:last])
    return answered or (bool(begun) and not prefilled), prefilled


def _exemption(request: _Request, config: _OutputConfig, *, prefilled: bool) -> Exemption | None:
    if bytes(request.thread) not in _NOTHING:
        # A thread keeps its turns at the provider and refuses one whose head differs from theirs
        # (thread_fingerprint_mismatch, wire contract 2.8): what can't be told of later turns is not begun.
        return Exemption.CONTINUED
    if bytes(config.format) not in _NOTHING or bytes(request.output_format) not in _NOTHING:
        return Exemption.STRUCTURED_OUTPUT
    if _type(request.tool_choice) in {"any", "tool"}:
        return Exemption.FORCED_TOOL
    return Exemption.PREFILL if prefilled else None


def _type(value: msgspec.Raw) -> str | None:
    found = plainly(_typed, value)
    return None if found is None else found.type
