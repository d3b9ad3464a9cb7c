"""What a generateContent request says of its conversation, in one look at the body.

Names are read in both spellings of proto JSON; a list of one may be written without its brackets, as in Google's own
examples. Only the system instruction, the first user content and what the model is to go on from are opened. Pure;
never raises.
"""

from collections.abc import Sequence

import msgspec

from penstock.core.terseness import LATEST_BYTES, Exemption, Opening
from penstock.dialects.counting import plainly
from penstock.dialects.fingerprints import fingerprint

Table = dict[str, msgspec.Raw]

_ABSENT = msgspec.Raw(b"")
_NOTHING = frozenset({b"", b"null"})


class _Content(msgspec.Struct, gc=False):
    parts: msgspec.Raw = _ABSENT
    role: str | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    contents: list[_Content] | _Content | None = None
    system_instruction: msgspec.Raw = _ABSENT
    tools: msgspec.Raw = _ABSENT
    tool_config: msgspec.Raw = _ABSENT
    generation_config: msgspec.Raw = _ABSENT
    cached_content: msgspec.Raw = _ABSENT
    generate_content_request: msgspec.Raw = _ABSENT
    # The other spelling.
    instruction: msgspec.Raw = msgspec.field(name="system_instruction", default=_ABSENT)
    calling: msgspec.Raw = msgspec.field(name="tool_config", default=_ABSENT)
    generation: msgspec.Raw = msgspec.field(name="generation_config", default=_ABSENT)
    cached: msgspec.Raw = msgspec.field(name="cached_content", default=_ABSENT)
    counted: msgspec.Raw = msgspec.field(name="generate_content_request", default=_ABSENT)


class _Text(msgspec.Struct, gc=False):
    text: str


class _Named(msgspec.Struct, gc=False):
    name: str = ""


_request = msgspec.json.Decoder(_Request).decode
_table = msgspec.json.Decoder(Table).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_words = msgspec.json.Decoder(list[str]).decode
_text = msgspec.json.Decoder(_Text).decode
_named = msgspec.json.Decoder(_Named).decode
_word = msgspec.json.Decoder(str).decode
_whole = msgspec.json.Decoder(int).decode


def opening(body: bytes) -> Opening | None:
    """What ``Speaking.opening`` tells."""
    request = plainly(_request, body)
    counted = _said(request.generate_content_request, request.counted) if request is not None else b""
    if counted:
        request = plainly(_request, counted)
    if request is None:
        return None
    contents = [request.contents] if isinstance(request.contents, _Content) else request.contents or []
    system = _instruction(request)
    user = listed(next((one.parts for one in contents if one.role in {None, "", "user"}), _ABSENT))
    if system is None or not user:
        return Opening(fingerprint=b"", exemption=Exemption.UNREADABLE)
    config = _camel(_said(request.generation_config, request.generation))
    answered, prefilled = _ending(contents)
    return Opening(
        fingerprint=fingerprint(system, user),
        system=_joined(system),
        user=_joined(user),
        tools=tuple(name for tool in listed(request.tools) or () for name in _names(tool)),
        answered=answered,
        cap=plainly(_whole, config.get("maxOutputTokens", _ABSENT)),
        reasoning=_thinks(config),
        exemption=_exemption(request, config, prefilled=prefilled),
        latest=_latest(contents[-1]) if answered else b"",
    )


def listed(value: msgspec.Raw | bytes) -> list[bytes] | None:
    """The elements of a list, or the one that stands for a list; None for what is neither."""
    told = bytes(value)
    if told in _NOTHING:
        return []
    if told.startswith(b"{"):
        return [told]
    found = plainly(_list, told)
    return None if found is None else [bytes(one) for one in found]


def text_of(part: bytes) -> str | None:
    """What a part says; None for one without a text."""
    found = plainly(_text, part)
    return None if found is None else found.text


def texts(parts: bytes) -> tuple[str, ...]:
    """What those parts of a content say that hold a text."""
    return tuple(text for part in listed(parts) or () if (text := text_of(part)))


def _latest(last: _Content) -> bytes:
    """The parts of the last content, where it is the user's."""
    own = last.role in {None, "", "user"} and memoryview(last.parts).nbytes <= LATEST_BYTES
    return bytes(last.parts) if own else b""


def _said(camel: msgspec.Raw, snake: msgspec.Raw) -> bytes:
    """The value under either spelling; empty without one."""
    return next((value for value in (bytes(camel), bytes(snake)) if value not in _NOTHING), b"")


def _instruction(request: _Request) -> list[bytes] | None:
    """The parts of the system instruction; None where it has no usual form, or stands there twice."""
    if request.system_instruction and request.instruction:
        return None
    value = _said(request.system_instruction, request.instruction)
    if not value:
        return []
    told = plainly(_table, value)
    return None if told is None else listed(told.get("parts", _ABSENT))


def _camel(value: bytes | msgspec.Raw) -> Table:
    told = plainly(_table, value) or {}
    return {_spelled(name): one for name, one in told.items() if bytes(one) != b"null"}


def _spelled(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def _joined(parts: list[bytes]) -> str:
    return "\n\n".join(text for part in parts if (text := text_of(part)))


def _names(tool: bytes) -> list[str]:
    """Its functions' names; of what Google runs itself (``googleSearch``), the name of the tool."""
    names: list[str] = []
    for kind, value in _camel(tool).items():
        if kind != "functionDeclarations":
            names.append(kind)
            continue
        declared = (plainly(_named, one) for one in listed(value) or ())
        names += [one.name for one in declared if one is not None]
    return names


def _ending(contents: Sequence[_Content]) -> tuple[bool, bool]:
    """Whether the model has had a turn, and whether its next one is begun for it.

    Contents of the model's at the end are one turn. Nothing but text there is a prefill; with a call, code, a thought
    or a signature it is a turn of the model's own that goes on.
    """
    last = len(contents)
    while last and contents[last - 1].role == "model":
        last -= 1
    begun = [part for one in contents[last:] for part in listed(one.parts) or []]
    prefilled = bool(begun) and all(set(plainly(_table, part) or ()) == {"text"} for part in begun)
    answered = any(one.role == "model" for one in contents[:last])
    return answered or (bool(begun) and not prefilled), prefilled


def _thinks(config: Table) -> bool:
    """A level is set, a budget that is not 0, or thoughts are asked for."""
    thinking = _camel(config.get("thinkingConfig", _ABSENT))
    if "thinkingLevel" in thinking or bytes(thinking.get("includeThoughts", _ABSENT)) == b"true":
        return True
    return plainly(_whole, thinking.get("thinkingBudget", _ABSENT)) not in {None, 0}


def _exemption(request: _Request, config: Table, *, prefilled: bool) -> Exemption | None:
    if _said(request.cached_content, request.cached) not in {b"", b'""'}:
        # The cached beginning holds the system instruction; a request that has one of its own is refused.
        return Exemption.CACHED_CONTENT
    if any(kind.upper() != "TEXT" for kind in plainly(_words, config.get("responseModalities", _ABSENT)) or ()):
        # Models that paint or speak refuse a system instruction.
        return Exemption.NOT_A_CHAT
    kind = plainly(_word, config.get("responseMimeType", _ABSENT)) or "text/plain"
    if kind != "text/plain" or not config.keys().isdisjoint(("responseSchema", "responseJsonSchema")):
        return Exemption.STRUCTURED_OUTPUT
    calling = _camel(_camel(_said(request.tool_config, request.calling)).get("functionCallingConfig", _ABSENT))
    if (plainly(_word, calling.get("mode", _ABSENT)) or "").upper() == "ANY":
        return Exemption.FORCED_TOOL
    return Exemption.PREFILL if prefilled else None
