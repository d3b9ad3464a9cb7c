"""What Anthropic's answers tell of their usage and of their end: messages, whole or streamed, and results of batches.

A whole message in the usual form is read by a decoder that knows that form; every other is read with care, and a
stream's few events that tell anything are too. What the numbers mean stands in ``counters``.
"""

from collections.abc import Mapping

import msgspec

from penstock.core.dialect import Tally
from penstock.core.ending import Ending
from penstock.core.route import Match
from penstock.core.usage import Consumption, Share, Source
from penstock.dialects.anthropic.counters import Told, shares_of, tier_of, usage_of
from penstock.dialects.collecting import Collected, endings, event_data
from penstock.dialects.counting import known, merged, plainly, read, table, word
from penstock.dialects.results import Results

_KEY = b'"usage"'
_REPORTED = Source.REPORTED
_IN_ORDER = Ending.PLAIN

# Arguments of tools are JSON in a whole message; those of a stream, which come in pieces, nobody puts together here.
_ENDINGS: Mapping[str | None, Ending] = {
    "max_tokens": Ending.TRUNCATED,
    "model_context_window_exceeded": Ending.TRUNCATED,
    "refusal": Ending.REFUSED,
}


class _Plain(msgspec.Struct, gc=False):
    """A message in the usual form."""

    usage: Told
    model: str | None = None
    stop_reason: str | None = None


class _Message(msgspec.Struct):
    model: object = None
    usage: object = None
    error: object = None
    stop_reason: object = None


class _Delta(msgspec.Struct):
    stop_reason: object = None


class _Event(msgspec.Struct):
    type: object = None
    message: _Message | None = None
    delta: _Delta | None = None
    usage: object = None


class _Result(msgspec.Struct):
    message: _Message | None = None


class _Line(msgspec.Struct):
    result: _Result | None = None


_plain = msgspec.json.Decoder(_Plain).decode
_message = msgspec.json.Decoder(_Message).decode
_event = msgspec.json.Decoder(_Event).decode
_line = msgspec.json.Decoder(_Line).decode


def tally(match: Match) -> Tally | None:
    """Counting tokens costs none, and an answer of any other operation tells what no model did."""
    if match.route.operation == "messages.create":
        return Messages()
    if match.route.operation == "batches.results":
        return Results(match.parameter("message_batch_id") or "", _batched, (b'"custom_id"', b'"result"'))
    return None


class Messages:
    """Reads one message."""

    # What every answer begins with stands here, not in each: most change little of it.
    batch = ""
    ending = _IN_ORDER
    _body: Collected | None = None
    _model = ""
    _told: Mapping[str, object] = {}
    _final = False
    _unsure = False
    _refused = False

    @property
    def sign(self) -> bytes:
        """The key; while it is open whether the counters were the last, the stream's ending too."""
        return b"" if self._unsure else _KEY

    def frames(self, frames: bytes) -> None:
        """Only two of a stream's events hold the key; a text that quotes it holds it escaped."""
        # ``find`` takes half the time of ``in``, which first tries whether the key is a number.
        if frames.find(_KEY) >= 0:
            for data in event_data(frames, _KEY):
                self._read(data)
        if self._unsure and b'"message_stop"' in frames:
            self._final = True

    def latest(self, frames: bytes) -> None:
        """The stop reason stands beside the last counters."""

    def piece(self, data: bytes) -> None:
        """Bodies are read when they are over."""
        if self._body is None:
            self._body = Collected(data)
        else:
            self._body.add(data)

    def consumed(self) -> Consumption:
        """``missing`` unless the last counters came."""
        body = self._body
        if body is not None:
            whole = usual(body.text)
            if whole is not None:
                consumption, ending = whole
                if ending is not _IN_ORDER:
                    self.ending = ending
                return consumption
            self._read_body(body)
        shares = shares_of(self._told, self._model or None)
        reported = known(self._told.get("input_tokens")) or known(self._told.get("output_tokens"))
        source = _REPORTED if reported else Source.NONE
        final = self._final and known(self._told.get("output_tokens"))
        return Consumption(shares, source, missing=not final and not self._refused)

    def _read(self, data: bytes) -> None:
        event = read(_event, data)
        if event is None:
            return
        if event.message is not None:
            self._model = self._model or word(event.message.model)
            self._told = merged(self._told, table(event.message.usage))
            self._final = False
        elif event.type == "message_delta" and table(event.usage):
            self._told = merged(self._told, table(event.usage))
            reason = "" if event.delta is None else word(event.delta.stop_reason)
            self.ending = _ENDINGS.get(reason, _IN_ORDER) if reason else self.ending
            # What message_start says of the output is no more than its first token.
            if known(table(event.usage).get("output_tokens")):
                self._final = bool(reason)
                self._unsure = not self._final

    def _read_body(self, body: Collected) -> None:
        for text in endings(body.text, _KEY) if body.over else (body.text,):
            message = read(_message, text)
            if message is not None:
                self._model = word(message.model)
                self._told = table(message.usage)
                self._refused = bool(table(message.error))
                self.ending = _ENDINGS.get(word(message.stop_reason), _IN_ORDER)
                self._final = True
                return


def usual(text: bytes) -> tuple[Consumption, Ending] | None:
    """What a message in the usual form used, and how it ended; None for any other."""
    message = plainly(_plain, text)
    if message is None or message.usage.output_tokens is None:
        return None
    told = message.usage
    consumption = Consumption((Share(message.model or None, usage_of(told), tier_of(told)),), _REPORTED)
    return consumption, _ENDINGS.get(message.stop_reason, _IN_ORDER)


def _batched(line: bytes) -> tuple[Share, ...]:
    found = read(_line, line)
    message = None if found is None or found.result is None else found.result.message
    if message is None or not known(table(message.usage).get("output_tokens")):
        return ()
    shares = shares_of(table(message.usage), word(message.model) or None)
    return tuple(Share(share.model, share.usage, "batch") for share in shares)
