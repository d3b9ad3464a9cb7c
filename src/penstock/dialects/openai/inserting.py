"""One message more in a request's list of messages, or in a Responses input; every other byte stays. Pure.

The list is read no further than the messages that begin it.
"""

import msgspec

from penstock.core.terseness import Placement
from penstock.dialects.counting import plainly
from penstock.dialects.openai.contents import Message, parts, words
from penstock.dialects.spans import elements, member
from penstock.dialects.splicing import with_element, with_piece


class _Part(msgspec.Struct, gc=False):
    type: str | None = None
    text: str | None = None


_parts = msgspec.json.Decoder(list[_Part]).decode
_message = msgspec.json.Decoder(Message).decode


def inserted(body: bytes, start: int, text: str, placement: Placement, role: str | None = None) -> bytes | None:
    """The body with one message more in the list that begins there: first, or after all that begin the list and
    command. Its role, unless told, is the first's where that is ``developer``, else ``system``, which every server
    takes. WITHIN: in the first of them that is a message, where there is one. The same body where the words are among
    those already; None where the list has no message."""
    first: Message | None = None
    place = last = 0
    for begun, ended in elements(body, start):
        message = plainly(_message, body[begun:ended])
        if first is None:
            if message is None:
                return None
            first, place = message, begun
        if message is None or not _leads(message):
            break
        if placement is Placement.WITHIN and message.commands:
            return _within(body, begun, ended, text)
        if words(parts(message.content)) == text:
            return body
        last = ended
    if first is None:
        return None
    role = role or ("developer" if first.role == "developer" else "system")
    ours = msgspec.json.encode({"role": role, "content": text})
    if placement is Placement.LAST and last:
        return with_piece(body, last, b"," + ours)
    return with_piece(body, place, ours + b",")


def _within(body: bytes, begun: int, ended: int, text: str) -> bytes | None:
    """In the message that stands there: at the head of its string, or as the first of its parts. None where its content
    is neither."""
    span = member(body[begun:ended], "content")
    if span is None:
        return None
    place = begun + span[0]
    content = body[place : begun + span[1]]
    if content.startswith(b'"'):
        said = words((content,))
        if said == text or said.startswith(f"{text}\n\n"):
            return body
        ours = f"{text}\n\n" if said else text
        return with_piece(body, place + 1, msgspec.json.encode(ours)[1:-1])
    own = plainly(_parts, content)
    if own is None or (own and own[0].text == text):
        return None if own is None else body
    # The client's own name for a text: Chat has one, Responses another.
    kind = "input_text" if own and own[0].type == "input_text" else "text"
    part = {"type": kind, "text": text}
    return with_element(body, place, msgspec.json.encode(part))


def _leads(message: Message) -> bool:
    """It stands before any turn: the client's system text, or tools that a client declares among it."""
    return message.commands or message.type == "additional_tools"
