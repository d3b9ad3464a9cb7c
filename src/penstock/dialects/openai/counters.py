"""What the numbers of OpenAI's usage mean, in both spellings and in those of compatible servers.

Cached and written tokens, audio and pictures are inside the input, reasoning inside the output, unless the total says
that they come on top of it: xAI's and Google's reasoning does, and Mistral's audio.
"""

from collections.abc import Mapping
from math import ceil
from typing import Annotated

import msgspec

from penstock.core.usage import Share, Usage
from penstock.dialects.counting import Count, apart, calls, count, inner, known, shared

_IN = ("prompt_tokens", "input_tokens")
_OUT = ("completion_tokens", "output_tokens")
# Assistants and transcriptions write ``token`` without an s.
_IN_DETAILS = ("prompt_tokens_details", "input_tokens_details", "prompt_token_details", "input_token_details")
_OUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_NUMBERS = ("total_tokens", "prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens", "reasoning_tokens")
MOST_SECONDS = 10_000_000

_Seconds = Annotated[int, msgspec.Meta(ge=0, le=MOST_SECONDS)]


class Ins(msgspec.Struct, gc=False):
    """Parts of the input."""

    cached_tokens: Count | None = 0
    cache_write_tokens: Count | None = 0
    audio_tokens: Count | None = 0
    image_tokens: Count | None = 0
    video_tokens: Count | None = 0


class Outs(msgspec.Struct, gc=False):
    """Parts of the output."""

    reasoning_tokens: Count | None = 0
    audio_tokens: Count | None = 0
    image_tokens: Count | None = 0


class Told(msgspec.Struct, gc=False):
    """The counters of an answer in their usual form: decoding refuses any other.

    They have the names that chats and completions write; the other spelling's stand below as what must not be there.
    None is a number that nobody told.
    """

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    total_tokens: Count | None = 0
    prompt_tokens_details: Ins | None = None
    completion_tokens_details: Outs | None = None
    input_tokens: None = None
    output_tokens: None = None
    input_tokens_details: None = None
    output_tokens_details: None = None
    prompt_token_details: None = None
    input_token_details: None = None
    output_token_details: None = None
    prompt_cache_hit_tokens: Count | None = 0
    """DeepSeek's, as the next is Mistral's and the one after that Moonshot's."""
    num_cached_tokens: Count | None = 0
    cached_tokens: Count | None = 0
    reasoning_tokens: Count | None = 0
    seconds: _Seconds | None = 0
    """Of audio, where that is what is billed."""
    server_side_tool_usage_details: dict[str, Count | None] | None = None
    """xAI's."""
    service_tier: str | None = None

    @property
    def counts(self) -> bool:
        """It holds anything that counts."""
        return self.prompt_tokens is not None or self.completion_tokens is not None or bool(self.seconds)


class ToldInResponses(Told, gc=False):
    """The same as the Responses API and newer operations write it: the other way round."""

    prompt_tokens: Count | None = msgspec.field(name="input_tokens", default=None)
    completion_tokens: Count | None = msgspec.field(name="output_tokens", default=None)
    prompt_tokens_details: Ins | None = msgspec.field(name="input_tokens_details", default=None)
    completion_tokens_details: Outs | None = msgspec.field(name="output_tokens_details", default=None)
    input_tokens: None = msgspec.field(name="prompt_tokens", default=None)
    output_tokens: None = msgspec.field(name="completion_tokens", default=None)
    input_tokens_details: None = msgspec.field(name="prompt_tokens_details", default=None)
    output_tokens_details: None = msgspec.field(name="completion_tokens_details", default=None)


def told_of(told: Mapping[str, object]) -> Told:
    """The usual form of whatever stands in a usage object; what counts nothing is left out."""
    result = Told(prompt_tokens=_first(told, _IN), completion_tokens=_first(told, _OUT))
    for name in _NUMBERS:
        value = told.get(name)
        if known(value):
            setattr(result, name, value)
    ins, outs = inner(told, *_IN_DETAILS), inner(told, *_OUT_DETAILS)
    if ins:
        result.prompt_tokens_details = Ins(*(count(ins.get(name)) for name in Ins.__struct_fields__))
    if outs:
        result.completion_tokens_details = Outs(*(count(outs.get(name)) for name in Outs.__struct_fields__))
    result.seconds = _seconds(told)
    used = inner(told, "server_side_tool_usage_details")
    result.server_side_tool_usage_details = {name: count(value) for name, value in used.items()}
    return result


def _first(told: Mapping[str, object], names: tuple[str, ...]) -> int | None:
    """The first number above 0; 0 or None where there is none."""
    numbers = [count(told.get(name)) for name in names if known(told.get(name))]
    return next(filter(None, numbers), 0 if numbers else None)


def usage_of(told: Told, native: str = "output", tools: tuple[tuple[str, int], ...] = ()) -> Usage:
    """Disjoint counters; ``native`` is the counter for output of which no details are told, ``tools`` what ran unless
    the usage itself says it."""
    ins, outs = told.prompt_tokens_details, told.completion_tokens_details
    prompt, output = told.prompt_tokens or 0, told.completion_tokens or 0
    reasoning = (outs is not None and outs.reasoning_tokens) or told.reasoning_tokens or 0
    total = told.total_tokens or 0
    if total > prompt + output:
        audio = 0 if ins is None else ins.audio_tokens or 0
        prompt, output, reasoning = _on_top(prompt, output, reasoning, audio, total)
    read = written = audio = image = spoken = painted = 0
    if ins is not None:
        read, written, audio = ins.cached_tokens or 0, ins.cache_write_tokens or 0, ins.audio_tokens or 0
        image = (ins.image_tokens or 0) + (ins.video_tokens or 0)
    read = read or told.prompt_cache_hit_tokens or told.num_cached_tokens or told.cached_tokens or 0
    # A part is never more than its whole; the usual two without a call.
    read = read if read < prompt else prompt
    reasoning = reasoning if reasoning < output else output
    text, rest = prompt - read, output - reasoning
    if written or audio or image:
        text, written, audio, image = apart(text, written, audio, image)
    if outs is None:
        if native != "output":
            rest, spoken, painted = 0, rest if native == "output_audio" else 0, rest if native == "output_image" else 0
    elif outs.audio_tokens or outs.image_tokens:
        rest, spoken, painted = apart(rest, outs.audio_tokens or 0, outs.image_tokens or 0)
    return Usage(
        input=text,
        input_audio=audio,
        input_image=image,
        cache_write_5m=written,
        cache_read=read,
        output=rest,
        output_audio=spoken,
        output_image=painted,
        reasoning=reasoning,
        tools=_tools(told) if told.seconds or told.server_side_tool_usage_details else tools,
    )


def _on_top(prompt: int, output: int, reasoning: int, audio: int, total: int) -> tuple[int, int, int]:
    """Input and output with what the total holds beyond them. A difference that nothing explains is left alone."""
    beyond = total - prompt - output
    if not output:
        return prompt, output, reasoning
    if beyond == audio:
        return prompt + audio, output, reasoning
    if reasoning in (0, beyond):
        return prompt, output + beyond, beyond
    return prompt, output, reasoning


def _seconds(told: Mapping[str, object]) -> int:
    """Whole seconds of audio, where that is what is billed."""
    seconds = told.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
        return 0
    return ceil(seconds)


def _tools(told: Told) -> tuple[tuple[str, int], ...]:
    """xAI's calls of server tools; seconds of audio stand beside them, because they too are no tokens."""
    found = calls(told.server_side_tool_usage_details or {}, "_calls")
    return tuple(sorted((*found, ("audio_seconds", told.seconds)))) if told.seconds else found


def breakdown(told: object, sums: Mapping[str, object]) -> tuple[Share, ...]:
    """Groq's compound systems name the models that they called; nothing where these do not add up to the whole."""
    models = told.get("models") if isinstance(told, dict) else None
    if not isinstance(models, list) or not models:
        return ()
    shares = shared(_share(one) for one in models if isinstance(one, dict))
    parts = sum((share.usage for share in shares), Usage())
    whole = usage_of(told_of(sums))
    if (parts.total_input, parts.total_output) != (whole.total_input, whole.total_output):
        return ()
    return shares


def _share(told: Mapping[str, object]) -> Share:
    model = told.get("model")
    return Share(model if isinstance(model, str) else None, usage_of(told_of(inner(told, "usage"))))
