"""Gemini's rows: models and their verbs, cached contents, files, resumable upload; under each API version."""

from penstock.core.route import Body, Reply, Route, Stored

VERSIONS = ("v1", "v1beta", "v1alpha")
_VERBS = ("generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents")

# What a body may name, in both spellings of proto JSON. File search stores have no rows, so nobody here owns one.
_NAMED = (
    "cachedContent",
    "cached_content",
    "fileUri",
    "file_uri",
    "fileSearchStoreNames",
    "file_search_store_names",
)
_CACHE = ("cachedContents/{cached_content}",)
_FILE = ("files/{file}",)
# An upload under way is named by the URL that its start is answered with; at its end it becomes a file.
_UPLOAD = Stored(
    queries=("upload_id",),
    makes=("file.name", "header:x-goog-upload-url?upload_id", "header:location?upload_id"),
)
# Google's older protocol (``uploadType=resumable``) names the URL in ``location``.
_UPLOAD_URLS = ("header:x-goog-upload-url", "header:x-goog-upload-control-url", "header:location")


def _version(version: str) -> tuple[Route, ...]:
    def row(method: str, path: str, operation: str, body: Body = Body.NONE, stored: Stored | None = None) -> Route:
        return Route(method, f"/{version}{path}", "gemini", operation, body, stored=stored)

    named = Stored(fields=_NAMED)
    cache, file = "/cachedContents/{cached_content}", "/files/{file}"
    return (
        *(
            Route(
                "POST",
                f"/{version}/models/{{model}}:{verb}",
                "gemini",
                f"models.{verb}",
                Body.JSON,
                routed=True,
                stored=named,
            )
            for verb in _VERBS
        ),
        row("GET", "/models", "models.list"),
        row("GET", "/models/{model}", "models.retrieve"),
        row(
            "POST",
            "/cachedContents",
            "caches.create",
            Body.JSON,
            Stored(fields=_NAMED, makes=("name",)),
        ),
        row("GET", "/cachedContents", "caches.list", stored=Stored(lists="cachedContents", element="name")),
        row("GET", cache, "caches.retrieve", stored=Stored(names=_CACHE)),
        row("PATCH", cache, "caches.update", Body.JSON, Stored(names=_CACHE, fields=_NAMED)),
        row("DELETE", cache, "caches.delete", stored=Stored(names=_CACHE, deletes=_CACHE[0])),
        row("GET", "/files", "files.list", stored=Stored(lists="files", element="name")),
        row("GET", file, "files.retrieve", stored=Stored(names=_FILE)),
        row("DELETE", file, "files.delete", stored=Stored(names=_FILE, deletes=_FILE[0])),
        Route(
            "GET",
            f"/{version}{file}:download",
            "gemini",
            "files.download",
            reply=Reply.BYTES,
            stored=Stored(names=_FILE),
        ),
        # The start and the pieces of a resumable upload have one path; the pieces go to the absolute URL that the
        # start's answer names. google-genai sends them with the start's own `content-type: application/json`.
        *(
            Route(
                method,
                f"/upload/{version}/files",
                "gemini",
                operation,
                Body.BYTES,
                stored=_UPLOAD,
                links=_UPLOAD_URLS,
                ticketed=True,
            )
            for method, operation in (("POST", "files.upload"), ("PUT", "files.upload_piece"))
        ),
    )


GEMINI: tuple[Route, ...] = tuple(route for version in VERSIONS for route in _version(version))
