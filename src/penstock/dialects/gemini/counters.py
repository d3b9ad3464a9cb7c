"""What the numbers of Gemini's usage mean, and which searches are charged beside them.

``promptTokenCount`` includes the cached tokens, tool use comes on top of it, and thoughts on top of the candidates.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

import msgspec

from penstock.core.usage import Usage
from penstock.dialects.counting import Count, apart, count, known

# The names of modalities, and their numbers in the protocol. ``DOCUMENT`` pages count as text, as they are priced.
_IMAGES = frozenset({"IMAGE", "VIDEO"})
_NUMBERED = {2: "IMAGE", 3: "VIDEO", 4: "AUDIO"}
_ORDINARY = frozenset({"", "standard", "on_demand", "traffic_type_unspecified", "unspecified"})
_NEITHER = (0, 0)
_OLDER = ("gemini-1.", "gemini-2.")

_NUMBERS = {
    "prompt_token_count": "promptTokenCount", "cached_content_token_count": "cachedContentTokenCount",
    "candidates_token_count": "candidatesTokenCount", "tool_use_prompt_token_count": "toolUsePromptTokenCount",
    "thoughts_token_count": "thoughtsTokenCount",
}  # fmt: skip


class Detail(msgspec.Struct, gc=False, rename="camel"):
    """Tokens of one modality."""

    modality: str = ""
    token_count: Count | None = 0


class Told(msgspec.Struct, gc=False, rename="camel"):
    """The counters of one answer in their usual form: decoding refuses any other. None is a number that nobody told."""

    prompt_token_count: Count | None = None
    cached_content_token_count: Count | None = None
    candidates_token_count: Count | None = None
    tool_use_prompt_token_count: Count | None = None
    thoughts_token_count: Count | None = None
    prompt_tokens_details: list[Detail] | None = None
    prompt_token_details: None = None
    """What batchEmbedContents writes."""
    cache_tokens_details: list[Detail] | None = None
    tool_use_prompt_tokens_details: list[Detail] | None = None
    candidates_tokens_details: list[Detail] | None = None
    service_tier: str | None = None
    traffic_type: str | None = None

    @property
    def counts(self) -> bool:
        """It says what went in or came out."""
        return self.prompt_token_count is not None or self.candidates_token_count is not None


_FIELDS = [(name, attrgetter(name)) for name in Told.__struct_fields__]


def told_of(told: Mapping[str, object]) -> Told:
    """The usual form of whatever stands in a usage object; what counts nothing is left out."""
    result = Told()
    for name, written in _NUMBERS.items():
        value = told.get(written)
        if known(value):
            setattr(result, name, value)
    result.prompt_tokens_details = _details(told.get("promptTokensDetails") or told.get("promptTokenDetails"))
    result.cache_tokens_details = _details(told.get("cacheTokensDetails"))
    result.tool_use_prompt_tokens_details = _details(told.get("toolUsePromptTokensDetails"))
    result.candidates_tokens_details = _details(told.get("candidatesTokensDetails"))
    tier, traffic = told.get("serviceTier"), told.get("trafficType")
    result.service_tier = tier if isinstance(tier, str) else None
    result.traffic_type = traffic if isinstance(traffic, str) else None
    return result


def _details(told: object) -> list[Detail]:
    if not isinstance(told, list):
        return []
    found = []
    for one in told:
        modality = one.get("modality") if isinstance(one, dict) else None
        if isinstance(modality, str | int):
            found.append(Detail(_NUMBERED.get(modality, "") if isinstance(modality, int) else modality,
                                count(one.get("tokenCount"))))  # fmt: skip
    return found


def latest(told: Sequence[Told]) -> Told:
    """Of cumulative numbers the latest; what is 0 or left out later does not undo what was told."""
    result = told[-1] if told else Told()
    for name, value_of in _FIELDS:
        if len(told) > 1 and not value_of(result):
            values = list(map(value_of, told))
            found = next(filter(None, reversed(values)), 0 if 0 in values else None)
            setattr(result, name, found)
    return result


def usage_of(told: Told, searches: int = 0) -> Usage:
    """Disjoint counters."""
    text, kept, audio, image = told.prompt_token_count or 0, told.cached_content_token_count or 0, 0, 0
    prompt = _parts(told.prompt_tokens_details)
    if kept or prompt is not _NEITHER:
        cached = _parts(told.cache_tokens_details)
        sound, pictures = max(0, prompt[0] - cached[0]), max(0, prompt[1] - cached[1])
        text, kept, audio, image = apart(text, kept, sound, pictures)
    if told.tool_use_prompt_token_count:
        used, heard, seen = apart(told.tool_use_prompt_token_count, *_parts(told.tool_use_prompt_tokens_details))
        text, audio, image = text + used, audio + heard, image + seen
    written, spoken, painted = told.candidates_token_count or 0, 0, 0
    if told.candidates_tokens_details:
        written, spoken, painted = apart(written, *_parts(told.candidates_tokens_details))
    return Usage(
        input=text,
        input_audio=audio,
        input_image=image,
        cache_read=kept,
        output=written,
        output_audio=spoken,
        output_image=painted,
        reasoning=told.thoughts_token_count or 0,
        tools=(("google_search", searches),) if searches else (),
    )


def _parts(details: Iterable[Detail] | None) -> tuple[int, int]:
    """Tokens of sound, and of pictures."""
    audio = image = 0
    for one in details or ():
        if one.modality == "TEXT":
            continue
        if one.modality == "AUDIO":
            audio += one.token_count or 0
        elif one.modality in _IMAGES:
            image += one.token_count or 0
    return (audio, image) if audio or image else _NEITHER


def tier_of(told: Told) -> str:
    """The Gemini API's word, or Vertex's, in small letters: ``flex``, ``provisioned_throughput``."""
    if told.service_tier is None and told.traffic_type is None:
        return ""
    named = (one.lower() for one in (told.service_tier, told.traffic_type) if one is not None)
    return next((one.removeprefix("on_demand_") for one in named if one not in _ORDINARY), "")


def searched(queries: Iterable[str], model: str) -> int:
    """Google searches that are charged: each query once, empty ones not; before Gemini 3 the prompt, however many
    queries it took (Gemini API, "Grounding with Google Search", "Pricing")."""
    different = len({query for query in queries if query})
    return min(different, 1) if model.startswith(_OLDER) else different
