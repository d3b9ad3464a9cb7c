"""Law 6: a policy applies on every route that carries its matter, and what it leaves out has a reason."""

from penstock.app import SPEAKING
from penstock.core.route import Match
from penstock.policies.compress import CHATS
from penstock.policies.compress.policy import COUNTS
from penstock.route_rows import ROWS

UNSTEERED = {
    "completions.create": "a text is continued: there is no system text, and whatever stands before it is part of it",
    "embeddings.create": "no words come back",
    "moderations.create": "no words come back",
    "images.generate": "pictures come back",
    "audio.speech.create": "the input is read aloud",
    "responses.compact": "the model writes a memory for itself, which must lose nothing",
    "models.embedContent": "no words come back",
    "models.batchEmbedContents": "no words come back",
}
"""Operations that a model answers, and that no words of ours belong into."""

BATCHES = {"batches.create"}
"""Chats inside of another body. OpenAI's stand in a file that streams through; Gemini's have no route."""


def steered() -> set[str]:
    return {row.operation for row in ROWS if SPEAKING[row.dialect].requests(Match(row, (), "", ""), b"{}") is not None}


def test_terser_answers_are_asked_for_on_every_route_of_a_chat() -> None:
    """Each operation that names a model is a chat, a count of one, or has a reason to be left alone."""
    models = {row.operation for row in ROWS if row.routed}
    assert models - set(UNSTEERED) == CHATS | COUNTS
    assert set(UNSTEERED) <= models
    assert {operation.removeprefix("messages.") for operation in steered() - models} == BATCHES
    assert steered() & set(UNSTEERED) == set()
