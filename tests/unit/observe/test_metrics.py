"""What finished exchanges add up to, as Prometheus' own parser reads the page."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import structs
from prometheus_client.parser import text_string_to_metric_families

from penstock.core.entry import Entry, Opened
from penstock.core.head import RequestHead
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.observe import exposition
from penstock.observe.audience import may_read
from penstock.observe.metrics import MODELS_MOST, Gauge, Metrics, Snapshot
from penstock.observe.sharing import Sharing

OPENED = Opened(
    "id", 1.0, "key:k", "k", "laptop", "", "main", "operator", "anthropic", "messages.create", "claude-a", True, "", "",
    "", 700,
)  # fmt: skip
USAGE = Usage(input=10, cache_read=500, cache_write_5m=7, output=40, reasoning=3)
ENTRY = Entry(
    OPENED, "served", 200, "", "", Consumption((Share("claude-a-1", USAGE),), Source.REPORTED), "v1", 1_250_000, 900,
    0.3, 0.5, 0.0004,
)  # fmt: skip


def read(metrics: Metrics) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of the page, by name and labels."""
    return parsed(exposition.page(metrics.snapshot(), metrics.gauges))


def parsed(page: bytes) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
    families = list(text_string_to_metric_families(page.decode()))
    samples = [sample for family in families for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples), "two samples of one name and the same labels"
    return found


def value(metrics: Metrics, name: str, **labels: str) -> float:
    """The one sample with this name and these labels among its own."""
    (found,) = [value for (known, own), value in read(metrics).items() if known == name and set(labels.items()) <= own]
    return found


def test_requests_are_counted_by_route_provider_outcome_and_status() -> None:
    """Each finished request counts once, under what it was and how it ended."""
    metrics = Metrics()
    refused = structs.replace(ENTRY, outcome="refused", status=429, consumption=Consumption(), cost=0)
    for entry in (ENTRY, ENTRY, refused, structs.replace(refused, outcome="abandoned", status=0)):
        metrics.closed(entry)
    route = {"dialect": "anthropic", "operation": "messages.create", "provider": "main"}
    assert value(metrics, "penstock_requests_total", outcome="served", status="2xx", **route) == 2
    assert value(metrics, "penstock_requests_total", outcome="refused", status="4xx", **route) == 1
    assert value(metrics, "penstock_requests_total", outcome="abandoned", status="none", **route) == 1
    assert value(metrics, "penstock_request_duration_seconds_count", **route) == 4


@pytest.mark.parametrize(
    ("name", "field", "bounds"),
    [
        ("penstock_request_duration_seconds", "duration", (0.01, 0.02, 0.64, 81.92)),
        ("penstock_request_first_byte_seconds", "first_byte", (0.001, 0.005, 0.5, 10.0)),
        ("penstock_request_overhead_seconds", "overhead", (0.0001, 0.00025, 0.005, 0.5)),
        ("gen_ai_server_request_duration_seconds", "duration", (0.01, 0.02, 0.64, 81.92)),
        ("gen_ai_server_time_to_first_token_seconds", "first_byte", (0.001, 0.005, 0.5, 10.0)),
    ],
)
def test_a_time_falls_into_its_bucket(name: str, field: str, bounds: tuple[float, ...]) -> None:
    """A bound belongs to its bucket, what is beyond the last one counts too, and buckets add up as they go."""
    metrics = Metrics()
    times = [*bounds, bounds[-1] * 2]
    for seconds in times:
        metrics.closed(structs.replace(ENTRY, **{field: seconds}))
    for bound in bounds:
        expected = sum(seconds <= bound for seconds in times)
        assert value(metrics, f"{name}_bucket", le=f"{bound:g}") == expected, bound
    assert value(metrics, f"{name}_bucket", le="+Inf") == len(times)
    assert value(metrics, f"{name}_count") == len(times)
    assert value(metrics, f"{name}_sum") == pytest.approx(sum(times))


def test_a_model_that_only_the_answer_names_counts_too() -> None:
    """Forms stream through unread: their cost belongs to the model that served, or to none by name. A batch's results
    may come again, so they are left to the books."""
    metrics = Metrics()
    unnamed = structs.replace(ENTRY, opened=structs.replace(ENTRY.opened, model=""))
    metrics.closed(unnamed)
    metrics.closed(structs.replace(unnamed, consumption=Consumption((Share(None, Usage(output=1)),), Source.REPORTED)))
    metrics.closed(structs.replace(unnamed, batch="msgbatch_1"))
    metrics.closed(structs.replace(unnamed, consumption=Consumption(), cost=0))
    costs = [value(metrics, "penstock_cost_dollars_total", model=name) for name in ("claude-a-1", "other")]
    assert costs == [1.25, 1.25]


def test_tokens_and_cost_are_counted_by_kind() -> None:
    """No token counts twice, cost is in dollars, and what has no price or is an estimate is told apart."""
    metrics = Metrics()
    metrics.closed(ENTRY)
    guessed = structs.replace(ENTRY.consumption, source=Source.ESTIMATED)
    metrics.closed(structs.replace(ENTRY, cost=None, consumption=guessed))
    kinds = {name: value(metrics, "penstock_tokens_total", kind=name) for name in ("input", "cache_read", "reasoning")}
    assert kinds == {"input": 20, "cache_read": 1000, "reasoning": 6}
    assert value(metrics, "penstock_cost_dollars_total", model="claude-a", provider="main") == 1.25
    assert value(metrics, "penstock_unpriced_requests_total") == 1
    assert value(metrics, "penstock_estimated_requests_total") == 1
    metrics.closed(structs.replace(ENTRY, cost=None, consumption=Consumption(untold=True)))
    assert value(metrics, "penstock_unpriced_requests_total") == 2
    generative = {
        "gen_ai_operation_name": "chat", "gen_ai_provider_name": "anthropic", "gen_ai_request_model": "claude-a",
    }  # fmt: skip
    assert value(metrics, "gen_ai_client_token_usage_sum", gen_ai_token_type="input", **generative) == 2 * 517
    assert value(metrics, "gen_ai_client_token_usage_sum", gen_ai_token_type="output", **generative) == 2 * 43
    assert value(metrics, "gen_ai_client_token_usage_bucket", gen_ai_token_type="output", le="64") == 2
    assert value(metrics, "gen_ai_client_token_usage_bucket", gen_ai_token_type="output", le="16") == 0


@pytest.mark.slow
def test_names_that_clients_invent_do_not_grow_the_page() -> None:
    """A model counts by its name once a provider has answered for it, up to a limit; all else is ``other``."""
    metrics = Metrics()
    for number in range(1000):
        opened = structs.replace(OPENED, model=f"invented-{number}")
        metrics.closed(structs.replace(ENTRY, opened=opened, status=404, consumption=Consumption()))
    assert value(metrics, "gen_ai_server_request_duration_seconds_count", gen_ai_request_model="other") == 1000
    for number in range(1000):
        metrics.closed(structs.replace(ENTRY, opened=structs.replace(OPENED, model=f"answered-{number}")))
    named = {dict(labels).get("model") for (name, labels) in read(metrics) if name == "penstock_cost_dollars_total"}
    assert len(named) == MODELS_MOST + 1


def test_a_label_may_hold_anything() -> None:
    """Quotes, backslashes and what else a name may hold come out of the parser as they went in."""
    metrics = Metrics()
    metrics.closed(structs.replace(ENTRY, opened=structs.replace(OPENED, model='a"b\\c é')))
    assert value(metrics, "penstock_cost_dollars_total", model='a"b\\c é') == 1.25
    metrics.closed(structs.replace(ENTRY, opened=structs.replace(OPENED, model="a\nb\ud800")))
    assert value(metrics, "penstock_cost_dollars_total", model="other") == 1.25


def test_what_workers_counted_outlives_them(tmp_path: Path) -> None:
    """Counters of the living and the dead add up, folded in or not; gauges are those of the living."""
    sharing = Sharing(tmp_path)
    sharing.begin()
    metrics = Metrics([Gauge("open", "Open.", lambda: 3)])
    metrics.closed(ENTRY)
    sharing.write(metrics.snapshot())
    (own,) = (tmp_path / "run").glob("metrics-*.json")
    pid = int(own.stem.removeprefix("metrics-"))
    other = own.with_name("metrics-1.json")
    other.write_bytes(own.read_bytes().replace(str(pid).encode(), b"1", 1))
    assert total(sharing.all()) == 2
    assert sharing.all().gauges == {"open": 6}
    before = other.read_bytes()
    sharing.fold(1)
    assert not other.exists()
    assert total(sharing.all()) == 2
    assert sharing.all().gauges == {"open": 3}
    other.write_bytes(before)
    assert total(sharing.all()) == 2, "one that was read while it was folded in counts once"
    sharing.begin()
    assert total(sharing.all()) == 0


def total(snapshot: Snapshot) -> float:
    return sum(row[0] for _, row in snapshot.requests)


@pytest.mark.parametrize(
    ("rule", "peer", "headers", "allowed"),
    [
        ("local", "127.0.0.1", (), True),
        ("local", "127.8.0.1", (), True),
        ("local", "::1", (), True),
        ("local", "::ffff:127.0.0.1", (), True),
        ("local", "10.0.0.1", (), False),
        ("local", "::ffff:10.0.0.1", (), False),
        ("local", "fe80::1%eth0", (), False),
        ("local", "", (), False),
        ("local", "127.0.0.1", ((b"x-forwarded-for", b"1.2.3.4"),), False),
        ("local", "127.0.0.1", ((b"forwarded", b"for=1.2.3.4"),), False),
        ("local", "127.0.0.1", ((b"via", b"1.1 proxy"),), False),
        ("local", "127.0.0.1", ((b"x-real-ip", b"127.0.0.1"),), False),
        ("local", "127.0.0.1", ((b"x-forwarded-for", b""),), False),
        ("open", "10.0.0.1", ((b"via", b"1.1 proxy"),), True),
        ("off", "127.0.0.1", (), False),
    ],
)
def test_who_may_read(rule: str, peer: str, headers: tuple[tuple[bytes, bytes], ...], allowed: bool) -> None:
    """By default only who asks from this machine, and not through a proxy on it."""
    assert may_read(rule, peer, RequestHead("GET", b"/metrics", headers)) is allowed
