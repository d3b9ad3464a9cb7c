"""Every form that is claimed is found: random examples after the documentation, in six surroundings each."""

import tomllib
from pathlib import Path
from random import Random

import pytest
import re2

from penstock.core.finding import Matter
from penstock.detection.secrets import KIND, RULES
from penstock.detection.secrets.formats import formats
from tests.support.secret_examples import LABELS, TOKENS, labelled, token
from tests.support.secret_rules import find, found_by

pytestmark = pytest.mark.slow

EXAMPLES = 8

FILES: dict[str, str] = tomllib.loads((Path(__file__).parent / "files.toml").read_text())

SURROUNDINGS = {
    "prose": "Here is the one that I was given, {}, please use it.",
    "env file": "DEBUG=1\nSERVICE_VALUE={}\nPORT=80\n",
    "JSON": '{{"name": "ana", "value": "{}", "n": 1}}',
    "JSON in a string": '{{"file": "A=1\\\\nB=\\\\"{}\\\\"\\\\n"}}',
    "YAML": "service:\n  value: {}\n  n: 1\n",
    "code": "client = Client('{}')  # made today\n",
    "shell and header": 'curl -H "X-Thing: {}" localhost\n',
}


def marked(text: str) -> tuple[str, int, int]:
    """The text without its marks, and where the value stands that they marked."""
    if "«" not in text:
        return text, 0, len(text)
    start, end = text.index("«"), text.index("»") - 1
    return text.replace("«", "").replace("»", ""), start, end


def share_found(name: str, texts: list[str]) -> float:
    """In how many of the texts the rule finds exactly the marked value."""
    hits = 0
    for each in texts:
        text, start, end = marked(each)
        hits += any((found.start, found.end, found.rule) == (start, end, f"{KIND}.{name}") for found in find(text))
    return hits / len(texts)


def test_every_form_has_examples() -> None:
    """What is claimed is tested, and nothing else is."""
    assert sorted(rule.name for rule in RULES) == sorted(f"{KIND}.{name}" for name in (*TOKENS, *LABELS))


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_found_wherever_it_stands(name: str) -> None:
    """Whole, by its own rule, in each surrounding; chance may make one in twenty look like words."""
    dice = Random(name)
    for surrounding, frame in SURROUNDINGS.items():
        texts = []
        for _ in range(EXAMPLES):
            made = token(name, dice)
            texts.append(frame.format(made if "«" in made else f"«{made}»"))
        assert share_found(name, texts) >= 0.85, surrounding


@pytest.mark.parametrize("name", LABELS)
def test_a_value_is_found_beside_its_label(name: str) -> None:
    """Alone, and in the middle of a longer text."""
    dice = Random(name)
    texts = [
        frame.format(labelled(name, dice)) for frame in ("{}", "# settings\nx = 1\n{}\ny: 2\n") for _ in range(EXAMPLES)
    ]
    assert share_found(name, texts) >= 0.85


def test_nearly_all_examples_of_all_forms_are_found() -> None:
    """The allowance above is for chance within one form; over all of them hardly anything may be missed."""
    dice = Random(7)
    shares = [
        share_found(name, [f"a: «{made}»" if "«" not in (made := token(name, dice)) else made]) for name in TOKENS
    ]
    shares += [share_found(name, [labelled(name, dice)]) for name in LABELS]
    assert sum(shares) / len(shares) >= 0.99


def test_each_pattern_has_the_group_that_its_rule_names() -> None:
    """One group or none: a second would be a value that nobody reads."""
    assert [rule.name for rule in RULES if re2.compile(rule.pattern).groups != rule.group] == []


def test_sources_are_told_in_words() -> None:
    """Who reads the page looks the documentation up; addresses grow old and name hosts."""
    forms = [form for table in formats().values() for form in table.values()]
    assert [form.title for form in forms if "://" in form.source or "www." in form.source or not form.source] == []


def test_a_sign_is_met_wherever_its_rule_finds_something() -> None:
    """The joint search looks for signs alone: one that is too narrow would hide its rule."""
    dice = Random(3)
    marked_texts = [
        *(labelled(name, dice) for name in LABELS),
        *(token(name, dice) for name in TOKENS),
        *FILES.values(),
    ]
    texts = [each.replace("«", "").replace("»", "") for each in marked_texts]
    signed = [rule for rule in RULES if rule.sign]
    hidden = [
        (rule.name, text)
        for rule in signed
        for text in texts
        if not re2.search(rule.sign, text) and found_by(rule, text, Matter.RESULT)
    ]
    assert len(signed) > 50
    assert hidden == []
