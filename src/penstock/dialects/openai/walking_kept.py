"""Where words stand in what is kept at OpenAI: conversations, assistants and threads, searches, videos, tuning."""

from penstock.core.finding import Matter
from penstock.core.text import Line, Sort
from penstock.dialects.openai.items import item, message
from penstock.dialects.openai.parts import answer_form, attached, elsewhere, metadata, part, posted, state
from penstock.dialects.openai.tools import filters, network, skill, tool
from penstock.dialects.placed import Inner, Place, Row, Silent, Split, Streamed, apart
from penstock.dialects.walked import leaves, listed, members, names, under, values, words

_NOTES = apart(metadata=metadata)
_TITLED = apart(name=words, description=words)
_FILES = apart(file_ids=elsewhere)
_NOTED = Row(_NOTES)
_SILENT = Silent("it has no members: the path says all")
_ITEMS = Row({"items": Place(Line.TURNS, "item", item, Split.ELEMENTS, leading=names("system developer")), **_NOTES})

_ANSWERING = names(
    "model temperature top_p reasoning_effort stream tool_choice parallel_tool_calls max_completion_tokens "
    "max_prompt_tokens truncation_strategy"
)
_store = members({"file_ids": elsewhere, "metadata": metadata}, ("chunking_strategy",))
_resources = members(
    {
        "code_interpreter": members({"file_ids": elsewhere}),
        "file_search": members({"vector_store_ids": elsewhere, "vector_stores": listed(_store)}),
    }
)
_INSTRUCTED = Place(Line.HEAD, "instructed", under(Matter.SYSTEM))
_ASSISTANT = {
    "instructions": _INSTRUCTED,
    "tools": Place(Line.TOOLS, "tool", tool, Split.ELEMENTS),
    **_NOTES,
    **apart(response_format=answer_form, tool_resources=_resources),
}
_ASSISTING = Row({**_ASSISTANT, **_TITLED, **_FILES}, _ANSWERING)
_MESSAGES = Place(Line.TURNS, "message", message, Split.ELEMENTS)
_THREAD = Row({"messages": _MESSAGES, **_NOTES, **apart(tool_resources=_resources)})
_RUN = {
    **_ASSISTANT,
    "additional_instructions": _INSTRUCTED,
    "additional_messages": _MESSAGES,
    **apart(assistant_id=state),
}
_POSTED = Row(
    {
        "content": Place(Line.TURNS, "content", under(Matter.USER, listed(part))),
        **_NOTES,
        **apart(attachments=posted),
    },
    names("role"),
)
_RETURNED = members({"output": under(Matter.RESULT)}, ("tool_call_id",))

_FILMED = Row(
    {
        "prompt": Place(Line.APART, "prompt_of_film", under(Matter.USER)),
        **apart(input_reference=attached(Sort.IMAGE), video=elsewhere),
    },
    names("model seconds size"),
)
_attributes = values(leaves)
_FILLED = Row(
    {
        **_FILES,
        **apart(
            file_id=elsewhere,
            attributes=_attributes,
            files=listed(members({"file_id": elsewhere, "attributes": _attributes}, ("chunking_strategy",))),
        ),
    },
    names("chunking_strategy vector_store_id"),
)
_STORE = Row({**_TITLED, **_NOTES, **_FILES}, names("chunking_strategy expires_after"))
_TUNED = Row(
    {
        **_NOTES,
        **apart(
            training_file=elsewhere,
            validation_file=elsewhere,
            suffix=words,
            method=leaves,
            integrations=leaves,
        ),
    },
    names("model hyperparameters seed"),
)
_GRADED = Row({**apart(grader=leaves, model_sample=words), "item": Place(Line.APART, "graded", leaves)})

KEPT: dict[str, Row | Silent | Streamed] = {
    "responses.cancel": _SILENT,
    "conversations.create": _ITEMS,
    "conversations.update": _NOTED,
    "conversations.items.create": Row(_ITEMS.members, names("include")),
    "files.create": Streamed("a form with a file's bytes", Row({}, names("purpose expires_after"))),
    "uploads.create": Row(
        {"filename": Place(Line.APART, "filename", under(Matter.DOCUMENT))},
        names("bytes mime_type purpose expires_after"),
    ),
    "uploads.cancel": _SILENT,
    "uploads.complete": Silent("ids of parts, and a checksum"),
    "uploads.parts.create": Streamed("a form with some of a file's bytes", measured=True),
    # The requests of a batch stand in a file.
    "batches.create": Row(
        {**_NOTES, **apart(input_file_id=elsewhere)}, names("completion_window endpoint output_expires_after")
    ),
    "batches.cancel": _SILENT,
    "assistants.create": _ASSISTING,
    "assistants.update": _ASSISTING,
    "threads.create": _THREAD,
    "threads.update": _THREAD,
    "threads.create_and_run": Row({**_RUN, "thread": Inner(_THREAD)}, _ANSWERING),
    "threads.messages.create": _POSTED,
    "threads.messages.update": _NOTED,
    "threads.runs.create": Row(_RUN, _ANSWERING | names("include")),
    "threads.runs.update": _NOTED,
    "threads.runs.cancel": _SILENT,
    "threads.runs.submit_tool_outputs": Row(
        {"tool_outputs": Place(Line.TURNS, "tool_output", _RETURNED, Split.ELEMENTS)}, names("stream thread_id")
    ),
    "videos.create": _FILMED,
    "videos.edit": _FILMED,
    "videos.extend": _FILMED,
    "videos.create_character": Row({**_FILMED.members, **_TITLED}),
    "videos.remix": _FILMED,
    "fine_tuning.jobs.create": _TUNED,
    "fine_tuning.jobs.cancel": _SILENT,
    "fine_tuning.jobs.pause": _SILENT,
    "fine_tuning.jobs.resume": _SILENT,
    "fine_tuning.checkpoints.permissions.create": Silent("ids of projects"),
    "fine_tuning.alpha.graders.run": _GRADED,
    "fine_tuning.alpha.graders.validate": _GRADED,
    "vector_stores.create": _STORE,
    "vector_stores.update": _STORE,
    "vector_stores.search": Row(
        {
            "query": Place(Line.APART, "query", under(Matter.INPUT), Split.STRINGS),
            **apart(filters=filters),
        },
        names("max_num_results ranking_options rewrite_query"),
    ),
    "vector_stores.files.create": _FILLED,
    "vector_stores.files.update": _FILLED,
    "vector_stores.file_batches.create": _FILLED,
    "vector_stores.file_batches.cancel": _SILENT,
    "containers.create": Row(
        {**apart(name=words, file_ids=elsewhere, network_policy=network, skills=listed(skill))},
        names("expires_after memory_limit"),
    ),
    "containers.files.create": Row(apart(file_id=elsewhere)),
}

BODILESS = names(
    "chat.completions.list chat.completions.retrieve chat.completions.delete chat.completions.messages "
    "responses.retrieve responses.delete responses.input_items conversations.retrieve conversations.delete "
    "conversations.items.list conversations.items.retrieve conversations.items.delete models.list models.retrieve "
    "models.delete files.list files.retrieve files.delete files.content batches.list batches.retrieve assistants.list "
    "assistants.retrieve assistants.delete threads.retrieve threads.delete threads.messages.list "
    "threads.messages.retrieve threads.messages.delete threads.runs.list threads.runs.retrieve threads.runs.steps.list "
    "threads.runs.steps.retrieve videos.list videos.get_character videos.retrieve videos.delete videos.content "
    "fine_tuning.jobs.list fine_tuning.jobs.retrieve fine_tuning.jobs.events fine_tuning.jobs.checkpoints "
    "fine_tuning.checkpoints.permissions.list fine_tuning.checkpoints.permissions.delete vector_stores.list "
    "vector_stores.retrieve vector_stores.delete vector_stores.files.list vector_stores.files.retrieve "
    "vector_stores.files.delete vector_stores.files.content vector_stores.file_batches.retrieve "
    "vector_stores.file_batches.files containers.list containers.retrieve containers.delete containers.files.list "
    "containers.files.retrieve containers.files.delete containers.files.content"
)
"""Operations without a body."""
