"""Law 6: a policy applies on every route that carries its matter, and what it leaves out has a reason."""

import pytest

from penstock.app import DIALECTS
from penstock.core.route import Body, Match, Route
from penstock.dialects.placed import Silent, Streamed
from penstock.order import SPEAKING
from penstock.policies.compress import CHATS, COUNTS
from penstock.route_rows import ROWS
from tests.support.walked import WALKING

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

BATCHES = {("anthropic", "batches.create"), ("openai", "files.create")}
"""Chats inside of another body: a list of them, or a file that is uploaded. Gemini's batches have no route."""

FORM = b"multipart/form-data; boundary=b"
BATCH_FILE = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n{}\r\n--b--\r\n'
)


def takes_words(row: Route) -> bool:
    speaking, match = SPEAKING[row.dialect], Match(row, (), "", "")
    return any(speaking.requests(match, *body) is not None for body in ((b"{}",), (BATCH_FILE, FORM)))


def steered() -> set[str]:
    return {row.operation for row in ROWS if takes_words(row)}


def test_terser_answers_are_asked_for_on_every_route_of_a_chat() -> None:
    """Each operation that names a model is a chat, a count of one, or has a reason to be left alone."""
    models = {row.operation for row in ROWS if row.routed}
    assert models - set(UNSTEERED) == CHATS | COUNTS
    assert set(UNSTEERED) <= models
    assert {(row.dialect, row.operation) for row in ROWS if takes_words(row) and not row.routed} == BATCHES
    assert steered() & set(UNSTEERED) == set()


@pytest.mark.parametrize("dialect", WALKING)
def test_every_route_says_where_words_stand(dialect: str) -> None:
    """An operation with a body has a row, or a reason to have none; those without are the ones that the table names."""
    assert DIALECTS[dialect].walking is WALKING[dialect]
    walking = WALKING[dialect]
    rows = [row for row in ROWS if row.dialect == dialect]
    assert {row.operation for row in rows if row.body is Body.NONE} == walking.bodiless
    assert {row.operation for row in rows if row.body is not Body.NONE} == set(walking.rows)
    for operation, row in walking.rows.items():
        reason = row.why if isinstance(row, Silent | Streamed) else "it has words"
        assert len(reason.split()) > 2
        assert walking.carries(operation) is not isinstance(row, Silent)
    with pytest.raises(KeyError):
        walking.carries("models.dream")


def test_what_streams_by_is_never_said_to_be_readable() -> None:
    """Bodies that are not held have no row of members; forms have one for those that are JSON."""
    streamed = {(row.dialect, row.operation) for row in ROWS if row.body is Body.BYTES}
    unread = {
        (name, one)
        for name, walking in WALKING.items()
        for one, row in walking.rows.items()
        if isinstance(row, Streamed)
    }
    assert streamed <= unread
    assert {(row.dialect, row.operation) for row in ROWS if row.body is Body.JSON} & unread == set()
