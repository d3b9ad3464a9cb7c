"""Characters that nobody sees are found, and what emoji and scripts need is left alone."""

import pytest

from penstock.policies.guard.unseen import unseen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hi\U000e0068\U000e0069", "\U000e0068\U000e0069"),
        ("bank\u202etxt.exe", "\u202e"),
        ("pass\u200bword", "\u200b"),
        ("pass\u200dword", "\u200d"),
        ("x\ufeffy", "\ufeff"),
        ("a\u2062b", "\u2062"),
        ("😀\U000e0154\U000e0155\U000e0156", "\U000e0154\U000e0155\U000e0156"),
        ("😀\ufe0f\ufe01", "\ufe0f\ufe01"),
    ],
)
def test_what_is_found(text: str, found: str) -> None:
    """Tags, overrides of direction, zero-width characters between letters, bytes in variation selectors."""
    assert "".join(text[start:end] for start, end in unseen(text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "plain ASCII",
        "\ufeffa byte order mark",
        "👨\u200d👩\u200d👧 a family, ❤\ufe0f a heart",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Scotland",
        "می\u200cخواهم",
        "क्\u200dष",
        "葛\U000e0100城",
        "weich\u00adgetrennt",
        "\u200eשלום\u200f",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    """Emoji, flags, Persian and Indic joiners, an ideograph's variant, soft hyphens, marks of direction."""
    assert list(unseen(text)) == []
