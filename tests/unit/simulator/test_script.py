"""Scripts in prompts: which lines make which turns."""

import pytest

from penstock.simulator.script import Script, ScriptedCall, Step, read_script


def called(*calls: str) -> tuple[ScriptedCall, ...]:
    return tuple(ScriptedCall(*call.split(" ", 1)) for call in calls)


@pytest.mark.parametrize(
    ("prompt", "steps"),
    [
        ("simulate: say Hello.", [Step(speech="Hello.")]),
        ("simulate: say One.\nsimulate: say Two.", [Step(speech="One.\nTwo.")]),
        (r"simulate: say One.\nTwo.", [Step(speech="One.\nTwo.")]),
        ('simulate: call Bash {"command":"ls"}', [Step(calls=called('Bash {"command":"ls"}'))]),
        ("simulate: call Now", [Step(calls=called("Now {}"))]),
        (
            'simulate: call A {"a":1}\nsimulate: call B {"b":2}\nsimulate: say Done.',
            [Step(calls=called('A {"a":1}', 'B {"b":2}')), Step(speech="Done.")],
        ),
        (
            "simulate: say Let me look.\nsimulate: call A {}\nsimulate: then\nsimulate: call B {}",
            [Step(speech="Let me look.", calls=called("A {}")), Step(calls=called("B {}"))],
        ),
        ("simulate: think Hm.\nsimulate: say Yes.", [Step(thought="Hm.", speech="Yes.")]),
        ("Please do this:\n  simulate: say Hello.  \nThanks!", [Step(speech="Hello.")]),
        (
            'simulate: call A {"prompt":"simulate: say inner"}',
            [Step(calls=called('A {"prompt":"simulate: say inner"}'))],
        ),
    ],
)
def test_lines_become_turns(prompt: str, steps: list[Step]) -> None:
    """Calls that follow each other are one turn; words after a call are the next."""
    assert read_script(prompt) == Script(tuple(steps))


def test_settings_stand_apart_from_turns() -> None:
    """``set`` steers, and is no turn."""
    script = read_script("simulate: set pace=5ms\nsimulate: say Hi.\nsimulate: set cut=3; seed=2")
    assert script == Script((Step(speech="Hi."),), "pace=5ms; cut=3; seed=2")


@pytest.mark.parametrize(
    "prompt",
    ["Hello.", "Please simulate: say Hello.", "simulate: a coin toss", "simulate: saying it", "Simulate: say x"],
)
def test_other_sentences_are_no_script(prompt: str) -> None:
    """Only a line that begins with ``simulate:`` and a known verb steers."""
    assert read_script(prompt) is None
