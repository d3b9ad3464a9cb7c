"""Where words of the gateway's own stand in OpenAI's chat requests (``core.terseness.Speaking``). Pure; never raises.

Chat Completions and Responses, and the count of a Responses input. A model also answers in completions (they have no
system text), in runs of assistants (their words are kept at the provider), and over sockets of the Realtime API (which
have no route): there nothing is put. A batch's requests are lines of a file, which comes as an upload
(``batch_files``).
"""

from collections.abc import Callable, Mapping

from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement
from penstock.dialects.openai import batch_files, chat_words, contents, responses_words
from penstock.dialects.spans import Span
from penstock.dialects.splicing import with_piece

_OPENINGS: dict[str, Callable[[bytes], Opening | None]] = {
    "chat.completions.create": chat_words.opening,
    "responses.create": responses_words.opening,
    "responses.input_tokens": responses_words.opening,
}
_Edits = Mapping[str, Callable[..., bytes | None]]

_STEERED: _Edits = {
    "chat.completions.create": chat_words.steered,
    "responses.create": responses_words.steered,
    "responses.input_tokens": responses_words.steered,
}
_LOWERED: _Edits = {
    "chat.completions.create": chat_words.lowered,
    "responses.create": responses_words.lowered,
    "responses.input_tokens": responses_words.lowered,
}


class Steering:
    """OpenAI's way to be spoken to. Of a body whose ``opening`` can't be read ``steered`` claims nothing: half a
    megabyte is not read a second time to refuse what was refused."""

    def telling(self, match: Match, content_type: bytes | None) -> Callable[[bytes], bool | None] | None:
        """Of a file, whether it is a batch's."""
        return batch_files.telling(content_type) if match.route.operation == batch_files.UPLOAD else None

    def requests(self, match: Match, body: bytes, content_type: bytes | None = None) -> tuple[Span, ...] | None:
        """The whole body, or none where it can be no object; whether it is one, ``opening`` says. Of a batch's file the
        lines."""
        if match.route.operation == batch_files.UPLOAD:
            return batch_files.requests(body, content_type)
        if match.route.operation not in _OPENINGS:
            return None
        return ((0, len(body)),) if body.lstrip(b" \t\r\n").startswith(b"{") else ()

    def opening(self, match: Match, body: bytes) -> Opening | None:
        """As the operation's own reader says."""
        operation, start, end = _asked(match, body)
        read = _OPENINGS.get(operation)
        return read(body[start:end]) if read else None

    def placed(self, match: Match, body: bytes) -> Placement:
        """What AUTO means: always first. OpenAI keeps beginnings that nobody marked too, so that a mark does not say
        where words would cost less."""
        del match, body
        return Placement.FIRST

    def steered(self, match: Match, body: bytes, words: str, placement: Placement) -> bytes | None:
        """As the operation's own writer does."""
        return _edited(match, body, _STEERED, words, placement) if words else None

    def lowered(self, match: Match, body: bytes) -> bytes | None:
        """``verbosity``, where the operation takes it."""
        return _edited(match, body, _LOWERED)

    def said(self, content: bytes) -> tuple[str, ...]:
        """The texts of its parts."""
        return contents.texts(content)


def _edited(match: Match, body: bytes, edits: _Edits, *arguments: object) -> bytes | None:
    """The request as its operation's edit makes it, where it has one and that has a place for it."""
    operation, start, end = _asked(match, body)
    edit = edits.get(operation)
    edited = edit(body[start:end], *arguments) if edit else None
    return edited if edited is None or end - start == len(body) else with_piece(body, start, edited, end)


def _asked(match: Match, body: bytes) -> tuple[str, int, int]:
    """The operation of a request, and where it stands: in a batch's line, or it is the whole."""
    if match.route.operation == batch_files.UPLOAD:
        return batch_files.asked(body) or ("", 0, 0)
    return match.route.operation, 0, len(body)
