"""What the name of a member says of its value counts."""

import pytest

from penstock.core.finding import Matter
from penstock.core.text import Text
from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT
from penstock.policies.scrub.masking import found_in


@pytest.mark.parametrize(
    ("label", "value", "found"),
    [
        ("password", "hunter2!xK9", ["secret"]),
        ("DB_PASSWORD", "s3cr3tPw!", ["secret"]),
        ("ssn", "536-90-4399", ["national-id"]),
        ("iban", "DE89370400440532013000", ["iban"]),
        ("path", "/srv/app/main.py", []),
        ("", "hunter2!xK9", []),
        ("note", "hunter2!xK9", []),
    ],
)
def test_a_short_value_is_read_with_its_name(label: str, value: str, found: list[str]) -> None:
    """All of the value and nothing of the name; what is found without a name is found once."""
    told = found_in(engine(DEFAULT), Text(0, len(value) + 2, value, Matter.INPUT, label=label))
    assert [one.kind for one in told] == found
    assert all((one.start, one.end) == (0, len(value)) for one in told)


def test_a_number_is_read_with_its_name() -> None:
    """Digits that nothing else would tell from a count."""
    number = Text(0, 12, "491701234567", Matter.INPUT, number=True, label="phone")
    assert [one.kind for one in found_in(engine(DEFAULT), number)] == ["phone"]
    count = Text(0, 12, "491701234567", Matter.INPUT, number=True, label="bytes")
    assert found_in(engine(DEFAULT), count) == []
