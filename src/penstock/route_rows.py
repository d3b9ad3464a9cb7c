"""The rows of the route table, one dialect after the other. Data only; ``routes.py`` reads it."""

from penstock.core.route import Body, Reply, Route, Stored


def _anthropic() -> tuple[Route, ...]:
    batch = "/v1/messages/batches/{message_batch_id}"
    return (
        Route("POST", "/v1/messages", "anthropic", "messages.create", Body.JSON, routed=True),
        Route(
            "POST", "/v1/messages/count_tokens", "anthropic", "messages.count_tokens", Body.JSON, routed=True
        ),
        Route("GET", "/v1/models", "anthropic", "models.list"),
        Route("GET", "/v1/models/{model_id}", "anthropic", "models.retrieve"),
        Route(
            "GET",
            batch + "/results",
            "anthropic",
            "batches.results",
            reply=Reply.BYTES,
            stored=Stored(names=("message_batch_id",)),
        ),
    )


def _openai() -> tuple[Route, ...]:
    return (
        Route("POST", "/v1/chat/completions", "openai", "chat.completions.create", Body.JSON, routed=True),
        Route("POST", "/v1/completions", "openai", "completions.create", Body.JSON, routed=True),
        Route("POST", "/v1/responses", "openai", "responses.create", Body.JSON, routed=True),
        Route("POST", "/v1/embeddings", "openai", "embeddings.create", Body.JSON, routed=True),
        Route("GET", "/v1/models", "openai", "models.list"),
        Route("GET", "/v1/models/{model}", "openai", "models.retrieve"),
    )


def _gemini() -> tuple[Route, ...]:
    rows: list[Route] = []
    for version in ("v1", "v1beta", "v1alpha"):
        for verb in (
            "generateContent",
            "streamGenerateContent",
            "countTokens",
            "embedContent",
            "batchEmbedContents",
        ):
            template = f"/{version}/models/{{model}}:{verb}"
            rows.append(Route("POST", template, "gemini", f"models.{verb}", Body.JSON, routed=True))
        rows.append(Route("GET", f"/{version}/models", "gemini", "models.list"))
        rows.append(Route("GET", f"/{version}/models/{{model}}", "gemini", "models.retrieve"))
    return tuple(rows)


ROWS: tuple[Route, ...] = _anthropic() + _openai() + _gemini()
