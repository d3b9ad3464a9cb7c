"""The list of signs is sound, and what stands in a text is found where it stands."""

import pytest

from penstock.policies.compress.lexicon import GAPLESS, SPACED, find, lists

GROUPS = {
    "common", "numbers", "asking", "explain", "yesno", "loaded", "people", "produce", "writing", "rework", "poetry",
    "tale", "style", "prose", "tool", "script", "length", "depth", "brief", "form", "persona", "role", "stakes",
    "sensitive", "maths", "figures", "code", "program",
}  # fmt: skip
NEEDED = GROUPS - {"common", "numbers", "people", "script"}


def test_every_group_has_a_meaning_and_every_language_has_the_groups() -> None:
    """A misspelt group would be read and never asked for."""
    assert {group for groups in lists().values() for group in groups} <= GROUPS
    assert set(lists()) == {"any", "signs", *SPACED, *GAPLESS}
    for language in (*SPACED, *GAPLESS):
        assert NEEDED - set(lists()[language]) == set(), language
    for language in SPACED:
        assert {"common", "numbers"} <= set(lists()[language])


@pytest.mark.parametrize("language", [*SPACED, *GAPLESS])
def test_no_entry_is_empty_or_odd(language: str) -> None:
    """Entries are lower case; what stands in a text can be met by them."""
    for group, entries in lists()[language].items():
        for entry in entries:
            assert entry == entry.lower().strip(), (group, entry)
            assert entry.strip("*#_ "), (group, entry)
            assert language in GAPLESS or "-" not in entry, (group, entry)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of Peru?", "en"),
        ("Explain photosynthesis", "en"),
        ("Was ist die Hauptstadt von Peru?", "de"),
        ("Quelle est la capitale du Pérou ?", "fr"),
        ("¿Cuál es la capital del Perú?", "es"),
        ("Qual é a capital do Peru?", "pt"),
        ("Qual è la capitale del Perù?", "it"),
        ("Какая столица Перу?", "ru"),
        ("秘鲁的首都是哪里？", "zh"),
        ("ペルーの首都はどこですか", "ja"),
        ("def f(x):\n    return x\n" * 20 + "请解释上面的代码是怎么工作的", "zh"),
        ("페루의 수도는 어디인가요?", ""),
        ("Ποια είναι η πρωτεύουσα του Περού;", ""),
        ("ما هي عاصمة بيرو؟", ""),
        ("Jaka stolica?", ""),
        ("", ""),
    ],
)
def test_the_language_is_known_or_said_to_be_unknown(text: str, language: str) -> None:
    """By common words and by script."""
    assert find(text).language == language


def test_signs_are_found_where_they_stand() -> None:
    """Whole words, stems, sequences with numbers and gaps; each kind once, each place kept."""
    found = find("Write 3 long sentences. Then write at least forty-two words in the style of Kafka.")
    assert found.at("writing") == [0, 6]
    assert found.kinds["writing"] == {"write"}
    assert {"# _ sentences", "# words"} <= found.kinds["length"]
    assert "in the style of" in found.kinds["style"]
    assert found.starts == [0, 5]


def test_a_word_inside_another_is_no_sign() -> None:
    """Only a star makes a stem."""
    assert find("The odeon is old").many("poetry") == 0
    assert find("the compiler compiled it").many("code") > 0


def test_typographic_apostrophes_and_case_do_not_matter() -> None:
    """As word processors write them."""
    assert find("DON’T EXPLAIN").kinds["brief"] == find("don't explain").kinds["brief"] != set()
