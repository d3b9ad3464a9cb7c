"""Whose word counts of how tersely to answer, and what a request was given."""

import msgspec
import pytest

from penstock.core.terseness import LOWERED, Arm, Intensity, Terseness, Wanted

SET = Wanted(Intensity.LITE, smart=False, holdout=0, verbosity=False)
OTHER = Wanted(Intensity.FULL, smart=True, holdout=9, verbosity=True)


@pytest.mark.parametrize("field", Wanted.__struct_fields__)
def test_what_is_set_nearer_holds(field: str) -> None:
    """Off, no and none are said as well; each by itself."""
    some = msgspec.structs.replace(Wanted(), **{field: getattr(SET, field)})
    assert some.over(OTHER) == msgspec.structs.replace(OTHER, **{field: getattr(SET, field)})
    assert Wanted().over(some) == some


@pytest.mark.parametrize(
    ("arm", "rules", "ran", "lowered"),
    [
        (Arm.TREATED, "v1", Intensity.FULL, False),
        (Arm.FORCED, "v1" + LOWERED, Intensity.FULL, True),
        (Arm.TREATED, "", Intensity.OFF, False),
        (Arm.CONTROL, "v1", Intensity.OFF, False),
        (Arm.EXEMPT, "v1", Intensity.OFF, False),
    ],
)
def test_a_request_was_given_what_words_went_in(arm: Arm, rules: str, ran: Intensity, lowered: bool) -> None:
    """The control arm has the version of words that it did not get."""
    told = Terseness(arm, "asked", Intensity.FULL, rules)
    assert (told.ran, told.lowered) == (ran, lowered)
