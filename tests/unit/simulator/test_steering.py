"""Steering: one grammar in model names, headers and prompts; a mistake is named."""

import msgspec
import pytest

from penstock.simulator.steering import SETTINGS, Steering, SteeringError, adjusted, model_and_settings

PLAIN = Steering()


@pytest.mark.parametrize(
    ("written", "name", "settings"),
    [
        ("claude-sonnet-5-5", "claude-sonnet-5-5", ""),
        ("claude-sonnet-5-5+pace=20ms", "claude-sonnet-5-5", "pace=20ms"),
        ("m+pace=20ms+tokens=200+fail=529", "m", "pace=20ms+tokens=200+fail=529"),
        ("vendor/m:free+seed=7", "vendor/m:free", "seed=7"),
        ("a+b", "a+b", ""),
        ("m+words=prompt%20is%20too%20long", "m", "words=prompt is too long"),
    ],
)
def test_a_models_name_comes_apart(written: str, name: str, settings: str) -> None:
    """What stands behind ``+name=`` is settings, everything else is the model's own name."""
    assert model_and_settings(written) == (name, settings)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ("pace=20ms", {"pace": 0.02}),
        ("pace=1.5s", {"pace": 1.5}),
        ("pace=7", {"pace": 0.007}),
        ("tokens=200; think=30;chunk=4", {"tokens": 200, "think": 30, "chunk": 4}),
        ("FAIL=529; retry-after=3; should-retry=false", {"fail": 529, "retry_after": "3", "should_retry": "false"}),
        ("words=prompt is too long: 5 > 4, sorry", {"words": "prompt is too long: 5 > 4, sorry"}),
        ("cut=0; stall=3; truncate=2; error=1", {"cut": 0, "stall": 3, "truncate": 2, "error": 1}),
        ("silence=2s; at=5", {"silence": 2.0, "at": 5}),
        ("cache=off", {"cache": False}),
        (" ; ", {}),
    ],
)
def test_settings_are_read(settings: str, changed: dict[str, object]) -> None:
    """Each setting changes its own field and no other."""
    assert adjusted(PLAIN, settings, ";") == msgspec.structs.replace(PLAIN, **changed)


def test_a_later_place_overrides_an_earlier_one() -> None:
    """What was set before stays, unless it is set again."""
    first = adjusted(PLAIN, "tokens=5; seed=1", ";")
    assert adjusted(first, "tokens=9", ";") == Steering(tokens=9, seed=1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("peace=20ms", "'peace=20ms' is not a setting; write name=value with one of pace"),
        ("pace", "'pace' is not a setting"),
        ("pace=fast", "pace must be a duration such as 20ms or 1.5s, not 'fast'"),
        ("pace=2h", "pace must be a duration"),
        ("first=4000s", "first must be a duration of at most an hour"),
        ("fail=200", "fail must be a whole number from 400 to 599"),
        ("tokens=-1", "tokens must be a whole number"),
        ("tokens=1000000", "tokens must be a whole number from 0 to 100000"),
        ("body=xml", "body must be one of html, text, empty, broken, not 'xml'"),
        ("cache=no", "cache must be on or off"),
        ("retry-after=1\x00", "retry-after must be printable ASCII"),
    ],
)
def test_a_mistake_is_named(settings: str, told: str) -> None:
    """The words say what is wrong and what would do."""
    with pytest.raises(SteeringError) as caught:
        adjusted(PLAIN, settings, ";")
    assert told in str(caught.value)


def test_every_field_has_a_row() -> None:
    """No field of the steering is out of callers' reach, and no row sets one that isn't there."""
    assert sorted(setting.field for setting in SETTINGS) == sorted(Steering.__struct_fields__)
