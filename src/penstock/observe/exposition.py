"""The metrics as text, in Prometheus' format: where numbers get their names and labels. Runs only when somebody asks.

Names of OpenTelemetry's semantic conventions for generative models stand where there are such names, spelt as its rules
for Prometheus spell them (dots become underscores, the unit is added); all else begins with ``penstock_``.
"""

import os
import resource
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from penstock import __version__
from penstock.core.usage import COUNTERS
from penstock.observe import metrics
from penstock.observe.metrics import Gauge, Snapshot

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]
Series = dict[Labels, list[float]]

# gen_ai.provider.name and gen_ai.operation.name have well-known values; an operation without one keeps our name.
_PROVIDERS = {"anthropic": "anthropic", "openai": "openai", "gemini": "gcp.gemini"}
_OPERATIONS = {
    "messages.create": "chat", "chat.completions.create": "chat", "responses.create": "chat",
    "completions.create": "text_completion", "embeddings.create": "embeddings", "models.embedContent": "embeddings",
    "models.batchEmbedContents": "embeddings", "models.generateContent": "generate_content",
    "models.streamGenerateContent": "generate_content",
}  # fmt: skip


def page(snapshot: Snapshot, gauges: Sequence[Gauge]) -> bytes:
    """The whole page; ``gauges`` say what the snapshot's own mean."""
    lines = [
        *_requests(snapshot),
        *_tokens(snapshot),
        *_generative(snapshot),
        *_policies(snapshot),
        *_family("penstock_info", "gauge", "The release that runs.", [("", (("version", __version__),), 1)]),
    ]
    for gauge in gauges:
        if gauge.name in snapshot.gauges:
            kind = "counter" if gauge.name.endswith("_total") else "gauge"
            lines += _family(gauge.name, kind, gauge.words, [("", (), snapshot.gauges[gauge.name])])
    return ("\n".join(lines) + "\n").encode()


def process() -> list[Gauge]:
    """What every process can say of itself, under the names that Prometheus' own clients use."""
    began = time.time()
    return [
        Gauge("penstock_workers", "Processes that serve.", lambda: 1),
        Gauge("process_cpu_seconds_total", "Processor time, user and system.", time.process_time),
        Gauge("process_resident_memory_bytes", "Memory in use.", _resident),
        Gauge("process_open_fds", "Open file descriptors.", lambda: len(os.listdir("/proc/self/fd"))),
        Gauge("penstock_uptime_seconds", "Since the start, of all processes together.", lambda: time.time() - began),
    ]


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:  # not Linux: the most it ever was
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _requests(snapshot: Snapshot) -> Iterator[str]:
    counts: Series = {}
    routes: Series = {}
    for (dialect, operation, provider, outcome, hundreds), row in snapshot.requests:
        route = (("dialect", dialect), ("operation", operation), ("provider", provider))
        status = f"{hundreds}xx" if hundreds else "none"
        _sum_up(counts, (*route, ("outcome", outcome), ("status", status)), row[:1])
        _sum_up(routes, route, row)
    yield from _counter("penstock_requests_total", "Finished requests.", counts, 0)
    for name, words, total, start, bounds in (
        ("duration", "From a request's first byte to its end.", metrics.DURATION, metrics.IN_DURATIONS,
         metrics.DURATIONS),
        ("first_byte", "From a request's first byte until its answer began.", metrics.FIRST, metrics.IN_FIRST_BYTES,
         metrics.FIRST_BYTES),
        ("overhead", "What the gateway itself took until the answer began.", metrics.OVERHEAD, metrics.IN_OVERHEADS,
         metrics.OVERHEADS),
    ):  # fmt: skip
        yield from _histogram(f"penstock_request_{name}_seconds", words, routes, total, start, bounds)


def _tokens(snapshot: Snapshot) -> Iterator[str]:
    kinds: Series = {}
    models: Series = {}
    for (_, _, provider, model, _), row in snapshot.models:
        labels = (("provider", provider), ("model", model))
        _sum_up(models, labels, [row[metrics.COST] / 1e6, row[metrics.UNPRICED], row[metrics.ESTIMATED]])
        for kind, count in zip(COUNTERS, row[metrics.IN_COUNTERS :], strict=False):
            if count:
                _sum_up(kinds, (*labels, ("kind", kind)), [count])
    yield from _counter("penstock_tokens_total", "Tokens, each counted under one kind.", kinds, 0)
    yield from _counter("penstock_cost_dollars_total", "Cost at list prices, of what has a price.", models, 0)
    yield from _counter("penstock_unpriced_requests_total", "Requests that used what has no price.", models, 1)
    yield from _counter("penstock_estimated_requests_total", "Requests whose usage is an estimate.", models, 2)


def _generative(snapshot: Snapshot) -> Iterator[str]:
    durations: Series = {}
    starts: Series = {}
    tokens: Series = {}
    for (dialect, operation, _, model, fault), row in snapshot.models:
        labels = (
            ("gen_ai_operation_name", _OPERATIONS.get(operation, operation)),
            ("gen_ai_provider_name", _PROVIDERS.get(dialect, dialect)),
            ("gen_ai_request_model", model),
        )
        _sum_up(durations, (*labels, ("error_type", fault)), row)
        _sum_up(starts, labels, row)
        ends = metrics.IN_OUTPUTS
        _sum_up(tokens, (*labels, ("gen_ai_token_type", "input")), [row[metrics.IN], *row[metrics.IN_INPUTS : ends]])
        _sum_up(tokens, (*labels, ("gen_ai_token_type", "output")), [row[metrics.OUT], *row[ends:]])
    yield from _histogram(
        "gen_ai_server_request_duration_seconds", "Generative requests, from first byte to end.",
        durations, metrics.DURATION, metrics.IN_DURATIONS, metrics.DURATIONS,
    )  # fmt: skip
    yield from _histogram(
        "gen_ai_server_time_to_first_token_seconds", "From a request's first byte until its stream began.",
        starts, metrics.FIRST, metrics.IN_FIRST_BYTES, metrics.FIRST_BYTES,
    )  # fmt: skip
    yield from _histogram("gen_ai_client_token_usage", "Tokens of a request.", tokens, 0, 1, metrics.TOKENS)


def _policies(snapshot: Snapshot) -> Iterator[str]:
    met: Series = {}
    for (policy, check, action, side), row in snapshot.rulings:
        _sum_up(met, (("policy", policy), ("check", check), ("action", action), ("side", side)), row)
    if met:
        yield from _counter("penstock_policy_rulings_total", "Requests that a content policy's check has met.", met, 0)


def _sum_up(series: Series, labels: Labels, row: Sequence[float]) -> None:
    before = series.get(labels)
    series[labels] = list(row) if before is None else [sum(pair) for pair in zip(before, row, strict=True)]


def _counter(name: str, words: str, series: Mapping[Labels, Sequence[float]], place: int) -> Iterator[str]:
    yield from _family(name, "counter", words, (("", labels, row[place]) for labels, row in series.items()))


def _histogram(
    name: str, words: str, series: Mapping[Labels, Sequence[float]], total: int, start: int, bounds: Sequence[float]
) -> Iterator[str]:
    def samples() -> Iterator[tuple[str, Labels, float]]:
        for labels, row in series.items():
            count: float = 0
            for bound, more in zip((*bounds, float("inf")), row[start:], strict=False):
                count += more
                yield "_bucket", (*labels, ("le", "+Inf" if bound == float("inf") else f"{bound:.12g}")), count
            yield "_count", labels, count
            yield "_sum", labels, row[total]

    yield from _family(name, "histogram", words, samples())


def _family(name: str, kind: str, words: str, samples: Iterable[tuple[str, Labels, float]]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
    for suffix, labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        shown = str(int(value)) if value == int(value) else repr(float(value))
        yield f"{name}{suffix}{{{inside}}} {shown}" if inside else f"{name}{suffix} {shown}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
