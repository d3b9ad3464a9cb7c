"""How the answers of OpenAI and of compatible servers ended: chats by their choices, responses by status and outputs.

A refusal has words of its own beside the text, and may end with an ordinary ``stop``. Arguments of tools are told as a
text that should hold JSON; of a tool without any, many servers leave it empty.
"""

import json
import re
from collections.abc import Iterable, Mapping

import msgspec

from penstock.core.ending import Ending, of_all
from penstock.dialects.counting import plainly, read, table, word
from penstock.dialects.openai.searches import Item

_NONE = msgspec.Raw(b"")
_IN_ORDER = Ending.PLAIN

_REASONS: Mapping[str | None, Ending] = {
    "length": Ending.TRUNCATED, "content_filter": Ending.REFUSED,
    # Mistral's for its context window.
    "model_length": Ending.TRUNCATED,
}  # fmt: skip

# Of responses; the last three of runs.
_INCOMPLETE: Mapping[str | None, Ending] = {
    "max_output_tokens": Ending.TRUNCATED, "content_filter": Ending.REFUSED, "max_tokens": Ending.TRUNCATED,
    "max_completion_tokens": Ending.TRUNCATED, "max_prompt_tokens": Ending.TRUNCATED,
}  # fmt: skip

# Where the chunk that ends a choice is looked for: usage, the stream's last word and a comment stand behind it, and of
# some servers a chunk that takes the reason back.
_NEAR = 16 * 1024
_CHUNKS = 8
_REASON = b'"finish_reason"'
_REFUSAL = b'"refusal"'
_REASON_TOLD = re.compile(rb'"finish_reason"\s*:\s*"([^"\\]{1,40})"')
_REFUSAL_TOLD = re.compile(rb'"refusal"\s*:\s*"[^"]')


class Function(msgspec.Struct, gc=False):
    """What a tool was called with."""

    arguments: msgspec.Raw = _NONE


class Call(msgspec.Struct, gc=False):
    """Of a tool."""

    function: Function | None = None


class Message(msgspec.Struct, gc=False):
    """What a choice says."""

    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None


class Choice(msgspec.Struct, gc=False):
    """One of a chat's answers."""

    message: Message | None = None
    finish_reason: str | None = None


class Details(msgspec.Struct, gc=False):
    """Why a response is incomplete."""

    reason: str | None = None


class _Reason(msgspec.Struct):
    finish_reason: object = None


_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_choice = msgspec.json.Decoder(Choice).decode
_reason = msgspec.json.Decoder(_Reason).decode
_item = msgspec.json.Decoder(Item).decode
_text = msgspec.json.Decoder(str).decode
_json = msgspec.json.Decoder(msgspec.Raw).decode


def of_choices(choices: Iterable[Choice]) -> Ending:
    """Of a whole chat. Asked of every one, so written out for speed: most have nothing of all this."""
    found = _IN_ORDER
    for choice in choices:
        reason, message = choice.finish_reason, choice.message
        if reason in _REASONS:
            one = _REASONS[reason]
        elif message is not None and (message.refusal or message.tool_calls or message.function_call):
            one = _of_message(message)
        else:
            continue
        found = one if found is _IN_ORDER else of_all((found, one))
    return found


def _of_message(message: Message) -> Ending:
    if message.refusal:
        return Ending.REFUSED
    if message.function_call is not None and not _readable(message.function_call.arguments):
        return Ending.INVALID
    for call in message.tool_calls or ():
        if call.function is not None and not _readable(call.function.arguments):
            return Ending.INVALID
    return _IN_ORDER


def of_response(status: str | None, details: Details | None, output: Iterable[Item]) -> Ending:
    """Of a whole response."""
    if status == "incomplete" and details is not None and details.reason in _INCOMPLETE:
        return _INCOMPLETE[details.reason]
    found = _IN_ORDER
    for item in output:
        if item.content is not None:
            for part in item.content:
                if part.refusal:
                    return Ending.REFUSED
        elif item.type == "function_call" and not _readable(item.arguments):
            found = Ending.INVALID
    return found


def told_choices(choices: msgspec.Raw) -> Ending:
    """The same, of whatever stands under ``choices``: of a choice of any other form the reason alone."""
    return of_all(map(_told_choice, read(_list, choices) or ()))


def _told_choice(text: msgspec.Raw) -> Ending:
    choice = plainly(_choice, bytes(text))
    if choice is None:
        told = read(_reason, text)
        return _IN_ORDER if told is None else _REASONS.get(word(told.finish_reason), _IN_ORDER)
    return of_choices((choice,))


def told_response(status: object, details: object, output: msgspec.Raw) -> Ending:
    """The same, of whatever stands there: items of any other form are let by."""
    items = (plainly(_item, bytes(one)) for one in read(_list, output) or ())
    reason = Details(word(table(details).get("reason")))
    return of_response(word(status), reason, (one for one in items if one is not None))


def of_chunks(last: bytes) -> Ending:
    """Of a chat's stream, by its latest chunks. Each names its choice's reason, null until it ends; inside a text the
    quotes would be escaped. Of several choices those count that ended together, and arguments are not put together."""
    near = max(0, len(last) - _NEAR)
    found = _IN_ORDER
    at = len(last)
    for _ in range(_CHUNKS):
        at = last.rfind(_REASON, near, at)
        if at < 0:
            break
        told = _REASON_TOLD.match(last, at)
        one = _IN_ORDER if told is None else _REASONS.get(told[1].decode("latin-1"), _IN_ORDER)
        if one is not _IN_ORDER:
            found = of_all((found, one))
    if found is _IN_ORDER and last.find(_REFUSAL, near) >= 0 and _REFUSAL_TOLD.search(last, near) is not None:
        return Ending.REFUSED
    return found


def _readable(arguments: msgspec.Raw) -> bool:
    try:
        _json(_text(arguments))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return _readable_yet(arguments)
    return True


def _readable_yet(arguments: msgspec.Raw) -> bool:
    """Some servers tell them as JSON itself, or leave them out; and what clients read is a little more."""
    text = plainly(_text, arguments)
    if text is None or not text or text.isspace():
        return True
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
