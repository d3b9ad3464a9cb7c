"""One message more in a request's list of messages, or in a Responses input; every other byte stays. Pure.

The list is read no further than the messages that begin it.
"""

import msgspec

from penstock.core.terseness import Placement
from penstock.dialects.counting import plainly
from penstock.dialects.openai.contents import Message, parts, words
from penstock.dialects.spans import elements
from penstock.dialects.splicing import with_piece

_message = msgspec.json.Decoder(Message).decode


def inserted(body: bytes, start: int, text: str, placement: Placement, role: str | None = None) -> bytes | None:
    """The body with one message more in the list that begins there: first, or after all that begin the list and
    command. Its role, unless told, is the first's where that is ``developer``, else ``system``, which every server
    takes. The same body where the words are among those already; None where the list has no message."""
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


def _leads(message: Message) -> bool:
    """It stands before any turn: the client's system text, or tools that a client declares among it."""
    return message.commands or message.type == "additional_tools"
