"""From turns to the ask: where the user spoke last, which script stands there, and how far it has been played.

Agents put more into a user's turn than the user's words: reminders and environment in tags, tool results, notes after
them. Pure; the readers of all dialects use it.
"""

from collections.abc import Sequence

from penstock.simulator.ask import Ask, Result, Role, Turn, Wishes
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.script import Script, read_script
from penstock.simulator.steering import Steering, SteeringError, adjusted, model_and_settings

# What is asked stands at the beginning of a text or at its end; the rest is material that nobody here reads.
_EDGE = 2000


def steered(model: str, header: str, defaults: Steering) -> tuple[str, Steering]:
    """The model's own name, and the steering of its suffix and the header. RefusedError for a bad setting."""
    name, suffix = model_and_settings(model)
    try:
        return name, adjusted(adjusted(defaults, suffix, "+"), header, ";")
    except SteeringError as error:
        raise RefusedError(Refusal(400, str(error), param="x-simulate")) from None


def understood(model: str, system: str, turns: Sequence[Turn], wishes: Wishes, steering: Steering) -> Ask:
    """The ask of a conversation."""
    place, script = _last_ask(turns)
    since = turns[place + 1 :]
    results: list[Result] = []
    for turn in reversed(since):
        if turn.role is Role.ASSISTANT:
            break
        results[:0] = turn.results
    asked = turns[place] if turns else Turn(Role.USER)
    if script is not None and script.settings:
        try:
            steering = adjusted(steering, script.settings, ";")
        except SteeringError as error:
            raise RefusedError(Refusal(400, str(error), param="x-simulate")) from None
    return Ask(
        model=model,
        words=_users_words(asked.texts),
        system=system,
        steering=steering,
        wishes=wishes,
        script=script,
        step=_answers(since),
        results=tuple(results),
        pictures=asked.pictures,
        documents=asked.documents,
    )


def _last_ask(turns: Sequence[Turn]) -> tuple[int, Script | None]:
    """The index of the turn in which the user asked last, and the script in it."""
    for place in range(len(turns) - 1, -1, -1):
        turn = turns[place]
        if turn.role is not Role.USER:
            continue
        script = read_script("\n".join(turn.texts))
        if script is not None or (turn.texts and not turn.results):
            return place, script
    return (0 if turns else -1), None


def _answers(turns: Sequence[Turn]) -> int:
    """How many times the assistant answered; turns of its own that follow each other are one answer."""
    count, speaking = 0, False
    for turn in turns:
        if turn.role is Role.ASSISTANT and not speaking:
            count += 1
        speaking = turn.role is Role.ASSISTANT
    return count


def _users_words(texts: Sequence[str]) -> str:
    """The last text that is not wrapped in a tag: agents wrap what they add themselves."""
    spoken = [text for text in texts if text.strip() and not text.lstrip().startswith("<")]
    words = (spoken or list(texts) or [""])[-1].strip()
    return words if len(words) <= 2 * _EDGE else f"{words[:_EDGE]}\n{words[-_EDGE:]}"
