"""Counts finished exchanges: a few list elements for each, no label, no lock, no text. ``exposition`` writes the page.

A row is a list of numbers, so that rows of several processes are added up element by element. How many rows there can
be is bounded: routes and providers are the operator's, and of the models that clients name only those count that have
answered, up to a limit.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from penstock.core.entry import Entry
from penstock.core.usage import COUNTERS, Share, Source

# Upper bounds. Durations, first bytes and tokens are those that OpenTelemetry's semantic conventions for generative
# models advise (gen-ai-metrics.md, version 1.37).
DURATIONS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
FIRST_BYTES = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
OVERHEADS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)

MODELS_MOST, MODEL_LENGTH, OTHER = 200, 100, "other"

# Where the parts of a row stand: sums first, then one element for each bucket and one for what is beyond the last.
COUNT, DURATION, FIRST, OVERHEAD, IN, OUT, COST, UNPRICED, ESTIMATED = range(9)
IN_DURATIONS = 9
IN_FIRST_BYTES = IN_DURATIONS + len(DURATIONS) + 1
IN_OVERHEADS = IN_FIRST_BYTES + len(FIRST_BYTES) + 1
ROW = IN_OVERHEADS + len(OVERHEADS) + 1
IN_COUNTERS = IN_OVERHEADS
IN_INPUTS = IN_COUNTERS + len(COUNTERS)
IN_OUTPUTS = IN_INPUTS + len(TOKENS) + 1
MODEL_ROW = IN_OUTPUTS + len(TOKENS) + 1

RequestKey = tuple[str, str, str, str, int]
"""Dialect, operation, provider, outcome, and the hundreds of the status."""
Key = TypeVar("Key")
ModelKey = tuple[str, str, str, str, str]
"""Dialect, operation, provider, model and fault."""
RulingKey = tuple[str, str, str, str]
"""A content policy, its check, what was done, and whether about a request or an answer."""


class Gauge(msgspec.Struct, frozen=True):
    """Something that is looked up when somebody asks."""

    name: str
    words: str
    read: Callable[[], float]


class Snapshot(msgspec.Struct):
    """All numbers of one process, or of several together."""

    requests: list[tuple[RequestKey, list[float]]]
    models: list[tuple[ModelKey, list[float]]]
    gauges: dict[str, float] = {}
    rulings: list[tuple[RulingKey, list[float]]] = []

    def add(self, other: "Snapshot") -> "Snapshot":
        """Both together."""
        gauges = {name: self.gauges.get(name, 0) + other.gauges.get(name, 0) for name in self.gauges | other.gauges}
        requests, models = _added(self.requests, other.requests), _added(self.models, other.models)
        return Snapshot(requests, models, gauges, _added(self.rulings, other.rulings))


class Metrics:
    """Counts for one process."""

    def __init__(self, gauges: Sequence[Gauge] = ()) -> None:
        self.gauges = list(gauges)
        self._requests: dict[RequestKey, list[float]] = {}
        self._models: dict[ModelKey, list[float]] = {}
        self._names: set[str] = set()
        self._rulings: dict[RulingKey, list[float]] = {}
        """As many as the operator's policies have checks."""

    def closed(self, entry: Entry) -> None:
        """An exchange is over."""
        opened, duration, first = entry.opened, entry.duration, entry.first_byte
        key = (opened.dialect, opened.operation, opened.provider, entry.outcome, entry.status // 100)
        row = self._requests.get(key)
        if row is None:
            row = self._requests[key] = [0] * ROW
        row[COUNT] += 1
        row[DURATION] += duration
        row[FIRST] += first
        row[OVERHEAD] += entry.overhead
        took = IN_DURATIONS + bisect_left(DURATIONS, duration)
        row[took] += 1
        began = IN_FIRST_BYTES + bisect_left(FIRST_BYTES, first)
        if first:
            row[began] += 1
            row[IN_OVERHEADS + bisect_left(OVERHEADS, entry.overhead)] += 1
        for ruling in entry.rulings:
            about = (ruling.policy, ruling.check, ruling.told, ruling.side.value)
            self._rulings.setdefault(about, [0])[0] += 1
        # A batch's results may be fetched many times: that they count once only the books can see to.
        if opened.model or (entry.consumption.source is Source.REPORTED and not entry.batch):
            row = self._model(entry)
            row[COUNT] += 1
            row[DURATION] += duration
            row[took] += 1
            if first and opened.stream:
                row[FIRST] += first
                row[began] += 1
            if entry.consumption.shares:
                _count(row, entry)
            elif entry.cost is None:
                row[UNPRICED] += 1

    def _model(self, entry: Entry) -> list[float]:
        opened, name = entry.opened, entry.opened.model or entry.consumption.model or ""
        if name not in self._names:
            # A name that no provider has answered to may be anything, and another one in every request.
            room = 0 < len(name) <= MODEL_LENGTH and len(self._names) < MODELS_MOST
            if room and entry.consumption.shares and name.isprintable():
                self._names.add(name)
            else:
                name = OTHER
        key = (opened.dialect, opened.operation, opened.provider, name, entry.fault)
        row = self._models.get(key)
        if row is None:
            row = self._models[key] = [0] * MODEL_ROW
        return row

    def snapshot(self, *, living: bool = True) -> Snapshot:
        """All numbers as they are now; without gauges where the process is about to end."""
        requests = [(key, list(row)) for key, row in self._requests.items()]
        models = [(key, list(row)) for key, row in self._models.items()]
        rulings = [(about, list(row)) for about, row in self._rulings.items()]
        gauges = {gauge.name: gauge.read() for gauge in self.gauges} if living else {}
        return Snapshot(requests, models, gauges, rulings)


def _count(row: list[float], entry: Entry) -> None:
    taken = given = 0
    for share in entry.consumption.shares:
        taken, given = _count_share(row, share, taken, given)
    row[IN] += taken
    row[OUT] += given
    row[IN_INPUTS + bisect_left(TOKENS, taken)] += 1
    row[IN_OUTPUTS + bisect_left(TOKENS, given)] += 1
    if entry.cost is None:
        row[UNPRICED] += 1
    else:
        row[COST] += entry.cost
    if entry.consumption.source is Source.ESTIMATED:
        row[ESTIMATED] += 1


def _count_share(row: list[float], share: Share, taken: int, given: int) -> tuple[int, int]:
    usage = share.usage
    # Most calls use nothing but these three.
    row[IN_COUNTERS + _INPUT] += usage.input
    row[IN_COUNTERS + _CACHE_READ] += usage.cache_read
    row[IN_COUNTERS + _OUTPUT] += usage.output
    taken += usage.input + usage.cache_read
    given += usage.output
    if (
        usage.reasoning or usage.cache_write_5m or usage.cache_write_1h or usage.input_image or usage.input_audio
        or usage.output_image or usage.output_audio
    ):  # fmt: skip
        for place, name in _RARE:
            row[place] += getattr(usage, name)
        return taken - usage.input - usage.cache_read + usage.total_input, given - usage.output + usage.total_output
    return taken, given


_INPUT, _CACHE_READ, _OUTPUT = (COUNTERS.index(name) for name in ("input", "cache_read", "output"))
_RARE = tuple(
    (IN_COUNTERS + place, name) for place, name in enumerate(COUNTERS) if name not in {"input", "cache_read", "output"}
)


def _added(one: list[tuple[Key, list[float]]], other: list[tuple[Key, list[float]]]) -> list[tuple[Key, list[float]]]:
    rows = {key: list(row) for key, row in one}
    for key, row in other:
        before = rows.get(key)
        rows[key] = list(row) if before is None else [sum(pair) for pair in zip(before, row, strict=True)]
    return list(rows.items())
