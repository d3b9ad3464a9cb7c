"""Where words of the gateway's own stand in OpenAI's chat requests (``core.terseness.Speaking``). Pure; never raises.

Chat Completions and Responses, and the count of a Responses input. A model also answers in completions (they have no
system text), in runs of assistants (their words are kept at the provider), and over sockets of the Realtime API (which
have no route): there nothing is put. What files of a batch hold is found by ``lines``.
"""

from collections.abc import Callable, Iterator

import msgspec

from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement
from penstock.dialects.counting import plainly
from penstock.dialects.openai import chat_words, responses_words
from penstock.dialects.spans import Span, member

_OPENINGS: dict[str, Callable[[bytes], Opening | None]] = {
    "chat.completions.create": chat_words.opening,
    "responses.create": responses_words.opening,
    "responses.input_tokens": responses_words.opening,
}
_STEERED: dict[str, Callable[[bytes, str, Placement], bytes | None]] = {
    "chat.completions.create": chat_words.steered,
    "responses.create": responses_words.steered,
    "responses.input_tokens": responses_words.steered,
}
_LOWERED: dict[str, Callable[[bytes], bytes | None]] = {
    "chat.completions.create": chat_words.lowered,
    "responses.create": responses_words.lowered,
    "responses.input_tokens": responses_words.lowered,
}
_IN_BATCHES = {"/chat/completions": "chat.completions.create", "/responses": "responses.create"}


class Steering:
    """OpenAI's way to be spoken to. Of a body whose ``opening`` can't be read ``steered`` claims nothing: half a
    megabyte is not read a second time to refuse what was refused."""

    def requests(self, match: Match, body: bytes) -> tuple[Span, ...] | None:
        """The whole body, or none where it can be no object; whether it is one, ``opening`` says."""
        if match.route.operation not in _OPENINGS:
            return None
        return ((0, len(body)),) if body.lstrip(b" \t\r\n").startswith(b"{") else ()

    def opening(self, match: Match, body: bytes) -> Opening | None:
        """As the operation's own reader says."""
        read = _OPENINGS.get(match.route.operation)
        return read(body) if read else None

    def placed(self, match: Match, body: bytes) -> Placement:
        """What AUTO means: always first. OpenAI keeps beginnings that nobody marked too, so that a mark does not say
        where words would cost less."""
        del match, body
        return Placement.FIRST

    def steered(self, match: Match, body: bytes, words: str, placement: Placement) -> bytes | None:
        """As the operation's own writer does."""
        write = _STEERED.get(match.route.operation)
        return write(body, words, placement) if write and words else None

    def lowered(self, match: Match, body: bytes) -> bytes | None:
        """``verbosity``, where the operation takes it."""
        lower = _LOWERED.get(match.route.operation)
        return lower(body) if lower else None


class _Line(msgspec.Struct, gc=False):
    url: str = ""


_line = msgspec.json.Decoder(_Line).decode


def lines(body: bytes) -> tuple[tuple[str, int, int], ...]:
    """The chat requests in a batch's input file (OpenAI, Batch API guide: a JSON object a line, its ``url`` the path
    and its ``body`` the request): operation, start and end of each. Lines of any other kind are passed over. Some
    compatible servers leave ``/v1`` out of the path."""
    return tuple(_requests_in(body))


def _requests_in(body: bytes) -> Iterator[tuple[str, int, int]]:
    start = 0
    for line in body.split(b"\n"):
        told = plainly(_line, line)
        operation = _IN_BATCHES.get(told.url.removeprefix("/v1")) if told else None
        span = member(line, "body") if operation else None
        if operation and span:
            yield operation, start + span[0], start + span[1]
        start += len(line) + 1
