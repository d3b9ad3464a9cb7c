"""One message more in a request's list of messages, or in a Responses input; every other byte stays. Pure.

The list is known by its elements: decoded once, and not beyond the messages that begin it.
"""

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.terseness import Placement
from penstock.dialects.counting import plainly
from penstock.dialects.openai.contents import Message, parts, words
from penstock.dialects.spans import element_spans
from penstock.dialects.splicing import with_piece

_message = msgspec.json.Decoder(Message).decode


def first_message(elements: Sequence[msgspec.Raw]) -> Message | None:
    """The list's first; None where there is none, or it is none."""
    return plainly(_message, bytes(elements[0])) if elements else None


def inserted(
    body: bytes, name: str, elements: Sequence[msgspec.Raw], message: bytes, placement: Placement
) -> bytes | None:
    """The body with this message in the list that is its member of this name: first, or after all that begin the list
    and command. The same body where such a message is among those already; None where no place can be told."""
    ours = _text(plainly(_message, message))
    leading = list(_leading(elements))
    if any(_text(one) == ours for one in leading if one.commands):
        return body
    spans = element_spans(body, name, elements)
    if spans is None:
        return None
    if placement is Placement.LAST and leading:
        return with_piece(body, spans[len(leading) - 1][1], b"," + message)
    return with_piece(body, spans[0][0], message + b",")


def _leading(elements: Sequence[msgspec.Raw]) -> Iterator[Message]:
    """Those that stand before any turn: the client's system text, and tools that a client declares among them."""
    for element in elements:
        message = plainly(_message, bytes(element))
        if message is None or not (message.commands or message.type == "additional_tools"):
            return
        yield message


def _text(message: Message | None) -> str | None:
    return None if message is None else words(parts(message.content))
