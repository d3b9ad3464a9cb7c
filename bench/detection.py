"""``python -m bench.detection``: how fast private values are looked for, on this machine, with all default rules.

Prose, code and JSON, in megabytes of new text a second on one core. CPU time is the process's own; the median of
several rounds is shown, and the first round apart, in which RE2 still builds its automata. Presidio's rules without a
model are measured beside it where it is installed in an environment of its own; exit code 1 when the budget is missed.
"""

import gzip
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

from penstock.core.finding import Matter
from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT

BUDGET = 20.0
"""Megabytes a second, for each kind of text."""
ROUNDS, SIZE, PIECE = 5, 2_000_000, 40_000
SAMPLE = 100_000
"""Letters that Presidio is given; it takes seconds for more."""

ROOT = Path(__file__).parents[1]
PRESIDIO = ROOT / ".cache" / "peers" / "presidio" / "bin" / "python"
HINT = (
    "presidio: not installed; python3 -m venv .cache/peers/presidio and .cache/peers/presidio/bin/pip install "
    "presidio-analyzer"
)
BESIDE = """
import json, logging, sys, time
logging.disable(logging.CRITICAL)
from presidio_analyzer import RecognizerRegistry
from presidio_analyzer.predefined_recognizers import SpacyRecognizer
registry = RecognizerRegistry()
registry.load_predefined_recognizers(languages=["en"])
rules = [rule for rule in registry.recognizers if not isinstance(rule, SpacyRecognizer)]
for name, pieces in json.load(sys.stdin).items():
    started = time.process_time()
    for piece in pieces:
        for rule in rules:
            rule.analyze(piece, rule.supported_entities, None)
    print(name, sum(map(len, pieces)) / (time.process_time() - started) / 1e6, len(rules))
"""


def _pieces(words: Iterator[str]) -> list[str]:
    """Texts as long as a file or an answer is, two megabytes in all where there is as much."""
    pieces, size = [], 0
    for text in words:
        for begun in range(0, len(text), PIECE):
            pieces.append(text[begun : begun + PIECE])
            size += len(pieces[-1])
            if size >= SIZE:
                return pieces
    return pieces


def _prose() -> Iterator[str]:
    """This project's documentation, and the sets of people's questions where they are at hand."""
    yield from (path.read_text() for path in sorted(ROOT.glob("docs/**/*.md")))
    data = Path(os.environ.get("PENSTOCK_TEST_DATA", "/nowhere")) / "data"
    yield from (path.read_text() for path in sorted(data.glob("rag/chunking/*.md")))


def _code() -> Iterator[str]:
    yield from (path.read_text(errors="replace") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")))


def _json() -> Iterator[str]:
    """Bodies of recorded requests and answers where they are at hand, else what npm keeps."""
    folder = Path(os.environ.get("PENSTOCK_TEST_DATA", "/nowhere")) / "corpus" / "recorded"
    for path in sorted(folder.glob("*.jsonl*")):
        data = path.read_bytes()
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()[::7]:
            yield json.loads(line)["response_body"]
    yield from (path.read_text() for path in ROOT.glob("tests/clients/node/package-lock.json"))


def _round(pieces: list[str]) -> tuple[float, int]:
    """Megabytes a second, and how much was found."""
    detector, found = engine(DEFAULT), 0
    started = time.process_time()
    for piece in pieces:
        found += len(detector.find(piece, Matter.RESULT))
    return sum(map(len, pieces)) / (time.process_time() - started) / 1e6, found


def _beside(texts: dict[str, list[str]]) -> dict[str, float]:
    """The same of Presidio's rules; nothing where it is not installed."""
    if not PRESIDIO.exists():
        print(HINT)
        return {}
    given = json.dumps({name: [piece[:SAMPLE] for piece in pieces[:3]] for name, pieces in texts.items()})
    run = subprocess.run([PRESIDIO, "-c", BESIDE], input=given, capture_output=True, text=True, check=True)
    return {name: float(rate) for name, rate, _ in map(str.split, run.stdout.splitlines())}


def main() -> int:
    """Prints one row for each kind of text."""
    texts = {"prose": _pieces(_prose()), "code": _pieces(_code()), "JSON": _pieces(_json())}
    beside = _beside(texts)
    print(f"{'text':<8}{'kB':>8}{'first MB/s':>12}{'MB/s':>8}{'found':>8}{'presidio MB/s':>15}")
    missed = False
    for name, pieces in texts.items():
        first, found = _round(pieces)
        rate = statistics.median(_round(pieces)[0] for _ in range(ROUNDS))
        missed |= rate < BUDGET
        other = f"{beside[name]:.3f}" if name in beside else "-"
        print(f"{name:<8}{sum(map(len, pieces)) // 1000:>8}{first:>12.1f}{rate:>8.1f}{found:>8}{other:>15}")
    print(f"budget: {BUDGET:.0f} MB/s, {'missed' if missed else 'kept'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
