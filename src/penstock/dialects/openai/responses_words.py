"""Responses: what a request's opening says, and words of ours in its instructions or its input. Pure.

They stand at the head of ``instructions``; of a request without, or with empty ones, in a developer message that
begins ``input``, for which an input that is a string becomes a list of two. A request that goes on where the provider
keeps the turns before it (``previous_response_id``, ``conversation``) has there what was put into its input then, but
"the instructions from a previous response will not be carried over to the next response" (OpenAI, API reference,
Create a model response, ``instructions``): words are put where the client sends instructions again, else nowhere.
"""

from itertools import takewhile

import msgspec

from penstock.core.terseness import Exemption, Opening, Placement
from penstock.dialects.counting import plainly, table, word
from penstock.dialects.openai.contents import ABSENT, Message, fingerprint, known, latest, parts, words
from penstock.dialects.openai.demands import Demands, tool_names
from penstock.dialects.openai.inserting import inserted
from penstock.dialects.spans import member, value_start
from penstock.dialects.splicing import with_first, with_piece

_NOTHING = frozenset({b"", b"null", b'""'})
"""Instructions that say nothing. They are one to a conversation, so that its words stay in one place."""
_TOLD = frozenset({"user", "system", "developer"})
_BETWEEN = frozenset({"additional_tools", "mcp_list_tools", "compaction_trigger"})
"""Items that no turn of the model's has made; of any other type, known or not, one has."""


class _Request(Demands, gc=False):
    instructions: msgspec.Raw = ABSENT
    previous_response_id: msgspec.Raw = ABSENT
    conversation: msgspec.Raw = ABSENT

    def continues(self) -> str:
        """The id of what holds the earlier turns; a conversation stands alone or in an object."""
        named = known(self.conversation)
        held = (known(self.previous_response_id), named, table(named).get("id"))
        return next((one for one in map(word, held) if one), "")


class _Listed(_Request, kw_only=True, gc=False):
    input: list[Message]


class _Worded(_Request, gc=False):
    input: msgspec.Raw = ABSENT


class _Texted(msgspec.Struct, gc=False):
    text: msgspec.Raw = ABSENT


_listed = msgspec.json.Decoder(_Listed).decode
_worded = msgspec.json.Decoder(_Worded).decode
_texted = msgspec.json.Decoder(_Texted).decode


def opening(body: bytes) -> Opening | None:
    """Read in one pass where the input is a list; of the items after the first user message, only their kinds."""
    request = plainly(_listed, body) or plainly(_worded, body)
    items = _items(request) if request else None
    if request is None or items is None:
        return None
    before = takewhile(lambda one: one.commands or one.type in _BETWEEN, items)
    system = [*parts(request.instructions), *(part for one in before if one.commands for part in parts(one.content))]
    user = next((parts(one.content) for one in items if _by(one, "user")), [])
    prefill = bool(items) and _by(items[-1], "assistant")
    continues = request.continues()
    instructs = bytes(request.instructions) not in _NOTHING
    place = _is_text(request.instructions) if instructs else bool(items or continues)
    answered = any(map(_answers, items[:-1] if prefill else items))
    return Opening(
        fingerprint=fingerprint(system, user),
        system=words(system),
        user=words(user),
        tools=tool_names(request, *(one.tools for one in items if one.type == "additional_tools")),
        answered=answered,
        cap=request.cap(),
        reasoning=request.thought(),
        exemption=request.exemption(prefill=prefill) if place else Exemption.UNREADABLE,
        continues=continues,
        latest=latest(items) if answered or continues else b"",
    )


def steered(body: bytes, text: str, placement: Placement) -> bytes | None:
    """Nothing is added where there are neither instructions nor input: what would be answered is not in the request."""
    request = plainly(_worded, body)
    if request is None:
        return None
    if bytes(request.instructions) not in _NOTHING:
        return _instructed(body, text, placement)
    if request.continues():
        return body
    start = value_start(body, "input", request.input)
    if start is None:
        return None
    if _is_text(request.input):
        return _as_list(body, start, bytes(request.input), text)
    return inserted(body, start, text, placement, "developer")


def lowered(body: bytes) -> bytes | None:
    """With ``text.verbosity``, unless the client has written that name, or a ``text`` that is no object."""
    request = plainly(_texted, body)
    if request is None:
        return None
    text = bytes(request.text)
    if not text:
        return with_first(body, b'"text":{"verbosity":"low"}')
    told = table(known(request.text))
    start = value_start(body, "text", request.text)
    if not text.startswith(b"{") or "verbosity" in told or start is None:
        return None
    return with_piece(body, start, with_first(text, b'"verbosity":"low"') or text, start + len(text))


def _instructed(body: bytes, text: str, placement: Placement) -> bytes | None:
    """The client's string with ours before it or after it, and an empty line between; its own bytes as they were."""
    start, end = member(body, "instructions") or (0, 0)
    if not body[start:end].startswith(b'"'):
        return None
    said = words((body[start:end],))
    if said == text or said.startswith(text + "\n\n") or said.endswith("\n\n" + text):
        return body
    last = placement is Placement.LAST
    ours = msgspec.json.encode(f"\n\n{text}" if last else f"{text}\n\n")[1:-1]
    return with_piece(body, end - 1 if last else start + 1, ours)


def _as_list(body: bytes, start: int, own: bytes, text: str) -> bytes:
    """The client's string as a user message, behind ours."""
    ours = msgspec.json.encode({"role": "developer", "content": text})
    return with_piece(body, start, b'[%b,{"role":"user","content":%b}]' % (ours, own), start + len(own))


def _items(request: _Listed | _Worded) -> list[Message] | None:
    """A string is one user message; no input at all is an empty list; None for what is neither."""
    if isinstance(request, _Listed):
        return request.input
    if bytes(request.input) in {b"", b"null"}:
        return []
    return [Message(role="user", content=request.input)] if _is_text(request.input) else None


def _by(item: Message, role: str) -> bool:
    return item.role == role and item.type in {None, "message"}


def _answers(item: Message) -> bool:
    return item.type not in _BETWEEN and not any(_by(item, role) for role in _TOLD)


def _is_text(value: msgspec.Raw) -> bool:
    return bytes(value).startswith(b'"')
