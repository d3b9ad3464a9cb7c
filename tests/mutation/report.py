"""What came of the changes: counts for each file and room, and each change that no test noticed, as a line of diff.

Reads what mutmut keeps beside each changed file: `<file>.meta`, names of changes with the exit code of their tests.
"""

import ast
import difflib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

CHANGED = Path("mutants/src/penstock")
WORDS = {None: "open", 2: "open", -2: "open", -15: "open", 0: "survived", 5: "no test", 33: "no test", -24: "timeout"}
COLUMNS = ("killed", "timeout", "survived", "no test", "open")


def verdicts(file: Path) -> dict[str, str]:
    """Each change of a file and what became of it: 1 is pytest's own no, other codes say how a process died."""
    codes = json.loads(file.with_name(file.name + ".meta").read_text())["exit_code_by_key"]
    return {name: WORDS.get(code, "killed") for name, code in codes.items()}


def files() -> list[Path]:
    """Files that changes were made of."""
    found = [meta.with_suffix("") for meta in sorted(CHANGED.rglob("*.meta"))]
    return [file for file in found if verdicts(file)]


def share(counts: Counter[str]) -> str:
    """How much was noticed of what was tried; what no test even runs was not noticed."""
    tried = counts.total() - counts["open"]
    return f"{(counts['killed'] + counts['timeout']) / tried:.1%}" if tried else "-"


def table() -> Iterator[str]:
    """A row for each file, one for each room, one for all."""
    yield "".join(["file".ljust(44), *(column.rjust(10) for column in ("all", *COLUMNS, "noticed"))])
    rooms: dict[str, Counter[str]] = {}
    for file in files():
        name = file.relative_to(CHANGED).as_posix()
        counts = Counter(verdicts(file).values())
        rooms.setdefault(name.partition("/")[0], Counter()).update(counts)
        yield _row(name, counts)
    for room, counts in rooms.items():
        yield _row(f"{room}, in all", counts)
    yield _row("in all", sum(rooms.values(), Counter()))


def survivors(file: Path) -> Iterator[str]:
    """Changes of a file that no test noticed: where, and the lines without and with it."""
    lines = file.read_text().splitlines()
    bodies = {
        node.name: lines[node.lineno : node.end_lineno]
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for change, verdict in verdicts(file).items():
        if verdict not in {"survived", "no test"}:
            continue
        name = change.rpartition(".")[2]
        function = name.rpartition("__mutmut_")[0]
        diff = difflib.unified_diff(bodies[function + "__mutmut_orig"], bodies[name], lineterm="", n=0)
        shown = "  ".join(line[0] + line[1:].strip() for line in diff if line[:2] not in {"--", "++", ""})
        yield f"{change} ({verdict}): {shown}"


def _row(name: str, counts: Counter[str]) -> str:
    figures = (str(counts.total()), *(str(counts[column]) for column in COLUMNS), share(counts))
    return "".join([name.ljust(44), *(figure.rjust(10) for figure in figures)])
