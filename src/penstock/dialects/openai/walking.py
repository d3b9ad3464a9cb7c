"""Where words stand in OpenAI's requests: a row per operation that has a body.

Chat, Responses and what a model answers at once stand here; what is kept, in ``walking_kept``. Pure.
"""

from penstock.core.finding import Matter
from penstock.core.text import Line, Sort
from penstock.dialects.openai.batch_files import OPERATIONS, path_of
from penstock.dialects.openai.items import instructions, item, message
from penstock.dialects.openai.parts import (
    answer_form,
    attached,
    identifier,
    metadata,
    part,
    place,
    state,
    tokens,
)
from penstock.dialects.openai.tools import declared, tool
from penstock.dialects.openai.walking_kept import BODILESS, KEPT
from penstock.dialects.placed import Inner, Place, Row, Split, apart
from penstock.dialects.schemas import schema
from penstock.dialects.uploaded import Filed
from penstock.dialects.walked import leaves, listed, members, names, under, values, words

_SYSTEM_ROLES = names("system developer")


_WHO = apart(user=identifier, safety_identifier=identifier, prompt_cache_key=identifier, metadata=metadata)
_STOP = apart(stop=listed(words))
_TOOLS = {"tools": Place(Line.TOOLS, "tool", tool, Split.ELEMENTS)}

# How models are to answer, of OpenAI's and of compatible servers' parameters: choices, numbers, names of models, tools
# and voices.
_CHOICES = names(
    "model stream stream_options temperature top_p top_k min_p n seed max_tokens max_completion_tokens service_tier "
    "max_output_tokens max_tool_calls frequency_penalty presence_penalty repetition_penalty logit_bias logprobs "
    "top_logprobs tool_choice parallel_tool_calls reasoning reasoning_effort verbosity store background include "
    "truncation moderation modalities prompt_cache_options prompt_cache_retention access_programs image "
    # Of servers that resell others' models, or run them.
    "provider models route transforms plugins usage preset thinking reasoning_format search_context_size keep_alive "
    "venice_parameters safety_settings chat_template_kwargs aspect_ratio resolution cache_control"
)

_CHAT = Row(
    {
        "messages": Place(Line.TURNS, "message", message, Split.ELEMENTS, leading=_SYSTEM_ROLES),
        **_TOOLS,
        "functions": Place(Line.TOOLS, "function", declared, Split.ELEMENTS),
        **_WHO,
        **_STOP,
        **apart(
            response_format=answer_form,
            prediction=members({"content": listed(part)}, ("type",)),
            web_search_options=members({"user_location": place}, ("search_context_size",)),
            # Of compatible servers: an answer's form, search, a server's own settings.
            grammar=under(Matter.DEFINITION),
            json_schema=schema,
            search_settings=leaves,
            options=leaves,
        ),
    },
    # ``audio`` is a voice and a format.
    _CHOICES | names("function_call audio"),
)

_PROMPT = members({"id": state, "variables": values(under(Matter.USER, part))}, ("version",))
_RESPONSES = Row(
    {
        "instructions": Place(Line.HEAD, "instructions", instructions, Split.ELEMENTS),
        "input": Place(Line.TURNS, "item", item, Split.ELEMENTS, leading=_SYSTEM_ROLES),
        **_TOOLS,
        **_WHO,
        **apart(
            prompt=_PROMPT,
            text=members({"format": answer_form}, ("verbosity",)),
            previous_response_id=state,
            conversation=state,
            # Seen from Codex: ids of its own, and the directory that it works in.
            client_metadata=under(Matter.IDENTIFIER, leaves),
            personality=under(Matter.SYSTEM),
        ),
    },
    _CHOICES | names("context_management"),
)

_TEXTS = Place(Line.APART, "embedded", under(Matter.DOCUMENT, tokens), Split.STRINGS)
_PROMPTED = Place(Line.APART, "prompted", under(Matter.USER, tokens), Split.STRINGS)
_PICTURES = apart(image=listed(attached(Sort.IMAGE)), mask=attached(Sort.IMAGE), markup=attached(Sort.IMAGE))
_PAINTING = _CHOICES | names(
    "background complexity frame_count frame_duration_ms input_fidelity output_compression output_format "
    "partial_images quality response_format size style svg"
)
_HEARING = Row(
    {
        "prompt": _PROMPTED,
        **apart(
            keywords=listed(words),
            known_speaker_names=listed(identifier),
            known_speaker_references=listed(attached(Sort.AUDIO)),
            file=attached(Sort.AUDIO),
            input_audio=attached(Sort.AUDIO),
        ),
    },
    _CHOICES | names("chunking_strategy language languages response_format timestamp_granularities"),
)

_ANSWERED = {
    "chat.completions.create": _CHAT,
    # What is kept of an answer can be given other notes, and nothing else.
    "chat.completions.update": Row(apart(metadata=metadata)),
    "completions.create": Row(
        {"prompt": _PROMPTED, **_WHO, **_STOP, "suffix": Place(Line.APART, "behind", words)},
        _CHOICES | names("best_of echo"),
    ),
    "responses.create": _RESPONSES,
    "responses.input_tokens": _RESPONSES,
    "responses.compact": _RESPONSES,
    "embeddings.create": Row({"input": _TEXTS, **_WHO}, _CHOICES | names("dimensions encoding_format input_type")),
    "moderations.create": Row({"input": _PROMPTED}, _CHOICES),
    "images.generate": Row({"prompt": _PROMPTED, **_WHO}, _PAINTING),
    "images.edit": Row(
        {"prompt": _PROMPTED, **_WHO, **_PICTURES, **apart(images=listed(attached(Sort.IMAGE)))},
        _PAINTING - {"image"},
    ),
    "images.create_variation": Row({**_WHO, **_PICTURES}, _PAINTING - {"image"}),
    "audio.speech.create": Row(
        {"input": _PROMPTED, "instructions": Place(Line.APART, "directions", words)},
        _CHOICES | names("voice response_format speed stream_format"),
    ),
    "audio.transcriptions.create": _HEARING,
    "audio.translations.create": _HEARING,
}

_BATCHED = {
    path: Row({"body": Inner(_ANSWERED[operation])}, names("custom_id method url"))
    for path, operation in OPERATIONS.items()
}
"""What a line of a batch's file holds beside its request. ``custom_id`` names the line in the results: with another one
its sender would not find it again."""

WALKING = Filed({**_ANSWERED, **KEPT}, BODILESS, lines=lambda line: _BATCHED.get(path_of(line)))
