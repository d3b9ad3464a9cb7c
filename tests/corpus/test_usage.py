"""Recorded answers that tell their usage: what the tallies read of them is what they say.

The other reading is ``usage_oracle``'s. Streams come in reads cut at random places and framed as the gateway frames
them, bodies and arrays in pieces cut anywhere.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random

import pytest

from penstock.app import DIALECTS
from penstock.core.dialect import Tally
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.usage import COUNTERS, Consumption, Source, Usage
from penstock.dialects.anthropic import usage as anthropic
from penstock.dialects.gemini import usage as gemini
from penstock.dialects.openai import usage as openai
from penstock.routes import match
from penstock.wire.sse import Frames
from tests.corpus.routing import place
from tests.corpus.usage_oracle import Said, said
from tests.support.corpus import Recorded, recorded

# At least as many exchanges as these must have been compared, by dialect and operation; s marks event streams.
COMPARED = {
    "anthropic": {"messages.create": 990, "messages.create s": 350},
    "openai": {
        "chat.completions.create": 3290, "chat.completions.create s": 700, "completions.create": 37,
        "completions.create s": 2, "responses.create": 860, "responses.create s": 335, "responses.compact": 7,
        "embeddings.create": 119, "images.generate": 4, "audio.transcriptions.create": 6, "threads.runs.create s": 5,
        "threads.runs.retrieve": 2,
    },
    "gemini": {
        "models.generateContent": 950, "models.streamGenerateContent": 15, "models.streamGenerateContent s": 230,
        "models.embedContent": 1, "models.batchEmbedContents": 13,
    },
}  # fmt: skip

# They tell numbers of what was counted before, or of what is kept: reading them consumes nothing.
TOLD_AGAIN = {
    "caches.create", "caches.list", "caches.retrieve", "caches.update", "batches.create", "responses.retrieve",
}  # fmt: skip


@cache
def exchanges() -> tuple[tuple[Recorded, str, Match], ...]:
    """Good answers of the gateway's operations."""
    found = []
    for exchange in recorded():
        where = place(exchange)
        if where is not None and exchange.status < 400:
            path = f"/{where.dialect}{where.path}"
            headers = tuple((name.encode(), b"") for name in exchange.request_headers if name.startswith("anthropic"))
            found.append((exchange, where.dialect, match(RequestHead(exchange.method, path.encode(), headers))))
    return tuple(found)


def _telling(dialect: str) -> Iterator[tuple[Recorded, Match, Said]]:
    for exchange, spoken, met in exchanges():
        told = said(exchange, spoken) if spoken == dialect else None
        if told is not None:
            yield exchange, met, told


def _pieces(data: bytes, dice: Random) -> Iterator[bytes]:
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randrange(12)))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:end]


def fed(tally: Tally, exchange: Recorded, data: bytes, *, split: bool) -> Consumption:
    pieces = _pieces(data, exchange.dice("usage")) if split else iter([data])
    if exchange.sse:
        frames = Frames(1 << 24)
        for piece in pieces:
            # As a relay shows them: only what could tell anything.
            if (whole := frames.feed(piece)) and tally.sign in whole:
                tally.frames(whole)
        tally.frames(frames.rest())
    else:
        for piece in pieces:
            tally.piece(piece)
    return tally.consumed()


def _counters(usage: Usage) -> Counter[str]:
    counted = Counter({name: getattr(usage, name) for name in COUNTERS if getattr(usage, name)})
    counted.update({f"tool:{name}": calls for name, calls in usage.tools})
    return counted


@pytest.mark.parametrize("split", [False, True], ids=["whole", "in pieces"])
@pytest.mark.parametrize("dialect", COMPARED)
def test_usage_is_what_the_recorded_answer_says(dialect: str, split: bool) -> None:
    """Every counter equals the other reading's, and the numbers of exchanges that were compared are what they were."""
    compared: Counter[str] = Counter()
    again: set[str] = set()
    torsos = 0
    wrong: list[str] = []
    for exchange, met, told in _telling(dialect):
        tally = DIALECTS[dialect].tally(met)
        operation = met.route.operation
        if tally is None or operation == "responses.retrieve":
            again.add(operation)
            continue
        consumption = fed(tally, exchange, exchange.response_body.encode(), split=split)
        usage = consumption.usage
        same = _counters(usage) == told.counters if told.consistent else _sums(usage) == told.sums
        if not same:
            wrong.append(f"{exchange.id} {operation}: {_counters(usage)} but it says {told.counters}")
        elif told.counters:
            assert consumption.source is Source.REPORTED
        compared[operation + (" s" if exchange.sse else "")] += 1
        torsos += consumption.missing
    print(f"{dialect}: {sum(compared.values())} compared", dict(compared), torsos, "incomplete")
    print(*wrong, sep="\n")
    assert wrong == []
    assert again <= TOLD_AGAIN
    # One stream was recorded without its end, one was of a server that never tells the output.
    assert torsos <= 1
    few = {name: compared[name] for name, least in COMPARED[dialect].items() if compared[name] < least}
    assert few == {}


def _usual(operation: str, body: bytes) -> object:
    if operation in openai.MANNERS:
        return openai.usual(body, openai.MANNERS[operation])
    return anthropic.usual(body) if operation == "messages.create" else gemini.usual(body)


@pytest.mark.parametrize(
    "operation",
    ["messages.create", "chat.completions.create", "completions.create", "responses.create", "embeddings.create",
     "models.generateContent", "models.streamGenerateContent"],
)  # fmt: skip
def test_what_providers_send_has_the_usual_form(operation: str) -> None:
    """Nearly every whole answer is read by the quick reader; the careful one is for the rest."""
    bodies = [
        exchange.response_body.encode()
        for dialect in COMPARED
        for exchange, met, _ in _telling(dialect)
        if met.route.operation == operation and not exchange.sse
    ]
    usual = sum(_usual(operation, body) is not None for body in bodies)
    print(f"{operation}: {usual} of {len(bodies)} have the usual form")
    assert usual >= 0.97 * len(bodies) > 0


def _several(body: bytes) -> bool:
    """Its recorder put several streams together."""
    return any(body.count(sign) > 1 for sign in (b'"type":"message_start"', b'"type":"response.created"'))


def _in_background(body: bytes) -> bool:
    """It goes on when nobody listens, and tells its usage to whoever reads it later."""
    return b'"background":true' in body.partition(b"\n\n")[0]


def _sums(usage: Usage) -> tuple[int, int]:
    return usage.total_input, usage.total_output


@pytest.mark.parametrize("dialect", COMPARED)
def test_a_cut_stream_says_that_something_is_missing_or_has_told_all(dialect: str) -> None:
    """Cut anywhere, it never raises; what counts as final is as much as the whole stream tells."""
    missing = told_all = 0
    wrong: list[str] = []
    for exchange, met, told in _telling(dialect):
        body = exchange.response_body.encode()
        tally = None if exchange.method == "GET" else DIALECTS[dialect].tally(met)
        if tally is None or not (exchange.sse or body.startswith(b"[")) or _several(body):
            continue
        cut = exchange.dice("cut").randrange(len(body))
        consumption = fed(tally, exchange, body[:cut], split=True)
        if consumption.missing:
            missing += 1
        elif _sums(consumption.usage) == told.sums:
            told_all += 1
        elif not _in_background(body):
            wrong.append(f"{exchange.id} at {cut}: {_sums(consumption.usage)} of {told.sums}")
    print(f"{dialect}: {missing} with something missing, {told_all} that had told all")
    print(*wrong, sep="\n")
    assert wrong == []
    assert missing > 150
