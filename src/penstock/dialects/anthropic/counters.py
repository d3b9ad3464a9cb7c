"""What the numbers of Anthropic's usage mean.

``input_tokens`` is without the cache already, ``output_tokens`` includes thinking. With compaction, an advisor or a
fallback the totals leave out what is billed beside them: then ``usage.iterations`` is what counts (wire contract 2.6).
"""

from collections.abc import Mapping

import msgspec

from penstock.core.usage import Share, Usage
from penstock.dialects.counting import Count, apart, calls, count, inner, known, shared


class Lifetimes(msgspec.Struct, gc=False):
    """Tokens that were written to a cache, by how long they live."""

    ephemeral_5m_input_tokens: Count | None = 0
    ephemeral_1h_input_tokens: Count | None = 0


class Details(msgspec.Struct, gc=False):
    """Of the output."""

    thinking_tokens: Count | None = 0


class Told(msgspec.Struct, gc=False):
    """The counters of a message in their usual form: decoding refuses any other. None is a number that nobody told."""

    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = 0
    cache_read_input_tokens: Count | None = 0
    cache_creation: Lifetimes | None = None
    output_tokens: Count | None = None
    output_tokens_details: Details | None = None
    server_tool_use: dict[str, Count | None] | None = None
    service_tier: str | None = None
    speed: str | None = None
    iterations: None = None
    """Several models in one call are no usual form."""


def usage_of(told: Told) -> Usage:
    """Disjoint counters. Where the written tokens are not split by how long they live, they live for five minutes, as
    by default."""
    written, long, reasoning = told.cache_creation_input_tokens or 0, 0, 0
    if told.cache_creation is not None:
        long = told.cache_creation.ephemeral_1h_input_tokens or 0
        written = max(told.cache_creation.ephemeral_5m_input_tokens or 0, written - long)
    output = told.output_tokens or 0
    if told.output_tokens_details is not None:
        output, reasoning = apart(output, told.output_tokens_details.thinking_tokens or 0)
    return Usage(
        input=told.input_tokens or 0,
        cache_write_5m=written,
        cache_write_1h=long,
        cache_read=told.cache_read_input_tokens or 0,
        output=output,
        reasoning=reasoning,
        tools=calls(told.server_tool_use, "_requests") if told.server_tool_use else (),
    )


def tier_of(told: Told) -> str:
    """``speed`` is a price of its own beside the ordinary tier."""
    if told.service_tier and told.service_tier != "standard":
        return told.service_tier
    return "fast" if told.speed == "fast" else ""


def told_of(told: Mapping[str, object]) -> Told:
    """The usual form of whatever stands in a usage object; what counts nothing is left out."""
    result = _sums(told)
    thought = count(inner(told, "output_tokens_details").get("thinking_tokens"))
    result.output_tokens_details = Details(thought) if thought else None
    result.server_tool_use = {name: count(number) for name, number in inner(told, "server_tool_use").items()}
    tier, speed = told.get("service_tier"), told.get("speed")
    result.service_tier = tier if isinstance(tier, str) else None
    result.speed = speed if isinstance(speed, str) else None
    return result


def _sums(told: Mapping[str, object]) -> Told:
    split = inner(told, "cache_creation")
    into, out = told.get("input_tokens"), told.get("output_tokens")
    return Told(
        input_tokens=count(into) if known(into) else None,
        cache_creation_input_tokens=count(told.get("cache_creation_input_tokens")),
        cache_read_input_tokens=count(told.get("cache_read_input_tokens")),
        cache_creation=Lifetimes(
            count(split.get("ephemeral_5m_input_tokens")), count(split.get("ephemeral_1h_input_tokens"))
        ),
        output_tokens=count(out) if known(out) else None,
    )


def shares_of(told: Mapping[str, object], model: str | None) -> tuple[Share, ...]:
    """Usage by model. Nothing told of a model that is known still names the model."""
    if not told:
        return (Share(model, Usage()),) if model else ()
    whole = told_of(told)
    tier = tier_of(whole)
    iterations = told.get("iterations")
    several = [one for one in iterations if isinstance(one, dict)] if isinstance(iterations, list) else []
    shares = [Share(_model_of(one) or model, usage_of(_sums(one)), tier) for one in several]
    if all(_plain(one) for one in several) or not any(share.usage.total_input for share in shares):
        return (Share(model, usage_of(whole), tier),)
    *others, answered = shared(shares)
    # Thinking and tools are told of the message alone.
    thought = 0 if whole.output_tokens_details is None else whole.output_tokens_details.thinking_tokens or 0
    output, reasoning = apart(answered.usage.output, thought)
    tools = usage_of(whole).tools
    usage = msgspec.structs.replace(answered.usage, output=output, reasoning=reasoning, tools=tools)
    return (*others, Share(answered.model, usage, tier))


def _plain(iteration: Mapping[str, object]) -> bool:
    """It is within the totals."""
    return iteration.get("type") == "message" and not _model_of(iteration)


def _model_of(iteration: Mapping[str, object]) -> str:
    model = iteration.get("model")
    return model if isinstance(model, str) else ""
