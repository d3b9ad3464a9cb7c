"""OpenAI's rows: what a model answers at once, and the responses, conversations and completions that are kept.

The families that only keep things (files, batches, threads, …) stand in ``openai_kept.py``.
"""

from penstock.core.route import Body, Reply, Route, Stored
from penstock.route_rows.openai_kept import KEPT

# What the body of a Responses call may name (openai types/responses/response_create_params.py and the items and tools
# that it takes).
_NAMED = (
    "previous_response_id",
    "comparison_response_id",
    "conversation",
    "file_id",
    "file_ids",
    "vector_store_ids",
    "container",
    "container_id",
    "model",
)
_ITEM = ("id", "container_id")
_ALONG = ("conversation.id", *(f"output.*.{path}" for path in _ITEM))
_LATER = (("response.output_item.", ("item.id", "item.container_id")), ('"container_id"', ("annotation.container_id",)))
# These run code in a container, which is kept although the response is not.
_CODE = ('"code_interpreter"', '"container', '"shell"')
_RESPONSE = Stored(names=("response_id",), claims=_ALONG, events=_LATER)
_CONVERSATION = Stored(names=("conversation_id",))
_COMPLETION = Stored(names=("completion_id",))


def _listed(name: str) -> Stored:
    return Stored(names=(name,), claims=tuple(f"data.*.{path}" for path in _ITEM))


def _row(
    method: str,
    path: str,
    operation: str,
    stored: Stored | None = None,
    body: Body | None = None,
    reply: Reply = Reply.JSON,
) -> Route:
    body = body or (Body.JSON if method == "POST" else Body.NONE)
    return Route(method, "/v1" + path, "openai", operation, body, reply, stored=stored)


def _model(path: str, operation: str, stored: Stored | None = None, reply: Reply = Reply.JSON) -> Route:
    return Route("POST", "/v1" + path, "openai", operation, Body.JSON, reply, routed=True, stored=stored)


_ONE_COMPLETION = "/chat/completions/{completion_id}"
_ONE_RESPONSE = "/responses/{response_id}"
_ONE_CONVERSATION = "/conversations/{conversation_id}"
_ITEMS = _ONE_CONVERSATION + "/items"

_ANSWERED: tuple[Route, ...] = (
    _model(
        "/chat/completions",
        "chat.completions.create",
        Stored(
            # An assistant message may name earlier audio; a part of a user message, a file.
            fields=("file_id", "audio", "model"),
            makes=("id",),
            claims=("choices.*.message.audio.id",),
            events=(('"audio"', ("choices.*.delta.audio.id",)),),
            asked=('"store"', '"audio"'),
        ),
    ),
    _model("/completions", "completions.create", Stored(fields=("model",))),
    _model("/embeddings", "embeddings.create"),
    _model("/moderations", "moderations.create", Stored(fields=("file_id",))),
    _model("/images/generations", "images.generate"),
    _row("POST", "/images/edits", "images.edit", Stored(fields=("file_id",)), Body.ANY),
    _row("POST", "/images/variations", "images.create_variation", None, Body.ANY),
    _model("/audio/speech", "audio.speech.create", reply=Reply.BYTES),
    _row("POST", "/audio/transcriptions", "audio.transcriptions.create", None, Body.ANY, Reply.BYTES),
    _row("POST", "/audio/translations", "audio.translations.create", None, Body.ANY, Reply.BYTES),
    _row("GET", "/models", "models.list"),
    _row("GET", "/models/{model}", "models.retrieve", Stored(names=("model",))),
    _row("DELETE", "/models/{model}", "models.delete", Stored(names=("model",), deletes="model")),
)

_REMEMBERED: tuple[Route, ...] = (
    _row("GET", "/chat/completions", "chat.completions.list", Stored(queries=("after",), lists="data")),
    _row("GET", _ONE_COMPLETION, "chat.completions.retrieve", _COMPLETION),
    _row("POST", _ONE_COMPLETION, "chat.completions.update", _COMPLETION),
    _row(
        "DELETE",
        _ONE_COMPLETION,
        "chat.completions.delete",
        Stored(names=("completion_id",), deletes="completion_id"),
    ),
    _row("GET", _ONE_COMPLETION + "/messages", "chat.completions.messages", _COMPLETION),
    _model(
        "/responses",
        "responses.create",
        Stored(
            fields=_NAMED,
            items=("input",),
            makes=("id",),
            claims=_ALONG,
            events=_LATER,
            asked=_CODE,
            unless="store",
        ),
    ),
    _model("/responses/input_tokens", "responses.input_tokens", Stored(fields=_NAMED, items=("input",))),
    _model(
        "/responses/compact",
        "responses.compact",
        Stored(fields=_NAMED, items=("input",), makes=("id",), claims=_ALONG),
    ),
    _row("GET", _ONE_RESPONSE, "responses.retrieve", _RESPONSE),
    _row(
        "DELETE",
        _ONE_RESPONSE,
        "responses.delete",
        Stored(names=("response_id",), deletes="response_id"),
    ),
    _row("POST", _ONE_RESPONSE + "/cancel", "responses.cancel", _RESPONSE),
    _row("GET", _ONE_RESPONSE + "/input_items", "responses.input_items", _listed("response_id")),
    _row(
        "POST",
        "/conversations",
        "conversations.create",
        Stored(fields=_NAMED, items=("items",), makes=("id",)),
    ),
    _row("GET", _ONE_CONVERSATION, "conversations.retrieve", _CONVERSATION),
    _row("POST", _ONE_CONVERSATION, "conversations.update", _CONVERSATION),
    _row(
        "DELETE",
        _ONE_CONVERSATION,
        "conversations.delete",
        Stored(names=("conversation_id",), deletes="conversation_id"),
    ),
    _row(
        "POST",
        _ITEMS,
        "conversations.items.create",
        Stored(
            names=("conversation_id",),
            fields=_NAMED,
            items=("items",),
            claims=tuple(f"data.*.{path}" for path in _ITEM),
        ),
    ),
    _row("GET", _ITEMS, "conversations.items.list", _listed("conversation_id")),
    _row(
        "GET",
        _ITEMS + "/{item_id}",
        "conversations.items.retrieve",
        Stored(names=("conversation_id",), claims=_ITEM),
    ),
    _row("DELETE", _ITEMS + "/{item_id}", "conversations.items.delete", _CONVERSATION),
)

OPENAI: tuple[Route, ...] = _ANSWERED + _REMEMBERED + KEPT
