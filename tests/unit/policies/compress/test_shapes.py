"""Code, identifiers and formulas are known by their shapes, and prose is not taken for them."""

import pytest

from penstock.policies.compress.shapes import SHAPES, formulas, identifiers, is_code

PROSE = "The fare is $5 for adults/children, 50% off - well, mostly; see the map (page 3).\nIt opened in 1904 & shut.\n"


@pytest.mark.parametrize(
    "text",
    [
        "```\nx\n```\nfoo();",
        "#include <stdio.h>\nint main() { return 0; }\n",
        "for (const x of xs) { console.log(x); }\n",
        "<div><p>hello</p></div>",
        "see /etc/hosts, main.py and data.csv",
        "max_tokens, top_p and stop_sequence",
    ],
)
def test_code_is_known(text: str) -> None:
    """By marks that stand in several places."""
    assert is_code(text)


@pytest.mark.parametrize(
    "text", [PROSE, "", "A tale - a sad one; and so on...", "[Verse 1]\nRain (again)\n[Chorus]\nSun"]
)
def test_prose_is_no_code_and_no_formula(text: str) -> None:
    """Punctuation, prices and stage directions prove nothing."""
    assert not is_code(text)
    assert formulas(text) == 0
    assert identifiers(text) == 0


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("x^2 - 5x + 6 = 0", 3),
        ("\\frac{1}{2}", 1),
        ("sin(x) + 1", 2),
        ("a ≤ b", 1),
        ("2+2=4", 2),
        ("3 * 4", 1),
        ("the path C:\\new\\table", 0),
        ("and/or", 0),
        ("-> here", 0),
    ],
)
def test_formulas_are_counted(text: str, least: int) -> None:
    """Operators with something to work on beside them."""
    assert (formulas(text) >= least) if least else (formulas(text) == 0)


def test_counting_stops() -> None:
    """However many there are."""
    assert formulas("1+1 " * 1000) == SHAPES
    assert identifiers("useEffect " * 1000) == SHAPES


@pytest.mark.parametrize(
    ("text", "count"),
    [("useEffect", 1), ("KeyError", 1), ("max_tokens", 1), ("main()", 1), ("iPhone, eBay, macOS, McDonald", 0)],
)
def test_identifiers_are_spelt_as_programs_spell_them(text: str, count: int) -> None:
    """Humps, underscores, calls; not the names of products."""
    assert identifiers(text) == count
