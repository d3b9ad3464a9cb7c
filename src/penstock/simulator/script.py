"""The script that a prompt may hold: lines that say which tool to call and what to answer, turn by turn.

``simulate: call NAME {json}``, ``simulate: say TEXT``, ``simulate: think TEXT``, ``simulate: then`` and
``simulate: set name=value; …``. A line with another word after ``simulate:`` is a sentence like any other;
``\\n`` in a text is a new line.
"""

import re

import msgspec

_LINE = re.compile(r"^[ \t]*simulate:[ \t]*(call|say|think|then|set)\b[ \t]*(.*)$", re.MULTILINE)


class ScriptedCall(msgspec.Struct, frozen=True):
    """A tool and its arguments as they were written, which need not be JSON."""

    name: str
    arguments: str


class Step(msgspec.Struct, frozen=True):
    """What the assistant does in one turn: thinks, says, calls (in parallel)."""

    thought: str = ""
    speech: str = ""
    calls: tuple[ScriptedCall, ...] = ()


class Script(msgspec.Struct, frozen=True):
    """Steps for the turns that follow the prompt, and settings for all of them (``;`` between them)."""

    steps: tuple[Step, ...] = ()
    settings: str = ""


def read_script(text: str) -> Script | None:
    """The script in a prompt, or None. Words after a call, or a line ``then``, begin the next turn."""
    if "simulate:" not in text:
        return None
    steps = [Step()]
    settings: list[str] = []
    lines = _LINE.findall(text)
    for verb, written in lines:
        now, rest = steps[-1], written.strip()
        if verb == "set":
            settings.append(rest)
        elif verb == "call":
            name, _, arguments = rest.partition(" ")
            call = ScriptedCall(name, arguments.strip() or "{}")
            steps[-1] = msgspec.structs.replace(now, calls=(*now.calls, call))
        elif verb == "then" or now.calls:
            steps.append(_spoken(Step(), verb, rest))
        else:
            steps[-1] = _spoken(now, verb, rest)
    if not lines:
        return None
    return Script(tuple(step for step in steps if step != Step()), "; ".join(settings))


def _spoken(step: Step, verb: str, words: str) -> Step:
    if verb == "then":
        return step
    words = words.replace("\\n", "\n")
    field = "speech" if verb == "say" else "thought"
    said: str = getattr(step, field)
    return msgspec.structs.replace(step, **{field: f"{said}\n{words}" if said else words})
