"""Detection over our own table of sentences, and over what stands around them: caps, models, tools, system texts."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.terseness import Intensity, Opening
from penstock.policies.compress.detect import detect, is_small
from penstock.policies.compress.reasons import INTENSITIES, SENTENCES, Class, Detected, Reason
from tests.unit.policies.compress import cases

OFF, LITE, FULL = Intensity.OFF, Intensity.LITE, Intensity.FULL
MODEL = "gpt-4.1"

TABLE = (
    ("full", cases.FULL, {FULL}, {Reason.QUESTION}),
    ("creative", cases.CREATIVE, {OFF}, {Reason.CREATIVE, Reason.TEXT_WORK, Reason.STYLE, Reason.HIGH_STAKES}),
    ("text", cases.TEXT, {OFF}, {Reason.TEXT_WORK, Reason.CREATIVE}),
    ("length", cases.LENGTH, {OFF}, {Reason.LENGTH}),
    ("brief", cases.BRIEF, {OFF}, {Reason.BREVITY}),
    ("form", cases.FORM, {OFF}, {Reason.FORM}),
    ("stakes", cases.STAKES, {OFF, LITE}, {Reason.HIGH_STAKES, Reason.SENSITIVE, Reason.LOADED}),
    ("touched", cases.TOUCHED, {LITE}, {Reason.SENSITIVE}),
    ("maths", cases.MATHS, {LITE}, {Reason.MATHS}),
    ("code", cases.CODE, {LITE}, {Reason.CODE}),
    ("loaded", cases.LOADED, {LITE}, {Reason.LOADED}),
    ("elsewhere", cases.ELSEWHERE, {LITE}, {Reason.UNKNOWN_LANGUAGE, Reason.PLAIN}),
    ("plain", cases.PLAIN, {LITE}, {Reason.PLAIN, Reason.UNKNOWN_LANGUAGE}),
)

QUESTION = "How do tides work?"


def detected(user: str, model: str = MODEL, **fields: object) -> Detected:
    """What detection says of a first request that says this, to a model that is known."""
    opening = msgspec.structs.replace(Opening(fingerprint=b"", user=user), **fields)
    return detect(opening, model, known=True, rules=())


def lines(text: str) -> list[str]:
    """The cases of a class."""
    return text.strip().splitlines()


@pytest.mark.parametrize(("name", "text", "intensities", "reasons"), TABLE, ids=[row[0] for row in TABLE])
def test_a_sentence_gets_what_suits_it(name: str, text: str, intensities: set[Intensity], reasons: set[Reason]) -> None:
    """Each sentence of a class gets an intensity and a reason of its class."""
    found = {user: detected(user) for user in lines(text)}
    assert {user: each for user, each in found.items() if each.intensity not in intensities} == {}
    assert {user: each for user, each in found.items() if each.reason not in reasons} == {}


def test_the_table_is_large_and_repeats_nothing() -> None:
    """At least 150 sentences, each once."""
    every = [user for row in TABLE for user in lines(row[1])]
    assert len(every) >= 150
    assert len(set(every)) == len(every)


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("Write a poem about SQL.", Reason.CREATIVE),
        ("Create a poem generator script in bash.", Reason.CODE),
        ("A script in which two ghosts argue about rent", Reason.CREATIVE),
        ("Write a python script that renames files by date.", Reason.CODE),
        ("How do I kill the process that listens on port 8080 in Linux?", Reason.CODE),
        ("How can I kill a wasp without poison?", Reason.HIGH_STAKES),
        ("Explain the terms of a quadratic equation.", Reason.MATHS),
        ("Who was the first female prime minister?", Reason.QUESTION),
        ("Is 91 prime?", Reason.MATHS),
        ("Write a short story.", Reason.CREATIVE),
        ("Keep it short: what is a fjord?", Reason.BREVITY),
        ("What is the plot of the opera?", Reason.QUESTION),
        ("Who wrote the poem on the statue?", Reason.QUESTION),
        ("What can you see in Stockholm?", Reason.QUESTION),
        ("Which stocks fell in 1929?", Reason.SENSITIVE),
        ("Can you explain how rainbows form?", Reason.QUESTION),
        ("Can rainbows form at night?", Reason.LOADED),
        ("What are black holes? Answer in three sentences.", Reason.LENGTH),
        ("What are the three words on the coat of arms?", Reason.LENGTH),
        ("Was ist ein Fjord?", Reason.QUESTION),
        ("Wie funktioniert eine Orgel?", Reason.QUESTION),
        ("Vivo sin coche, ¿qué es el tranvía?", Reason.QUESTION),
    ],
)
def test_false_friends_are_told_apart(user: str, reason: Reason) -> None:
    """Words that are a sign elsewhere are none where they stand; the coat of arms is a miss, and a harmless one."""
    assert detected(user).reason is reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cap": 150}, Reason.SMALL_CAP),
        ({"cap": 151}, Reason.QUESTION),
        ({"cap": 0}, Reason.QUESTION),
        ({"tools": ("search",)}, Reason.TOOLS),
        ({"reasoning": True}, Reason.QUESTION),
        ({"system": "You are a helpful assistant."}, Reason.QUESTION),
        ({"system": "Be concise."}, Reason.BREVITY),
        ({"system": "Responde siempre de forma breve, por favor, y con respeto."}, Reason.BREVITY),
        ({"system": "Always answer in at least three paragraphs."}, Reason.STYLE),
        ({"system": "You are Nils, a gruff sailor. Stay in character."}, Reason.STYLE),
        ({"system": "Output format: valid JSON."}, Reason.STYLE),
        ({"system": "You help nurses with the dosage of medication."}, Reason.HIGH_STAKES),
    ],
)
def test_what_stands_around_the_question_counts(fields: dict[str, object], reason: Reason) -> None:
    """The same open question under other conditions."""
    found = detected(QUESTION, **fields)
    assert found.reason is reason
    assert found.intensity is INTENSITIES[reason]
    assert found.klass is Class.QUESTION


def test_tools_never_raise_an_intensity() -> None:
    """What is left alone or mild without tools stays so with them."""
    assert detected("Write a poem.", tools=("search",)).reason is Reason.CREATIVE
    assert detected("What is a pointer?", tools=("search",)).reason is Reason.CODE


@pytest.mark.parametrize(
    ("model", "small"),
    [
        ("llama-3.2-3b-instruct", True),
        ("gemma3:4b", True),
        ("gemma-3n-e4b-it", True),
        ("qwen2.5-0.5b", True),
        ("llama-3.1-8B-Instruct", True),
        ("gpt-4.1-nano", True),
        ("tinyllama", True),
        ("llama-3.3-70b-versatile", False),
        ("mixtral-8x7b", False),
        ("qwen3-30b-a3b", False),
        ("gpt-oss-20b", False),
        ("gpt-4.1", False),
        ("claude-opus-4-5-20251101", False),
        ("gemini-2.5-pro", False),
        ("models/nanook-large", False),
        ("", False),
    ],
)
def test_small_models_are_known_by_their_names(model: str, small: bool) -> None:
    """By a number of parameters below ten thousand million, or by a word for it."""
    assert is_small(model) is small
    assert (detected(QUESTION, model).reason is Reason.SMALL_MODEL) is small


def test_an_unknown_model_is_left_alone() -> None:
    """Whatever is asked of it."""
    found = detect(Opening(fingerprint=b"", user=QUESTION), "house-model", known=False, rules=())
    assert (found.intensity, found.reason, found.klass) == (OFF, Reason.UNKNOWN_MODEL, Class.QUESTION)


def test_the_class_is_what_it_is_about_whatever_decided() -> None:
    """Savings are compared within a class, so the class must not hide behind a cap or a demand."""
    assert detected("Write a function that sorts a list in Python.", cap=100).klass is Class.CODE
    assert detected("Prove the theorem in at least 100 words.").klass is Class.MATHS
    assert detected("Write a poem of exactly 3 stanzas.").klass is Class.CREATIVE
    assert detected("ok").klass is Class.OTHER


def test_every_reason_says_what_it_leads_to_and_why() -> None:
    """No reason without a sentence, none that chooses ultra, and only an open question gets full."""
    assert set(SENTENCES) == set(Reason)
    assert set(INTENSITIES) == set(Reason) - {Reason.OWN_RULE}
    assert Intensity.ULTRA not in INTENSITIES.values()
    assert [reason for reason, intensity in INTENSITIES.items() if intensity is FULL] == [Reason.QUESTION]
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


@pytest.mark.parametrize("order", ["Write a poem about this.\n", "\nNow write a poem about it."])
def test_an_order_before_or_behind_half_a_megabyte_is_seen(order: str) -> None:
    """The ends of a long text are read."""
    material = "The harbour was rebuilt in stone. " * 15_000
    assert detected(order + material if order.startswith("W") else material + order).reason is Reason.CREATIVE
    assert detected(material).reason is Reason.PLAIN


def test_what_stands_in_the_middle_of_a_long_text_is_not_read() -> None:
    """The limit that the documentation admits."""
    half = "The harbour was rebuilt in stone. " * 7_500
    assert detected(half + "\nWrite a poem about it.\n" + half).reason is Reason.PLAIN


HOSTILE = (
    "write the ",
    "in a ",
    "1 ",
    "at least 3 ",
    "a",
    "$x=",
    "; \n",
    "can you you ",
    "诗写",
    "\\frac",
    "_a",
    "?",
    "#",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_does_not_grow_with_the_text(piece: str) -> None:
    """A hundred times the text takes no more than a few times as long, whatever it repeats."""

    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        best = 1.0
        for _ in range(5):
            start = time.perf_counter()
            detected(text, system=text)
            best = min(best, time.perf_counter() - start)
        return best

    seconds(5_000)
    assert seconds(500_000) < 5 * seconds(5_000) + 0.002


@given(user=st.text(max_size=300), system=st.text(max_size=60), model=st.text(max_size=30))
def test_nothing_that_is_written_breaks_it(user: str, system: str, model: str) -> None:
    """Any text gets an answer, and the same one twice."""
    first = detected(user, model, system=system)
    assert first.intensity is INTENSITIES[first.reason]
    assert detected(user, model, system=system) == first


WORDS = st.sampled_from([word for row in TABLE for user in lines(row[1])[:20] for word in user.split()])


@given(words=st.lists(WORDS, max_size=40))
def test_no_jumble_of_signs_breaks_it(words: list[str]) -> None:
    """Signs of all languages in any order get an answer, never ultra."""
    assert detected(" ".join(words)).intensity in (OFF, LITE, FULL)
