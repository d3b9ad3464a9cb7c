"""Where words of the gateway's own stand in generateContent requests and token counts.

They are a part of the system instruction, never in a part of the client's. Gemini has no cache marks, so what is not
placed otherwise stands first. Pure; never raises.
"""

import re

import msgspec

from penstock.core.route import Match
from penstock.core.terseness import Exemption, Opening, Placement
from penstock.dialects import locating
from penstock.dialects.gemini import reading
from penstock.dialects.spans import Span, member
from penstock.dialects.splicing import with_first, with_piece

_COUNTS = "models.countTokens"
_CHATS = frozenset({"models.generateContent", "models.streamGenerateContent", _COUNTS})
_INSTRUCTION = ("systemInstruction", "system_instruction")
_REQUEST = ("generateContentRequest", "generate_content_request")
# "Developer instruction is not enabled for models/gemma-3-27b-it" (google/adk-python#3900, 0xPlaygrounds/rig#788).
_WITHOUT_SYSTEM = re.compile(r"(?:.*/)?gemma-[1-3]")

_encode = msgspec.json.encode


class Steering:
    """``core.terseness.Speaking`` for Gemini."""

    def telling(self, match: Match, content_type: bytes | None) -> None:
        """Uploads are files for later, never requests."""
        del match, content_type

    def requests(
        self, match: Match, body: bytes, content_type: bytes | None = None
    ) -> tuple[tuple[int, int], ...] | None:
        """The whole body."""
        del content_type
        return ((0, len(body)),) if match.route.operation in _CHATS else None

    def opening(self, match: Match, body: bytes) -> Opening | None:
        """As ``reading`` says, but for models that take no system instruction."""
        found = reading.opening(body)
        if found is None or found.exemption is not None or not _without_system(match):
            return found
        return msgspec.structs.replace(found, exemption=Exemption.NO_SYSTEM_TEXT)

    def placed(self, match: Match, body: bytes) -> Placement:
        """First."""
        del match, body
        return Placement.FIRST

    def steered(self, match: Match, body: bytes, words: str, placement: Placement) -> bytes | None:
        """A part of the system instruction, which is made where there is none."""
        if not words or _without_system(match):
            return None
        if match.route.operation != _COUNTS:
            return _with_words(body, words, placement)
        inner = _member(body, _REQUEST)
        if inner is not None and body[slice(*inner)] != b"null":
            edited = _with_words(body[slice(*inner)], words, placement)
            return None if edited is None else with_piece(body, inner[0], edited, inner[1])
        return _with_request(body, match, words) or _with_words(body, words, placement)

    def lowered(self, match: Match, body: bytes) -> bytes | None:
        """The format has none."""
        del match, body
        return None

    def said(self, content: bytes) -> tuple[str, ...]:
        """The texts among its parts."""
        return reading.texts(content)


def _without_system(match: Match) -> bool:
    return _WITHOUT_SYSTEM.match(match.parameter("model") or "") is not None


def _with_request(body: bytes, match: Match, words: str) -> bytes | None:
    """Bare contents to count, as a whole request: beside bare contents Google takes no instruction. None for others."""
    told = locating.members(body)
    if told is None or told.keys() != {"contents"}:
        return None
    model = "models/" + (match.parameter("model") or "").removeprefix("models/")
    place, end = body.index(b"{") + 1, body.rindex(b"}")
    head = b'"generateContentRequest":{"model":%b,"systemInstruction":%b,' % (_encode(model), _instruction(words))
    return body[:place] + head + body[place:end] + b"}" + body[end:]


def _with_words(request: bytes, words: str, placement: Placement) -> bytes | None:
    span = _member(request, _INSTRUCTION)
    if span is None:
        return with_first(request, b'"systemInstruction":%b' % _instruction(words))
    value = request[slice(*span)]
    edited = _in_instruction(value, words, placement)
    if edited is None:
        return None
    return request if edited is value else with_piece(request, span[0], edited, span[1])


def _in_instruction(value: bytes, words: str, placement: Placement) -> bytes | None:
    if value == b"null":
        return _instruction(words)
    span = member(value, "parts")
    if span is None:
        return with_first(value, b'"parts":[%b]' % _part(words))
    parts = value[slice(*span)]
    edited = _in_parts(parts, words, placement)
    if edited is None:
        return None
    return value if edited is parts else with_piece(value, span[0], edited, span[1])


def _in_parts(parts: bytes, words: str, placement: Placement) -> bytes | None:
    if parts == b"null":
        return b"[%b]" % _part(words)
    held = reading.listed(parts)
    if held is None or any(reading.text_of(one) == words for one in held):
        return None if held is None else parts
    last = placement is Placement.LAST
    if parts.startswith(b"{"):
        return b"[%b,%b]" % ((parts, _part(words)) if last else (_part(words), parts))
    spans = locating.elements(parts) or ()
    return locating.with_inserted(parts, spans, len(spans) if last else 0, _part(words))


def _member(body: bytes, names: tuple[str, str]) -> Span | None:
    """In either spelling. Google refuses a body that has both; ``reading`` finds it unreadable."""
    camel, snake = names
    return member(body, camel) or member(body, snake)


def _part(words: str) -> bytes:
    return b'{"text":%b}' % _encode(words)


def _instruction(words: str) -> bytes:
    return b'{"parts":[%b]}' % _part(words)
