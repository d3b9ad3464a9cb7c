"""How much a request to Gemini may use at most, as it says itself. Pure; never raises.

Fields as in google-genai types.py (3.4). Proto JSON has two spellings of each, and both are read.
"""

import re

import msgspec

from penstock.core.demand import Demand
from penstock.core.route import Match
from penstock.dialects.bounding import UNREADABLE, Members, first, known, read, rows, unknown, words_only

_FIELDS = frozenset(
    ("contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig", "labels", "model")
)
_EMBEDDING = frozenset(("content", "taskType", "title", "outputDimensionality", "model"))
_WORDS = frozenset(
    ("text", "thought", "thoughtSignature", "functionCall", "functionResponse", "executableCode", "codeExecutionResult")
)
_OWN_TOOLS = frozenset({"functionDeclarations"})
_UNDERSCORE = re.compile(r"_([a-z])")


def most(match: Match, body: bytes) -> tuple[Demand, ...]:
    """Of one request, or of each text of several that are embedded at once."""
    members = read(body)
    if members is None:
        return UNREADABLE
    members = _spelt(members)
    match match.route.operation:
        case "models.generateContent" | "models.streamGenerateContent":
            return (_content(members, len(body)),)
        case "models.embedContent":
            return (_embedding(members, len(body)),)
        case "models.batchEmbedContents":
            lines = [_spelt(one) for one in rows(members.get("requests"))]
            return tuple(_embedding(one, len(msgspec.json.encode(one))) for one in lines)
        case _:
            return unknown(match)


def _content(members: Members, size: int) -> Demand:
    plain = known(members, _FIELDS) and all(
        words_only(members.get(name), _turn) for name in ("contents", "systemInstruction")
    )
    asked = members.get("generationConfig")
    config = _spelt(asked) if isinstance(asked, dict) else {}
    tools = [name for tool in rows(members.get("tools")) for name in _spelt(tool)]
    served = sorted(set(tools) - _OWN_TOOLS)
    unbounded = f"Google's tool {served[0]} may be used any number of times" if served else ""
    return Demand(
        size=size,
        tools=len(tools),
        elsewhere=not plain,
        output=first(config, "maxOutputTokens"),
        answers=first(config, "candidateCount") or 1,
        unbounded=unbounded,
    )


def _embedding(members: Members, size: int) -> Demand:
    plain = known(members, _EMBEDDING) and words_only(members.get("content"), _turn)
    return Demand(size=size, elsewhere=not plain, answers=0)


def _turn(turn: Members) -> bool:
    return words_only(turn.get("parts"), _part)


def _part(part: Members) -> bool:
    spelt = _spelt(part)
    response = spelt.get("functionResponse")
    holds_more = isinstance(response, dict) and bool(response.get("parts"))
    return known(spelt, _WORDS) and not holds_more


def _spelt(members: Members) -> Members:
    """In camel case throughout."""
    return {_UNDERSCORE.sub(lambda found: found[1].upper(), name): value for name, value in members.items()}
