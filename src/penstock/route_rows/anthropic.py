"""Anthropic's rows: messages, token counts, models, message batches, files."""

from penstock.core.route import Body, Reply, Route, Stored

# What a Messages body may name: files in sources and uploads, a container to go on with, and the earlier message of
# a thread or of a cache diagnosis (anthropic types/message_create_params.py, types/beta/message_create_params.py).
_NAMED = ("file_id", "container", "previous_message_id")
# Files that code execution wrote, in the result blocks of an answer.
_WRITTEN = "content.*.content.content.*.file_id"
_MESSAGE = Stored(
    fields=_NAMED,
    makes=("id",),
    claims=("container.id", _WRITTEN),
    events=(
        ('"container"', ("delta.container.id",)),
        ('"file_id"', ("content_block.content.content.*.file_id",)),
    ),
    # Only these can make a message that a later request may name, a container, or a file. The search tools of 2026
    # run code of their own in a container.
    asked=(
        '"thread"',
        '"diagnostics"',
        '"container"',
        '"code_execution_',
        '"web_search_2026',
        '"web_fetch_2026',
    ),
)
_BATCH = Stored(names=("message_batch_id",))
_FILE = Stored(names=("file_id",))
_FILES = Stored(lists="data")
_BATCHES = Stored(queries=("after_id", "before_id"), lists="data")
_RESULTS_URL = ("results_url",)


def _row(
    method: str,
    path: str,
    operation: str,
    body: Body = Body.NONE,
    stored: Stored | None = None,
    links: tuple[str, ...] = (),
) -> Route:
    return Route(method, "/v1" + path, "anthropic", operation, body, stored=stored, links=links)


def _bytes(path: str, operation: str, stored: Stored) -> Route:
    return Route("GET", "/v1" + path, "anthropic", operation, reply=Reply.BYTES, stored=stored)


def _model(path: str, operation: str, stored: Stored) -> Route:
    return Route("POST", "/v1" + path, "anthropic", operation, Body.JSON, routed=True, stored=stored)


_ONE_BATCH = "/messages/batches/{message_batch_id}"

ANTHROPIC: tuple[Route, ...] = (
    _model("/messages", "messages.create", _MESSAGE),
    _model("/messages/count_tokens", "messages.count_tokens", Stored(fields=_NAMED)),
    _row("GET", "/models", "models.list"),
    _row("GET", "/models/{model_id}", "models.retrieve"),
    _row(
        "POST",
        "/messages/batches",
        "batches.create",
        Body.JSON,
        Stored(fields=_NAMED, makes=("id",)),
        _RESULTS_URL,
    ),
    _row("GET", "/messages/batches", "batches.list", stored=_BATCHES, links=("data.*.results_url",)),
    _row("GET", _ONE_BATCH, "batches.retrieve", stored=_BATCH, links=_RESULTS_URL),
    _row("POST", _ONE_BATCH + "/cancel", "batches.cancel", stored=_BATCH, links=_RESULTS_URL),
    _row(
        "DELETE",
        _ONE_BATCH,
        "batches.delete",
        stored=Stored(names=("message_batch_id",), deletes="message_batch_id"),
    ),
    _bytes(_ONE_BATCH + "/results", "batches.results", _BATCH),
    _row("POST", "/files", "files.upload", Body.ANY, Stored(makes=("id",))),
    _row("GET", "/files", "files.list", stored=_FILES),
    _row("GET", "/files/{file_id}", "files.retrieve", stored=_FILE),
    _row("DELETE", "/files/{file_id}", "files.delete", stored=Stored(names=("file_id",), deletes="file_id")),
    _bytes("/files/{file_id}/content", "files.content", _FILE),
)
