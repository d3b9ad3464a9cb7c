"""``python -m bench.detection``: how fast private values are looked for, on this machine, with all default rules.

Code, JSON, others' prose, people's prompts and this project's manual, in megabytes of new text a second on one core,
with all rules, and with names and addresses besides. The budget is for all of it; a row that misses it says so. CPU
time is the process's own; the median of several rounds is shown, and the first round apart, in which RE2 still builds
its automata. Then recall and precision on Presidio's synthetic texts, where they are at hand. Presidio's rules, without
a model, are measured beside both where it is installed in an environment of its own. Exit code 1 when the budget is
missed.
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

import msgspec

from penstock.core.finding import Found, Matter, Pause, unhurried
from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT
from penstock.detection.scoring import TYPES, Sample, Score, samples, scores

BUDGET = 20.0
"""Megabytes a second, for each kind of text, with all rules, names and addresses."""
RULED = DEFAULT - {"person", "address"}
"""What rules find; names and addresses are read for word by word besides."""
ROUNDS, SIZE, PIECE = 5, 2_000_000, 40_000
SAMPLE = 100_000
"""Letters that Presidio is given; it takes seconds for more."""

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("PENSTOCK_TEST_DATA", "/nowhere"))
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
given = json.load(sys.stdin)
def found(text):
    return [one for rule in rules for one in rule.analyze(text, rule.supported_entities, None) if one.score >= 0.35]
rates = {}
for name, pieces in given["speed"].items():
    started = time.process_time()
    for piece in pieces:
        found(piece)
    rates[name] = sum(map(len, pieces)) / (time.process_time() - started) / 1e6
marked = [[(one.start, one.end, one.entity_type) for one in found(text)] for text in given["texts"]]
print(json.dumps({"rates": rates, "found": marked}))
"""
"""What Presidio itself scores below 0.35 is left out: little of it is right."""


class Beside(msgspec.Struct):
    """What Presidio's rules did."""

    rates: dict[str, float] = {}
    found: list[list[tuple[int, int, str]]] = []


class Told:
    """Findings of somebody else, as a detector's."""

    version = "told"

    def __init__(self, texts: list[str], found: list[list[tuple[int, int, str]]]) -> None:
        self._found = dict(zip(texts, found, strict=True))

    def find(self, text: str, matter: Matter, pause: Pause = unhurried) -> list[Found]:
        """Those that are of a kind of ours."""
        del matter, pause
        return [Found(start, end, TYPES[kind], kind) for start, end, kind in self._found[text] if kind in TYPES]


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


def _manual() -> Iterator[str]:
    """This project's documentation: full of examples of what is looked for, and so the slowest of all."""
    yield from (path.read_text() for path in sorted(ROOT.glob("docs/**/*.md")))


def _prose() -> Iterator[str]:
    """Reports, abstracts, articles, a speech and chats by others, where they are at hand."""
    yield from (path.read_text() for path in sorted(DATA.glob("data/rag/chunking/*.md")))


def _prompts() -> Iterator[str]:
    """What people ask models, one by one, in many languages, where it is at hand: some hundred letters each."""
    for name in ("arena-hard-v2", "ifeval"):
        path = DATA / "data" / "prompts" / f"{name}.jsonl"
        for line in path.read_bytes().splitlines() if path.exists() else ():
            yield json.loads(line)["prompt"]


def _code() -> Iterator[str]:
    yield from (path.read_text(errors="replace") for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")))


def _json() -> Iterator[str]:
    """Bodies of recorded requests and answers where they are at hand, else what npm keeps."""
    folder = DATA / "corpus" / "recorded"
    for path in sorted(folder.glob("*.jsonl*")):
        data = path.read_bytes()
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()[::7]:
            yield json.loads(line)["response_body"]
    yield from (path.read_text() for path in ROOT.glob("tests/clients/node/package-lock.json"))


def _round(pieces: list[str], kinds: frozenset[str]) -> tuple[float, int]:
    """Megabytes a second, and how much was found."""
    detector, found = engine(kinds), 0
    started = time.process_time()
    for piece in pieces:
        found += len(detector.find(piece, Matter.RESULT))
    return sum(map(len, pieces)) / (time.process_time() - started) / 1e6, found


def _marked() -> list[Sample]:
    path = DATA / "data" / "pii" / "presidio-synth-v2.json"
    return samples(path.read_bytes()) if path.exists() else []


def _beside(texts: dict[str, list[str]], marked: list[Sample]) -> Beside:
    """The same of Presidio's rules; nothing where it is not installed."""
    if not PRESIDIO.exists():
        print(HINT)
        return Beside()
    speed = {name: [piece[:SAMPLE] for piece in pieces[:3]] for name, pieces in texts.items()}
    given = json.dumps({"speed": speed, "texts": [sample.text for sample in marked]})
    run = subprocess.run([PRESIDIO, "-c", BESIDE], input=given, capture_output=True, text=True, check=True)
    return msgspec.json.decode(run.stdout, type=Beside)


def _quality(marked: list[Sample], beside: Beside) -> None:
    """Prints recall and precision of each kind that is marked."""
    ours = scores(engine(DEFAULT), marked)
    theirs: dict[str, Score] = {}
    if beside.found:
        told = Told([sample.text for sample in marked], beside.found)
        theirs = {score.kind: score for score in scores(told, marked)}
    print(f"\n{'kind':<16}{'marked':>8}{'recall':>8}{'precision':>11}{'presidio recall':>17}{'precision':>11}")
    for score in ours:
        if score.marked:
            figures = _figures(score) + (_figures(theirs[score.kind]) if score.kind in theirs else ["-", "-"])
            print(f"{score.kind:<16}{score.marked:>8}{figures[0]:>8}{figures[1]:>11}{figures[2]:>17}{figures[3]:>11}")


def _figures(score: Score) -> list[str]:
    return [f"{value:.2f}" if value is not None else "-" for value in (score.recall, score.precision)]


def main() -> int:
    """Prints one row for each kind of text, and one for each kind of value."""
    given = {"code": _code(), "JSON": _json(), "prose": _prose(), "prompts": _prompts(), "manual": _manual()}
    texts = {name: pieces for name, words in given.items() if (pieces := _pieces(words))}
    marked = _marked()
    beside = _beside(texts, marked)
    print(f"{'text':<8}{'kB':>8}{'first MB/s':>12}{'MB/s':>8}{'with names':>12}{'found':>8}{'presidio MB/s':>15}")
    missed = False
    for name, pieces in texts.items():
        first, _ = _round(pieces, RULED)
        _, found = _round(pieces, DEFAULT)
        rate, named = (statistics.median(_round(pieces, kinds)[0] for _ in range(ROUNDS)) for kinds in (RULED, DEFAULT))
        missed |= named < BUDGET
        other = f"{beside.rates[name]:.3f}" if name in beside.rates else "-"
        print(
            f"{name:<8}{sum(map(len, pieces)) // 1000:>8}{first:>12.1f}{rate:>8.1f}{named:>12.1f}{found:>8}{other:>15}"
            + ("" if named >= BUDGET else "  below the budget")
        )
    print(f"budget: {BUDGET:.0f} MB/s, {'missed' if missed else 'kept'}")
    if marked:
        _quality(marked, beside)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
