"""Prints request bodies made up from the SDKs' own types, a JSON line each: every member and every variant once.

Each string that a type leaves open is one of its own, ``W<number>x``; what a type lists is one of that list.
"""

import importlib
import itertools
import json
import sys
import types
import typing
from typing import Annotated, Literal, NotRequired, Required, get_args, get_origin

from typing_extensions import (
    get_type_hints,
    is_typeddict,
)

NUMBERS = itertools.count()
DEEPEST = 9

# A dialect's path, and the type of its body.
OPERATIONS = """
anthropic /v1/messages anthropic.types.message_create_params MessageCreateParamsBase
anthropic /v1/messages anthropic.types.beta.message_create_params MessageCreateParamsBase
openai /v1/chat/completions openai.types.chat.completion_create_params CompletionCreateParamsBase
openai /v1/responses openai.types.responses.response_create_params ResponseCreateParamsBase
openai /v1/responses/compact openai.types.responses.response_compact_params ResponseCompactParams
openai /v1/responses/input_tokens openai.types.responses.input_token_count_params InputTokenCountParams
openai /v1/completions openai.types.completion_create_params CompletionCreateParamsBase
openai /v1/embeddings openai.types.embedding_create_params EmbeddingCreateParams
openai /v1/moderations openai.types.moderation_create_params ModerationCreateParams
openai /v1/images/generations openai.types.image_generate_params ImageGenerateParamsBase
openai /v1/audio/speech openai.types.audio.speech_create_params SpeechCreateParams
openai /v1/conversations openai.types.conversations.conversation_create_params ConversationCreateParams
openai /v1/assistants openai.types.beta.assistant_create_params AssistantCreateParams
openai /v1/threads openai.types.beta.thread_create_params ThreadCreateParams
openai /v1/threads/runs openai.types.beta.thread_create_and_run_params ThreadCreateAndRunParamsBase
openai /v1/threads/t_1/messages openai.types.beta.threads.message_create_params MessageCreateParams
openai /v1/threads/t_1/runs openai.types.beta.threads.run_create_params RunCreateParamsBase
openai /v1/vector_stores openai.types.vector_store_create_params VectorStoreCreateParams
openai /v1/vector_stores/v_1/search openai.types.vector_store_search_params VectorStoreSearchParams
openai /v1/vector_stores/v_1/files openai.types.vector_stores.file_create_params FileCreateParams
openai /v1/vector_stores/v_1/file_batches openai.types.vector_stores.file_batch_create_params FileBatchCreateParams
openai /v1/containers openai.types.container_create_params ContainerCreateParams
openai /v1/fine_tuning/jobs openai.types.fine_tuning.job_create_params JobCreateParams
openai /v1/fine_tuning/alpha/graders/run openai.types.fine_tuning.alpha.grader_run_params GraderRunParams
openai /v1/uploads openai.types.upload_create_params UploadCreateParams
openai /v1/batches openai.types.batch_create_params BatchCreateParams
gemini /v1beta/models/m:generateContent google.genai.types contents:ContentDict
gemini /v1beta/models/m:generateContent google.genai.types system_instruction:ContentDict
gemini /v1beta/models/m:generateContent google.genai.types tools:ToolDict
gemini /v1beta/models/m:generateContent google.genai.types tool_config:ToolConfigDict
gemini /v1beta/models/m:generateContent google.genai.types generation_config:GenerationConfigDict
"""


def word():
    return f"W{next(NUMBERS)}x"


def samples(kind, depth=DEEPEST, above=()):
    """Values of a type, each variant of a union by itself."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Required, NotRequired, Annotated}:
        return samples(inner[0], depth, above)
    if origin is Literal:
        return [inner[0]]
    if origin in {typing.Union, types.UnionType}:
        return [one for variant in inner for one in samples(variant, depth, above)]
    if is_typeddict(kind):
        return objects(kind, depth - 1, above) if depth and above.count(kind) < 2 else []
    if origin is not None and issubclass(origin, typing.Mapping | dict):
        # Of any form: a schema, or what a tool is given.
        return [{"title" if inner[1] is object else word(): one} for one in samples(inner[1], depth, above)[:3]]
    if getattr(origin, "__name__", "") in {"list", "Iterable", "Sequence", "SequenceNotStr"}:
        return [[one] for one in samples(inner[0], depth, above)]
    return plain(kind)


def plain(kind):
    """Values of a type without variants; bytes are base64, and what is no JSON has none."""
    if kind is bool:
        return [True]
    if kind in {int, float}:
        return [7]
    open_to_all = kind in {str, object, typing.Any} or (isinstance(kind, type) and issubclass(kind, str))
    return [word()] if open_to_all else ["QUJD"] if kind is bytes else []


def objects(kind, depth, above):
    """One with all members, and for each further variant of a member one with what can't be left out."""
    found = {name: samples(one, depth, (*above, kind)) for name, one in get_type_hints(kind).items()}
    whole = {name: values[0] for name, values in found.items() if values}
    needed = {name: one for name, one in whole.items() if name in kind.__required_keys__ | {"type", "role"}}
    return [whole, *({**needed, name: one} for name, values in found.items() for one in values[1:])] + [
        {**needed, name: values[0]} for name, values in found.items() if values
    ]


def main():
    for line in OPERATIONS.split("\n"):
        if not line:
            continue
        dialect, path, module, name = line.split()
        member, _, name = name.rpartition(":")
        kind = getattr(importlib.import_module(module), name)
        found = {member: samples(kind)} if member else {one: samples(of) for one, of in get_type_hints(kind).items()}
        for one, values in found.items():
            for value in values:
                listed = value if one not in {"contents", "tools"} or dialect != "gemini" else [value]
                print(json.dumps({"dialect": dialect, "path": path, "body": {one: listed}}))


if __name__ == "__main__":
    sys.exit(main())
