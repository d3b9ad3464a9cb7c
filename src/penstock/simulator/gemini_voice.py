"""Spells answers as Gemini's GenerateContentResponse: whole, as SSE, or as a JSON array (wire contract 5.2, 5.3).

Pure.
"""

import base64

import msgspec

from penstock.simulator.answer import REFUSAL_WORDS, Answer, Call, Finish, Search, Speech, Thought
from penstock.simulator.identity import Identity
from penstock.simulator.tokens import chunks, pieces

_encode = msgspec.json.encode

_FINISHES = {
    Finish.END: "STOP", Finish.LENGTH: "MAX_TOKENS", Finish.STOP: "STOP", Finish.TOOLS: "STOP",
    Finish.REFUSAL: "SAFETY", Finish.PAUSE: "STOP",
}  # fmt: skip

Json = dict[str, object]


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the request decides about the spelling, beside the answers."""

    model: str
    identity: Identity
    prompt_tokens: int
    cached_tokens: int = 0
    shows_thoughts: bool = False
    chunk: int = 1


def response(form: Form, answers: list[Answer]) -> bytes:
    """The whole response; one candidate an answer."""
    candidates: list[Json] = []
    for index, answer in enumerate(answers):
        parts = [part for part, _ in _parts(form, answer)]
        candidates.append(_candidate(index, parts, answer))
    return _encode(_whole(form, candidates, *_spent(answers)))


def frames(form: Form, answers: list[Answer]) -> list[bytes]:
    """The responses of a stream, not yet framed. Each carries the counts so far."""
    made: list[bytes] = []
    thoughts = spoken = 0
    for index, answer in enumerate(answers):
        thoughts += answer.thinking_tokens
        running, last = _streamed(form, answer)
        for part, tokens in running:
            spoken += tokens
            made.append(_encode(_whole(form, [_candidate(index, [part], None)], spoken, thoughts)))
        spoken, _ = _spent(answers[: index + 1])
        made.append(_encode(_whole(form, [_candidate(index, last, answer)], spoken, thoughts)))
    return made


def event(response: bytes) -> bytes:
    """A response as a frame of a stream that was asked for with ``alt=sse``: no event line, one blank line."""
    return b"data: %b\r\n\r\n" % response


def array(responses: list[bytes]) -> list[bytes]:
    """Responses as the pieces of one JSON array, which is how the API streams without ``alt=sse``."""
    return [b"[%b" % responses[0], *(b"\n,\n%b" % one for one in responses[1:]), b"]"]


def error_object(words: str) -> bytes:
    """What stands in a stream that failed under way."""
    return _encode({"error": {"code": 503, "message": words, "status": "UNAVAILABLE"}})


def _whole(form: Form, candidates: list[Json], spoken: int, thoughts: int) -> Json:
    usage: Json = {
        "promptTokenCount": form.prompt_tokens,
        "candidatesTokenCount": spoken,
        "totalTokenCount": form.prompt_tokens + spoken + thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": form.prompt_tokens}],
    }
    if form.cached_tokens:
        usage["cachedContentTokenCount"] = form.cached_tokens
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": form.cached_tokens}]
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    return {
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": form.model,
        "responseId": form.identity.name("", "response", 22),
    }


def _spent(answers: list[Answer]) -> tuple[int, int]:
    """Output tokens without and with thoughts only: Gemini counts the two apart."""
    thoughts = sum(answer.thinking_tokens for answer in answers)
    return sum(answer.output_tokens for answer in answers) - thoughts, thoughts


def _candidate(index: int, parts: list[Json], answer: Answer | None) -> Json:
    """A candidate; ``answer`` where it ends here."""
    content: Json = {"parts": parts, "role": "model"} if parts else {"role": "model"}
    made: Json = {"content": content, "index": index}
    if answer is None:
        return made
    made["finishReason"] = _FINISHES[answer.finish]
    if answer.finish is Finish.REFUSAL:
        made["finishMessage"] = REFUSAL_WORDS
    if answer.searches:
        made["groundingMetadata"] = _grounding(answer)
    return made


def _signature(form: Form) -> str:
    return base64.b64encode(form.identity.signature("thought")).decode()


def _parts(form: Form, answer: Answer) -> list[tuple[Json, int]]:
    """The parts of a whole answer, and what each weighs."""
    made: list[tuple[Json, int]] = []
    for piece in answer.pieces:
        if isinstance(piece, Thought):
            if form.shows_thoughts:
                made.append(({"text": piece.text, "thought": True}, 0))
        elif isinstance(piece, Speech):
            if made and "text" in made[-1][0] and "thought" not in made[-1][0]:
                piece = msgspec.structs.replace(piece, text=str(made[-1][0]["text"]) + piece.text)  # noqa: PLW2901
                made.pop()
            made.append(({"text": piece.text}, len(pieces(piece.text))))
        elif isinstance(piece, Call):
            made.append((_function_call(form, len(made), piece), 0))
    return _with_signature(form, answer, made)


def _with_signature(form: Form, answer: Answer, made: list[tuple[Json, int]]) -> list[tuple[Json, int]]:
    """The signature stands on the first call, else on the last part (parallel calls carry it once)."""
    if not answer.thinking_tokens or not made:
        return made
    calls = [part for part, _ in made if "functionCall" in part]
    (calls[0] if calls else made[-1][0])["thoughtSignature"] = _signature(form)
    return made


def _function_call(form: Form, place: int, call: Call) -> Json:
    try:
        arguments = msgspec.json.decode(call.arguments, type=dict[str, object])
    except msgspec.DecodeError:
        arguments = {}
    name = form.identity.name("", f"call{place}", 8).lower()
    return {"functionCall": {"id": name, "name": call.name, "args": arguments}}


def _streamed(form: Form, answer: Answer) -> tuple[list[tuple[Json, int]], list[Json]]:
    """The parts of a streamed answer one by one (texts in chunks, calls whole), and those of its last frame."""
    made: list[tuple[Json, int]] = []
    signed: Json = {}
    for part, _ in _parts(form, answer):
        if "text" not in part:
            made.append((part, 0))
            continue
        signed = {name: value for name, value in part.items() if name == "thoughtSignature"}
        plain = {name: value for name, value in part.items() if name not in signed}
        made += [
            ({**plain, "text": text}, 0 if part.get("thought") else len(pieces(text)))
            for text in chunks(str(part["text"]), form.chunk)
        ]
    if made and "functionCall" in made[-1][0]:
        return made[:-1], [made[-1][0]]
    # As the API does: the signature of a text comes with an empty text after it.
    return made, [{"text": "", **signed}] if made else []


def _grounding(answer: Answer) -> Json:
    searches = [piece for piece in answer.pieces if isinstance(piece, Search)]
    sources = list(searches[0].found)
    supports: list[Json] = []
    place = 0
    for piece in answer.pieces:
        if not isinstance(piece, Speech):
            continue
        size = len(piece.text.encode())
        if piece.source is not None:
            segment = {"startIndex": place, "endIndex": place + size, "text": piece.text}
            supports.append({"segment": segment, "groundingChunkIndices": [sources.index(piece.source)]})
        place += size
    return {
        "webSearchQueries": [search.query for search in searches],
        "groundingChunks": [{"web": {"uri": source.url, "title": source.title}} for source in sources],
        "groundingSupports": supports,
    }
