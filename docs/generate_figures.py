"""Writes measured figures into the README and docs/performance.md, and draws their pictures.

    make figures

It takes what ``bench/results`` holds: ``latest.json`` (``make bench``), ``flames.json`` (``python -m bench.flames``)
and ``growth.json`` (``python -m bench.growth``). A part whose file is not there stays as it is. It replaces what stands
between two comments, and writes down what was missed as it does what was met.
"""

import re
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import flame, growth_plot, plot  # noqa: E402 - the checkout's own bench is no installed package
from bench.budgets import OURS, REFERENCE, cost, rate  # noqa: E402
from bench.cases import HELD, cases  # noqa: E402
from bench.figures import Spread, median  # noqa: E402
from bench.flames import Flame, Flames  # noqa: E402
from bench.growth import Growth, ratios  # noqa: E402
from bench.measure import Round  # noqa: E402
from bench.report import others  # noqa: E402

RESULTS = ROOT / "bench" / "results"
PICTURES = ROOT / "docs" / "pictures"
DRAWN = ("speed", "growth", "flame-request", "flame-stream", "flame-turn")
"""The pictures that this draws."""

README, PAGE = ROOT / "README.md", ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- {}: docs/generate_figures.py -->\n", "<!-- end of {} -->\n"

Cases = dict[str, dict[str, list[Round]]]


class Run(msgspec.Struct, frozen=True):
    """What ``python -m bench`` wrote."""

    machine: dict[str, object]
    notes: list[str]
    budgets: list[dict[str, object]]
    cases: Cases


def place(machine: Mapping[str, object]) -> str:
    """When and on what."""
    return f"{str(machine['when'])[:10]}, {machine['processor']}, CPython {machine['python']}, nginx {machine['nginx']}"


def readme(run: Run) -> str:
    """The measured figures beside their budgets."""
    lines = [
        f"{place(run.machine)}, one core for the gateway:",
        "",
        "| figure | measured | budget | |",
        "|---|---|---|---|",
    ]
    for budget in run.budgets:
        if budget["measured"] is not None:
            verdict = "missed" if budget["verdict"] == "miss" else "met"
            lines.append(f"| {budget['figure']} | {value(budget)} | {budget['target']} {unit(budget)} | {verdict} |")
    return "\n".join([*lines, "", bare(run.cases)]).rstrip()


def value(budget: Mapping[str, object]) -> str:
    """A measured figure with its unit."""
    measured = budget["measured"]
    return f"{measured:.3g} {unit(budget)}" if isinstance(measured, float) else "not measured"


def unit(budget: Mapping[str, object]) -> str:
    """As people write it."""
    return str(budget["unit"]).replace("x ", "× ")


def bare(cases: Cases) -> str:
    """What is left without the books, in a sentence."""
    if not all("no books" in cases.get(case, {}) for case in ("unary-1k", "sse")):
        return ""
    unary, stream = (times_nginx(cases[case], fold) for case, fold in (("unary-1k", "request"), ("sse", "frame")))
    return f"With `books: false` a request took {unary:.3g} and an event {stream:.3g} times nginx's, in the same run."


def times_nginx(rounds: Mapping[str, list[Round]], unit: str) -> float:
    """The median over the rounds of processor time beside nginx's, for each request or frame."""
    spent = (cost(rounds[name], unit) for name in ("no books", REFERENCE))
    return statistics.median(ours / theirs for ours, theirs in zip(*spent, strict=False))


BUSY = 0.5
"""Above this, ratios of one run vary by more than a tenth, and latencies say little."""


def busy(others: float) -> str:
    """How far to trust a run."""
    told = f"The rest of the machine used {others:.2f} of a core meanwhile"
    return f"{told}: it was busy, so take small differences for none." if others > BUSY else f"{told}."


def limit(budget: Mapping[str, object], bound: str) -> str:
    """A bound in words."""
    signs = str(budget[bound]).replace("<=", "≤").replace(">=", "≥")
    return f"{signs} {unit(budget)}"


def held(budget: Mapping[str, object], bound: str) -> str:
    """Whether a bound is kept, and else by how much it is missed."""
    measured = budget["measured"]
    if not isinstance(measured, float):
        return "not measured"
    sign, _, number = str(budget[bound]).partition(" ")
    limit = float(number)
    beyond = 1 - measured / limit if sign == ">=" else measured / limit - 1
    return "met" if beyond <= 0 else f"missed by {beyond:.0%}"


def budgets(run: Run) -> str:
    """Every budget with what was measured: the target, and what would be better still."""
    lines = [
        f"{place(run.machine)}, one core for the gateway. {busy(others(run.cases))}",
        "",
        "| figure | measured | target | | stretch | |",
        "|---|---|---|---|---|---|",
    ]
    for budget in run.budgets:
        target, stretch = (f"{limit(budget, bound)} | {held(budget, bound)}" for bound in ("target", "stretch"))
        lines.append(f"| {budget['figure']} | {value(budget)} | {target} | {stretch} |")
    return "\n".join(lines)


def peers(run: Run) -> str:
    """A small request through each gateway that was there."""
    rounds = run.cases.get("unary-1k", {})
    lines = [
        f"{place(run.machine)}. {', '.join(versions())}. Answers with a wrong text or status would give no figure.",
        "",
        "| a request of 1 kB | CPU | × nginx | × Penstock | requests a second, on one core | memory |",
        "|---|---|---|---|---|---|",
    ]
    spent = {name: Spread.of(cost(rounds.get(name, []), "request")) for name in (REFERENCE, OURS, *plot.PEERS)}
    for name, found in spent.items():
        if found is None:
            lines.append(f"| {name} | not installed in this run | | | | |")
            continue
        beside = (spent[REFERENCE], spent[OURS])
        times = [f"{found.middle / other.middle:.3g}" if other else "" for other in beside]
        cells = [f"{found.middle * 1e6:,.0f} µs", *times, f"{median(rate(rounds[name])):,.0f}"]
        memory = max(one.memory_before for one in rounds[name]) / 1e6
        lines.append(f"| {name} | {' | '.join(cells)} | {memory:.0f} MB |")
    return "\n".join(lines)


def versions() -> list[str]:
    """What is installed beside ours."""
    litellm = re.findall(r"==(\S+)", (ROOT / "requirements" / "peers-litellm.in").read_text())
    portkey = re.findall(r'gateway": "([^"]+)', (ROOT / "bench" / "portkey" / "package.json").read_text())
    return [f"LiteLLM {litellm[0]}", f"Portkey {portkey[0]}"]


def grown(parts: Mapping[str, Growth]) -> str:
    """What a request costs at each size."""
    known = {name: parts[part] for part, name in growth_plot.NAMES.items() if part in parts}
    lines = [
        *(f"Over {name}: {place(one.machine)}. {busy(one.others)}\n" for name, one in known.items()),
        "| keys | exchanges in the books | CPU of a request, with what is written | × the least | rounds |",
        "|---|---|---|---|---|",
    ]
    for growth in known.values():
        for one in growth.sizes:
            times = ratios(one, growth.sizes[0])
            cells = f"{statistics.median(one.rounds):.0f} µs | {statistics.median(times):.2f}"
            lines.append(f"| {one.keys:,} | {one.exchanges:,} | {cells} | {min(times):.2f} to {max(times):.2f} |")
    return "\n".join(lines)


def flames(found: Flames) -> str:
    """Which part of the time each room takes."""
    scenes = list(found.scenes.values())
    parts = [flame.shares(scene.stacks) for scene in scenes]
    looks = sum(sum(scene.stacks.values()) for scene in scenes)
    rooms = [room for room, _ in flame.ROOMS] + [flame.LOOP, flame.OTHERS]
    lines = [
        f"{place(found.machine)}. {looks:,} looks, {found.rate} a second.",
        "",
        "| room | "
        + " | ".join(f"{scene.title}: {scene.microseconds:,.0f} µs a {scene.unit}" for scene in scenes)
        + " |",
        "|---|" + "---|" * len(scenes),
    ]
    lines += [f"| {room} | " + " | ".join(f"{part.get(room, 0):.0%}" for part in parts) + " |" for room in rooms]
    return "\n".join(lines)


def flame_picture(machine: Mapping[str, object], scene: Flame) -> str:
    """One scene."""
    took = f"{scene.microseconds:,.0f} us of processor time a {scene.unit}"
    words = f"{str(machine['when'])[:10]}, {took}, {machine['processor']}, CPython {machine['python']}; read from below"
    return flame.svg(scene.stacks, scene.title, words)


def put(page: Path, name: str, text: str) -> None:
    """The part of this name, anew."""
    begin, end = BEGIN.format(name), END.format(name)
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        sys.exit(f"{page.name} has no part for {name}")
    page.write_text(f"{before}{begin}\n{text}\n\n{end}{after}")


def of_run(raw: bytes) -> None:
    """All that a run of the bench says."""
    run = msgspec.json.decode(raw, type=Run)
    put(README, "figures", readme(run))
    put(PAGE, "budgets", budgets(run))
    put(PAGE, "peers", peers(run))
    streams = max((one.tally.good for one in run.cases.get(HELD, {}).get(OURS, [])), default=300)
    known = [case for case in cases(streams) if case.name in run.cases]
    (PICTURES / "speed.svg").write_text(plot.svg(known, run.cases, f"{place(run.machine)}."))


def of_flames(raw: bytes) -> None:
    """All that was seen of the stacks."""
    found = msgspec.json.decode(raw, type=Flames)
    put(PAGE, "rooms", flames(found))
    for name, scene in found.scenes.items():
        (PICTURES / f"{name}.svg").write_text(flame_picture(found.machine, scene))


def of_growth(raw: bytes) -> None:
    """All that was measured of sizes."""
    parts = msgspec.json.decode(raw, type=dict[str, Growth])
    put(PAGE, "growth", grown(parts))
    latest = max(parts.values(), key=lambda one: str(one.machine["when"]))
    (PICTURES / "growth.svg").write_text(growth_plot.svg(parts, f"{place(latest.machine)}."))


SOURCES: dict[str, tuple[Callable[[bytes], None], str]] = {
    "latest.json": (of_run, "make bench"),
    "flames.json": (of_flames, "python -m bench.flames"),
    "growth.json": (of_growth, "python -m bench.growth"),
}


def main() -> None:
    """The pages, with the figures of the latest runs."""
    for name, (write, how) in SOURCES.items():
        if (RESULTS / name).exists():
            write((RESULTS / name).read_bytes())
            sys.stdout.write(f"{name}: written\n")
        else:
            sys.stdout.write(f"{name}: skipped, it is not there yet; run: {how}\n")


if __name__ == "__main__":
    main()
