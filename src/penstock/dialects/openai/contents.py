"""What a message says, and what tells a conversation by its beginning. Shared by Chat and Responses. Pure.

A content is a string, or a list of parts; a string says the same as a list of one text. Only contents that are asked
for are looked into: those that began the conversation, never its history.
"""

from collections.abc import Iterable, Sequence

import msgspec

from penstock.core.terseness import LATEST_BYTES
from penstock.dialects.counting import plainly

ABSENT = msgspec.Raw(b"")

# Cache marks of OpenAI (API reference, "prompt_cache_breakpoint") and of servers that resell others' models.
_MARKS = frozenset({"prompt_cache_breakpoint", "cache_control"})
_TEXTS = frozenset({b"", b'"text"', b'"input_text"', b'"output_text"'})
_SYSTEM = frozenset({"system", "developer"})
_MOST = 1_000
"""A content of more parts is taken as it is written, and says nothing."""
_NO_PARTS = frozenset({b"", b"null", b'""'})

_anything = msgspec.json.Decoder().decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_string = msgspec.json.Decoder(str).decode


class Message(msgspec.Struct, gc=False):
    """A message of Chat, or an item of a Responses input; of its content no more than that it is there."""

    role: str | None = None
    type: str | None = None
    content: msgspec.Raw = ABSENT
    tool_calls: msgspec.Raw = ABSENT
    tools: msgspec.Raw = ABSENT

    @property
    def commands(self) -> bool:
        """It is the client's system text, by either of its names."""
        return self.role in _SYSTEM and self.type in {None, "message"}


def known(value: msgspec.Raw) -> object:
    """What a value says; None where it is absent, null or unreadable."""
    text = bytes(value)
    return plainly(_anything, text) if text else None


def parts(content: msgspec.Raw) -> list[bytes]:
    """A content in a form that does not depend on how it was written: of texts the string, of all others the object
    without marks, each as the client wrote it."""
    text = bytes(content)
    several = plainly(_list, text) if text.startswith(b"[") else None
    readable = several is not None and len(several) <= _MOST
    found = [_part(bytes(one)) for one in several or ()] if readable else [_part(text)]
    return [part for part in found if part not in _NO_PARTS]


def words(said: Iterable[bytes]) -> str:
    """The texts among these parts, with an empty line between them."""
    return "\n\n".join(_plain(part) for part in said if part.startswith(b'"'))


def texts(content: bytes) -> tuple[str, ...]:
    """The texts of a message's content, each by itself."""
    return tuple(text for part in parts(msgspec.Raw(content)) if part.startswith(b'"') and (text := _plain(part)))


def latest(messages: Sequence[Message]) -> bytes:
    """The content of the last message, where it is the user's. The client's system text may stand behind it."""
    last = next((one for one in reversed(messages) if not one.commands), None)
    if last is None or last.role != "user" or last.type not in {None, "message"}:
        return b""
    return bytes(last.content) if memoryview(last.content).nbytes <= LATEST_BYTES else b""


def fingerprint(system: Iterable[bytes], user: Iterable[bytes]) -> bytes:
    """The same bytes for every request of a conversation, whatever is added or marked on the way."""
    return b"[[%b],[%b]]" % (b",".join(system), b",".join(user))


def _part(text: bytes) -> bytes:
    members = plainly(_object, text) if text.startswith(b"{") else None
    if members is None:
        return text
    own = bytes(members.get("text", ABSENT))
    if own.startswith(b'"') and bytes(members.get("type", ABSENT)) in _TEXTS:
        return own
    return msgspec.json.encode({name: one for name, one in members.items() if name not in _MARKS}, order="sorted")


def _plain(literal: bytes) -> str:
    found = plainly(_string, literal)
    # Bytes that are no UTF-8: read as well as can be.
    return (plainly(_string, literal.decode(errors="replace").encode()) or "") if found is None else found
