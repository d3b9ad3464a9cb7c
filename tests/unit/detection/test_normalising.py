"""What a text says once its encodings are seen through, and where each letter stood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.detection.normalising import view_of

ROWS = [
    ("joe%40corp%2Ede", "joe@corp.de"),
    ("%25%34%30", "@"),
    ("a%2540b", "a@b"),
    (r"\u006aoe\u0040x\nb\/c\\d", "joe@x\nb/c\\d"),
    (r"\x40\"", '@"'),
    (r"\\u0040", "@"),
    (r"\ud83d\ude00", "\U0001f600"),
    ("&lt;a&#64;b&#x40;c&amp;amp;&gt;", "<a@b@c&>"),
    ("４１１１＠ｃ", "4111@c"),
    ("e\u0301a", "éa"),
    ("jo\u200be\u00ad", "joe"),
    ("".join(chr(0xE0000 + ord(letter)) for letter in "joe@x"), "joe@x"),
    ("joe=40corp=2Ede", "joe@corp.de"),
    ("a=3Db=\nc", "a=bc"),
]


@pytest.mark.parametrize(("text", "said"), ROWS)
def test_encodings_are_seen_through(text: str, said: str) -> None:
    """Percent signs, JSON, HTML, compatible letters, unseen letters, quoted-printable; up to three deep."""
    view = view_of(text)
    assert view is not None
    assert view.text == said


@pytest.mark.parametrize("text", ["", "plain words, 100% = fine & more; x=40", "größer, 日本語, “quotes”", "a\\d+"])
def test_plain_texts_have_no_view(text: str) -> None:
    """Where nothing is written otherwise there is nothing to read twice."""
    assert view_of(text) is None


def test_a_place_is_told_in_the_original() -> None:
    """From the first sign of the first letter to the last of the last one."""
    text = "see joe%2540corp\\u002ede&nbsp;now"
    view = view_of(text)
    assert view is not None
    begun = view.text.index("joe@corp.de")
    assert text[view.start(begun) : view.end(begun + 11)] == "joe%2540corp\\u002ede"
    at = view.text.index("@")
    assert text[view.start(at) : view.end(at + 1)] == "%2540"


PIECES = st.sampled_from(
    ["a", "joe", "@", "%40", "%2540", "\\u0040", "\\n", "&#64;", "ｊ", "\u200b", "e\u0301", "=40", "½"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_every_place_stands_in_the_text(text: str) -> None:
    """Starts and ends rise, and no letter of the view stands nowhere."""
    view = view_of(text)
    if view is None:
        return
    starts = [view.start(place) for place in range(len(view.text))]
    ends = [view.end(place) for place in range(1, len(view.text) + 1)]
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
