"""Which tools to call, and with what: the decision that a model would make from the prompt. Pure.

Cautious on purpose. An agent (Claude Code, Codex, Gemini CLI) really runs what it is told to, so a tool that acts is
called only when the request forces it or the prompt's script names it.
"""

import re

import msgspec

from penstock.simulator.answer import Call
from penstock.simulator.ask import Ask, Choice, Tool
from penstock.simulator.prose import is_greeting, topic_of
from penstock.simulator.schema_values import value_for
from penstock.simulator.string_values import hints_of

# With so few tools on offer one of them is meant, even if no word of the prompt says so.
FEW = 4

_ACTS = re.compile(
    r"(?:^|[_.-])(?:bash|shell|exec\w*|run|terminal|write|edit|replace|patch|delete|remove|kill|deploy|commit|push|"
    r"computer|browser|notebookedit|agent|task|spawn\w*)(?:$|[_.-])"
)
_WORD = re.compile(r"[a-z]{3,}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEVERAL = re.compile(r"\b(?:both|parallel|two|each|simultaneously|at the same time|at once|respectively)\b", re.I)
_COMMON = frozenset(
    ("the", "and", "for", "with", "this", "that", "from", "get", "set", "tool", "use", "call", "user", "given")
)

# Tools that providers define come without a schema in the request; these inputs do no harm.
_TYPED = (
    ("bash", '{"command":"pwd"}'),
    ("text_editor", '{"command":"view","path":"."}'),
    ("computer", '{"action":"screenshot"}'),
    ("memory", '{"command":"view","path":"/memories"}'),
)


def calls_for(ask: Ask, sentence: str) -> tuple[Call, ...]:
    """The calls to make now; none when the prompt wants words, or the tools have spoken already."""
    tools, wanted = ask.wishes.tools, ask.steering.calls
    usable = [tool for tool in tools.offered if not tools.only or tool.name in tools.only]
    if not usable or tools.choice is Choice.NONE or wanted == 0:
        return ()
    if ask.results or ask.step:
        return ()
    forced = tools.choice is Choice.ANY or wanted is not None
    ranked = _ranked(usable, ask.words)
    if not forced and (is_greeting(ask.words) or _of_an_agent(usable)):
        return ()
    best = [tool for score, tool in ranked if score > 0]
    if not best and not forced and len(usable) > FEW:
        return ()
    chosen = best or [ranked[0][1]]
    count = _count(ask, wanted)
    picked = [chosen[place % len(chosen)] for place in range(count)] if _distinct(ranked, count) else chosen[:1] * count
    return tuple(call_of(tool, ask, sentence, place, count) for place, tool in enumerate(picked))


def call_of(tool: Tool, ask: Ask, sentence: str, part: int, parts: int) -> Call:
    """A call of this tool with arguments that its schema accepts; the ``part``-th of ``parts``."""
    if tool.free_text:
        return Call(tool.name, topic_of(ask.words), tool.group, free_text=True)
    known = next((inputs for kind, inputs in _TYPED if tool.typed.startswith(kind)), None)
    if known is not None:
        return Call(tool.name, known, tool.group)
    hints = hints_of(ask.words, topic_of(ask.words), sentence, part, parts)
    made = value_for(tool.schema, hints, full=False)
    arguments = made if isinstance(made, dict) else {}
    return Call(tool.name, msgspec.json.encode(arguments).decode(), tool.group)


def _count(ask: Ask, wanted: int | None) -> int:
    if not ask.wishes.tools.parallel:
        return 1
    if wanted is not None:
        return wanted
    return 2 if _SEVERAL.search(ask.words) else 1


def _of_an_agent(tools: list[Tool]) -> bool:
    return any(_ACTS.search(_HUMP.sub("_", tool.name).lower()) or tool.typed for tool in tools)


def _ranked(tools: list[Tool], words: str) -> list[tuple[int, Tool]]:
    """Best first; a word of the tool's name counts three times as much as one of its description."""
    said = {_stem(word) for word in _WORD.findall(words.lower())} - _COMMON
    scored = []
    for place, tool in enumerate(tools):
        name = {_stem(word) for word in _WORD.findall(_HUMP.sub(" ", tool.name).lower())} - _COMMON
        about = {_stem(word) for word in _WORD.findall(tool.description[:400].lower())} - _COMMON
        scored.append((3 * len(said & name) + len(said & about), -place, tool))
    scored.sort(key=lambda row: row[:2], reverse=True)
    return [(score, tool) for score, _, tool in scored]


def _distinct(ranked: list[tuple[int, Tool]], count: int) -> bool:
    """Whether several calls go to several tools: when the prompt speaks of them about equally."""
    return count > 1 and len(ranked) > 1 and ranked[1][0] * 2 >= ranked[0][0] > 0


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 4 else word
