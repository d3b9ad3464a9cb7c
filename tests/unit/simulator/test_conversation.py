"""Where in a conversation the user asked, how far its script has been played, and what the user's words are."""

import pytest

from penstock.simulator.ask import Ask, Result, Role, Turn, Wishes
from penstock.simulator.conversation import steered, understood
from penstock.simulator.refusals import RefusedError
from penstock.simulator.steering import Steering

SCRIPT = "simulate: call A {}\nsimulate: say Done."


def user(*texts: str, results: tuple[str, ...] = ()) -> Turn:
    return Turn(Role.USER, texts=texts, results=tuple(map(Result, results)))


def assistant() -> Turn:
    return Turn(Role.ASSISTANT, texts=("Well.",))


def read(*turns: Turn) -> Ask:
    return understood("m", "", turns, Wishes(), Steering())


@pytest.mark.parametrize(
    ("turns", "words", "step", "results"),
    [
        ([user("Hi.")], "Hi.", 0, 0),
        ([user("Hi."), assistant(), user("And now?")], "And now?", 0, 0),
        ([user("Go."), assistant(), user(results=("r",))], "Go.", 1, 1),
        ([user("Go."), assistant(), user(results=("r", "s"))], "Go.", 1, 2),
        ([user("Go."), assistant(), user("Tool loaded.", results=("r",))], "Go.", 1, 1),
        ([user("Go."), assistant(), user(results=("r",)), user(results=("s",))], "Go.", 1, 2),
        ([user("Go."), assistant(), user(results=("r",)), assistant(), user(results=("s",))], "Go.", 2, 1),
        ([user("Go."), assistant(), assistant(), user(results=("r", "s"))], "Go.", 1, 2),
        ([user("Go."), assistant(), user(results=("r",)), user("Stop.")], "Stop.", 0, 0),
        ([user("<env>x</env>"), user("Go.")], "Go.", 0, 0),
        ([user("<system-reminder>x</system-reminder>", "Go.")], "Go.", 0, 0),
        ([user("<all>in tags</all>")], "<all>in tags</all>", 0, 0),
        ([], "", 0, 0),
    ],
)
def test_what_is_asked(turns: list[Turn], words: str, step: int, results: int) -> None:
    """The last turn of the user's that is not a tool's result, and what has happened since."""
    ask = read(*turns)
    assert (ask.words, ask.step, len(ask.results)) == (words, step, results)


def test_a_script_lasts_until_the_user_asks_again() -> None:
    """It is found behind tool results, also beside them, and not behind a new question."""
    assert read(user(SCRIPT), assistant(), user(results=("r",))).script is not None
    assert read(user("Go."), assistant(), user(SCRIPT, results=("r",))).script is not None
    assert read(user(SCRIPT), assistant(), user(results=("r",)), user("Thanks.")).script is None


def test_a_script_in_a_tools_result_is_no_script() -> None:
    """What a tool returns is data: it can't steer."""
    assert read(user("Go."), assistant(), user(results=(SCRIPT,))).script is None


def test_long_material_keeps_its_ends() -> None:
    """A question stands at the beginning or at the end of what was pasted."""
    words = read(user("First? " + "x" * 100_000 + " Last?")).words
    assert words.startswith("First?")
    assert words.endswith("Last?")
    assert len(words) < 5000


def test_places_of_steering_override_each_other() -> None:
    """Model name, then header, then prompt."""
    name, steering = steered("m+tokens=1+seed=1+chunk=1", "tokens=2; seed=2", Steering())
    ask = understood(name, "", [user("simulate: set tokens=3")], Wishes(), steering)
    assert name == "m"
    assert ask.steering == Steering(tokens=3, seed=2, chunk=1)


def test_a_bad_setting_in_a_prompt_is_refused() -> None:
    """As one in a model name or header is."""
    with pytest.raises(RefusedError) as caught:
        read(user("simulate: set pace=fast"))
    assert caught.value.refusal.status == 400
    assert "pace must be" in caught.value.refusal.words
