"""OpenAI's rows for the families that keep things: files, uploads, batches, assistants and threads, videos,
fine-tuning, vector stores, containers.

A family's rows name the one object that gives access to the rest (a thread for its messages, a vector store for its
files): what hangs on it is reached through it only.
"""

from penstock.core.route import Body, Reply, Route, Stored

_FILES_NAMED = ("file_id", "file_ids", "vector_store_ids", "model")


def _row(
    method: str,
    path: str,
    operation: str,
    stored: Stored,
    body: Body | None = None,
    reply: Reply = Reply.JSON,
) -> Route:
    body = body or (Body.JSON if method == "POST" else Body.NONE)
    return Route(method, "/v1" + path, "openai", operation, body, reply, stored=stored)


def _listed(*claims: str, both_ways: bool = False) -> Stored:
    along = tuple(f"data.*.{path}" for path in claims)
    return Stored(queries=("after", "before") if both_ways else ("after",), claims=along, lists="data")


def _kept(
    path: str,
    family: str,
    name: str,
    *,
    fields: tuple[str, ...] = (),
    claims: tuple[str, ...] = (),
    both_ways: bool = False,
    updated: bool = True,
) -> tuple[Route, ...]:
    """Create, list, retrieve, update and delete of one family."""
    one = f"{path}/{{{name}}}"
    rows = (
        _row("POST", path, f"{family}.create", Stored(fields=fields, makes=("id",), claims=claims)),
        _row("GET", path, f"{family}.list", _listed(*claims, both_ways=both_ways)),
        _row("GET", one, f"{family}.retrieve", Stored(names=(name,), claims=claims)),
        _row("DELETE", one, f"{family}.delete", Stored(names=(name,), deletes=name)),
    )
    if not updated:
        return rows
    changed = Stored(names=(name,), fields=fields, claims=claims)
    return (*rows, _row("POST", one, f"{family}.update", changed))


_FILE = Stored(names=("file_id",))
_UPLOAD = Stored(names=("upload_id",))
_FILES: tuple[Route, ...] = (
    _row("POST", "/files", "files.create", Stored(makes=("id",)), Body.ANY),
    _row("GET", "/files", "files.list", _listed()),
    _row("GET", "/files/{file_id}", "files.retrieve", _FILE),
    _row("DELETE", "/files/{file_id}", "files.delete", Stored(names=("file_id",), deletes="file_id")),
    _row("GET", "/files/{file_id}/content", "files.content", _FILE, reply=Reply.BYTES),
    _row("POST", "/uploads", "uploads.create", Stored(makes=("id",))),
    _row("POST", "/uploads/{upload_id}/cancel", "uploads.cancel", _UPLOAD),
    _row(
        "POST",
        "/uploads/{upload_id}/complete",
        "uploads.complete",
        Stored(names=("upload_id",), makes=("file.id",)),
    ),
    _row("POST", "/uploads/{upload_id}/parts", "uploads.parts.create", _UPLOAD, Body.ANY),
)

_OUTPUT = ("output_file_id", "error_file_id")
_BATCH = Stored(names=("batch_id",), claims=_OUTPUT)
_BATCHES: tuple[Route, ...] = (
    _row(
        "POST",
        "/batches",
        "batches.create",
        Stored(fields=("input_file_id",), makes=("id",), claims=_OUTPUT),
    ),
    _row("GET", "/batches", "batches.list", _listed(*_OUTPUT)),
    _row("GET", "/batches/{batch_id}", "batches.retrieve", _BATCH),
    _row("POST", "/batches/{batch_id}/cancel", "batches.cancel", _BATCH),
)

# A vector store may be made along with an assistant or a thread, a file by the code that a run executes.
_STORES = ("tool_resources.file_search.vector_store_ids.*", "tool_resources.code_interpreter.file_ids.*")
_IN_MESSAGE = ("content.*.image_file.file_id", "content.*.text.annotations.*.file_path.file_id")
_IN_STEP = ("step_details.tool_calls.*.code_interpreter.outputs.*.image.file_id",)
# A run's events are the thread, messages and steps that it comes to.
_LATER = (('"file_id"', _IN_MESSAGE + _IN_STEP),)
_ASSISTANTS = _kept("/assistants", "assistants", "assistant_id", fields=_FILES_NAMED, claims=_STORES, both_ways=True)

_THREAD = Stored(names=("thread_id",))
_MESSAGES, _RUNS = "/threads/{thread_id}/messages", "/threads/{thread_id}/runs"
_MESSAGE, _RUN = _MESSAGES + "/{message_id}", _RUNS + "/{run_id}"
_RUN_NAMED = ("assistant_id", *_FILES_NAMED)


def _under_thread(*claims: str, listed: bool = False) -> Stored:
    along = tuple(f"data.*.{path}" for path in claims) if listed else claims
    return Stored(names=("thread_id",), claims=along)


_THREADS: tuple[Route, ...] = (
    _row(
        "POST",
        "/threads",
        "threads.create",
        Stored(fields=_FILES_NAMED, makes=("id",), claims=_STORES),
    ),
    _row(
        "POST",
        "/threads/runs",
        "threads.create_and_run",
        # A stream begins with the thread itself, a whole answer is the run that names it.
        Stored(fields=_RUN_NAMED, makes=("thread_id", "id"), events=_LATER),
    ),
    _row("GET", "/threads/{thread_id}", "threads.retrieve", _under_thread(*_STORES)),
    _row(
        "POST",
        "/threads/{thread_id}",
        "threads.update",
        Stored(names=("thread_id",), fields=_FILES_NAMED, claims=_STORES),
    ),
    _row(
        "DELETE",
        "/threads/{thread_id}",
        "threads.delete",
        Stored(names=("thread_id",), deletes="thread_id"),
    ),
    _row(
        "POST",
        _MESSAGES,
        "threads.messages.create",
        Stored(names=("thread_id",), fields=_FILES_NAMED),
    ),
    _row("GET", _MESSAGES, "threads.messages.list", _under_thread(*_IN_MESSAGE, listed=True)),
    _row("GET", _MESSAGE, "threads.messages.retrieve", _under_thread(*_IN_MESSAGE)),
    _row("POST", _MESSAGE, "threads.messages.update", _THREAD),
    _row("DELETE", _MESSAGE, "threads.messages.delete", _THREAD),
    _row("POST", _RUNS, "threads.runs.create", Stored(names=("thread_id",), fields=_RUN_NAMED, events=_LATER)),
    _row("GET", _RUNS, "threads.runs.list", _THREAD),
    _row("GET", _RUN, "threads.runs.retrieve", _THREAD),
    _row("POST", _RUN, "threads.runs.update", _THREAD),
    _row("POST", _RUN + "/cancel", "threads.runs.cancel", _THREAD),
    _row(
        "POST",
        _RUN + "/submit_tool_outputs",
        "threads.runs.submit_tool_outputs",
        Stored(names=("thread_id",), events=_LATER),
    ),
    _row("GET", _RUN + "/steps", "threads.runs.steps.list", _under_thread(*_IN_STEP, listed=True)),
    _row("GET", _RUN + "/steps/{step_id}", "threads.runs.steps.retrieve", _under_thread(*_IN_STEP)),
)

_VIDEO = Stored(names=("video_id",))
_VIDEO_NAMED = ("video", "file_id")
_VIDEOS: tuple[Route, ...] = (
    _row("POST", "/videos", "videos.create", Stored(fields=_VIDEO_NAMED, makes=("id",)), Body.FORM),
    _row("GET", "/videos", "videos.list", _listed()),
    _row("POST", "/videos/edits", "videos.edit", Stored(fields=_VIDEO_NAMED, makes=("id",)), Body.FORM),
    _row("POST", "/videos/extensions", "videos.extend", Stored(fields=_VIDEO_NAMED, makes=("id",)), Body.FORM),
    _row(
        "POST",
        "/videos/characters",
        "videos.create_character",
        Stored(makes=("id",)),
        Body.ANY,
    ),
    _row(
        "GET",
        "/videos/characters/{character_id}",
        "videos.get_character",
        Stored(names=("character_id",)),
    ),
    _row("GET", "/videos/{video_id}", "videos.retrieve", _VIDEO),
    _row("DELETE", "/videos/{video_id}", "videos.delete", Stored(names=("video_id",), deletes="video_id")),
    _row("GET", "/videos/{video_id}/content", "videos.content", _VIDEO, reply=Reply.BYTES),
    _row(
        "POST",
        "/videos/{video_id}/remix",
        "videos.remix",
        Stored(names=("video_id",), fields=_VIDEO_NAMED, makes=("id",)),
    ),
)

_TUNED = ("fine_tuned_model", "result_files.*")
_JOB = Stored(names=("fine_tuning_job_id",), claims=_TUNED)
_JOBS, _ONE_JOB = "/fine_tuning/jobs", "/fine_tuning/jobs/{fine_tuning_job_id}"
_PERMISSIONS = "/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions"
_CHECKPOINT = Stored(names=("fine_tuned_model_checkpoint",))
_FINE_TUNING: tuple[Route, ...] = (
    _row(
        "POST",
        _JOBS,
        "fine_tuning.jobs.create",
        Stored(fields=("training_file", "validation_file", "file_id", "model"), makes=("id",), claims=_TUNED),
    ),
    _row("GET", _JOBS, "fine_tuning.jobs.list", _listed(*_TUNED)),
    _row("GET", _ONE_JOB, "fine_tuning.jobs.retrieve", _JOB),
    _row("POST", _ONE_JOB + "/cancel", "fine_tuning.jobs.cancel", _JOB),
    _row("POST", _ONE_JOB + "/pause", "fine_tuning.jobs.pause", _JOB),
    _row("POST", _ONE_JOB + "/resume", "fine_tuning.jobs.resume", _JOB),
    _row("GET", _ONE_JOB + "/events", "fine_tuning.jobs.events", Stored(names=("fine_tuning_job_id",))),
    _row(
        "GET",
        _ONE_JOB + "/checkpoints",
        "fine_tuning.jobs.checkpoints",
        Stored(names=("fine_tuning_job_id",), claims=("data.*.fine_tuned_model_checkpoint",)),
    ),
    _row("GET", _PERMISSIONS, "fine_tuning.checkpoints.permissions.list", _CHECKPOINT),
    _row("POST", _PERMISSIONS, "fine_tuning.checkpoints.permissions.create", _CHECKPOINT),
    _row(
        "DELETE",
        _PERMISSIONS + "/{permission_id}",
        "fine_tuning.checkpoints.permissions.delete",
        _CHECKPOINT,
    ),
    _row(
        "POST",
        "/fine_tuning/alpha/graders/run",
        "fine_tuning.alpha.graders.run",
        Stored(fields=("file_id",)),
    ),
    _row(
        "POST",
        "/fine_tuning/alpha/graders/validate",
        "fine_tuning.alpha.graders.validate",
        Stored(fields=("file_id",)),
    ),
)

_STORE = Stored(names=("vector_store_id",))
_STORE_FILLED = Stored(names=("vector_store_id",), fields=("file_id", "file_ids"))
_ONE_STORE = "/vector_stores/{vector_store_id}"
_STORE_FILE, _STORE_BATCH = _ONE_STORE + "/files/{file_id}", _ONE_STORE + "/file_batches/{batch_id}"
_VECTOR_STORES: tuple[Route, ...] = (
    *_kept("/vector_stores", "vector_stores", "vector_store_id", fields=("file_ids",), both_ways=True),
    _row("POST", _ONE_STORE + "/search", "vector_stores.search", _STORE),
    _row("POST", _ONE_STORE + "/files", "vector_stores.files.create", _STORE_FILLED),
    _row("GET", _ONE_STORE + "/files", "vector_stores.files.list", _STORE),
    _row("GET", _STORE_FILE, "vector_stores.files.retrieve", _STORE),
    _row("POST", _STORE_FILE, "vector_stores.files.update", _STORE),
    _row("DELETE", _STORE_FILE, "vector_stores.files.delete", _STORE),
    _row("GET", _STORE_FILE + "/content", "vector_stores.files.content", _STORE),
    _row("POST", _ONE_STORE + "/file_batches", "vector_stores.file_batches.create", _STORE_FILLED),
    _row("GET", _STORE_BATCH, "vector_stores.file_batches.retrieve", _STORE),
    _row("POST", _STORE_BATCH + "/cancel", "vector_stores.file_batches.cancel", _STORE),
    _row("GET", _STORE_BATCH + "/files", "vector_stores.file_batches.files", _STORE),
)

_CONTAINER = Stored(names=("container_id",))
_IN_CONTAINER = "/containers/{container_id}/files"
_CONTAINERS: tuple[Route, ...] = (
    *_kept("/containers", "containers", "container_id", fields=("file_ids",), updated=False),
    _row(
        "POST",
        _IN_CONTAINER,
        "containers.files.create",
        Stored(names=("container_id",), fields=("file_id",)),
        Body.FORM,
    ),
    _row("GET", _IN_CONTAINER, "containers.files.list", _CONTAINER),
    _row("GET", _IN_CONTAINER + "/{file_id}", "containers.files.retrieve", _CONTAINER),
    _row("DELETE", _IN_CONTAINER + "/{file_id}", "containers.files.delete", _CONTAINER),
    _row("GET", _IN_CONTAINER + "/{file_id}/content", "containers.files.content", _CONTAINER, reply=Reply.BYTES),
)

KEPT: tuple[Route, ...] = (
    *_FILES,
    *_BATCHES,
    *_ASSISTANTS,
    *_THREADS,
    *_VIDEOS,
    *_FINE_TUNING,
    *_VECTOR_STORES,
    *_CONTAINERS,
)
