"""What a key may use: models by every name that a request can give, operations by theirs."""

import msgspec
import pytest

from penstock.core.caller import KeyProfile, matches
from penstock.policies.permit import RUN_NO_MODEL, permitted, visible
from penstock.route_rows import ROWS

HELD = KeyProfile("key_1", "notebook", models=("claude-haiku-*", "gemini-*-flash"))

RUN_A_MODEL = {
    "anthropic.batches.create", "gemini.caches.create", "openai.assistants.create",
    "openai.audio.transcriptions.create",
    "openai.audio.translations.create", "openai.batches.create", "openai.fine_tuning.alpha.graders.run",
    "openai.fine_tuning.alpha.graders.validate", "openai.fine_tuning.jobs.create", "openai.images.create_variation",
    "openai.images.edit", "openai.threads.create_and_run", "openai.threads.runs.create", "openai.videos.create",
    "openai.videos.edit", "openai.videos.extend", "openai.videos.remix",
}  # fmt: skip
"""Beside those whose row says ``routed``."""


@pytest.mark.parametrize(
    ("model", "allowed"),
    [
        ("claude-haiku-4-5", True),
        ("claude-opus-5", False),
        ("CLAUDE-HAIKU-4-5", False),
        ("xclaude-haiku-4", False),
        ("models/gemini-3-flash", True),
        ("gemini-3-pro", False),
        ("claude-haiku-4\nclaude-opus-5", True),
        ("", False),
    ],
)
def test_a_model_is_allowed_by_its_whole_name(model: str, allowed: bool) -> None:
    """Globs meet the whole name, case matters, and Google's prefix may stand before it."""
    assert HELD.may_use(model) is allowed
    assert KeyProfile("key_2", "free").may_use(model)


@pytest.mark.parametrize(
    ("patterns", "operations"),
    [
        (("messages.*",), {"anthropic.messages.create", "anthropic.messages.count_tokens"}),
        (("gemini.models.embedContent",), {"gemini.models.embedContent"}),
        (("embeddings.create", "gemini.*Embed*"), {"openai.embeddings.create", "gemini.models.batchEmbedContents"}),
    ],
)
def test_operations_are_named_with_or_without_their_dialect(patterns: tuple[str, ...], operations: set[str]) -> None:
    """``messages.*`` and ``anthropic.messages.*`` mean the same rows."""
    key = KeyProfile("key_1", "notebook", routes=patterns)
    assert {f"{row.dialect}.{row.operation}" for row in ROWS if permitted(key, row)} == operations


def test_every_operation_that_changes_something_is_judged_knowingly() -> None:
    """A new route either runs a model that the request must name, or is listed as one that runs none."""
    changing = [row for row in ROWS if row.method == "POST" and not row.routed]
    unlisted = {f"{row.dialect}.{row.operation}" for row in changing if not matches(RUN_NO_MODEL, row.operation)}
    assert unlisted == RUN_A_MODEL
    assert [pattern for pattern in RUN_NO_MODEL if not any(matches((pattern,), row.operation) for row in ROWS)] == []
    assert [row.operation for row in ROWS if row.routed and matches(RUN_NO_MODEL, row.operation)] == []


@pytest.mark.parametrize(
    ("body", "cut"),
    [
        (b'{"data":[{"id":"claude-haiku-4-5","x": 1.0},{"id":"gpt-5"}],"has_more":false}',
         {"data": [{"id": "claude-haiku-4-5", "x": 1.0}], "has_more": False}),
        (b'{"models":[{"name":"models/gemini-3-flash"},{"name":"models/gemini-3-pro"}],"nextPageToken":"t"}',
         {"models": [{"name": "models/gemini-3-flash"}], "nextPageToken": "t"}),
        (b'{"data":[null,7,{"name":5}]}', {"data": []}),
        (b'{"data":{"id":"gpt-5"}}', {}),
        (b"no list", {}),
    ],
)  # fmt: skip
def test_a_list_shows_only_what_the_key_may_use(body: bytes, cut: object) -> None:
    """Kept entries keep their bytes; what can't be read as a list is not shown at all."""
    shown = visible(HELD, body)
    assert msgspec.json.decode(shown) == cut
    assert b'"x": 1.0' not in body or b'"x": 1.0' in shown
