"""What the answers of OpenAI and of compatible servers tell of their usage: which do, where, and when it is final.

Usage stands at the top of a body or of the last chunk, in ``response`` of the Responses events, in Groq's ``x_groq``;
compatible servers send it in every chunk as well. What the numbers mean stands in ``counters``.
"""

import re
from collections.abc import Mapping

import msgspec

from penstock.core.dialect import Tally
from penstock.core.route import Match
from penstock.core.usage import Consumption, Share, Source
from penstock.dialects.collecting import Collected, endings, event_data
from penstock.dialects.counting import merged, table, word
from penstock.dialects.openai.counters import breakdown, output_known, reported, usage_of
from penstock.dialects.results import Results

_KEY = b'"usage"'
_TOLD = re.compile(rb'"usage"\s*:\s*\{')
_NONE = msgspec.Raw(b"")
# Servers without usage in their stream may still name the model in its beginning; more than this is not kept for it.
_BEGINNING = 16 * 1024

# Words for the ordinary way, of OpenAI, Azure, Groq and OpenRouter.
_ORDINARY = frozenset({"", "auto", "default", "standard", "on_demand"})
_UNFINISHED = frozenset({"queued", "in_progress"})


class _Answer(msgspec.Struct):
    """A body, a chunk, an event, or what an event holds in ``response``."""

    id: msgspec.Raw = _NONE
    object: msgspec.Raw = _NONE
    model: msgspec.Raw = _NONE
    status: msgspec.Raw = _NONE
    background: msgspec.Raw = _NONE
    service_tier: msgspec.Raw = _NONE
    choices: msgspec.Raw = _NONE
    usage: msgspec.Raw = _NONE
    usage_breakdown: msgspec.Raw = _NONE
    x_groq: msgspec.Raw = _NONE
    response: msgspec.Raw = _NONE
    error: msgspec.Raw = _NONE


class _Choice(msgspec.Struct):
    finish_reason: msgspec.Raw = _NONE


class _Line(msgspec.Struct):
    response: msgspec.Raw = _NONE


class _Response(msgspec.Struct):
    body: msgspec.Raw = _NONE


_answer = msgspec.json.Decoder(_Answer).decode
_choices = msgspec.json.Decoder(list[_Choice]).decode
_line = msgspec.json.Decoder(_Line).decode
_response = msgspec.json.Decoder(_Response).decode


class Manner(msgspec.Struct, frozen=True):
    """How an operation's answers tell their usage."""

    output: str = "output"
    """The counter of what came out, where no details say what it was."""
    text: bool = False
    """A model writes: without counters something is missing. The rest is not counted in tokens by every server."""
    kept: bool = False
    """The answer is an object that can be read again with its usage."""
    only_background: bool = False
    """Only what ran in the background counts: the rest has been counted when it was made."""


_TEXT = Manner(text=True)
_RUN = Manner(text=True, kept=True)
_MANNERS = {
    "chat.completions.create": _TEXT,
    "completions.create": _TEXT,
    "responses.create": Manner(text=True, kept=True),
    "responses.compact": _TEXT,
    "responses.retrieve": Manner(kept=True, only_background=True),
    "responses.cancel": Manner(kept=True, only_background=True),
    "threads.create_and_run": _RUN,
    "threads.runs.create": _RUN,
    "threads.runs.submit_tool_outputs": _RUN,
    "threads.runs.retrieve": Manner(kept=True),
    "threads.runs.cancel": Manner(kept=True),
    "embeddings.create": Manner(),
    "moderations.create": Manner(),
    "images.generate": Manner(output="output_image"),
    "images.edit": Manner(output="output_image"),
    "images.create_variation": Manner(output="output_image"),
    "audio.speech.create": Manner(output="output_audio"),
    "audio.transcriptions.create": Manner(),
    "audio.translations.create": Manner(),
}


def tally(match: Match) -> Tally | None:
    """Realtime sessions pass no route of the gateway's; counting tokens, lists and stored objects cost none."""
    if match.route.operation == "files.content":
        # A batch writes one file of results: the file stands for the batch, whose own id nothing here tells.
        return Results(match.parameter("file_id") or "", _batched, (b'"custom_id"', b'"response"'))
    manner = _MANNERS.get(match.route.operation)
    return None if manner is None else Answers(manner)


class Answers:
    """Reads one answer."""

    __slots__ = ("_beginning", "_body", "_final", "_manner", "_model", "_refused", "_shares", "_tier", "_told",
                 "_unsure", "batch")  # fmt: skip

    def __init__(self, manner: Manner) -> None:
        self.batch = ""
        self._manner = manner
        self._body: Collected | None = None
        self._beginning: bytes | None = None
        self._model = ""
        self._tier = ""
        self._told: Mapping[str, object] = {}
        self._shares: tuple[Share, ...] = ()
        self._final = False
        self._unsure = False
        self._refused = False

    def frames(self, frames: bytes) -> None:
        """Chunks that say ``"usage":null`` are not read."""
        if self._beginning is None:
            self._beginning = frames if len(frames) <= _BEGINNING else b""
        if _KEY in frames and _TOLD.search(frames) is not None:
            for data in event_data(frames, _KEY):
                self._read(data)
        if self._unsure and b"[DONE]" in frames:
            self._final = True

    def piece(self, data: bytes) -> None:
        """Bodies are read when they are over."""
        if self._body is None:
            self._body = Collected()
        self._body.add(data)

    def consumed(self) -> Consumption:
        """``missing`` where a model wrote and the last counters did not come."""
        if self._body is not None:
            self._read_body(self._body)
        elif not self._model and self._beginning:
            self._name(self._beginning)
        model = self._model or None
        shares = self._shares
        if not shares and (self._told or model):
            shares = (Share(model, usage_of(self._told, self._manner.output), self._tier),)
        final = self._final and output_known(self._told)
        missing = self._manner.text and not final and not self._refused
        return Consumption(shares, Source.REPORTED if reported(self._told) else Source.NONE, missing)

    def _read(self, data: bytes) -> None:
        try:
            event = _answer(data)
            held = bytes(event.response)
            self._take(_answer(held) if held.startswith(b"{") else event, streamed=True)
        except (msgspec.MsgspecError, RecursionError):
            return

    def _read_body(self, body: Collected) -> None:
        for text in endings(body.text, _KEY) if body.over else (body.text,):
            try:
                answer = _answer(text)
            except (msgspec.MsgspecError, RecursionError):
                continue
            self._take(answer, streamed=False)
            return

    def _take(self, answer: _Answer, *, streamed: bool) -> None:
        # The steps of a run tell their part of what the run tells.
        if word(answer.object) == "thread.run.step":
            return
        if self._manner.only_background and bytes(answer.background) != b"true":
            self._refused = True
            return
        told, groq = table(answer.usage), table(answer.x_groq)
        if not told:
            told = table(msgspec.json.encode(groq["usage"])) if isinstance(groq.get("usage"), dict) else {}
        unfinished = word(answer.status) in _UNFINISHED
        self._model = word(answer.model) or self._model
        self._tier = tier_of(word(answer.service_tier), told) or self._tier
        self._told = merged(self._told, told)
        self._shares = (
            breakdown(groq.get("usage_breakdown") or table(answer.usage_breakdown), self._told) or self._shares
        )
        self._final = self._final or (not unfinished and (not streamed or _finished(answer)))
        self._unsure = not self._final
        # What goes on in the background tells its usage to whoever asks for it later.
        self._refused = bytes(answer.error).startswith(b"{") or (unfinished and self._manner.kept and not streamed)
        if self._manner.kept and told and (bytes(answer.background) == b"true" or word(answer.object) == "thread.run"):
            self.batch = word(answer.id)

    def _name(self, beginning: bytes) -> None:
        for data in event_data(beginning, b'"model"'):
            try:
                event = _answer(data)
                held = bytes(event.response)
                self._model = word((_answer(held) if held.startswith(b"{") else event).model) or self._model
            except (msgspec.MsgspecError, RecursionError):
                continue


def _finished(chunk: _Answer) -> bool:
    """The chunk is a stream's last with counters: it ends the choices, or comes after they ended."""
    choices = bytes(chunk.choices)
    if not choices.startswith(b"["):
        return True
    try:
        found = _choices(choices)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return not found or any(bytes(choice.finish_reason).startswith(b'"') for choice in found)


def tier_of(named: str, told: Mapping[str, object]) -> str:
    """The word at the top, or the one beside the counters, unless it is one for the ordinary way."""
    beside = told.get("service_tier")
    return next((word for word in (named, beside) if isinstance(word, str) and word not in _ORDINARY), "")


def _batched(line: bytes) -> tuple[Share, ...]:
    try:
        answer = _answer(bytes(_response(bytes(_line(line).response)).body))
    except (msgspec.MsgspecError, RecursionError):
        return ()
    told = table(answer.usage)
    if not reported(told):
        return ()
    return (Share(word(answer.model) or None, usage_of(told, "output"), "batch"),)
