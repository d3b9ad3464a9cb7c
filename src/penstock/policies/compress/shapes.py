"""Code and formulas, known by their shapes: what no list of words can tell. Counted up to a bound, then stopped."""

import re
from itertools import islice

SHAPES = 3
"""Code or formulas in so many places are no accident."""
OPERATORS = 100
"""Signs that are looked at; of more, most stand in tables and rulers."""

_CODE = (
    "```", "</", "/>", "();", ");", "){", "{\n", "}\n", ";\n", "):\n", "=>", "->", "<-", "::", "==", "!=", "&&", "||",
    "#include", "def ", "import ", "[i]", "/usr/", "/etc/", ".py", ".js", ".ts", ".cpp", ".java", ".rs", ".php",
    ".html", ".css", ".json", ".yaml", ".yml", ".csv", ".txt", ".exe", ".dll", ".md", " = ", "null", "<div", "\\n",
    "print(", "self.", "console.", "return ",
)  # fmt: skip
_FUNCTIONS = (
    "sin(",
    "cos(",
    "tan(",
    "log(",
    "ln(",
    "exp(",
    "sqrt(",
    "sin x",
    "cos x",
    "tan x",
    "sin^",
    "cos^",
    "f(x",
    "\\frac",
    "ⁿ",
)
_SNAKE = re.compile(r"[a-z]_[a-z]")
# Not iPhone, eBay, macOS: at least two small letters before the hump, and one behind it.
_IDENTIFIER = re.compile(r"[A-Z_(](?<=[a-z].)(?:(?<=[a-z]{2}[A-Z])[a-z]|(?<=_)[a-z]|(?<=\()\))")
_OPERATOR = re.compile(r"[=+*/^×÷−<>≤≥√∑∫π°²³∈∞\\]")
_BINARY = frozenset("=+*^×÷−")


def is_code(text: str) -> bool:
    """Whether it holds code, markup, paths or identifiers in several places."""
    seen = 0
    for shape in _CODE:
        seen += min(text.count(shape), SHAPES - 1)
        if seen >= SHAPES:
            return True
    return "_" in text and seen + sum(1 for _ in islice(_SNAKE.finditer(text), SHAPES)) >= SHAPES


def identifiers(text: str) -> int:
    """How many words are spelt as programs spell them, up to a few: useEffect, KeyError, max_tokens, main()."""
    return sum(1 for _ in islice(_IDENTIFIER.finditer(text), SHAPES))


def formulas(text: str) -> int:
    """How many operators have something to work on beside them, up to a few."""
    found = 2 * sum(function in text for function in _FUNCTIONS)
    for operator in islice(_OPERATOR.finditer(text), OPERATORS):
        found += _is_formula(operator.group(), text[max(0, operator.start() - 3) : operator.start()].rstrip(),
                             text[operator.end() : operator.end() + 3].lstrip())  # fmt: skip
        if found >= SHAPES:
            break
    return min(found, SHAPES)


def _is_formula(sign: str, before: str, after: str) -> bool:
    if sign == "\\":
        # A command of TeX; not the line breaks and tabs of a quoted string.
        return after[:2].isalpha() and after[:1] not in "nrt"
    letter = before[-1:].isalpha() and not before[-2:-1].isalpha()
    if sign in "<>":
        return (before[-1:].isdigit() or letter) and after[:1].isdigit()
    if sign in _BINARY:
        return (before[-1:].isdigit() or before[-1:] == ")" or letter) and (after[:1].isalnum() or after[:1] in "(-−")
    return sign != "/"
