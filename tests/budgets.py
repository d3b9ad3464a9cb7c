"""Holds the size budgets: files, functions, and the path of a request. A ratchet: exemptions only ever go.

Run by ``make check``. An exemption that is no longer needed fails the run, as does a file that outgrows its budget.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "penstock"

FILE_MEDIAN = 150
FILE_MOST = 500
FUNCTION_NINETIETH = 25
FUNCTION_MOST = 60
FILES = {"gateway.py": 150}
EXEMPT: frozenset[str] = frozenset()


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Each function's name and the length of its body: no signature, no docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def main() -> int:
    """Prints what breaks a budget; the exit code says whether anything does."""
    broken: list[str] = []
    sizes: list[int] = []
    lengths: list[int] = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        text = path.read_text()
        lines = text.count("\n")
        if lines:
            sizes.append(lines)
        over = lines > FILES.get(name, FILE_MOST)
        if over and name not in EXEMPT:
            broken.append(f"{name}: {lines} lines, at most {FILES.get(name, FILE_MOST)}")
        if not over and name in EXEMPT:
            broken.append(f"{name}: no longer needs its exemption")
        for function, length in functions(ast.parse(text)):
            lengths.append(length)
            if length > FUNCTION_MOST:
                broken.append(f"{name}: {function} has {length} lines, at most {FUNCTION_MOST}")
    median = statistics.median(sizes)
    ninetieth = statistics.quantiles(lengths, n=10)[-1]
    if median > FILE_MEDIAN:
        broken.append(f"the median file has {median} lines, at most {FILE_MEDIAN}")
    if ninetieth > FUNCTION_NINETIETH:
        broken.append(f"nine of ten functions must have at most {FUNCTION_NINETIETH} lines; the tenth has {ninetieth}")
    print(f"{len(sizes)} files, median {median:.0f} lines; {len(lengths)} functions, p90 {ninetieth:.0f} lines")
    print(*broken, sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
