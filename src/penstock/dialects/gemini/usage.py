"""What Gemini's answers tell of their usage: contents and embeddings, whole, as events or as a streamed array.

``promptTokenCount`` includes the cached tokens, tool use comes on top of it, and thoughts on top of the candidates.
Every chunk of a stream tells cumulative numbers, so only the first and the latest are read, when all is over.
"""

from collections.abc import Iterable, Mapping

import msgspec

from penstock.core.dialect import Tally
from penstock.core.route import Match
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.dialects.collecting import Collected, elements, endings, event_data
from penstock.dialects.counting import apart, count, known, merged, read, table, word
from penstock.dialects.results import Results

_KEY = b'"usageMetadata"'
_OUTPUT = b'"candidatesTokenCount"'
_END = b'"finishReason"'
_NONE = msgspec.Raw(b"")
# A chunk with a picture in it is not kept until the end: it is read at once.
_LARGE = 64 * 1024

_IMAGES = frozenset({"IMAGE", "VIDEO", 2, 3})
_AUDIO = frozenset({"AUDIO", 4})
_ORDINARY = frozenset({"", "standard", "on_demand", "traffic_type_unspecified", "unspecified"})


class _Answer(msgspec.Struct, rename="camel"):
    usage_metadata: object = None
    model_version: object = None
    prompt_feedback: object = None
    error: object = None
    candidates: msgspec.Raw = _NONE


class _Candidate(msgspec.Struct, rename="camel"):
    finish_reason: object = None


class _Line(msgspec.Struct):
    response: _Answer | None = None


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

    __slots__ = ("_body", "_counted", "_ended", "_latest", "_model", "_refused", "_text", "_told")

    batch = ""

    def __init__(self, *, text: bool) -> None:
        self._text = text
        self._body: Collected | None = None
        self._model = ""
        self._told: Mapping[str, object] | None = None
        self._counted = b""
        self._latest = b""
        self._ended = False
        self._refused = False

    def frames(self, frames: bytes) -> None:
        """Keeps what may turn out to be the last word."""
        if _KEY not in frames and _END not in frames:
            return
        if self._told is None or len(frames) > _LARGE or _END in frames:
            self._read_kept()
            self._read_frames(frames)
        elif _OUTPUT in frames:
            self._counted, self._latest = frames, b""
        else:
            self._latest = frames

    def piece(self, data: bytes) -> None:
        """Bodies are read when they are over."""
        if self._body is None:
            self._body = Collected()
        self._body.add(data)

    def consumed(self) -> Consumption:
        """``missing`` where a model wrote and no counters came with the reason of its end, or after it."""
        self._read_kept()
        if self._body is not None:
            self._read_body(self._body)
        told = self._told or {}
        model = self._model or None
        shares = (Share(model, usage_of(told), tier_of(told)),) if told or model else ()
        reported = known(told.get("promptTokenCount")) or known(told.get("candidatesTokenCount"))
        missing = self._text and not self._refused and not (self._ended and reported)
        return Consumption(shares, Source.REPORTED if reported else Source.NONE, missing)

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
                self._ended = _ends(answer, before=self._ended)

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
                self._ended = _ends(answer, before=self._ended)
        else:
            self._ended = self._read(text)

    def _take(self, answer: _Answer) -> None:
        self._model = word(answer.model_version) or self._model
        self._told = merged(self._told or {}, table(answer.usage_metadata))
        self._refused = self._refused or bool(table(answer.error))


def _whole_ones(torso: bytes) -> Iterable[_Answer]:
    answers = (read(_answer, element) for element in elements(torso))
    return (answer for answer in answers if answer is not None)


def _ends(answer: _Answer, *, before: bool) -> bool:
    """A candidate says why it ended, or there will be none because the prompt was refused.

    Where code is executed, a candidate ends several times: one that goes on has not ended.
    """
    if "blockReason" in table(answer.prompt_feedback):
        return True
    candidates = bytes(answer.candidates)
    if len(candidates) <= len(b"[]"):
        return before
    found = read(_candidates, candidates) if _END in candidates else None
    return found is not None and any(word(one.finish_reason) for one in found)


def usage_of(told: Mapping[str, object]) -> Usage:
    """Disjoint counters. ``DOCUMENT`` pages count as text, as they are priced."""
    # ``promptTokenDetails`` is what batchEmbedContents writes.
    prompt = _details(told.get("promptTokensDetails") or told.get("promptTokenDetails"))
    cached, tools = _details(told.get("cacheTokensDetails")), _details(told.get("toolUsePromptTokensDetails"))
    sound, pictures = max(0, prompt[0] - cached[0]), max(0, prompt[1] - cached[1])
    whole, kept = count(told.get("promptTokenCount")), count(told.get("cachedContentTokenCount"))
    text, kept, audio, image = apart(whole, kept, sound, pictures)
    used, used_audio, used_image = apart(count(told.get("toolUsePromptTokenCount")), *tools)
    written, spoken, painted = apart(
        count(told.get("candidatesTokenCount")), *_details(told.get("candidatesTokensDetails"))
    )
    return Usage(
        input=text + used,
        input_audio=audio + used_audio,
        input_image=image + used_image,
        cache_read=kept,
        output=written,
        output_audio=spoken,
        output_image=painted,
        reasoning=count(told.get("thoughtsTokenCount")),
    )


def _details(told: object) -> tuple[int, int]:
    """Tokens of sound, and of pictures. The modality is a name, or its number in the protocol."""
    audio = image = 0
    if not isinstance(told, list):
        return audio, image
    for one in told:
        if not isinstance(one, dict):
            continue
        modality = one.get("modality")
        if isinstance(modality, str | int):
            audio += count(one.get("tokenCount")) if modality in _AUDIO else 0
            image += count(one.get("tokenCount")) if modality in _IMAGES else 0
    return audio, image


def tier_of(told: Mapping[str, object]) -> str:
    """The Gemini API's word, or Vertex's, in small letters: ``flex``, ``provisioned_throughput``."""
    named = (one.lower() for one in (told.get("serviceTier"), told.get("trafficType")) if isinstance(one, str))
    return next((one.removeprefix("on_demand_") for one in named if one not in _ORDINARY), "")


def _batched(line: bytes) -> tuple[Share, ...]:
    found = read(_line, line)
    told = {} if found is None or found.response is None else table(found.response.usage_metadata)
    if found is None or found.response is None or not known(told.get("promptTokenCount")):
        return ()
    return (Share(word(found.response.model_version) or None, usage_of(told), "batch"),)
