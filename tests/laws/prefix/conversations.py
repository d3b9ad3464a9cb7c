"""Made-up conversations, and the request that a client sends at each of their turns, in every dialect.

From turn to turn a client adds tools, moves its cache marks, writes a text as a string or as a list of one block, and
the names of an object in any order: all that does not change what is said.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

Body = dict[str, Any]
MARK = {"type": "ephemeral"}
ATTRIBUTION = "x-anthropic-billing-header: cc_version=2.1.329.7; cc_entrypoint=cli;"

# Texts that speak of the very names that are looked for.
_SPOKEN_OF = [
    'Put {"system": ["a"]} before "messages".', 'what is "cache_control": {"type": "ephemeral"}?', "Hi", "é 漢 \n\t\\",
    '{"systemInstruction":{"parts":[]},"system_instruction":1}', '"instructions": null, "input": [', "x" * 3_000,
]  # fmt: skip
TEXTS = st.sampled_from(_SPOKEN_OF) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
# The same names as keys, which they may be in a tool's own input.
INPUTS = st.dictionaries(
    st.sampled_from(["system", "cache_control", "systemInstruction", "instructions", "path"]),
    TEXTS | st.lists(TEXTS, max_size=2) | st.just(MARK) | st.none(),
    max_size=3,
)


@dataclass(frozen=True)
class Turn:
    """What a user asks, and what the model then did."""

    asked: tuple[str, ...]
    answer: str
    thought: bool
    called: Body | None
    tools: int


@dataclass(frozen=True)
class Conversation:
    """``system`` is a string, a list of texts, or nothing; ``style`` is how its client writes JSON."""

    system: str | tuple[str, ...] | None
    attributed: bool
    turns: tuple[Turn, ...]
    style: Body


TURNS = st.builds(
    Turn,
    asked=st.lists(TEXTS, min_size=1, max_size=2).map(tuple),
    answer=TEXTS,
    thought=st.booleans(),
    called=st.none() | INPUTS,
    tools=st.integers(0, 2),
)
CONVERSATIONS = st.builds(
    Conversation,
    system=st.none() | TEXTS | st.lists(TEXTS, min_size=1, max_size=3).map(tuple),
    attributed=st.booleans(),
    turns=st.lists(TURNS, min_size=2, max_size=4).map(tuple),
    style=st.sampled_from([{}, {"separators": (",", ":"), "ensure_ascii": False}, {"indent": 2}]),
)


def written(conversation: Conversation, turn: int, protocol: str, chance: Random) -> bytes:
    """The request of this turn, as this conversation's client happens to write it this time."""
    body = _WRITERS[protocol](conversation, turn, chance)
    names = list(body)
    chance.shuffle(names)
    return json.dumps({name: body[name] for name in names}, **conversation.style).encode()


def _anthropic(conversation: Conversation, last: int, chance: Random) -> Body:
    def block(text: str) -> Body:
        return _marked({"type": "text", "text": text}, chance)

    messages: list[Body] = []
    for number, turn in enumerate(conversation.turns[: last + 1]):
        called = number and conversation.turns[number - 1].called is not None
        results = [{"type": "tool_result", "tool_use_id": f"toolu_{number - 1}", "content": "done"}] if called else []
        content: Any = [*(_marked(one, chance) for one in results), *map(block, turn.asked)]
        if not results and len(turn.asked) == 1 and chance.random() < 0.5:
            content = turn.asked[0]
        messages.append({"role": "user", "content": content})
        if number < last:
            thought = [{"type": "thinking", "thinking": "hm é", "signature": "c2ln" * 9}] * turn.thought
            call = {"type": "tool_use", "id": f"toolu_{number}", "name": "t0", "input": turn.called}
            said = [*thought, block(turn.answer), *([call] if turn.called is not None else [])]
            messages.append({"role": "assistant", "content": said})
    body: Body = {"model": chance.choice(["a", "b"]), "max_tokens": chance.choice([0, 900]), "messages": messages}
    if isinstance(conversation.system, tuple):
        begun = [{"type": "text", "text": ATTRIBUTION}] * conversation.attributed
        body["system"] = [*begun, *map(block, conversation.system)]
    elif conversation.system is not None:
        body["system"] = conversation.system
    body["tools"] = [
        _marked({"name": name, "input_schema": {"properties": {"cache_control": {}}}}, chance)
        for name in _tools(conversation, last)
    ]
    return _marked(body, chance)


def _gemini(conversation: Conversation, last: int, chance: Random) -> Body:
    contents: list[Body] = []
    for number, turn in enumerate(conversation.turns[: last + 1]):
        called = number and conversation.turns[number - 1].called is not None
        results = [{"functionResponse": {"name": "t0", "response": {"system": "done"}}}] if called else []
        parts: Any = [*results, *({"text": text} for text in turn.asked)]
        contents.append({"role": "user", "parts": parts[0] if len(parts) == 1 and chance.random() < 0.5 else parts})
        if number < last:
            call = {"functionCall": {"name": "t0", "args": turn.called}, "thoughtSignature": "c2ln"}
            thought = [{"text": "hm é", "thought": True}] * turn.thought
            said = [*thought, {"text": turn.answer}, *([call] if turn.called is not None else [])]
            contents.append({"role": "model", "parts": said})
    body: Body = {"contents": contents, "generationConfig": {"temperature": chance.random()}}
    system = conversation.system
    if system is not None:
        texts = [{"text": text} for text in ((system,) if isinstance(system, str) else system)]
        name = "system_instruction" if conversation.attributed else "systemInstruction"
        body[name] = {"parts": texts if isinstance(system, tuple) else texts[0], "role": "user"}
    elif conversation.attributed:
        body["systemInstruction"] = None
    body["tools"] = [{"functionDeclarations": [{"name": name} for name in _tools(conversation, last)]}]
    return body


def _chat(conversation: Conversation, last: int, chance: Random) -> Body:
    def content(texts: tuple[str, ...] | str) -> Any:
        texts = (texts,) if isinstance(texts, str) else texts
        blocks = [{"type": "text", "text": text} for text in texts]
        return texts[0] if len(texts) == 1 and chance.random() < 0.5 else blocks

    messages: list[Body] = []
    if conversation.system is not None:
        role = "developer" if conversation.attributed else "system"
        messages.append({"role": role, "content": content(conversation.system)})
    for number, turn in enumerate(conversation.turns[: last + 1]):
        messages.append({"role": "user", "content": content(turn.asked)})
        if number < last and turn.called is not None:
            call = {"id": "c", "type": "function", "function": {"name": "t0", "arguments": json.dumps(turn.called)}}
            messages.append({"role": "assistant", "content": content(turn.answer), "tool_calls": [call]})
            messages.append({"role": "tool", "tool_call_id": "c", "content": content("done")})
        elif number < last:
            messages.append({"role": "assistant", "content": content(turn.answer)})
    tools = [{"type": "function", "function": {"name": name}} for name in _tools(conversation, last)]
    return {"model": chance.choice(["a", "b"]), "messages": messages, "tools": tools}


def _responses(conversation: Conversation, last: int, chance: Random) -> Body:
    def content(texts: tuple[str, ...], kind: str) -> Any:
        return texts[0] if len(texts) == 1 and chance.random() < 0.5 else [{"type": kind, "text": one} for one in texts]

    items: list[Body] = []
    for number, turn in enumerate(conversation.turns[: last + 1]):
        items.append({"role": "user", "content": content(turn.asked, "input_text")})
        if number < last:
            items += [{"type": "reasoning", "id": "rs_1", "encrypted_content": "c2ln"}] * turn.thought
            items.append({"role": "assistant", "content": content((turn.answer,), "output_text")})
            if turn.called is not None:
                call = {"type": "function_call", "call_id": "c", "name": "t0", "arguments": json.dumps(turn.called)}
                items += [call, {"type": "function_call_output", "call_id": "c", "output": "done"}]
    body: Body = {"model": chance.choice(["a", "b"]), "input": items}
    system = conversation.system
    if system is not None:
        body["instructions"] = system if isinstance(system, str) else "\n".join(system)
    elif conversation.attributed:
        body["instructions"] = None
    body["tools"] = [{"type": "function", "name": name} for name in _tools(conversation, last)]
    return body


_WRITERS: dict[str, Callable[[Conversation, int, Random], Body]] = {
    "anthropic": _anthropic,
    "gemini": _gemini,
    "openai-chat": _chat,
    "openai-responses": _responses,
}


def _tools(conversation: Conversation, last: int) -> list[str]:
    return [f"t{number}" for number in range(sum(turn.tools for turn in conversation.turns[: last + 1]))]


def _marked(one: Body, chance: Random) -> Body:
    return {**one, "cache_control": MARK} if chance.random() < 0.15 else one
