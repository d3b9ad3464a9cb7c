"""Prints ``docs/reference/detection.md``: the reasons, from the code, and how detection scores on others' prompts.

    PENSTOCK_TEST_DATA=<folder> python docs/generate_detection.py > docs/reference/detection.md

The prompts are read where they stand and none is copied. A test holds the committed page to what this prints, wherever
the prompts are.
"""

import csv
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from penstock.core.terseness import Intensity, Opening
from penstock.policies.compress.detect import SMALL_BILLIONS, SMALL_CAP, detect
from penstock.policies.compress.ends import HEAD, SYSTEM_HEAD, SYSTEM_TAIL, TAIL
from penstock.policies.compress.reasons import INTENSITIES, SENTENCES, Class, Detected, Reason

OFF, LITE, FULL = Intensity.OFF, Intensity.LITE, Intensity.FULL

MODEL = "gpt-4.1"
"""Any model that is known and not small gives the same."""

ORDINARY = ("wikitexts", "chatlogs", "state_of_the_union")


class Goal(msgspec.Struct, frozen=True):
    """What must hold for the prompts of one set."""

    name: str
    source: str
    allowed: tuple[Intensity, ...]
    least: float


GOALS = (
    Goal("an explicit length", "IFEval, rows with a length constraint", (OFF,), 0.95),
    Goal("law and health", "TruthfulQA, categories Law and Health", (OFF, LITE), 0.90),
    Goal("creative writing", "Arena-Hard v2, creative writing", (OFF,), 0.90),
    Goal("mathematics", "Arena-Hard v2, maths", (OFF, LITE), 0.90),
    Goal("coding", "Arena-Hard v2, coding", (OFF, LITE), 0.90),
    Goal("ordinary questions", "questions on Wikipedia articles, chat logs and a speech", (FULL,), 0.60),
)

HEAD_OF_PAGE = """\
# Detection

<!-- Printed by docs/generate_detection.py from policies/compress/; edit the text there. -->

A key with `--smart` lets the gateway choose how terse a conversation's answers are to be. It chooses once, of what is
fixed at the conversation's first request: the model's name, the cap on output tokens, the names of the tools, the
client's system text and the first user message. The same opening always gets the same choice, on every machine. An
override on a request is never asked for its content; nor is a key without `--smart`.

`ultra` is never chosen by detection. `full` is chosen only for what looks like an open question and like nothing else;
where no sign is seen, `lite`.

## Reasons

In the order in which they are asked; the first that holds decides. Code, mathematics and what is only `sensitive` are
weighed against each other by how many signs of each there are. The code stands in the header `X-Penstock-Reason`.

| reason | intensity | why |
|---|---|---|
"""

AFTER_REASONS = f"""
`tools` only makes a `full` into `lite`. A small cap is one of at most {SMALL_CAP} tokens. A small model is one whose
name tells fewer than {SMALL_BILLIONS:g} thousand million parameters, or says nano or tiny. Reasoning models are no
sign: the words go in, and what they save is counted on the visible answer alone.

Beside the reason, each conversation has a class, which says what it is about, whatever decided. Savings are compared
within one class: {", ".join(f"`{each.value}`" for each in Class)}.

## How it is read

By lists of words and stems in `policies/compress/signals.toml`, by the shapes of code and formulas, and by where in a
sentence a word stands: whether it begins with a word of asking, whether a verb of making is followed by a poem, a
letter or a function. A text is looked up in one language, the likeliest, and in English beside it where both stand in
it. There are lists for English, German, French, Spanish, Portuguese, Italian, Russian, Chinese and Japanese, which were
written from general knowledge and are longest for English; in other languages a request for a poem or a story is known
in some, and everything else gets `lite`.

It is read once, word by word, so the time grows with the words that are read and with nothing else. These are the first
{HEAD} and the last {TAIL} letters of the user's message, and the first {SYSTEM_HEAD} and the last {SYSTEM_TAIL} of the
system text. An instruction in the middle of a longer text is missed.

What it cannot know: what a picture shows, what a later turn asks for, and irony. A question whose subject has no word
on the lists is taken for an ordinary one, also where a short answer to it could do harm. Whoever serves such questions
sets the key to `lite` or `off`.

## How it scores

On prompts that others wrote and labelled, and that are no part of this project. Each set is split in two by a hash of
the prompt (the lowest bit of its one-byte BLAKE2b). The word lists were tuned with the first half in sight; of the
second half only the shares were looked at, never a prompt. They were looked at over a dozen times while the lists grew,
so the second half is not wholly blind.

| prompts | from | must be | at least | tuning half | other half |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The whole page. Needs the prompts."""
    return HEAD_OF_PAGE + "".join(map(_reason, Reason)) + AFTER_REASONS + "".join(_scores()) + "\n" + _reasons_by_set()


def sets() -> dict[str, list[str]]:
    """The prompts of each goal."""
    folder = Path(os.environ["PENSTOCK_TEST_DATA"]) / "data"
    arena = _lines(folder / "prompts" / "arena-hard-v2.jsonl")
    lengths = (row for row in _lines(folder / "prompts" / "ifeval.jsonl") if _asks_length(row["instruction_id_list"]))
    truth = _rows(folder / "prompts" / "truthfulqa.csv")
    questions = _rows(folder / "rag" / "chunking" / "questions.csv")
    return {
        "an explicit length": [row["prompt"] for row in lengths],
        "law and health": [row["Question"] for row in truth if row["Category"] in ("Law", "Health")],
        "creative writing": [row["prompt"] for row in arena if row["category"] == "creative_writing"],
        "mathematics": [row["prompt"] for row in arena if row["subcategory"] == "math"],
        "coding": [row["prompt"] for row in arena if row["subcategory"] == "coding"],
        "ordinary questions": [row["question"] for row in questions if row["corpus_id"] in ORDINARY],
    }


def is_for_tuning(prompt: str) -> bool:
    """On which half a prompt stands."""
    return hashlib.blake2b(prompt.encode(), digest_size=1).digest()[0] % 2 == 0


def is_for_reporting(prompt: str) -> bool:
    """The other half."""
    return not is_for_tuning(prompt)


def share(goal: Goal, prompts: Iterable[str]) -> tuple[float, int]:
    """How many of the prompts get what the goal allows, and of how many."""
    found = [detected(prompt).intensity in goal.allowed for prompt in prompts]
    return sum(found) / len(found), len(found)


def detected(prompt: str) -> Detected:
    """What detection says of a prompt alone."""
    return detect(Opening(fingerprint=b"", user=prompt), MODEL, known=True, rules=())


def _reason(reason: Reason) -> str:
    intensity = "the rule's" if reason is Reason.OWN_RULE else f"`{INTENSITIES[reason].value}`"
    return f"| `{reason.value}` | {intensity} | {SENTENCES[reason]} |\n"


def _scores() -> Iterator[str]:
    prompts = sets()
    for goal in GOALS:
        halves = [_half(goal, prompts[goal.name], side) for side in (is_for_tuning, is_for_reporting)]
        allowed = " or ".join(f"`{intensity.value}`" for intensity in goal.allowed)
        yield f"| {goal.name} | {goal.source} | {allowed} | {goal.least:.0%} | {' | '.join(halves)} |\n"


def _half(goal: Goal, prompts: list[str], side: Callable[[str], bool]) -> str:
    reached, number = share(goal, filter(side, prompts))
    return f"{reached:.1%} of {number}"


def _reasons_by_set() -> str:
    prompts = sets()
    shown = [goal.name for goal in GOALS]
    lines = [
        "The reasons that were given, in percent of each set, both halves together:\n",
        f"| reason | {' | '.join(shown)} |",
        f"|---|{'---|' * len(shown)}",
    ]
    given = {name: [detected(prompt).reason for prompt in prompts[name]] for name in shown}
    for reason in Reason:
        parts = [100 * given[name].count(reason) / len(given[name]) for name in shown]
        if any(parts):
            lines.append(f"| `{reason.value}` | {' | '.join(f'{part:.0f}' if part else '-' for part in parts)} |")
    return "\n".join(lines) + "\n"


def _asks_length(constraints: list[str]) -> bool:
    return any(constraint.startswith("length_constraints:") for constraint in constraints)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.stdout.write(page())
