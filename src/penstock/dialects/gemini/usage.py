"""What Gemini's answers tell of their usage and end: contents and embeddings, whole, as events or a streamed array.

Every chunk of a stream tells cumulative numbers, so only the first and the latest are read, when all is over. A whole
body in the usual form is read by a decoder that knows that form, all else with care. What the numbers mean stands in
``counters``.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from penstock.core.dialect import Tally
from penstock.core.ending import Ending, of_all
from penstock.core.route import Match
from penstock.core.usage import Consumption, Share, Source
from penstock.dialects.collecting import Collected, elements, endings, event_data
from penstock.dialects.counting import merged, plainly, read, table, word
from penstock.dialects.gemini.counters import Told, latest, searched, tier_of, told_of, usage_of
from penstock.dialects.results import Results

_KEY = b'"usageMetadata"'
_OUTPUT = b'"candidatesTokenCount"'
_END = b'"finishReason"'
_BLOCKED = b'"blockReason"'
_QUERIES = b'"webSearchQueries"'
_NONE = msgspec.Raw(b"")
_REPORTED = Source.REPORTED
_IN_ORDER = Ending.PLAIN
# The names of reasons, and those numbers that mean the same in the Gemini API's protocol and in Vertex's.
_ENDINGS: Mapping[str | int | None, Ending] = {
    **dict.fromkeys(("MAX_TOKENS", 2), Ending.TRUNCATED),
    **dict.fromkeys(("SAFETY", 3, "RECITATION", 4, "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", 7, "SPII", 8,
                     "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"), Ending.REFUSED),
    **dict.fromkeys(("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"), Ending.INVALID),
}  # fmt: skip
_NO_BLOCK = frozenset({None, "", 0, "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})
# A chunk with a picture in it is not kept until the end: it is read at once.
_LARGE = 64 * 1024


class _PlainGrounding(msgspec.Struct, rename="camel", gc=False):
    web_search_queries: list[str] | None = None


class _PlainCandidate(msgspec.Struct, rename="camel", gc=False):
    grounding_metadata: _PlainGrounding | None = None
    finish_reason: str | None = None


class _PlainFeedback(msgspec.Struct, rename="camel", gc=False):
    block_reason: str | None = None


class _Plain(msgspec.Struct, rename="camel"):
    """A body in the usual form."""

    usage_metadata: Told
    candidates: list[_PlainCandidate] | None = None
    model_version: str | None = None
    prompt_feedback: _PlainFeedback | None = None


class _Element(msgspec.Struct, rename="camel"):
    """An array's element in the usual form."""

    usage_metadata: Told | None = None
    candidates: list[_PlainCandidate] | msgspec.UnsetType = msgspec.UNSET
    model_version: str | None = None
    prompt_feedback: None = None
    error: None = None


class _Answer(msgspec.Struct, rename="camel"):
    usage_metadata: object = None
    model_version: object = None
    prompt_feedback: object = None
    error: object = None
    candidates: msgspec.Raw = _NONE


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: object = None
    grounding_metadata: object = None


class _Line(msgspec.Struct):
    response: _Answer | None = None


_plain = msgspec.json.Decoder(_Plain).decode
_array = msgspec.json.Decoder(list[_Element]).decode
_answer = msgspec.json.Decoder(_Answer).decode
_answers = msgspec.json.Decoder(list[_Answer]).decode
_candidates = msgspec.json.Decoder(list[_Candidate]).decode
_line = msgspec.json.Decoder(_Line).decode


def tally(match: Match) -> Tally | None:
    """Counting tokens costs none; what a cache keeps is told as a size, not as usage."""
    operation = match.route.operation
    if operation == "files.download":
        return Results(f"files/{match.parameter('file')}", _batched, (b'"response"',))
    if operation in {"models.generateContent", "models.streamGenerateContent"}:
        return Contents(text=True)
    return Contents(text=False) if operation in {"models.embedContent", "models.batchEmbedContents"} else None


class Contents:
    """Reads one answer. Of one without ``text``, nothing that comes out is counted in tokens."""

    # What every answer begins with stands here, not in each: most change little of it.
    batch = ""
    ending = _IN_ORDER
    sign = b""
    """Nearly every event holds counters."""
    _body: Collected | None = None
    _model = ""
    _told: Mapping[str, object] | None = None
    _queries: tuple[str, ...] = ()
    _counted = b""
    _latest = b""
    _ended = False
    _refused = False

    def __init__(self, *, text: bool) -> None:
        self._text = text

    def frames(self, frames: bytes) -> None:
        """Keeps what may turn out to be the last word."""
        # ``find`` takes half the time of ``in``, which first tries whether the key is a number; usage stands behind.
        ends = frames.find(_END) >= 0
        if not ends and frames.rfind(_KEY) < 0:
            if frames.find(_BLOCKED) >= 0:
                self._block(frames)
            return
        if ends or self._told is None or len(frames) > _LARGE:
            self._read_kept()
            self._read_frames(frames)
        elif frames.rfind(_OUTPUT) >= 0:
            self._counted, self._latest = frames, b""
        else:
            self._latest = frames

    def latest(self, frames: bytes) -> None:
        """Candidates say why they ended in frames that are shown."""

    def piece(self, data: bytes) -> None:
        """Bodies are read when they are over."""
        if self._body is None:
            self._body = Collected(data)
        else:
            self._body.add(data)

    def consumed(self) -> Consumption:
        """``missing`` where a model wrote and no counters came with the reason of its end, or after it; ``untold``
        where it wrote nothing and no counters came."""
        body = self._body
        if body is not None:
            whole = usual(body.text) if self._text else None
            if whole is not None:
                consumption, ending = whole
                if ending is not _IN_ORDER:
                    self.ending = ending
                return consumption
            self._read_body(body)
        self._read_kept()
        told, model = told_of(self._told or {}), self._model or None
        shares: tuple[Share, ...] = ()
        if self._told or model:
            shares = (Share(model, usage_of(told, searched(self._queries, self._model)), tier_of(told)),)
        missing = self._text and not self._refused and not (self._ended and told.counts)
        untold = not self._text and not told.counts and not self._refused
        return Consumption(shares, _REPORTED if told.counts else Source.NONE, missing, untold)

    def _block(self, frames: bytes) -> None:
        """The prompt was refused, and nothing is said of usage."""
        for data in event_data(frames, _BLOCKED):
            answer = read(_answer, data)
            if answer is not None:
                self.ending = of_all((self.ending, _ending_of(answer, ())))

    def _read_kept(self) -> None:
        for frames in (self._counted, self._latest):
            if frames:
                self._read_frames(frames)
        self._counted = self._latest = b""

    def _read_frames(self, frames: bytes) -> None:
        for data in event_data(frames, b'"'):
            answer = read(_answer, data)
            if answer is not None:
                self._take(answer)

    def _read(self, text: bytes) -> bool:
        answer = read(_answer, text)
        if answer is None:
            return False
        self._take(answer)
        return True

    def _read_body(self, body: Collected) -> None:
        text = body.text
        if body.over:
            # An array's end has the array's bracket on top.
            tail = text.rstrip(b" \t\r\n").removesuffix(b"]")
            self._ended = any(self._read(end) for end in endings(tail, _KEY))
        elif text.lstrip().startswith(b"["):
            whole = read(_answers, text)
            for answer in _whole_ones(text) if whole is None else whole:
                self._take(answer)
        else:
            self._ended = self._read(text)

    def _take(self, answer: _Answer) -> None:
        self._model = word(answer.model_version) or self._model
        self._told = merged(self._told or {}, table(answer.usage_metadata))
        self._refused = self._refused or bool(table(answer.error))
        candidates = _candidates_of(answer)
        self._queries += _queries_of(candidates)
        self._ended = _ends(answer, candidates, before=self._ended)
        ending = _ending_of(answer, candidates)
        if ending is not _IN_ORDER:
            self.ending = of_all((self.ending, ending))


def _whole_ones(torso: bytes) -> Iterable[_Answer]:
    answers = (read(_answer, element) for element in elements(torso))
    return (answer for answer in answers if answer is not None)


def _candidates_of(answer: _Answer) -> Sequence[_Candidate]:
    """Those that ended or tell of searches; none where none does."""
    text = bytes(answer.candidates)
    return (read(_candidates, text) if _END in text or _QUERIES in text else None) or ()


def _queries_of(candidates: Iterable[_Candidate]) -> tuple[str, ...]:
    told = (table(one.grounding_metadata).get("webSearchQueries") for one in candidates)
    return tuple(word(query) for queries in told if isinstance(queries, list) for query in queries)


def _ends(answer: _Answer, candidates: Iterable[_Candidate], *, before: bool) -> bool:
    """A candidate says why it ended, or there will be none because the prompt was refused.

    Where code is executed, a candidate ends several times: one that goes on has not ended.
    """
    if "blockReason" in table(answer.prompt_feedback):
        return True
    if len(bytes(answer.candidates)) <= len(b"[]"):
        return before
    return any(word(one.finish_reason) for one in candidates)


def _ending_of(answer: _Answer, candidates: Iterable[_Candidate]) -> Ending:
    reason = table(answer.prompt_feedback).get("blockReason")
    if isinstance(reason, str | int) and reason not in _NO_BLOCK:
        return Ending.REFUSED
    reasons = (one.finish_reason for one in candidates)
    return of_all([_ENDINGS.get(one, _IN_ORDER) for one in reasons if isinstance(one, str | int)])


def usual(text: bytes) -> tuple[Consumption, Ending] | None:
    """What a body in the usual form used, and how it ended; None for any other."""
    answer = plainly(_plain, text)
    if answer is None:
        return _streamed(text) if text.lstrip().startswith(b"[") else None
    queries: list[str] = []
    ending = _IN_ORDER
    for candidate in answer.candidates or ():
        if candidate.finish_reason in _ENDINGS:
            ending = of_all((ending, _ENDINGS[candidate.finish_reason]))
        if candidate.grounding_metadata is not None:
            queries += candidate.grounding_metadata.web_search_queries or ()
    if answer.prompt_feedback is not None and answer.prompt_feedback.block_reason not in _NO_BLOCK:
        ending = Ending.REFUSED
    return _reported(answer.usage_metadata, answer.model_version or "", queries, ending)


def _streamed(text: bytes) -> tuple[Consumption, Ending] | None:
    """The same of an array; None also where it did not come to its end."""
    answers = plainly(_array, text) or []
    model, ended, ending = "", False, _IN_ORDER
    queries: list[str] = []
    for answer in answers:
        model = answer.model_version or model
        if answer.candidates is msgspec.UNSET:
            continue
        if not answer.candidates:
            return None
        ended = False
        for candidate in answer.candidates:
            ended = ended or bool(candidate.finish_reason)
            if candidate.finish_reason in _ENDINGS:
                ending = of_all((ending, _ENDINGS[candidate.finish_reason]))
            if candidate.grounding_metadata is not None:
                queries += candidate.grounding_metadata.web_search_queries or ()
    told = latest([answer.usage_metadata for answer in answers if answer.usage_metadata is not None])
    return _reported(told, model, queries, ending) if ended else None


def _reported(told: Told, model: str, queries: list[str], ending: Ending) -> tuple[Consumption, Ending] | None:
    if not told.counts:
        return None
    searches = searched(queries, model) if queries else 0
    return Consumption((Share(model or None, usage_of(told, searches), tier_of(told)),), _REPORTED), ending


def _batched(line: bytes) -> tuple[Share, ...]:
    found = read(_line, line)
    answer = None if found is None else found.response
    told = told_of({} if answer is None else table(answer.usage_metadata))
    if answer is None or told.prompt_token_count is None:
        return ()
    model = word(answer.model_version)
    return (Share(model or None, usage_of(told, searched(_queries_of(_candidates_of(answer)), model)), "batch"),)
