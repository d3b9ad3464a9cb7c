"""The budgets, and which figure of a run each is held against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.figures import Spread, median, percentile, ratios
from bench.measure import Round

Rounds = Mapping[str, list[Round]]
"""The rounds of one case by subject."""
Results = Mapping[str, Rounds]
"""By case."""

OURS, REFERENCE, DIRECT = "penstock", "nginx", "direct"
TERSER = "terser"
"""Ours, with terser answers for every conversation."""
ALL_ON = "all on"
"""Ours, with terser answers and private values looked for in every request, and put back into every answer."""


def right(rounds: list[Round]) -> list[Round]:
    """The rounds in which every answer was right; the others say nothing."""
    return [one for one in rounds if one.good]


def units(one: Round, unit: str) -> int:
    """How many requests or frames a round served."""
    return one.tally.frames if unit == "frame" else one.tally.good


def cost(rounds: list[Round], unit: str) -> list[float]:
    """Processor seconds a unit, round by round."""
    return [one.cpu / units(one, unit) for one in right(rounds) if one.cpu is not None and units(one, unit)]


def rate(rounds: list[Round]) -> list[float]:
    """Requests a second, round by round."""
    return [one.tally.good / one.tally.elapsed for one in right(rounds) if one.tally.elapsed > 0]


def cost_ratio(results: Results, case: str, unit: str, of: str = OURS, to: str = REFERENCE) -> Spread | None:
    """Processor time of one subject over that of another."""
    rounds = results.get(case, {})
    return Spread.of(ratios(cost(rounds.get(of, []), unit), cost(rounds.get(to, []), unit)))


QUIET = 0.2
"""A machine is idle for us while everything else on it uses no more than this much of a core. Above it, the tail of a
latency is the others' (measured: a 99th percentile of 0.7 ms became 4.4 ms beside one busy process)."""


def quiet(rounds: list[Round]) -> list[Round]:
    """The right rounds that had the machine to themselves."""
    return [one for one in right(rounds) if one.others <= QUIET]


def first_bytes(rounds: list[Round]) -> list[float]:
    """All times to first byte, in order."""
    return sorted(sample for one in rounds for sample in one.tally.samples)


def added_first_byte(results: Results, percent: float, of: str = OURS) -> float | None:
    """Milliseconds that a subject adds to the time to first byte at a percentile, in quiet rounds."""
    rounds = results.get("first-byte", {})
    ours, direct = first_bytes(quiet(rounds.get(of, []))), first_bytes(quiet(rounds.get(DIRECT, [])))
    if not ours or not direct:
        return None
    return (percentile(ours, percent) - percentile(direct, percent)) * 1000


def idle_megabytes(results: Results, of: str = OURS) -> float | None:
    """Memory of the process that moves the data, after its first request."""
    held = [one.memory_before for one in results.get("held", {}).get(of, []) if one.memory_before]
    started = [one.memory_before for one in results.get("start", {}).get(of, []) if one.memory_before]
    known = held or started
    return median([float(size) for size in known]) / 1e6 if known else None


def kilobytes_a_stream(results: Results, of: str = OURS) -> float | None:
    """What each open stream adds to it."""
    rounds = [one for one in right(results.get("held", {}).get(of, [])) if one.memory_open]
    return median([(one.memory_open - one.memory_before) / one.tally.good / 1000 for one in rounds]) if rounds else None


def start_seconds(results: Results, of: str = OURS) -> float | None:
    """From the command to the end of the first answer."""
    known = [one.start_seconds for one in right(results.get("start", {}).get(of, []))]
    return median(known) if known else None


def latest_frame(results: Results, of: str = OURS) -> float | None:
    """Milliseconds by which the latest frame of the held streams was late."""
    known = [one.tally.late[2] * 1000 for one in right(results.get("held", {}).get(of, [])) if one.tally.late]
    return max(known) if known else None


def milliseconds_a_request(results: Results, case: str, of: str = OURS) -> float | None:
    """Processor milliseconds a request."""
    found = Spread.of(cost(results.get(case, {}).get(of, []), "request"))
    return found.middle * 1000 if found else None


def speed_ratio(results: Results, case: str, to: str) -> float | None:
    """Our requests a second over a peer's."""
    rounds = results.get(case, {})
    found = Spread.of(ratios(rate(rounds.get(OURS, [])), rate(rounds.get(to, []))))
    return found.middle if found else None


def _middle(found: Spread | None) -> float | None:
    return found.middle if found else None


@dataclass(frozen=True)
class Budget:
    """A promise: the figure, its target, and what would be better still."""

    words: str
    unit: str
    target: float
    stretch: float
    figure: Callable[[Results], float | None]
    at_least: bool = False

    def verdict(self, value: float) -> str:
        """``stretch``, ``pass`` or ``miss``."""
        for bound, word in ((self.stretch, "stretch"), (self.target, "pass")):
            if value >= bound if self.at_least else value <= bound:
                return word
        return "miss"


BUDGETS: tuple[Budget, ...] = (
    Budget("unary 1 kB: CPU per request", "x nginx", 4, 3, lambda r: _middle(cost_ratio(r, "unary-1k", "request"))),
    Budget("SSE: CPU per frame", "x nginx", 1.5, 1.25, lambda r: _middle(cost_ratio(r, "sse", "frame"))),
    Budget(
        "unary 500 kB: CPU per request (budget: with compression)",
        "ms",
        1.5,
        0.8,
        lambda r: milliseconds_a_request(r, "unary-500k", of=TERSER),
    ),
    Budget(
        "SSE, values restored: CPU per frame",
        "x nginx",
        3,
        2,
        lambda r: _middle(cost_ratio(r, "sse", "frame", of=ALL_ON)),
    ),
    Budget(
        "unary 500 kB, all policies on, history unchanged: CPU per request",
        "ms",
        5,
        2,
        lambda r: milliseconds_a_request(r, "unary-500k", of=ALL_ON),
    ),
    Budget("added time to first byte, p50", "ms", 0.4, 0.25, lambda r: added_first_byte(r, 50)),
    Budget("added time to first byte, p99", "ms", 1.5, 1, lambda r: added_first_byte(r, 99)),
    Budget("memory, idle", "MB", 70, 50, idle_megabytes),
    Budget("memory, each open stream", "kB", 25, 15, kilobytes_a_stream),
    Budget("start to first request served", "s", 1, 0.5, start_seconds),
    Budget("held streams: the latest frame is late by", "ms", 250, 250, latest_frame),
    Budget(
        "unary 1 kB: throughput", "x LiteLLM", 50, 100, lambda r: speed_ratio(r, "unary-1k", "litellm"), at_least=True
    ),
)
