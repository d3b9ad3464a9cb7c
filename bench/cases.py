"""What is measured: one row a case, in the order of the table."""

from dataclasses import dataclass

from bench.bodies import ANTHROPIC, OPENAI, stream_model, unary_model

CLOSED, STREAMS, IDLE, HELD, START = "closed", "streams", "idle", "held", "start"


@dataclass(frozen=True)
class Case:
    """A load, repeated over rounds."""

    name: str
    title: str
    kind: str
    model: str
    request_size: int
    connections: int
    count: int
    seconds: float
    rounds: int
    dialect: str = ANTHROPIC
    warm: int = 0
    gap: float = 0.0
    ramp: float = 0.0
    quick_rounds: int = 0
    """Rounds of the short run; 0 leaves the case out of it."""

    @property
    def unit(self) -> str:
        """What the processor time is divided by."""
        return "frame" if self.kind in {STREAMS, HELD} else "request"


def case_of(name: str) -> Case:
    """The case of this name."""
    return next(case for case in cases(1) if case.name == name)


def cases(streams: int) -> tuple[Case, ...]:
    """All cases; ``streams`` is how many are held open at once."""
    ramp = max(1.0, streams / 500)
    return (
        Case("unary-1k", "unary, 1 kB", CLOSED, unary_model(1024), 1024, 32, 20_000, 1.2, 5, warm=20, quick_rounds=3),
        Case(
            "sse", "100 streams x 200 frames, one every 10 ms", STREAMS,
            stream_model(200, 10), 1024, 100, 100, 10, 5, ramp=0.1, quick_rounds=2,
        ),
        Case(
            "first-byte", "idle machine, one request at a time: time to first byte", IDLE,
            stream_model(6, 0), 1024, 1, 120, 5, 8, warm=20, gap=0.004, quick_rounds=4,
        ),
        Case(
            "unary-500k", "unary, 500 kB (a coding agent's turn)", CLOSED,
            unary_model(4096), 500_000, 8, 1_000, 1.2, 5, warm=4, quick_rounds=1,
        ),
        Case("start", "start to first request", START, unary_model(1024), 1024, 1, 1, 30, 3, quick_rounds=2),
        Case(
            "held", f"{streams} open streams, 2 frames a second each, 50 kB requests", HELD,
            stream_model(8 + int(2 * ramp), 500), 50_000, streams, streams, 60, 1, ramp=ramp, quick_rounds=1,
        ),
        Case("unary-50k", "unary, 50 kB", CLOSED, unary_model(2048), 50_000, 16, 4_000, 1.2, 5, warm=10),
        Case("unary-5m", "unary, 5 MB (with pictures)", CLOSED, unary_model(4096), 5_000_000, 2, 100, 1.5, 3, warm=2),
        Case(
            "chat-1k", "unary, 1 kB, OpenAI Chat", CLOSED,
            unary_model(1024), 1024, 32, 20_000, 1.2, 3, OPENAI, warm=20,
        ),
        Case(
            "chat-sse", "100 streams x 200 frames, OpenAI Chat", STREAMS,
            stream_model(200, 10), 1024, 100, 100, 10, 3, OPENAI, ramp=0.1,
        ),
    )  # fmt: skip
