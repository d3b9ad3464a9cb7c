"""What the numbers of OpenAI's usage mean, in both spellings and in those of compatible servers.

Cached and written tokens, audio and pictures are inside the input, reasoning inside the output, unless the total says
that they come on top of it: xAI's and Google's reasoning does, and Mistral's audio.
"""

from collections.abc import Mapping
from math import ceil

from penstock.core.usage import Share, Usage
from penstock.dialects.counting import apart, calls, count, inner, known, shared

_IN = ("prompt_tokens", "input_tokens")
_OUT = ("completion_tokens", "output_tokens")
# Assistants and transcriptions write ``token`` without an s.
_IN_DETAILS = ("prompt_tokens_details", "input_tokens_details", "prompt_token_details", "input_token_details")
_OUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
# DeepSeek, Mistral, Moonshot.
_CACHED = ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")
_BESIDE = {"seconds", "server_side_tool_usage_details"}
MOST_SECONDS = 10_000_000


def reported(told: Mapping[str, object]) -> bool:
    """It holds anything that counts."""
    get = told.get
    return known(get("prompt_tokens")) or known(get("input_tokens")) or output_known(told) or bool(_seconds(told))


def output_known(told: Mapping[str, object]) -> bool:
    """It says how much came out."""
    return known(told.get("completion_tokens")) or known(told.get("output_tokens"))


def usage_of(told: Mapping[str, object], native: str) -> Usage:
    """Disjoint counters; ``native`` is the counter for output of which no details are told."""
    ins, outs = inner(told, *_IN_DETAILS), inner(told, *_OUT_DETAILS)
    audio, image = count(ins.get("audio_tokens")), count(ins.get("image_tokens")) + count(ins.get("video_tokens"))
    reasoning = count(outs.get("reasoning_tokens")) or count(told.get("reasoning_tokens"))
    prompt, output = _first(told, _IN), _first(told, _OUT)
    if count(told.get("total_tokens")) > prompt + output:
        prompt, output, reasoning = _on_top(prompt, output, reasoning, audio, count(told.get("total_tokens")))
    cached = count(ins.get("cached_tokens")) or _first(told, _CACHED)
    written = count(ins.get("cache_write_tokens"))
    cached = min(cached, prompt)
    text = prompt - cached
    if written or audio or image:
        text, written, audio, image = apart(text, written, audio, image)
    spoken, painted = count(outs.get("audio_tokens")), count(outs.get("image_tokens"))
    reasoning = min(reasoning, output)
    rest = output - reasoning
    if spoken or painted:
        rest, spoken, painted = apart(rest, spoken, painted)
    plain = bool(outs) or native == "output"
    return Usage(
        input=text,
        input_audio=audio,
        input_image=image,
        cache_write_5m=written,
        cache_read=cached,
        output=rest if plain else 0,
        output_audio=rest if not plain and native == "output_audio" else spoken,
        output_image=rest if not plain and native == "output_image" else painted,
        reasoning=reasoning,
        tools=_tools(told) if _BESIDE & told.keys() else (),
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


def _first(told: Mapping[str, object], names: tuple[str, ...]) -> int:
    for name in names:
        if found := count(told.get(name)):
            return found
    return 0


def _seconds(told: Mapping[str, object]) -> int:
    """Whole seconds of audio, where that is what is billed."""
    seconds = told.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= MOST_SECONDS:
        return 0
    return ceil(seconds)


def _tools(told: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    """xAI's calls of server tools; seconds of audio stand beside them, because they too are no tokens."""
    found = calls(inner(told, "server_side_tool_usage_details"), "_calls")
    seconds = _seconds(told)
    return tuple(sorted((*found, ("audio_seconds", seconds)))) if seconds else found


def breakdown(told: object, sums: Mapping[str, object]) -> tuple[Share, ...]:
    """Groq's compound systems name the models that they called; nothing where these do not add up to the whole."""
    models = told.get("models") if isinstance(told, dict) else None
    if not isinstance(models, list) or not models:
        return ()
    shares = shared(_share(one) for one in models if isinstance(one, dict))
    parts = sum((share.usage for share in shares), Usage())
    whole = usage_of(sums, "output")
    if (parts.total_input, parts.total_output) != (whole.total_input, whole.total_output):
        return ()
    return shares


def _share(told: Mapping[str, object]) -> Share:
    model = told.get("model")
    return Share(model if isinstance(model, str) else None, usage_of(inner(told, "usage"), "output"))
