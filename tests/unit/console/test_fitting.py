"""All that is wrong with a request is told at once, each with its place and what to write, by the acts' own types."""

from functools import partial

import msgspec
import pytest

from penstock.administering.acting import MOST_LISTED, Act
from penstock.administering.errors import MOST_TOLD, InvalidError, together
from penstock.administering.house import House
from penstock.administering.table import ACTS
from penstock.config.settings import Settings
from penstock.console.fitting import PLACE
from penstock.console.problem import error_of, problem_of
from penstock.console.reading import Misread, read

HOUSE = House(Settings(), None, None)  # type: ignore[arg-type]
"""What acts check by themselves they check by the settings alone."""
WRITE_A_NUMBER = f"Write a whole number from 1 to {MOST_LISTED}."


def told(act: str, said: object, path: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """What is wrong with a body, or with a query that is written as pairs."""
    query = said if isinstance(said, list) else []
    body = None if isinstance(said, list) else msgspec.json.encode(said)
    try:
        wanted = read(ACTS[act].wanted, path or {}, query, body, partial(ACTS[act].check, HOUSE))
        ACTS[act].check(HOUSE, wanted)
    except Misread as error:
        return [(one.field, one.detail) for one in error.mistakes]
    except InvalidError as error:
        return [(one.field, one.words) for one in error.every]
    return []


@pytest.mark.parametrize(
    ("act", "said", "found"),
    [
        ("keys.create", {"name": "a", "quotas": ["60 rpm"]}, []),
        ("keys.create", {}, [("name", "It is missing.")]),
        ("keys.create", {"nmae": "a"}, [("nmae", "There is no such field; did you mean `name`?")]),
        (
            "keys.create",
            {"name": "a", "lable": "", "models": "claude-*", "holdout": "5", "smart": "yes", "expires": 1, "owner": ""},
            [
                ("lable", "There is no such field; did you mean `label`?"),
                ("models", "Write a list."),
                ("holdout", "Write a whole number, or null."),
                ("smart", "Write true or false, or null."),
                ("owner", "It is empty, longer than 200 characters or more than one line; write a few words."),
                ("expires", "That is in the past; write a later time, in seconds since 1970."),
            ],
        ),
        (
            "keys.create",
            {"name": "a", "quotas": [1, "60 requets per day", "60 rpm", "30 rpm"], "intensity": "ful"},
            [
                ("quotas.0", "Write a text."),
                ("quotas.1", "It does not say what it counts: requets; did you mean `requests`?"),
                ("quotas.3", "It counts the same as `60 rpm`; keep one of them."),
                ("intensity", "There is no intensity `ful`; did you mean `full`?"),
            ],
        ),
        (
            "keys.change",
            {"key": "b", "scrub": {"wnated": True, "kinds": {"email": 5, "emial": "mask", "iban": "maks"}}},
            [
                ("key", "It stands in the path already; leave it out of the body."),
                ("scrub.wnated", "There is no such field; did you mean `wanted`?"),
                ("scrub.kinds.email", "Write a text."),
                ("scrub.kinds.emial", "There is no kind 'emial'; did you mean `email`?"),
                ("scrub.kinds.iban", "There is no action `maks`; did you mean `mask`?"),
            ],
        ),
        (
            "tokens.create",
            {"role": "leed", "team": 5, "since": 1},
            [
                ("team", "Write a text, or null."),
                ("since", "There is no such field; write one of `name`, `expires`."),
                ("name", "It is missing."),
                ("role", "There is no role `leed`; did you mean `lead`?"),
            ],
        ),
        ("tokens.create", {"name": "a", "role": "lead", "team": 5}, [("team", "Write a text, or null.")]),
        ("tokens.create", {"name": "a", "role": "lead"}, [("team", "A lead leads one team: name it.")]),
        (
            "suspensions.lift",
            {"key": "k", "intensity": "ultar"},
            [("intensity", "There is no such choice; did you mean `ultra`?"), ("model", "It is missing.")],
        ),
        ("users.create", {"name": "a/\n"}, [
            ("name", "It is empty, longer than 200 characters or more than one line; write a few words."),
            ("name", "It holds a slash, which no path could lead to."),
        ]),
        (
            "keys.list",
            [("most", "0"), ("reviked", "true"), ("used", "maybe"), ("after", "1"), ("team", "a"), ("team", "b")],
            [
                ("team", "It is said twice."),
                ("most", WRITE_A_NUMBER),
                ("reviked", "There is no such field; did you mean `revoked`?"),
                ("used", "Write true or false."),
                ("after", "There is no such field; lists go on with `cursor`."),
            ],
        ),
        (
            "usage.report",
            [("by", "dya"), ("by", "key"), ("since", "yesterday"), ("until", "2026-11-01T00:00:00"), ("status", "9xx")],
            [
                ("since", "Write a time with its zone, such as `2026-11-01T00:00:00Z`."),
                ("by.0", "There is no such choice; did you mean `day`?"),
                ("until", "It has no time zone; write a Z behind it for UTC."),
                ("status", "Write a status like 429, or a class like 5xx."),
            ],
        ),
        ("quotas.list", [("key", "a"), ("user", "b"), ("x", "1")], [
            ("x", "There is no such field; write one of `team`."),
            ("user", "Ask for one of `key`, `team` and `user`."),
        ]),
    ],
)  # fmt: skip
def test_all_of_it_is_told(act: str, said: object, found: list[tuple[str, str]]) -> None:
    """What can't be read, what is unknown, what is missing, and what the act finds wrong with the rest."""
    path = {"key": "a"} if act == "keys.change" else None
    assert told(act, said, path) == found


@pytest.mark.parametrize(
    "act", [act for act in ACTS if "most" in act.wanted.__struct_fields__], ids=lambda act: act.name
)
@pytest.mark.parametrize("most", ["0", "-1", "1001", "x", "", "1.5", "null", "9" * 30])
def test_how_many_is_a_number_within_bounds(act: Act, most: str) -> None:
    """Every list names the parameter and what is allowed; the bounds themselves are."""
    assert told(act.name, [("most", most)]) == [("most", WRITE_A_NUMBER)]
    for good in ("1", str(MOST_LISTED)):
        assert told(act.name, [("most", good)]) == []


@pytest.mark.parametrize("act", list(ACTS), ids=lambda act: act.name)
def test_every_act_can_be_read_piece_by_piece(act: Act) -> None:
    """Its types are ones of which it can be said what to write, and its check stands what was left empty."""
    for field in msgspec.structs.fields(act.wanted):
        if field.name != PLACE:
            ((place, words),) = [one for one in told(act.name, {field.name: [[]]}) if one[0].startswith(field.name)]
            assert words.startswith("Write "), place
    needed = {field.name for field in msgspec.structs.fields(act.wanted) if field.required}
    assert set(told(act.name, {})) == {(name, "It is missing.") for name in needed}


def test_very_many_mistakes_are_told_in_part() -> None:
    """To look for what was meant takes time for each."""
    for said in (
        {f"x{number}": 1 for number in range(5000)},
        {"name": "a", "models": [5] * 5000},
        {"name": "a", "scrub": {"kinds": {f"x{number}": "mask" for number in range(5000)}}},
    ):
        assert len(told("keys.create", said)) == MOST_TOLD


def test_several_mistakes_come_back_as_they_went_out() -> None:
    """In their order, each in its words; and in one sentence for whoever prints that alone."""

    def refuse(field: str) -> None:
        raise InvalidError(f"About {field}.", field)

    with pytest.raises(InvalidError) as caught:
        together(lambda: refuse("a"), lambda: None, lambda: together(lambda: refuse("b.0"), lambda: refuse("c")))
    problem = problem_of(caught.value)
    assert problem.detail == "3 things are wrong: `a`, `b.0`, `c`; `mistakes` says what to write for each."
    back = error_of(problem)
    assert [(one.words, one.field) for one in back.every] == [
        ("About a.", "a"),
        ("About b.0.", "b.0"),
        ("About c.", "c"),
    ]
