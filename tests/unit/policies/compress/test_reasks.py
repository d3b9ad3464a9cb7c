"""Which messages ask again for what an answer left out: a table of both kinds, in every language with phrases."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.policies.compress.lexicon import GAPLESS, SPACED
from penstock.policies.compress.phrases import gapless, spaced
from penstock.policies.compress.reasks import PROSE, asks_again, prepare

AGAIN = """
Can you explain that in more detail?
please elaborate
Expand on 2
Please expand on the second point.
that's too short
That’s way too brief!
That was very short.
why?
But why??
Why is that
show the full code
Show me the entire script, please.
You left out the error handling
you skipped the most important step
Give me the whole file
I need the full function, not snippets
Can you give me an example?
What do you mean by that?
Tell me more.
OK, thanks. More details please
Go deeper into step 3
explain #3
You didn't answer my question.
don't skip anything
For example?
the rest of the code please, show it
That is not enough
You only gave me half of the code
What's the reasoning behind that?
Why would I do that?
Can you justify that?
> Use a queue.\\nWhy?
Kannst du das genauer erklären?
Warum?
Zeig mir bitte den ganzen Code
Das ist zu kurz
Gib mir bitte ein Beispiel
Du hast die Fehlerbehandlung weggelassen
Peux-tu développer ?
C'est trop court
Montre-moi le code complet
Pourquoi ?
Donne-moi plus de détails
¿Por qué?
¿Puedes explicar eso con más detalle?
Muéstrame el código completo
Es demasiado corto
Por quê?
Explique com mais detalhes, por favor
Mostre o código completo
Perché?
Puoi spiegare meglio?
Mostrami il codice completo
È troppo breve
Почему?
Расскажи подробнее, пожалуйста
Покажи весь код
Слишком коротко
为什么?
请再详细一点
给我完整代码
能举个例子吗
太短了
なぜですか?
もう少し詳しく説明してください
コード全体を見せてください
例えば?
""".strip().splitlines()

OTHERS = """
explain quicksort
What is the capital of Peru?
Now do the same for Python 3.12
Thanks, that works!
That's it, thanks!
I see why.
I like it.
Make the log more verbose
Add more details to the README
Can you show me an example of a monad?
Add a test for it
continue
yes
ok go ahead
Can you translate it into French?
And how does merge sort compare?
Here is the full file
I pasted the whole file above, fix the bug
Make it shorter
Rename the function to load
Why does my code raise a KeyError?
How do I deploy this?
Update the entire file to use tabs
Which one is faster?
How are you?
What is the population of the second city?
Write an elaborate joke about it
Your entire answer must be in capital letters.
That is too expensive
Wie spät ist es in Tokio?
Danke, das passt
Das war alles, danke
Übersetze das ins Englische
Warum ist der Himmel blau?
Merci, c'est parfait
Et pour Python ?
Gracias, ahora en Java
Eso es todo
¿Cuánto cuesta un kilo?
Obrigado, funcionou
Como instalo isso no Windows?
Grazie mille
Adesso in Java, per favore
Спасибо, работает
А теперь на Python
谢谢
现在用Python写
为什么天空是蓝色的?
ありがとう
次はPythonで書いて
...
42
""".strip().splitlines()


@pytest.mark.parametrize("text", AGAIN)
def test_a_short_message_asks_again(text: str) -> None:
    """However it is written: in capitals, with a typographic apostrophe, politely, below a line of the answer."""
    text = text.replace("\\n", "\n")
    assert asks_again([text])
    assert asks_again([text.upper().replace("'", "’")])


@pytest.mark.parametrize("text", OTHERS)
def test_what_goes_on_asks_for_nothing_again(text: str) -> None:
    """New questions, new tasks, thanks, and texts that only speak of a whole file."""
    assert not asks_again([text])


LONG = "I have read about caches and about queues, and now I wonder how they are used together in practice. " * 3
NOT_READ = {
    "a long message": LONG + "Explain in more detail.",
    "code": "Too short?\n```python\ndef f(): ...\n```",
    "an endless message": "> quoted\n" * 1_000 + "why?",
    "what a client adds": "<system-reminder>Explain in more detail.</system-reminder>",
    "what the model said": "> Let me explain in more detail.\nThanks!",
    "nothing": "  \n",
}


@pytest.mark.parametrize("text", NOT_READ.values(), ids=NOT_READ)
def test_what_is_not_looked_at(text: str) -> None:
    """A long message is a new question, and the words of others are not the user's."""
    assert not asks_again([text])


def test_a_message_of_several_texts() -> None:
    """A client's own texts beside it are passed over; of no text at all nothing is said."""
    assert asks_again(["<system-reminder>The file has changed.</system-reminder>", "why?"])
    assert not asks_again(["Thanks.", LONG])
    assert not asks_again([])


def test_the_longest_that_is_read() -> None:
    """Letters count, not words."""
    padding = "x" * (PROSE - len("in more detail") - 1)
    assert asks_again([f"{padding} in more detail"])
    assert not asks_again([f"{padding}x in more detail"])


def test_every_language_of_detection_has_phrases() -> None:
    """And a tree that leads somewhere; a misspelt group would be an error."""
    found = spaced()
    for word in ("why", "warum", "pourquoi", "por qué", "por que", "perché", "почему"):
        assert word in found.alone
    assert len(SPACED) == 7
    assert [("为什么" in one.alone, "なぜ" in one.alone) for one in gapless()] == [(True, False), (False, True)]
    assert len(GAPLESS) == 2


HOSTILE = [
    "more ",
    "explain the ",
    "you left a b ",
    "why please ",
    "please ",
    "1 ",
    "the full ",
    "再 ",
    "请",
    "can you ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_message_takes_long(piece: str) -> None:
    """Under a millisecond, whatever it repeats; the tables are there before."""
    prepare()
    text = (piece * PROSE)[: PROSE - 1]
    best = 1.0
    for _ in range(60):
        start = time.perf_counter()
        asks_again([text])
        best = min(best, time.perf_counter() - start)
    assert best < 0.001


@given(st.lists(st.text(max_size=60), max_size=3))
def test_nothing_that_is_written_breaks_it(said: list[str]) -> None:
    """Any letters, and none."""
    assert asks_again(said) in {True, False}
