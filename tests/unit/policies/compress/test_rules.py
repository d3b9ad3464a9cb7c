"""The words themselves: short, stable to the byte, each with its version."""

import pytest

from penstock.core.terseness import Intensity
from penstock.policies.compress.rules import SHIPPED, rules

LEVELS = [Intensity.LITE, Intensity.FULL, Intensity.ULTRA]

VERSIONS = {Intensity.LITE: "lite-0cdc8f3c", Intensity.FULL: "full-3e8de5d5", Intensity.ULTRA: "ultra-6f703798"}
"""A conversation under way keeps its words; a version that changes here begins another measurement."""


@pytest.mark.parametrize("level", LEVELS)
def test_the_shipped_words_keep_their_bytes(level: Intensity) -> None:
    """Whoever changes a word changes its version, and knows it by this table."""
    assert SHIPPED[level].version == VERSIONS[level]


@pytest.mark.parametrize("level", LEVELS)
def test_the_words_are_few(level: Intensity) -> None:
    """40 to 90 tokens, at about 1.35 tokens to an English word with its punctuation; one line of plain ASCII."""
    text = SHIPPED[level].text
    assert 40 <= len(text.split()) * 1.35 <= 90
    assert text.isascii()
    assert text.isprintable()
    assert text == text.strip()


def test_levels_differ_in_one_sentence_and_share_the_guard() -> None:
    """The guard comes last, the same for all, and names no language."""
    guards = {SHIPPED[level].text[SHIPPED[level].text.index("Keep facts") :] for level in LEVELS}
    assert len(guards) == 1
    guard = guards.pop()
    assert all(word in guard for word in ("numbers", "negations", "warnings", "wrong premise", "user's language"))
    assert "English" not in guard


def test_an_operators_own_words_take_their_place() -> None:
    """They have a version of their own, the others stay."""
    found = rules({Intensity.FULL: "Fasse dich kurz."})
    assert found[Intensity.FULL].text == "Fasse dich kurz."
    assert found[Intensity.FULL].version not in {"", SHIPPED[Intensity.FULL].version}
    assert found[Intensity.LITE] == SHIPPED[Intensity.LITE]
