"""Writes the figures of the latest ``make bench`` into the README, with their date and machine.

    make bench && python docs/generate_figures.py

It replaces what stands between the two comments, and writes down what was missed as it does what was met.
"""

import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- figures: docs/generate_figures.py -->\n", "<!-- end of figures -->\n"


def table(results: dict) -> str:
    """The measured figures beside their budgets."""
    machine = results["machine"]
    lines = [
        f"{machine['when'][:10]}, {machine['processor']}, CPython {machine['python']}, nginx {machine['nginx']}, "
        "one core for the gateway:",
        "",
        "| figure | measured | budget | |",
        "|---|---|---|---|",
    ]
    for budget in results["budgets"]:
        if budget["measured"] is not None:
            verdict = "missed" if budget["verdict"] == "miss" else "met"
            measured = f"{budget['measured']:.3g} {budget['unit']}"
            lines.append(f"| {budget['figure']} | {measured} | {budget['target']} {budget['unit']} | {verdict} |")
    return "\n".join([*lines, "", bare(results["cases"]), ""])


def bare(cases: dict) -> str:
    """What is left without the books, in a sentence."""
    unary, stream = (times_nginx(cases[case], fold) for case, fold in (("unary-1k", "good"), ("sse", "frames")))
    return f"With `books: false` a request took {unary:.3g} and an event {stream:.3g} times nginx's, in the same run."


def times_nginx(rounds: dict, fold: str) -> float:
    """The median over the rounds of processor time beside nginx's, for each request or frame."""
    spent = ([one["cpu"] / one["tally"][fold] for one in rounds[name]] for name in ("no books", "nginx"))
    return statistics.median(ours / theirs for ours, theirs in zip(*spent, strict=True))


def main() -> None:
    """The README, with the figures of the latest run."""
    found = ROOT / "bench" / "results" / "latest.json"
    if not found.exists():
        sys.exit("there are no results yet; run: make bench")
    page = ROOT / "README.md"
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(json.loads(found.read_text()))}\n{END}{after}")


if __name__ == "__main__":
    main()
