"""How far the estimates are from what recorded streams really used: each stream is estimated from those before it."""

import re
import statistics
from collections import defaultdict
from pathlib import Path
from random import Random

import msgspec

from penstock.app import DIALECTS
from penstock.core.attachments import Passed, attachments
from penstock.core.usage import Consumption, Source
from penstock.ledger.estimates import Delivery, Estimates
from tests.corpus.test_usage import exchanges, fed

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "usage.md"


class Used(msgspec.Struct, frozen=True):
    """One stream that told all of its usage."""

    way: Delivery
    passed: Passed
    consumption: Consumption


def _streams() -> list[Used]:
    found = []
    for exchange, dialect, met in exchanges():
        tally = DIALECTS[dialect].tally(met)
        if tally is None or not exchange.sse or exchange.response_only or exchange.method != "POST":
            continue
        body = exchange.response_body.encode()
        consumption = fed(tally, exchange, body, split=False)
        if consumption.source is Source.REPORTED and not consumption.missing:
            way = Delivery(met.route.operation, stream=True)
            request = bytes(exchange.request_body)
            found.append(Used(way, Passed(len(request), len(body), attachments(request)), consumption))
    # The order in which they are learned from is one of many, and always the same.
    Random("estimates").shuffle(found)
    return found


def _measured() -> dict[str, list[str]]:
    """By operation: how many, the output's median and ninetieth percentile of error, the sums' ratio, the input's."""
    estimates = Estimates()
    outputs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    inputs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in _streams():
        model = one.consumption.model or "?"
        nothing = Consumption(missing=True)
        told, guess = one.consumption.usage, estimates.estimate(nothing, model, one.way, one.passed)
        if told.total_output:
            outputs[one.way.operation].append((guess.usage.total_output, told.total_output))
        if told.total_input:
            inputs[one.way.operation].append((guess.usage.total_input, told.total_input))
        estimates.learn(one.consumption, model, one.way, one.passed.bytes_in, one.passed.bytes_out)
    return {
        operation: [str(len(pairs)), *_errors(pairs), *_errors(inputs[operation])]
        for operation, pairs in sorted(outputs.items())
        if len(pairs) >= 100
    }


def _errors(pairs: list[tuple[int, int]]) -> list[str]:
    off = [abs(guess - told) / told for guess, told in pairs]
    together = sum(guess for guess, _ in pairs) / sum(told for _, told in pairs)
    return [f"{statistics.median(off):.0%}", f"{statistics.quantiles(off, n=10)[-1]:.0%}", f"{together - 1:+.0%}"]


def test_the_page_tells_the_error_that_is_measured() -> None:
    """The table in the documentation holds these very numbers."""
    rows = re.findall(r"^\| `([a-zA-Z.]+)` \| (\d+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    page = {operation: [number, *cells.split(" | ")] for operation, number, cells in rows}
    measured = _measured()
    for operation, cells in measured.items():
        print(f"| `{operation}` | {' | '.join(cells)} |")
    assert page == measured
    middle = statistics.median(one.consumption.usage.total_output for one in _streams())
    assert f"answered with {middle:.0f} tokens or fewer" in PAGE.read_text()


def test_sums_are_nearer_than_single_answers() -> None:
    """Over all streams of an operation, estimated output is within a fifth of what was told."""
    for operation, (_, _, _, together, *_) in _measured().items():
        assert abs(int(together.rstrip("%"))) <= 20, operation
