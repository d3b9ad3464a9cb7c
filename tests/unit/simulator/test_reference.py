"""The simulator's page says what the simulator does: every setting, every route, and an example that works."""

import re
from pathlib import Path

from penstock.simulator.routes import ROUTES
from penstock.simulator.script import read_script
from penstock.simulator.steering import SETTINGS, Steering, adjusted, model_and_settings
from penstock.simulator.terseness import EFFECTS, MEDIAN, SPREAD

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "simulator.md").read_text()


def test_every_setting_is_on_the_page() -> None:
    """In the order of the table, with the same words."""
    rows = re.findall(r"^\| `([a-z-]+)` \| .+? \| (.+?) \|$", PAGE, re.MULTILINE)
    assert rows == [(setting.name, setting.effect) for setting in SETTINGS]


def test_every_route_is_on_the_page() -> None:
    """Each path's last part is named."""
    for route in ROUTES:
        last = re.split(r"[/:]", route.path.pattern.replace("(.+)", "{id}").replace("([^:]+)", "{m}"))[-1]
        assert last in PAGE, route.path.pattern


def test_the_pages_examples_of_settings_are_read() -> None:
    """A model's name, a header, and a prompt's line."""
    models = re.findall(r"`(claude-[^`]*\+[^`]*)`", PAGE)
    headers = re.findall(r"`x-simulate: ([^`]*)`", PAGE)
    assert models
    assert headers
    for settings, separator in [(model_and_settings(model)[1], "+") for model in models] + [
        (one, ";") for one in headers
    ]:
        assert adjusted(Steering(), settings, separator) != Steering()


def test_every_effect_of_rules_is_on_the_page() -> None:
    """Which part of an answer is left, by model, in the order in which the rows are tried; and how lengths fall."""
    numbers = r"\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|"
    rows = re.findall(rf"^\| (`[^`]+`|all others) {numbers}$", PAGE, re.MULTILINE)
    assert [(model.strip("`").replace("all others", "*"), *map(float, parts)) for model, *parts in rows] == [
        (model, effect["lite"], effect["full"], effect["ultra"]) for model, effect in EFFECTS
    ]
    assert f"longer than {MEDIAN} tokens" in PAGE
    assert f"deviation of {SPREAD}" in PAGE


def test_the_pages_script_is_a_script() -> None:
    """Two turns: words and two calls, then words."""
    example = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    script = read_script(example[1])
    assert script is not None
    assert [(step.speech, len(step.calls)) for step in script.steps] == [("Let me look.", 2), ("There is one file.", 0)]
