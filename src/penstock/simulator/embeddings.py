"""Serves embeddings (OpenAI's and Gemini's routes) and OpenAI's moderations."""

import re
from array import array

import msgspec

from penstock.simulator.chat import body_of
from penstock.simulator.conversation import steered
from penstock.simulator.decoding import Body, UndecodableError
from penstock.simulator.failing import fail_if_asked
from penstock.simulator.gemini import answered as google_answered
from penstock.simulator.gemini_body import BatchEmbedBody, EmbedBody, read_body, spelled
from penstock.simulator.openai_shared import answered, invalid, missing
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.serving import Reply, Request
from penstock.simulator.tokens import weight
from penstock.simulator.vectors import as_base64, usual_size, vector

LARGEST = 4096
MOST_INPUTS = 2048
# One answer is made at one go, in the process that serves everybody else.
MOST_NUMBERS = 4_000_000

# What the simulator takes for violence is what its tests and demos say.
_VIOLENT = re.compile(r"\b(?:kill|murder|attack|bomb|shoot|stab)\w*", re.I)

_CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip


class EmbeddingsBody(msgspec.Struct):
    """``POST /v1/embeddings``."""

    model: str
    input: str | list[str | int | list[int]] | None = None
    encoding_format: str | None = None
    dimensions: int | None = None


class ModerationPart(msgspec.Struct):
    """A text or a picture to judge."""

    type: str
    text: str | None = None


class ModerationsBody(msgspec.Struct):
    """``POST /v1/moderations``."""

    input: str | list[str | ModerationPart]
    model: str | None = None


def embed(request: Request, _: str = "") -> Reply:
    """``POST /v1/embeddings``."""
    body = body_of(request, EmbeddingsBody)
    name, steering = steered(body.model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    texts = _texts(body.input)
    size = usual_size(name) if body.dimensions is None else body.dimensions
    if not 1 <= size <= LARGEST:
        raise RefusedError(invalid("dimensions", f"'dimensions' must be from 1 to {LARGEST}, not {size}."))
    if body.encoding_format not in {None, "float", "base64"}:
        words = f"Invalid value: '{body.encoding_format}'. Supported values are: 'float' and 'base64'."
        raise RefusedError(invalid("encoding_format", words))
    if len(texts) * size > MOST_NUMBERS:
        raise RefusedError(invalid("input", f"The simulator makes at most {MOST_NUMBERS} numbers in one answer."))
    vectors = [vector(text, size) for text in texts]
    encoded = body.encoding_format == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": as_base64(values) if encoded else values.tolist()}
        for index, values in enumerate(vectors)
    ]
    tokens = sum(weight(text) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    value = {"object": "list", "data": data, "model": body.model, "usage": usage}
    return answered(value, request.identity, lasting=steering.times is None)


def moderate(request: Request, _: str = "") -> Reply:
    """``POST /v1/moderations``."""
    body = body_of(request, ModerationsBody)
    name, steering = steered(body.model or "omni-moderation-latest", request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    said = body.input
    if isinstance(said, str):
        texts = [said]
    elif all(isinstance(one, ModerationPart) for one in said):
        # Parts are one input together.
        texts = [" ".join(one.text or "" for one in said if isinstance(one, ModerationPart))]
    else:
        texts = [one for one in said if isinstance(one, str)]
    results = [_judged(text) for text in texts]
    value = {"id": request.identity.name("modr-", "moderation", 29), "model": name, "results": results}
    return answered(value, request.identity, lasting=steering.times is None)


def google_embed(request: Request, model: str) -> Reply:
    """``:embedContent``."""
    name, steering = steered(model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    values = _google_vector(_google_body(request, EmbedBody), name)
    return google_answered({"embedding": {"values": values.tolist()}}, request.identity, lasting=steering.times is None)


def google_batch_embed(request: Request, model: str) -> Reply:
    """``:batchEmbedContents``."""
    name, steering = steered(model, request.header, request.defaults)
    fail_if_asked(steering, request.seen)
    wanted = _google_body(request, BatchEmbedBody).requests or []
    if sum(one.output_dimensionality or usual_size(name) for one in wanted) > MOST_NUMBERS:
        raise RefusedError(Refusal(400, f"The simulator makes at most {MOST_NUMBERS} numbers in one answer."))
    embeddings = [{"values": _google_vector(one, name).tolist()} for one in wanted]
    return google_answered({"embeddings": embeddings}, request.identity, lasting=steering.times is None)


def _texts(given: str | list[str | int | list[int]] | None) -> list[str]:
    if given is None:
        raise RefusedError(missing("input"))
    if isinstance(given, str):
        return [given]
    if not given or len(given) > MOST_INPUTS:
        raise RefusedError(invalid("input", f"'input' must hold from 1 to {MOST_INPUTS} entries."))
    if all(isinstance(one, int) for one in given):
        return [" ".join(map(str, given))]
    return [one if isinstance(one, str) else str(one) for one in given]


def _google_body(request: Request, kind: type[Body]) -> Body:
    try:
        return read_body(request.body, kind)
    except UndecodableError as error:
        raise RefusedError(Refusal(400, spelled(error.complaint))) from None


def _google_vector(body: EmbedBody, model: str) -> "array[float]":
    if body.content is None:
        raise RefusedError(Refusal(400, "* EmbedContentRequest.content: contents is not specified\n"))
    size = body.output_dimensionality or usual_size(model)
    if not 1 <= size <= LARGEST:
        raise RefusedError(Refusal(400, f"* EmbedContentRequest.output_dimensionality: from 1 to {LARGEST}\n"))
    return vector(" ".join(part.text or "" for part in body.content.parts or []), size)


def _judged(text: str) -> dict[str, object]:
    violent = bool(_VIOLENT.search(text))
    flagged = {name: violent and name == "violence" for name in _CATEGORIES}
    return {
        "flagged": violent,
        "categories": flagged,
        "category_scores": {name: 0.97 if flag else 0.0004 for name, flag in flagged.items()},
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
