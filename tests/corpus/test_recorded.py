"""Every recorded exchange of a provider goes through the running gateway, and comes out at both ends as it went in.

Sent with ``X-Provider-Key``: under the caller's own credential nothing is rewritten. PENSTOCK_CORPUS=quick replays
one exchange in ten, and every error and every kind of operation; the whole takes about a minute.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.corpus.compare import Difference, differences
from tests.corpus.routing import Place, nameless, place
from tests.corpus.through import chosen, through_gateway
from tests.support.corpus import recorded, recorded_folder
from tests.support.gateway import KEY

# What the recordings hold and the gateway has no route for: other dialects (Bedrock, Cohere, Ollama), and families of
# the three that are not in its table. A path that is new here is either to be mapped or to be added, with its count.
NOT_ROUTED = {
    "DELETE /v1beta/fileSearchStores/*": 1,
    "GET /api/tags": 1,
    "GET /v1/responses": 1,
    "POST /api/chat": 26,
    "POST /api/embeddings": 1,
    "POST /api/generate": 7,
    "POST /api/show": 3,
    "POST /model/*/converse": 58,
    "POST /model/*/converse-stream": 1,
    "POST /model/*/count-tokens": 9,
    "POST /model/*/invoke": 81,
    "POST /model/*/invoke-with-response-stream": 1,
    "POST /upload/v1beta/fileSearchStores/*:uploadToFileSearchStore": 6,
    "POST /v1/chat": 12,
    "POST /v1/complete": 1,
    "POST /v1/embed": 14,
    "POST /v1/generate": 3,
    "POST /v1/realtime/sessions": 2,
    "POST /v1/rerank": 11,
    "POST /v1beta/fileSearchStores": 4,
    "POST /v1beta/interactions": 19,
    "POST /v1beta/models/*:batchGenerateContent": 1,
    "POST /v1beta1/projects/*/locations/*/publishers/google/models/*:predict": 5,
    "POST /v1beta1/publishers/google/models/*:predict": 13,
    "POST /v2/chat": 44,
    "POST /v2/embed": 7,
    "POST /v2/rerank": 2,
}

FAMILIES = {
    "anthropic": ("anthropic", ""),
    "openai chat": ("openai", " /v1/chat/completions"),
    "openai responses": ("openai", " /v1/responses"),
    "openai others": ("openai", ""),
    "gemini": ("gemini", ""),
}


def _family(where: Place) -> str:
    """The family of an operation: the first in the table that fits."""
    return next(
        name for name, (dialect, path) in FAMILIES.items() if where.dialect == dialect and path in where.operation
    )


def _told(found: list[Difference], plans: int) -> str:
    kinds = Counter(one.what for one in found)
    lines = [f"{len({one.exchange for one in found})} of {plans} exchanges differ: {dict(kinds)}"]
    for kind in kinds:
        few = [one for one in found if one.what == kind][:4]
        lines += [f"  {kind}: {one.exchange}\n    wanted {one.wanted}\n    got    {one.got}" for one in few]
    return "\n".join(lines)


@pytest.mark.parametrize("family", FAMILIES)
def test_recorded_exchange_is_the_same_on_both_sides(family: str, tmp_path: Path) -> None:
    """Bytes, statuses, paths, queries and headers of recorded traffic pass unchanged, in all of it."""
    places = ((exchange, place(exchange)) for exchange in recorded())
    exchanges = chosen((one, where) for one, where in places if where is not None and _family(where) == family)
    result = through_gateway(exchanges, tmp_path)
    found = [
        one
        for plan in result.plans
        for one in differences(
            plan,
            result.received[plan.recorded.id],
            result.answers[plan.recorded.id],
            gateway_key=KEY,
            url=result.url,
        )
    ]
    assert not found, _told(found, len(result.plans))
    assert result.troubles == []
    assert len(result.plans) > 100


def test_every_recorded_exchange_is_replayed_or_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not replayed is known by path and number; nothing is left out without a word."""
    replayed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    total = 0
    for exchange in recorded():
        total += 1
        where = place(exchange)
        if where is None:
            left[f"{exchange.method} {nameless(exchange.path_alone)}"] += 1
        else:
            replayed[f"{where.dialect:10} {where.operation}"] += 1
    with capsys.disabled():
        print(f"\nrecorded exchanges: {total}, replayed {replayed.total()}, not routed {left.total()}")
        for title, counts in (("replayed", replayed), ("not routed", left)):
            print(f"  {title}")
            for name, count in sorted(counts.items()):
                print(f"    {count:5}  {name}")
    assert dict(left) == NOT_ROUTED
    assert replayed.total() + left.total() == total == _lines()


def _lines() -> int:
    """How many exchanges the recordings' own table says there are."""
    text = (recorded_folder() / "README.md").read_text()
    return int(text.partition("\nTotal: exchanges ")[2].partition(",")[0])
