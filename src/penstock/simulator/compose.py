"""Composes the answer to an ask: script first, then tools, search, structured output, or plain words. Pure.

The same ask and identity give the same answer. It knows no wire format; the voices spell what it returns.
"""

from collections.abc import Sequence

import msgspec

from penstock.simulator.answer import Answer, Call, Finish, Piece, Search, Source, Speech, Thought
from penstock.simulator.ask import Ask, Choice, Shape
from penstock.simulator.choose import calls_for
from penstock.simulator.identity import Dice, Identity
from penstock.simulator.phrases import PAGES
from penstock.simulator.prose import (
    after_tools,
    is_greeting,
    plain_answer,
    speech,
    speech_of_length,
    thought,
    topic_of,
)
from penstock.simulator.schema_values import value_for
from penstock.simulator.script import Step
from penstock.simulator.string_values import hints_of
from penstock.simulator.terseness import Rule, heard, part_left, usual_length
from penstock.simulator.tokens import encoded, pieces

# What a call costs beside its name and arguments.
_CALL_TOKENS = 8


def compose(ask: Ask, identity: Identity, variant: int = 0, *, rules: Sequence[Rule] = ()) -> Answer:
    """The answer; ``variant`` tells the choices apart where a request wants several, ``rules`` make it terser."""
    if ask.steering.finish == "refusal":
        return Answer(pieces=(), finish=Finish.REFUSAL, output_tokens=1)
    step = _step(ask)
    made: list[Piece] = []
    if ask.wishes.thinking is not None and (ask.wishes.limit is None or ask.wishes.limit > 0):
        made += _thoughts(ask, identity, step)
    made += (
        _scripted(ask, step)
        if step is not None and (step.calls or step.speech)
        else _own(ask, identity, variant, rules)
    )
    return _bounded(ask, made)


def _step(ask: Ask) -> Step | None:
    """The script's step for this turn; a step that only calls needs tools to call."""
    if ask.script is None or ask.step >= len(ask.script.steps):
        return None
    step = ask.script.steps[ask.step]
    if step.calls and not ask.wishes.tools.offered:
        step = msgspec.structs.replace(step, calls=())
    if ask.wishes.shape is not None and not step.calls and not _is_json(step.speech):
        step = msgspec.structs.replace(step, speech="")
    return step


def _scripted(ask: Ask, step: Step) -> list[Piece]:
    made: list[Piece] = [Speech(step.speech)] if step.speech else []
    known = {(f"{tool.group}.{tool.name}" if tool.group else tool.name): tool for tool in ask.wishes.tools.offered}
    for call in step.calls:
        tool = known.get(call.name) or next((one for one in known.values() if one.name == call.name), None)
        if tool is None:
            made.append(Call(call.name, call.arguments))
        else:
            arguments = _unquoted(call.arguments) if tool.free_text else call.arguments
            made.append(Call(tool.name, arguments, tool.group, tool.free_text))
    return made


def _own(ask: Ask, identity: Identity, variant: int, rules: Sequence[Rule]) -> list[Piece]:
    """What the simulator answers of its own accord."""
    dice = identity.dice(f"speech{variant}{ask.steering.seed}")
    calls = calls_for(ask, _sentence(ask))
    if calls:
        return list(calls)
    shape = ask.wishes.shape
    if shape is not None:
        return [Speech(_structured(ask, shape, variant))]
    if ask.steering.tokens is not None:
        return [Speech(speech_of_length(ask.words, ask.steering.tokens, dice))]
    if ask.results:
        said = [("error: " if result.failed else "") + result.text for result in ask.results]
        return [Speech(after_tools(ask.words, said, dice))]
    if ask.wishes.tools.search and ask.wishes.tools.choice is not Choice.NONE and not is_greeting(ask.words):
        return _searched(ask)
    return [Speech(_said(ask, dice, variant, rules))]


def _said(ask: Ask, dice: Dice, variant: int, rules: Sequence[Rule]) -> str:
    intensity, system = heard(ask.system, rules)
    # Of the words alone: the same question has the same usual length with rules and without, so that two answers to
    # it differ by what the rules did.
    length = usual_length(Dice(encoded(f"{ask.words}\0length{variant}{ask.steering.seed}")))
    length = round(length * part_left(ask.model, intensity))
    return speech(ask.words, system, length, dice, attachments=_attachments(ask))


def _thoughts(ask: Ask, identity: Identity, step: Step | None) -> list[Piece]:
    if step is not None and step.thought:
        return [Thought(step.thought)]
    if ask.steering.think == 0:
        return []
    most = max(1, ask.wishes.thinking or 1)
    if ask.wishes.limit is not None:
        # Models that think by default spend a tight limit on it and say nothing; a demo is better served by half.
        most = max(1, min(most, ask.wishes.limit // 2))
    return [Thought(thought(ask.words, identity.dice("thought"), ask.steering.think, most))]


def _searched(ask: Ask) -> list[Piece]:
    topic = topic_of(ask.words)
    capital = topic[:1].upper() + topic[1:]
    found = []
    for title, page, excerpt in PAGES:
        slug = "-".join("".join(sign if sign.isalnum() else " " for sign in topic.lower()).split()[:6]) or "topic"
        found.append(
            Source(
                url=f"https://example.com/{page}/{slug}",
                title=title.replace("{Topic}", capital).replace("{topic}", topic),
                excerpt=excerpt.replace("{Topic}", capital).replace("{topic}", topic),
            )
        )
    made: list[Piece] = [Search(topic, tuple(found)), Speech(f"Here is what I found about {topic}. ")]
    made += [Speech(source.excerpt, source) for source in found[:2]]
    made.append(Speech(" (The pages are as simulated as I am.)"))
    return made


def _structured(ask: Ask, shape: Shape, variant: int) -> str:
    if not shape.schema:
        return msgspec.json.encode({"answer": _sentence(ask)}).decode()
    hints = hints_of(ask.words, topic_of(ask.words), _sentence(ask), variant, max(1, variant + 1))
    return msgspec.json.encode(value_for(shape.schema, hints, full=True)).decode()


def _sentence(ask: Ask) -> str:
    known = plain_answer(ask.words)
    return known if known is not None else f"A simulated answer about {topic_of(ask.words)}."


def _attachments(ask: Ask) -> str:
    counted = [
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((ask.pictures, "picture"), (ask.documents, "document"))
        if count
    ]
    if not counted:
        return ""
    return f"I was handed {' and '.join(counted)}, and did not peek, as a good concierge would not."


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _unquoted(text: str) -> str:
    """Free text may be written as a JSON string, so that it can hold more than one line."""
    try:
        return msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        return text


def _bounded(ask: Ask, made: list[Piece]) -> Answer:
    """The pieces up to the first stop sequence and the token limit, with their weight."""
    kept: list[Piece] = []
    stop: str | None = None
    left = ask.wishes.limit if ask.wishes.limit is not None else 1 << 40
    finish = Finish.TOOLS if any(isinstance(piece, Call) for piece in made) else Finish.END
    thinking = spent = 0
    for piece in made:
        kept_piece, stop = _stopped(piece, ask.wishes.stops)
        short, cost = _shortened(kept_piece, left - spent)
        spent += cost
        if short is not None:
            kept.append(short)
        if isinstance(piece, Thought):
            thinking += cost
        if short != kept_piece:
            finish, stop = Finish.LENGTH, None
            break
        if stop is not None:
            finish = Finish.STOP
            break
    if ask.steering.finish is not None:
        finish = Finish.LENGTH if ask.steering.finish == "length" else Finish.PAUSE
    if ask.wishes.limit == 0:
        finish = Finish.LENGTH
    return Answer(pieces=tuple(kept), finish=finish, stop=stop, output_tokens=spent, thinking_tokens=thinking)


def _stopped(piece: Piece, stops: tuple[str, ...]) -> tuple[Piece, str | None]:
    if not isinstance(piece, Speech):
        return piece, None
    places = [(place, stop) for stop in stops if stop and (place := piece.text.find(stop)) >= 0]
    if not places:
        return piece, None
    place, stop = min(places)
    return msgspec.structs.replace(piece, text=piece.text[:place]), stop


def _shortened(piece: Piece, left: int) -> tuple[Piece | None, int]:
    """The piece within ``left`` tokens, and its cost. What has no halves is kept whole or not at all."""
    if isinstance(piece, Speech | Thought):
        parts = pieces(piece.text)
        if len(parts) <= left:
            return piece, len(parts)
        text = "".join(parts[:left])
        return (msgspec.structs.replace(piece, text=text) if text else None), max(left, 0)
    words = f"{piece.name}{piece.arguments}" if isinstance(piece, Call) else piece.query
    cost = len(pieces(words)) + _CALL_TOKENS
    return (piece, cost) if cost <= left else (None, max(left, 0))
