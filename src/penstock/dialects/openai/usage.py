"""What the answers of OpenAI and of compatible servers tell of their usage: which do, where, and when it is final.

Usage stands at the top of a body or of the last chunk, in ``response`` of the Responses events, in Groq's ``x_groq``;
compatible servers send it in every chunk as well. A whole body in the usual form is read by a decoder that knows that
form, all else with care. What the numbers mean stands in ``counters``, how an answer ended in ``endings``.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from penstock.core.dialect import Tally
from penstock.core.ending import Ending, of_all
from penstock.core.route import Match
from penstock.core.usage import Consumption, Share, Source
from penstock.dialects.collecting import Collected, endings, event_data
from penstock.dialects.counting import merged, plainly, read, table, word
from penstock.dialects.openai.counters import Told, ToldInResponses, breakdown, told_of, usage_of
from penstock.dialects.openai.endings import (
    Choice,
    Details,
    of_choices,
    of_chunks,
    of_response,
    told_choices,
    told_response,
)
from penstock.dialects.openai.searches import Item, searches, told_searches
from penstock.dialects.results import Results

_KEY = b'"usage"'
_NULL = b'"usage":null'
_TOLD = re.compile(rb'"usage"\s*:\s*\{')
_NONE = msgspec.Raw(b"")
# Servers without usage in their stream may still name the model in its beginning; more than this is not kept for it.
_BEGINNING = 16 * 1024
_BACKGROUND = re.compile(rb'"background"\s*:\s*true')

# Words for the ordinary way, of OpenAI, Azure, Groq and OpenRouter; or none.
_ORDINARY = frozenset({None, "", "auto", "default", "standard", "on_demand"})
_REPORTED = Source.REPORTED
_IN_ORDER = Ending.PLAIN
_UNFINISHED = frozenset({"queued", "in_progress"})


class _Groq(msgspec.Struct, gc=False):
    usage_breakdown: None = None


class _Plain(msgspec.Struct, gc=False):
    """A body in the usual form."""

    usage: Told
    model: str | None = None
    status: str | None = None
    background: bool | None = None
    service_tier: str | None = None
    usage_breakdown: None = None
    x_groq: _Groq | None = None
    choices: list[Choice] | None = None
    output: list[Item] | None = None
    incomplete_details: Details | None = None


class _PlainResponse(_Plain, gc=False):
    usage: ToldInResponses


class _Answer(msgspec.Struct):
    """A body, a chunk, an event, or what an event holds in ``response``."""

    id: object = None
    kind: object = msgspec.field(name="object", default=None)
    model: object = None
    status: object = None
    background: object = None
    service_tier: object = None
    usage: object = None
    usage_breakdown: object = None
    x_groq: object = None
    error: object = None
    incomplete_details: object = None
    choices: msgspec.Raw = _NONE
    response: msgspec.Raw = _NONE
    output: msgspec.Raw = _NONE


class _Choice(msgspec.Struct):
    finish_reason: object = None


class _Response(msgspec.Struct):
    body: _Answer | None = None


class _Line(msgspec.Struct):
    response: _Response | None = None


_plain = msgspec.json.Decoder(_Plain).decode
_plain_response = msgspec.json.Decoder(_PlainResponse).decode
_answer = msgspec.json.Decoder(_Answer).decode
_choices = msgspec.json.Decoder(list[_Choice]).decode
_line = msgspec.json.Decoder(_Line).decode


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
    free: bool = False
    """Nobody charges for it, so without counters nothing is unknown."""
    plain: Callable[[bytes], _Plain] | None = None
    """What reads the usual form; None where a body has none, or is rare."""

    @property
    def made(self) -> bool:
        """A model makes something other than text here, once, and for money."""
        return not (self.text or self.kept or self.free)


_TEXT = Manner(text=True, plain=_plain)
_RUN = Manner(text=True, kept=True)
MANNERS = {
    "chat.completions.create": _TEXT,
    "completions.create": _TEXT,
    "responses.create": Manner(text=True, kept=True, plain=_plain_response),
    "responses.compact": Manner(text=True, plain=_plain_response),
    "responses.retrieve": Manner(kept=True, only_background=True),
    "responses.cancel": Manner(kept=True, only_background=True),
    "threads.create_and_run": _RUN,
    "threads.runs.create": _RUN,
    "threads.runs.submit_tool_outputs": _RUN,
    "threads.runs.retrieve": Manner(kept=True),
    "threads.runs.cancel": Manner(kept=True),
    "embeddings.create": Manner(plain=_plain),
    "moderations.create": Manner(free=True),
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
    manner = MANNERS.get(match.route.operation)
    return None if manner is None else Answers(manner)


class Answers:
    """Reads one answer."""

    # What every answer begins with stands here, not in each: most change little of it.
    batch = ""
    ending = _IN_ORDER
    _body: Collected | None = None
    _beginning: bytes | None = None
    _model = ""
    _tier = ""
    _told: Mapping[str, object] = {}
    _tools: tuple[tuple[str, int], ...] = ()
    _shares: tuple[Share, ...] = ()
    _final = False
    _unsure = False
    _refused = False

    def __init__(self, manner: Manner) -> None:
        self._manner = manner

    @property
    def sign(self) -> bytes:
        """The key, after the first frame; while it is open whether the counters were the last, the ending too."""
        return b"" if self._unsure or self._beginning is None else _KEY

    def frames(self, frames: bytes) -> None:
        """Chunks that say ``"usage":null`` are not read."""
        if self._beginning is None:
            kept = len(frames) <= _BEGINNING or (self._manner.kept and _BACKGROUND.search(frames) is not None)
            self._beginning = frames if kept else b""
        # Counting takes half the time of ``in``, which first tries whether the key is a number.
        keys = frames.count(_KEY)
        if keys and keys > frames.count(_NULL) and _TOLD.search(frames) is not None:
            for data in event_data(frames, _KEY):
                self._read(data)
        if self._unsure and b"[DONE]" in frames:
            self._final = True

    def latest(self, frames: bytes) -> None:
        """A response says how it ended beside its counters, a chat in a chunk that may hold none."""
        if self._manner.text and not self._manner.kept:
            self.ending = of_chunks(frames)

    def piece(self, data: bytes) -> None:
        """Bodies are read when they are over."""
        if self._body is None:
            self._body = Collected(data)
        else:
            self._body.add(data)

    def consumed(self) -> Consumption:
        """``missing`` where a model wrote and the last counters did not come; ``untold`` where it made something else
        and told none."""
        body = self._body
        if body is not None:
            whole = usual(body.text, self._manner)
            if whole is not None:
                consumption, ending = whole
                if ending is not _IN_ORDER:
                    self.ending = ending
                return consumption
            self._read_body(body)
        elif not self._model and self._beginning:
            self._name(self._beginning)
        model, told, shares = self._model or None, told_of(self._told), self._shares
        if not shares and (self._told or model):
            shares = (Share(model, usage_of(told, self._manner.output, self._tools), self._tier),)
        final = self._final and told.completion_tokens is not None
        missing = self._manner.text and not final and not self._refused
        untold = self._manner.made and not told.counts and not self._refused
        return Consumption(shares, _REPORTED if told.counts else Source.NONE, missing, untold)

    def _read(self, data: bytes) -> None:
        answer = _opened(data)
        if answer is not None:
            self._take(answer, streamed=True)

    def _read_body(self, body: Collected) -> None:
        for text in endings(body.text, _KEY) if body.over else (body.text,):
            answer = read(_answer, text)
            if answer is not None:
                self._take(answer, streamed=False)
                return

    def _take(self, answer: _Answer, *, streamed: bool) -> None:
        # The steps of a run tell their part of what the run tells.
        if answer.kind == "thread.run.step":
            return
        manner = self._manner
        if manner.only_background and answer.background is not True:
            return
        groq = table(answer.x_groq)
        told = table(answer.usage) or table(groq.get("usage"))
        unfinished = answer.status in _UNFINISHED if isinstance(answer.status, str) else False
        self._model = word(answer.model) or self._model
        self._tier = tier_of(answer.service_tier, told.get("service_tier")) or self._tier
        self._told = merged(self._told, told)
        if answer.output is not _NONE:
            self._tools = told_searches(answer.output) or self._tools
        if answer.output is not _NONE or answer.status == "incomplete":
            ending = told_response(answer.status, answer.incomplete_details, answer.output)
            self.ending = of_all((self.ending, ending))
        if answer.choices is not _NONE and not streamed:
            self.ending = of_all((self.ending, told_choices(answer.choices)))
        named = answer.usage_breakdown or groq.get("usage_breakdown")
        self._shares = (breakdown(named, self._told) if named else ()) or self._shares
        self._final = self._final or (not unfinished and (not streamed or _finished(answer)))
        self._unsure = not self._final
        # What goes on in the background tells its usage to whoever asks for it later.
        later = unfinished and manner.kept and (not streamed or answer.background is True)
        self._refused = bool(table(answer.error)) or later
        if manner.kept and told and (answer.background is True or answer.kind == "thread.run"):
            self.batch = word(answer.id)

    def _name(self, beginning: bytes) -> None:
        for data in event_data(beginning, b'"model"'):
            answer = _opened(data)
            if answer is not None:
                self._model = word(answer.model) or self._model
                # It goes on without its listener, and tells its usage to whoever asks for it later.
                self._refused = self._refused or (self._manner.kept and answer.background is True)


def _opened(data: bytes) -> _Answer | None:
    """What an event tells, or the response that it holds."""
    event = read(_answer, data)
    if event is None or event.response is _NONE or not bytes(event.response).startswith(b"{"):
        return event
    return read(_answer, event.response)


def _finished(chunk: _Answer) -> bool:
    """The chunk is a stream's last with counters: it ends the choices, or comes after they ended."""
    choices = bytes(chunk.choices)
    if not choices.startswith(b"["):
        return True
    found = read(_choices, choices)
    return found is not None and (not found or any(word(choice.finish_reason) for choice in found))


def tier_of(*named: object) -> str:
    """The word at the top, or the one beside the counters, unless it is one for the ordinary way."""
    for one in named:
        if isinstance(one, str) and one not in _ORDINARY:
            return one
    return ""


def usual(text: bytes, manner: Manner) -> tuple[Consumption, Ending] | None:
    """What a body in the usual form used, and how it ended; None for any other, and for what can be read again."""
    answer = None if manner.plain is None else plainly(manner.plain, text)
    if answer is None or answer.background or answer.status in _UNFINISHED:
        return None
    told, tier = answer.usage, answer.service_tier
    if told.completion_tokens is None and (manner.text or not told.counts):
        return None
    if tier in _ORDINARY:
        tier = told.service_tier
    usage = usage_of(told, tools=searches(answer.output) if answer.output else ())
    share = Share(answer.model or None, usage, "" if tier is None or tier in _ORDINARY else tier)
    ending = of_choices(answer.choices) if answer.choices else _IN_ORDER
    if answer.output or answer.status == "incomplete":
        responded = of_response(answer.status, answer.incomplete_details, answer.output or ())
        ending = responded if ending is _IN_ORDER else of_all((ending, responded))
    return Consumption((share,), _REPORTED), ending


def _batched(line: bytes) -> tuple[Share, ...]:
    found = read(_line, line)
    answer = None if found is None or found.response is None else found.response.body
    told = Told() if answer is None else told_of(table(answer.usage))
    if answer is None or not told.counts:
        return ()
    return (Share(word(answer.model) or None, usage_of(told, tools=told_searches(answer.output)), "batch"),)
