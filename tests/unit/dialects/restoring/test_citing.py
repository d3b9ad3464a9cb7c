"""Citations name places of a text by number: with values in it they name the same words."""

import json
from typing import Any

import pytest

from penstock.core.mask import Masks, spelt
from tests.unit.dialects.restoring.speech import GEMINI, OPENAI, events, match, typed, unnamed

MAIL, NAME = spelt("EMAIL", 1), spelt("PERSON", 2)
VALUES = {MAIL: "anna@x.example", NAME: 'Zoë "Z" 😀'}
SAID = f"Zürich: {MAIL}, then {NAME} and {MAIL} – see the end."
CITED = ("Zürich", MAIL, f"then {NAME} and", "– see", "end.")
"""What citations point at: before, exactly, around and behind tokens."""

RESPONSES, CHAT = match("openai", "responses.create"), match("openai", "chat.completions.create")
GENERATE = match("gemini", "models.generateContent")


def unmasked(text: str) -> str:
    for token, value in VALUES.items():
        text = text.replace(token, value)
    return text


def places(text: str, *, octets: bool) -> list[tuple[int, int]]:
    """Where the cited words stand."""
    found = []
    for words in CITED:
        before = text[: text.index(words)]
        start, size = (len(before.encode()), len(words.encode())) if octets else (len(before), len(words))
        found.append((start, start + size))
    return found


def pointed_at(text: str, starts: list[tuple[int, int]], *, octets: bool) -> list[str]:
    """The words that places name."""
    if octets:
        return [text.encode()[start:end].decode() for start, end in starts]
    return [text[start:end] for start, end in starts]


WANTED = list(map(unmasked, CITED))
CITATIONS = [
    {"type": "url_citation", "url": "u", "title": NAME, "start_index": start, "end_index": end}
    for start, end in places(SAID, octets=False)
]
SEGMENTS = [
    {"segment": {"partIndex": 1, "startIndex": start, "endIndex": end, "text": words}}
    for (start, end), words in zip(places(SAID, octets=True), CITED, strict=True)
]
PART = {"type": "output_text", "text": SAID, "annotations": CITATIONS}


def _spans(citations: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(one["start_index"], one["end_index"]) for one in citations]


@pytest.mark.parametrize("ascii_only", [False, True], ids=["UTF-8", "escapes"])
def test_citations_of_whole_answers_name_the_same_words(ascii_only: bool) -> None:
    """In characters for OpenAI, in bytes for Gemini; a citation's own words have their values too."""
    masks = Masks(VALUES)
    body = json.dumps({"output": [{"type": "message", "content": [PART]}]}, ensure_ascii=ascii_only).encode()
    told = json.loads(OPENAI.whole(RESPONSES, body, masks))["output"][0]["content"][0]
    assert pointed_at(told["text"], _spans(told["annotations"]), octets=False) == WANTED
    assert {one["title"] for one in told["annotations"]} == {VALUES[NAME]}

    result = {"custom_id": "1", "response": {"body": {"output": [{"type": "message", "content": [PART]}]}}}
    body = json.dumps(result, ensure_ascii=ascii_only).encode()
    told = json.loads(OPENAI.whole(match("openai", "files.content"), body, masks))["response"]["body"]["output"][0]
    assert pointed_at(told["content"][0]["text"], _spans(told["content"][0]["annotations"]), octets=False) == WANTED

    nested = [{"type": "url_citation", "url_citation": one} for one in CITATIONS]
    message = {"content": SAID, "annotations": nested}
    body = json.dumps({"choices": [{"message": message}]}, ensure_ascii=ascii_only).encode()
    told = json.loads(OPENAI.whole(CHAT, body, masks))["choices"][0]["message"]
    spans = _spans([one["url_citation"] for one in told["annotations"]])
    assert pointed_at(told["content"], spans, octets=False) == WANTED

    candidate = {
        "content": {"parts": [{"text": "A thought", "thought": True}, {"text": SAID}]},
        "groundingMetadata": {"groundingSupports": SEGMENTS},
    }
    body = json.dumps({"candidates": [candidate]}, ensure_ascii=ascii_only).encode()
    told = json.loads(GEMINI.whole(GENERATE, body, masks))["candidates"][0]
    segments = [one["segment"] for one in told["groundingMetadata"]["groundingSupports"]]
    spans = [(one["startIndex"], one["endIndex"]) for one in segments]
    assert pointed_at(told["content"]["parts"][1]["text"], spans, octets=True) == WANTED
    assert [one["text"] for one in segments] == WANTED


@pytest.mark.parametrize("size", [1, 4, 17, 200])
def test_citations_of_streams_name_the_same_words(size: int) -> None:
    """They come behind the text that they speak of, in frames of their own or with the last one."""
    parts = [SAID[at : at + size] for at in range(0, len(SAID), size)]
    at = {"item_id": "i", "output_index": 0, "content_index": 0}
    data: list[dict[str, Any]] = [{"type": "response.output_text.delta", **at, "delta": part} for part in parts]
    data += [{"type": "response.output_text.annotation.added", **at, "annotation": one} for one in CITATIONS]
    data += [{"type": "response.content_part.done", **at, "part": PART}]
    frames = [typed(type=one.pop("type"), sequence_number=number, **one) for number, one in enumerate(data)]
    told = events(b"".join([*map((lanes := OPENAI.lanes(RESPONSES, Masks(VALUES))).frames, frames), lanes.rest()]))
    added = _spans([one["annotation"] for one in told if "annotation" in one])
    assert pointed_at(unmasked(SAID), added, octets=False) == WANTED
    assert _spans(told[-1]["part"]["annotations"]) == added

    nested = [{"type": "url_citation", "url_citation": one} for one in CITATIONS]
    deltas = [*({"content": part} for part in parts), {"annotations": nested}]
    frames = [unnamed({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}) for delta in deltas]
    told = events(b"".join([*map((lanes := OPENAI.lanes(CHAT, Masks(VALUES))).frames, frames), lanes.rest()]))
    annotations = next(one for event in told if (one := event["choices"][0]["delta"].get("annotations")))
    spans = _spans([one["url_citation"] for one in annotations])
    assert pointed_at(unmasked(SAID), spans, octets=False) == WANTED

    chunks: list[dict[str, Any]] = [{"content": {"parts": [{"text": part}]}} for part in parts]
    chunks[-1] |= {"groundingMetadata": {"groundingSupports": SEGMENTS}, "finishReason": "STOP"}
    frames = [unnamed({"candidates": [chunk]}) for chunk in chunks]
    told = events(b"".join([*map((lanes := GEMINI.lanes(GENERATE, Masks(VALUES))).frames, frames), lanes.rest()]))
    supports = told[-1]["candidates"][0]["groundingMetadata"]["groundingSupports"]
    spans = [(one["segment"]["startIndex"], one["segment"]["endIndex"]) for one in supports]
    assert pointed_at(unmasked(SAID), spans, octets=True) == WANTED
