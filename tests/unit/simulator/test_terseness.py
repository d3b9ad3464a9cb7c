"""The gateway's rules make answers shorter by exactly what is documented, in every dialect."""

import math
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from penstock.simulator.identity import Dice
from penstock.simulator.prose import whole_sentences
from penstock.simulator.terseness import LEAST, MEDIAN, MOST, SPREAD, Rule, heard, usual_length
from penstock.simulator.tokens import pieces
from tests.unit.simulator.line import Line, listening

RULES = tuple(
    Rule(name, f"{words}. Short sentences. Keep facts.")
    for name, words in (("lite", "No preamble"), ("full", "Answer first"), ("ultra", "Key facts only"))
)
"""``Short`` is what any system text may say to ask for brevity: a rule is no such text."""
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def told() -> Iterator[Line]:
    with listening(rules=RULES) as started:
        yield started


def user(words: str) -> dict[str, Any]:
    return {"role": "user", "content": words}


def chat(words: str, system: str, model: str = "gpt-4.1", role: str = "system") -> dict[str, Any]:
    leading = [{"role": role, "content": system}] if system else []
    return {"model": model, "messages": [*leading, user(words)]}


def said(line: Line, path: str, body: object) -> tuple[int, int]:
    """The output tokens that usage tells, and those of the text."""
    got = line.ask(path, body)
    assert got.status == 200, got.body
    found = got.json
    if "content" in found:
        return found["usage"]["output_tokens"], len(pieces(found["content"][0]["text"]))
    if "choices" in found:
        return found["usage"]["completion_tokens"], len(pieces(found["choices"][0]["message"]["content"]))
    if "output" in found:
        return found["usage"]["output_tokens"], len(pieces(found["output"][-1]["content"][0]["text"]))
    parts = found["candidates"][0]["content"]["parts"]
    return found["usageMetadata"]["candidatesTokenCount"], len(pieces(parts[0]["text"]))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages", lambda words, rule: {
            "model": "claude-haiku-4-5", "max_tokens": 4000, "system": rule, "messages": [user(words)]}),
        ("/v1/messages", lambda words, rule: {
            "model": "claude-haiku-4-5", "max_tokens": 4000, "messages": [user(words)],
            "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": rule}]}),
        (CHAT, chat),
        (CHAT, lambda words, rule: chat(words, rule, role="developer")),
        ("/v1/responses", lambda words, rule: {"model": "gpt-4.1", "instructions": rule, "input": words}),
        ("/v1/responses", lambda words, rule: {
            "model": "gpt-4.1", "input": [{"role": "developer", "content": f"Be kind.\n\n{rule}"}, user(words)]}),
        ("/v1beta/models/gemini-2.0-flash:generateContent", lambda words, rule: {
            "systemInstruction": {"parts": [{"text": rule}]},
            "contents": [{"role": "user", "parts": [{"text": words}]}]}),
    ],
    ids=["anthropic", "anthropic-list", "chat", "chat-developer", "instructions", "responses-developer", "gemini"],
)  # fmt: skip
@pytest.mark.parametrize(("rule", "part"), [(RULES[0], 0.82), (RULES[1], 0.6), (RULES[2], 0.48)])
def test_a_rule_shortens_wherever_it_stands(told: Line, path: str, body: Any, rule: Rule, part: float) -> None:
    """By the documented part of the same question's usual length, in text and usage alike."""
    for words in ("How do rainbows form?", "Why is the sea salty?"):
        usual = said(told, CHAT, chat(words, ""))
        assert usual[0] == usual[1] >= LEAST
        shorter = said(told, path, body(words, rule.text))
        assert shorter == (round(usual[0] * part), round(usual[0] * part))


@pytest.mark.parametrize(("model", "part"), [("gpt-5-nano", 1.0), ("gemini-3.5-flash-lite", 1.15), ("gpt-4o", 0.6)])
def test_models_obey_in_their_own_ways(told: Line, model: str, part: float) -> None:
    """One line not at all, another by talking more."""
    words = "How do rainbows form?"
    plain = told.ask(CHAT, chat(words, "", model)).json["choices"][0]["message"]["content"]
    terse = told.ask(CHAT, chat(words, RULES[1].text, model)).json["choices"][0]["message"]["content"]
    assert len(pieces(terse)) == round(len(pieces(plain)) * part)


def test_what_the_user_asks_wins(told: Line, line: Line) -> None:
    """A length that was asked for stays; and who was told of no rules hears a system text like any other."""
    words = "Explain rainbows in one sentence."
    plain, terse = (told.ask(CHAT, chat(words, system)).json for system in ("", RULES[2].text))
    assert all(one["choices"][0]["message"]["content"].count(". ") == 0 for one in (plain, terse))
    assert said(line, CHAT, chat("Explain rainbows.", RULES[1].text))[0] < LEAST * 1.5


def test_only_whole_rules_are_heard() -> None:
    """The rule is taken out of what the system text says."""
    assert heard(f"Be kind.\n\n{RULES[1].text}", RULES) == ("full", "Be kind.\n\n")
    assert heard(RULES[1].text[:-1], RULES) == ("", RULES[1].text[:-1])


def test_lengths_are_skewed() -> None:
    """Half are longer than the median, the mean is well above it, and their logarithms scatter as documented."""
    lengths = [usual_length(Dice(b"%d" % number)) for number in range(4000)]
    assert abs(statistics.median(lengths) - MEDIAN) < 6
    assert statistics.mean(lengths) > 1.25 * MEDIAN
    assert min(lengths) == LEAST
    assert max(lengths) == MOST
    middle = [math.log(one) for one in lengths if LEAST < one < MOST]
    assert 0.8 * SPREAD < statistics.stdev(middle) < SPREAD


@pytest.mark.parametrize("tokens", [2, 3, 19, *range(40, 60), 333, 1000])
def test_sentences_fill_a_length_exactly(tokens: int) -> None:
    """Whole ones, whatever the topic."""
    for topic in ("bees", "the history of the tea trade between two very small and rather wet islands …", "蜜蜂"):
        text = whole_sentences(f"Let us take {topic} apart.", topic, tokens, Dice(topic.encode()))
        assert len(pieces(text)) == tokens
        assert text.endswith((".", ".)"))
