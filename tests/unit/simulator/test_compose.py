"""What is answered to what: words, tools, structure, and their limits."""

import json

import msgspec
import pytest

from penstock.simulator.answer import Answer, Call, Finish, Search, Speech, Thought
from penstock.simulator.ask import Ask, Choice, Result, Shape, Tool, Tools, Wishes
from penstock.simulator.compose import compose
from penstock.simulator.identity import Identity
from penstock.simulator.script import read_script
from penstock.simulator.steering import Steering
from penstock.simulator.tokens import pieces

CITY = b'{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'
WEATHER = Tool("get_weather", "Looks up the weather in a city.", CITY)
CLOCK = Tool("get_time", "Tells the time in a city.", CITY)
BASH = Tool("Bash", "Runs a command.", b'{"type":"object","properties":{"command":{"type":"string"}}}')


def ask(words: str, *tools: Tool, steering: Steering | None = None, **wishes: object) -> Ask:
    chosen = {name: wishes.pop(name) for name in ("choice", "only", "parallel", "search") if name in wishes}
    return Ask(
        model="m",
        words=words,
        system="",
        steering=steering or Steering(),
        wishes=Wishes(tools=Tools(offered=tools, **chosen), **wishes),  # type: ignore[arg-type]
        script=read_script(words),
        step=0,
        results=(),
        pictures=0,
        documents=0,
    )


def answer(asked: Ask, digest: bytes = b"x" * 32) -> Answer:
    return compose(asked, Identity(digest))


def calls(asked: Ask) -> list[tuple[str, object]]:
    return [(piece.name, json.loads(piece.arguments)) for piece in answer(asked).pieces if isinstance(piece, Call)]


def later(asked: Ask, *results: str, step: int = 1) -> Ask:
    return msgspec.structs.replace(asked, step=step, results=tuple(map(Result, results)))


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("Count to 5", "1, 2, 3, 4, 5."),
        ("Please count from 1 to 3.", "1, 2, 3."),
        ("What is 17 + 25?", "17 + 25 = 42."),
        ("What's 6*7", "6 * 7 = 42."),
        ("What is 1/0?", "1 / 0 is not defined."),
        ("Reply with exactly: pong", "pong"),
        ('Say "hello world" and nothing else.', "hello world"),
    ],
)
def test_what_has_a_right_answer_gets_it(words: str, said: str) -> None:
    """Counting, small sums, and words to repeat."""
    assert answer(ask(words)).text == said


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("Explain connection pooling.", "connection pooling"),
        ("What is a heat pump?", "a heat pump"),
        ("Can you please tell me about bees?", "bees"),
        ("How does HTTP/2 work?", "HTTP/2"),
        ("Briefly explain artificial intelligence", "artificial intelligence"),
    ],
)
def test_the_topic_is_spoken_of(words: str, topic: str) -> None:
    """The answer is about what was asked, in whole sentences."""
    said = answer(ask(words)).text
    assert topic.lower() in said.lower()
    assert said.endswith((".", ".)"))


def test_brevity_is_heard() -> None:
    """In the prompt and in the system text."""
    usual, brief = ask("Explain bees."), ask("Explain bees briefly.")
    told = msgspec.structs.replace(usual, system="Be concise.")
    assert answer(brief).output_tokens * 2 < answer(usual).output_tokens > answer(told).output_tokens * 2


def test_the_same_ask_is_answered_the_same_and_another_differently() -> None:
    """All choices hang on the request's digest, the variant and the seed."""
    asked = ask("Explain bees.")
    others = [
        compose(asked, Identity(b"y" * 32)),
        compose(asked, Identity(b"x" * 32), 1),
        answer(ask("Explain bees.", steering=Steering(seed=1))),
    ]
    assert answer(asked) == answer(asked)
    assert all(other != answer(asked) for other in others)


@pytest.mark.parametrize("tokens", [0, 1, 37, 900])
def test_a_length_is_met_exactly(tokens: int) -> None:
    """``tokens`` is the number that usage will say."""
    made = answer(ask("Explain bees.", steering=Steering(tokens=tokens)))
    assert (made.output_tokens, len(pieces(made.text))) == (tokens, tokens)


def test_attachments_are_admitted_to_be_unread() -> None:
    """Nobody is led to believe that a picture was looked at."""
    asked = msgspec.structs.replace(ask("Describe it."), pictures=1, documents=2)
    assert "1 picture and 2 documents, and did not peek" in answer(asked).text


# --- limits -----------------------------------------------------------------------------------------------------


def test_a_token_limit_cuts() -> None:
    """Not one token more, and the reason is told."""
    made = answer(ask("Explain bees.", limit=10))
    assert (made.finish, made.output_tokens, len(pieces(made.text))) == (Finish.LENGTH, 10, 10)


def test_a_limit_of_none_at_all_says_nothing() -> None:
    """A pre-warm."""
    made = answer(ask("Explain bees.", WEATHER, limit=0, thinking=500, choice=Choice.ANY))
    assert (made.pieces, made.finish, made.output_tokens) == ((), Finish.LENGTH, 0)


def test_a_stop_sequence_ends_before_itself() -> None:
    """The earliest of several counts, and is named."""
    made = answer(ask("Count to 9", stops=("7", "4")))
    assert (made.text, made.finish, made.stop) == ("1, 2, 3, ", Finish.STOP, "4")


def test_a_call_has_no_half() -> None:
    """A limit that a call does not fit in leaves it out."""
    made = answer(ask("The weather in Tokyo?", WEATHER, limit=5))
    assert (made.pieces, made.finish) == ((), Finish.LENGTH)


def test_thinking_keeps_its_budget_and_is_counted() -> None:
    """As part of the output, and within its own limit."""
    made = answer(ask("Explain bees.", thinking=8))
    thought = made.pieces[0]
    assert isinstance(thought, Thought)
    assert len(pieces(thought.text)) == made.thinking_tokens == 8
    assert made.output_tokens == 8 + len(pieces(made.text))
    steered = answer(ask("Explain bees.", thinking=5000, steering=Steering(think=333)))
    assert steered.thinking_tokens == 333
    assert answer(ask("Explain bees.", thinking=100, steering=Steering(think=0))).thinking_tokens == 0


# --- tools ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "tools", "made"),
    [
        ("What is the weather in Tokyo?", (WEATHER, CLOCK), [("get_weather", {"city": "Tokyo"})]),
        ("Tell me the time in Paris.", (WEATHER, CLOCK), [("get_time", {"city": "Paris"})]),
        (
            "What is the weather in Tokyo and Paris? Check both.",
            (WEATHER,),
            [("get_weather", {"city": "Tokyo"}), ("get_weather", {"city": "Paris"})],
        ),
        (
            "Call get_weather and get_time in parallel, for Rome.",
            (WEATHER, CLOCK),
            [("get_weather", {"city": "Rome"}), ("get_time", {"city": "Rome"})],
        ),
        ("Explain bees to Ada.", (WEATHER,), [("get_weather", {"city": "Ada"})]),
        ("hi", (WEATHER,), []),
        ("Run ls and show me the weather.", (WEATHER, BASH), []),
        ("What is the weather in Tokyo?", (), []),
    ],
)
def test_which_tools_are_called(words: str, tools: tuple[Tool, ...], made: list[tuple[str, object]]) -> None:
    """Those that the words point at; none for a greeting, and none of an agent's own accord."""
    assert calls(ask(words, *tools)) == made


def test_the_choice_is_kept() -> None:
    """None, any, a named one, and one at a time."""
    words = "What is the weather in Tokyo? And both again, at the same time."
    assert calls(ask(words, WEATHER, choice=Choice.NONE)) == []
    assert [name for name, _ in calls(ask("hi", WEATHER, choice=Choice.ANY))] == ["get_weather"]
    assert [name for name, _ in calls(ask("hi", BASH, choice=Choice.ANY))] == ["Bash"]
    assert [name for name, _ in calls(ask(words, WEATHER, CLOCK, choice=Choice.ANY, only=("get_time",)))] == [
        "get_time"
    ] * 2
    assert len(calls(ask(words, WEATHER, parallel=False))) == 1
    assert len(calls(ask(words, WEATHER, steering=Steering(calls=3)))) == 3
    assert calls(ask(words, WEATHER, steering=Steering(calls=0))) == []


@pytest.mark.parametrize("choice", [Choice.AUTO, Choice.ANY])
def test_results_are_answered_in_words(choice: Choice) -> None:
    """So that no loop goes on for ever, even if it forces a tool each time; the results are quoted."""
    made = answer(later(ask("The weather in Tokyo?", WEATHER, choice=choice), "18 degrees", "wind"))
    assert made.finish is Finish.END
    assert "18 degrees" in made.text
    assert "wind" in made.text


def test_a_script_is_played_turn_by_turn() -> None:
    """Words and calls as written; then the simulator's own words."""
    asked = ask(
        'simulate: say Look:\nsimulate: call Bash {"command":"ls"}\nsimulate: call Odd {no json\nsimulate: say Done.',
        BASH,
    )
    first, second, third = answer(asked), answer(later(asked, "x")), answer(later(asked, "y", step=2))
    assert first.pieces == (Speech("Look:"), Call("Bash", '{"command":"ls"}'), Call("Odd", "{no json"))
    assert first.finish is Finish.TOOLS
    assert (second.pieces, second.finish) == ((Speech("Done."),), Finish.END)
    assert "y" in third.text


def test_a_script_needs_something_to_call() -> None:
    """Where no tools are offered, as in a client's side calls, words remain."""
    made = answer(ask("simulate: say Look:\nsimulate: call Bash {}"))
    assert made.pieces == (Speech("Look:"),)


def test_free_text_and_namespaces() -> None:
    """A tool of free text takes the line, or a JSON string; one in a namespace is called by both names."""
    patch = Tool("patch", schema=b"", free_text=True, group="files")
    script = 'simulate: call files.patch *** Begin\nsimulate: call patch "two\\nlines"'
    assert answer(ask(script, patch)).pieces == (
        Call("patch", "*** Begin", "files", free_text=True),
        Call("patch", "two\nlines", "files", free_text=True),
    )


# --- structure and search ---------------------------------------------------------------------------------------


def test_structured_output() -> None:
    """Valid JSON, after the tools have spoken; a script counts if it is JSON."""
    shape = Shape(CITY)
    assert json.loads(answer(ask("Where is Rome?", shape=shape)).text) == {"city": "Rome"}
    assert [name for name, _ in calls(ask("The weather in Rome?", WEATHER, shape=shape))] == ["get_weather"]
    assert json.loads(answer(later(ask("The weather in Rome?", WEATHER, shape=shape), "x")).text) == {"city": "Rome"}
    assert json.loads(answer(ask("Any.", shape=Shape())).text)
    assert answer(ask('simulate: say {"city":"Bonn"}', shape=shape)).text == '{"city":"Bonn"}'
    assert "city" in json.loads(answer(ask("simulate: say Bonn", shape=shape)).text)


def test_a_search_is_cited() -> None:
    """Pages on a domain for examples, and words that cite some of them."""
    made = answer(ask("The latest news about bees?", search=True))
    search = made.pieces[0]
    assert isinstance(search, Search)
    cited = [piece.source for piece in made.pieces if isinstance(piece, Speech) and piece.source]
    assert cited
    assert set(cited) <= set(search.found)
    assert all(page.url.startswith("https://example.com/") for page in search.found)
    assert answer(ask("The news?", search=True, choice=Choice.NONE)).searches == 0
    assert answer(ask("hello", search=True)).searches == 0


@pytest.mark.parametrize(
    ("asked", "finish"), [("refusal", Finish.REFUSAL), ("length", Finish.LENGTH), ("pause", Finish.PAUSE)]
)
def test_a_finish_can_be_asked_for(asked: str, finish: Finish) -> None:
    """Whatever the answer would have ended with."""
    assert answer(ask("Explain bees.", steering=Steering(finish=asked))).finish is finish
