"""What Anthropic's answers tell of their usage: messages, whole or streamed, and the results of batches.

``input_tokens`` is without the cache already, ``output_tokens`` includes thinking. With compaction, an advisor or a
fallback the totals leave out what is billed beside them: then ``usage.iterations`` is what counts (wire contract 2.6).
"""

from collections.abc import Mapping

import msgspec

from penstock.core.dialect import Tally
from penstock.core.route import Match
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.dialects.collecting import Collected, endings, event_data
from penstock.dialects.counting import apart, calls, count, inner, known, merged, read, shared, table, word
from penstock.dialects.results import Results

_KEY = b'"usage"'


class _Message(msgspec.Struct):
    model: object = None
    usage: object = None
    error: object = None


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

    __slots__ = ("_body", "_final", "_model", "_refused", "_told", "_unsure")

    batch = ""

    def __init__(self) -> None:
        self._body: Collected | None = None
        self._model = ""
        self._told: Mapping[str, object] = {}
        self._final = False
        self._unsure = False
        self._refused = False

    def frames(self, frames: bytes) -> None:
        """Only two of a stream's events hold the key; a text that quotes it holds it escaped."""
        if _KEY in frames:
            for data in event_data(frames, _KEY):
                self._read(data)
        if self._unsure and b'"message_stop"' in frames:
            self._final = True

    def piece(self, data: bytes) -> None:
        """Bodies are read when they are over."""
        if self._body is None:
            self._body = Collected()
        self._body.add(data)

    def consumed(self) -> Consumption:
        """``missing`` unless the last counters came."""
        if self._body is not None:
            self._read_body(self._body)
        shares = shares_of(self._told, self._model or None)
        reported = known(self._told.get("input_tokens")) or known(self._told.get("output_tokens"))
        source = Source.REPORTED if reported else Source.NONE
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
            # What message_start says of the output is no more than its first token.
            if known(table(event.usage).get("output_tokens")):
                self._final = event.delta is not None and bool(word(event.delta.stop_reason))
                self._unsure = not self._final

    def _read_body(self, body: Collected) -> None:
        for text in endings(body.text, _KEY) if body.over else (body.text,):
            message = read(_message, text)
            if message is not None:
                self._model = word(message.model)
                self._told = table(message.usage)
                self._refused = bool(table(message.error))
                self._final = True
                return


def shares_of(told: Mapping[str, object], model: str | None) -> tuple[Share, ...]:
    """Usage by model. Nothing told of a model that is known still names the model."""
    if not told:
        return (Share(model, Usage()),) if model else ()
    tier = _tier(told)
    iterations = told.get("iterations")
    if not iterations:
        return (Share(model, _usage(told), tier),)
    several = [one for one in iterations if isinstance(one, dict)] if isinstance(iterations, list) else []
    shares = [Share(_model_of(one) or model, _counters(one), tier) for one in several]
    if all(_plain(one) for one in several) or not any(share.usage.total_input for share in shares):
        return (Share(model, _usage(told), tier),)
    *others, answered = shared(shares)
    thought, tools = _thought(told), _tools(told)
    output, reasoning = apart(answered.usage.output, thought)
    usage = msgspec.structs.replace(answered.usage, output=output, reasoning=reasoning, tools=tools)
    return (*others, Share(answered.model, usage, tier))


def _plain(iteration: Mapping[str, object]) -> bool:
    """It is within the totals."""
    return iteration.get("type") == "message" and not _model_of(iteration)


def _model_of(iteration: Mapping[str, object]) -> str:
    model = iteration.get("model")
    return model if isinstance(model, str) else ""


def _usage(told: Mapping[str, object]) -> Usage:
    usage, thought, tools = _counters(told), _thought(told), _tools(told)
    if not thought and not tools:
        return usage
    output, reasoning = apart(usage.output, thought)
    return msgspec.structs.replace(usage, output=output, reasoning=reasoning, tools=tools)


def _counters(told: Mapping[str, object]) -> Usage:
    """Where the written tokens are not split by how long they live, they live for five minutes, as by default."""
    split = inner(told, "cache_creation")
    short, long = count(split.get("ephemeral_5m_input_tokens")), count(split.get("ephemeral_1h_input_tokens"))
    return Usage(
        input=count(told.get("input_tokens")),
        cache_write_5m=max(short, count(told.get("cache_creation_input_tokens")) - long),
        cache_write_1h=long,
        cache_read=count(told.get("cache_read_input_tokens")),
        output=count(told.get("output_tokens")),
    )


def _thought(told: Mapping[str, object]) -> int:
    return count(inner(told, "output_tokens_details").get("thinking_tokens"))


def _tools(told: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    told = inner(told, "server_tool_use")
    return calls(told, "_requests") if told else ()


def _tier(told: Mapping[str, object]) -> str:
    """``speed`` is a price of its own beside the ordinary tier."""
    tier = told.get("service_tier")
    if isinstance(tier, str) and tier not in {"", "standard"}:
        return tier
    return "fast" if told.get("speed") == "fast" else ""


def _batched(line: bytes) -> tuple[Share, ...]:
    found = read(_line, line)
    message = None if found is None or found.result is None else found.result.message
    if message is None or not known(table(message.usage).get("output_tokens")):
        return ()
    shares = shares_of(table(message.usage), word(message.model) or None)
    return tuple(Share(share.model, share.usage, "batch") for share in shares)
