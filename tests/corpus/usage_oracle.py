"""What a recorded answer says that it used, read with plain JSON from what its provider documents of each field.

Written apart from the gateway's readers and simpler than they are: everything at once, no bounds, no care for speed.
Where an answer's numbers contradict themselves (a part larger than its whole), only the sums are to be compared.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.support.corpus import Recorded

Json = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """Counters by name, server tools as ``tool:name``; those that are 0 are left out."""

    counters: Counter[str]
    consistent: bool

    @property
    def sums(self) -> tuple[int, int]:
        """Tokens in, tokens out."""
        into = sum(n for name, n in self.counters.items() if name.startswith(("input", "cache")))
        out = sum(n for name, n in self.counters.items() if name.startswith(("output", "reasoning")))
        return into, out


def said(exchange: Recorded, dialect: str) -> Said | None:
    """None where the answer tells no usage."""
    values = [one for one in _values(exchange) if isinstance(one, dict)]
    counters = {"anthropic": _anthropic, "openai": _openai, "gemini": _gemini}[dialect](values)
    if counters is None:
        return None
    consistent = all(number >= 0 for number in counters.values())
    return Said(Counter({name: number for name, number in counters.items() if number}), consistent)


def _values(exchange: Recorded) -> list[Any]:
    """The JSON values of a body or of a stream's events; an array's elements."""
    if not exchange.sse:
        try:
            body = json.loads(exchange.response_body)
        except ValueError:
            return []
        return body if isinstance(body, list) else [body]
    found = []
    for frame in re.split(r"\r?\n\r?\n", exchange.response_body):
        data = [line[5:].strip() for line in frame.splitlines() if line.startswith("data:")]
        try:
            found.append(json.loads("\n".join(data)))
        except ValueError:
            continue
    return found


def _later(before: Json, after: Json) -> Json:
    """Cumulative numbers: the later one, unless it says nothing."""
    return before | {
        name: _later(before[name], value) if isinstance(value, dict) and isinstance(before.get(name), dict) else value
        for name, value in after.items()
        if value
    }


def _anthropic(values: list[Json]) -> Json | None:
    usage: Json = {}
    for value in values:
        told = value["message"].get("usage") if value.get("type") == "message_start" else value.get("usage")
        usage = _later(usage, told or {})
    if not usage:
        return None
    # Compaction, advisors and fallbacks are billed beside the totals; the iterations hold all of it.
    iterations = usage.get("iterations") or []
    beside = any(one["type"] != "message" or one.get("model") for one in iterations)
    counted: Counter[str] = Counter()
    for one in iterations if beside else [usage]:
        whole, split = one.get("cache_creation_input_tokens") or 0, one.get("cache_creation") or {}
        long = split.get("ephemeral_1h_input_tokens") or 0
        counted["input"] += one.get("input_tokens") or 0
        counted["cache_read"] += one.get("cache_read_input_tokens") or 0
        counted["cache_write_1h"] += long
        counted["cache_write_5m"] += whole - long
        counted["output"] += one.get("output_tokens") or 0
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    counted["reasoning"] += thinking
    counted["output"] -= thinking
    for name, number in (usage.get("server_tool_use") or {}).items():
        counted["tool:" + name.removesuffix("_requests")] += number or 0
    return counted


def _openai(values: list[Json]) -> Json | None:
    usage: Json = {}
    models: list[Json] | None = None
    painted = False
    ran: Counter[str] = Counter()
    for value in values:
        holder: Json = value["response"] if isinstance(value.get("response"), dict) else value
        if holder.get("object") == "thread.run.step":
            continue
        told = holder.get("usage") or (holder.get("x_groq") or {}).get("usage") or {}
        painted = painted or (
            "data" in value and any("b64_json" in one for one in value["data"] if isinstance(one, dict))
        )
        usage = _later(usage, told)
        ran = _charged(holder.get("output")) or ran
        models = models or (
            (holder.get("x_groq") or {}).get("usage_breakdown") or holder.get("usage_breakdown") or {}
        ).get("models")
    if not usage:
        return None
    # Groq's compound systems tell each model's usage with details that the sum leaves out.
    parts = [one["usage"] for one in models or []]
    if parts and sum(part["total_tokens"] for part in parts) == usage["total_tokens"]:
        return sum((Counter(_openai_counters(part, painted=False)) for part in parts), Counter())
    # What ran stands in the outputs, unless the usage itself tells it.
    return {**ran, **_openai_counters(usage, painted=painted)}


def _charged(output: Any) -> Counter[str]:
    """Searches of the web, not the pages that they open, and of files."""
    items = [one for one in output if isinstance(one, dict)] if isinstance(output, list) else []
    counted: Counter[str] = Counter()
    for one in items:
        if one.get("type") == "web_search_call" and (one.get("action") or {}).get("type", "search") == "search":
            counted["tool:web_search"] += 1
        if one.get("type") == "file_search_call":
            counted["tool:file_search"] += 1
    return counted


def _openai_counters(usage: Json, *, painted: bool) -> Json:
    def details(*names: str) -> Json:
        return next((found for name in names if (found := usage.get(name))), {})

    def first(*names: str) -> int:
        return next((found for name in names if (found := usage.get(name))), 0)

    ins = details("prompt_tokens_details", "input_tokens_details", "prompt_token_details", "input_token_details")
    outs = details("completion_tokens_details", "output_tokens_details")
    into, out = first("prompt_tokens", "input_tokens"), first("completion_tokens", "output_tokens")
    cached = ins.get("cached_tokens") or first("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")
    written, audio = ins.get("cache_write_tokens") or 0, ins.get("audio_tokens") or 0
    pictures = (ins.get("image_tokens") or 0) + (ins.get("video_tokens") or 0)
    reasoning = outs.get("reasoning_tokens") or first("reasoning_tokens")
    spoken, drawn = outs.get("audio_tokens") or 0, outs.get("image_tokens") or 0
    beyond = (usage.get("total_tokens") or 0) - into - out
    # xAI and Google leave reasoning out of the completion, Mistral audio out of the prompt; the total has it.
    if out and beyond > 0 and beyond == audio:
        into += audio
    elif out and beyond > 0 and reasoning in {0, beyond}:
        out, reasoning = out + beyond, beyond
    text = out - reasoning - spoken - drawn
    if painted and not outs:
        text, drawn = 0, out
    tools = {
        "tool:" + name.removesuffix("_calls"): number
        for name, number in (usage.get("server_side_tool_usage_details") or {}).items()
    }
    if usage.get("seconds"):
        tools["tool:audio_seconds"] = usage["seconds"]
    return {
        "input": into - cached - written - audio - pictures, "input_audio": audio, "input_image": pictures,
        "cache_read": cached, "cache_write_5m": written, "output": text, "output_audio": spoken, "output_image": drawn,
        "reasoning": reasoning, **tools,
    }  # fmt: skip


_MODALITIES = {1: "TEXT", 2: "IMAGE", 3: "VIDEO", 4: "AUDIO", 5: "DOCUMENT"}


def _gemini(values: list[Json]) -> Json | None:
    usage: Json = {}
    queries: set[str] = set()
    model = ""
    for value in values:
        usage = _later(usage, value.get("usageMetadata") or {})
        model = value.get("modelVersion") or model
        for candidate in value.get("candidates") or []:
            queries |= set(candidate.get("groundingMetadata", {}).get("webSearchQueries", [])) - {""}
    if not usage:
        return None
    # Up to the second generation a prompt with searches is charged, from the third each search.
    searches = min(len(queries), 1) if re.match("gemini-[12][.]", model) else len(queries)

    def of(field: str, *modalities: str) -> int:
        told = usage.get(field) or []
        return sum(
            one.get("tokenCount", 0)
            for one in told
            if _MODALITIES.get(one.get("modality"), one.get("modality")) in modalities
        )

    used, cached = "toolUsePromptTokensDetails", "cacheTokensDetails"
    audio = of("promptTokensDetails", "AUDIO") - of(cached, "AUDIO")
    pictures = of("promptTokensDetails", "IMAGE", "VIDEO") - of(cached, "IMAGE", "VIDEO")
    read = usage.get("cachedContentTokenCount", 0)
    spoken, drawn = of("candidatesTokensDetails", "AUDIO"), of("candidatesTokensDetails", "IMAGE", "VIDEO")
    text = usage.get("promptTokenCount", 0) - read - audio - pictures
    used_audio, used_pictures = of(used, "AUDIO"), of(used, "IMAGE", "VIDEO")
    return {
        "input": text + usage.get("toolUsePromptTokenCount", 0) - used_audio - used_pictures,
        "input_audio": audio + used_audio, "input_image": pictures + used_pictures, "cache_read": read,
        "output": usage.get("candidatesTokenCount", 0) - spoken - drawn,
        "output_audio": spoken, "output_image": drawn, "reasoning": usage.get("thoughtsTokenCount", 0),
        "tool:google_search": searches,
    }  # fmt: skip
