"""Where OpenAI's answers, and those of compatible servers, hold words: chats, responses and their items, by table."""

from penstock.dialects.tables import Leaf, Table, joined

_WORDS, _JSON, _SPOKEN, _VALUE, _TOLD = Leaf.WORDS, Leaf.JSON, Leaf.SPOKEN, Leaf.VALUE, Leaf.TOLD

ERROR: Table = {"error": {".": _WORDS, "message": _WORDS}, "message": _WORDS}
ANNOTATION: Table = {
    "title": _WORDS, "filename": _WORDS, "quote": _WORDS, "text": _WORDS,
    "url_citation": {"title": _WORDS, "content": _WORDS}, "file_citation": {"quote": _WORDS},
}  # fmt: skip
PART: Table = {"text": _WORDS, "refusal": _WORDS, "transcript": _WORDS, "annotations": {"*": ANNOTATION}}

# Signed reasoning (``reasoning_details``) is not named here.
MESSAGE: Table = {
    "content": {".": _WORDS, "*": PART}, "refusal": _WORDS, "reasoning_content": _WORDS, "reasoning": _WORDS,
    "tool_calls": {"*": {"function": {"arguments": _JSON}, "custom": {"input": _SPOKEN}}},
    "function_call": {"arguments": _JSON}, "audio": {"transcript": _WORDS}, "annotations": {"*": ANNOTATION},
}  # fmt: skip
CHAT: Table = {"choices": {"*": {"message": MESSAGE, "text": _WORDS}}, "metadata": _TOLD}

# One table for items of every type: no two use a name differently. ``encrypted_content`` is not named.
ITEM: Table = {
    "content": {".": _WORDS, "*": PART}, "summary": {"*": PART}, "arguments": _JSON, "input": _SPOKEN,
    "code": _SPOKEN, "outputs": _TOLD, "action": _VALUE, "operation": _VALUE, "queries": _VALUE, "results": _TOLD,
    "output": _TOLD, "error": _TOLD, "revised_prompt": _WORDS,
}  # fmt: skip
RESPONSE: Table = {
    "output": {"*": ITEM}, "instructions": {".": _WORDS, "*": ITEM}, "metadata": _TOLD, **ERROR,
}  # fmt: skip
EVENT: Table = {
    "response": RESPONSE, "item": ITEM, "part": PART, "annotation": ANNOTATION, "text": _WORDS, "refusal": _WORDS,
    "transcript": _WORDS, "arguments": _JSON, "input": _SPOKEN, "code": _SPOKEN, **ERROR,
}  # fmt: skip
_CALL: Table = {
    "function": {"arguments": _JSON, "output": _TOLD},
    "code_interpreter": {"input": _SPOKEN, "outputs": _TOLD},
}
_ASSISTANT: Table = {"name": _WORDS, "description": _WORDS, "instructions": _WORDS, "metadata": _TOLD}
_RUN: Table = {
    "instructions": _WORDS, "metadata": _TOLD, "last_error": {"message": _WORDS},
    "required_action": {"submit_tool_outputs": {"tool_calls": {"*": _CALL}}},
}  # fmt: skip
_STEP: Table = {"step_details": {"tool_calls": {"*": _CALL}}, "last_error": {"message": _WORDS}, "metadata": _TOLD}
_FILE: Table = {"filename": _WORDS}
_NOTED: Table = {"metadata": _TOLD}
_FOUND: Table = {
    "search_query": _TOLD,
    "data": {"*": {"text": _WORDS, "content": {"*": {"text": _WORDS}}, "filename": _WORDS, "attributes": _TOLD}},
}
_THREAD_MESSAGE: Table = {"content": {"*": {"text": {"value": _WORDS}, "refusal": _WORDS}}, "metadata": _TOLD}
_COMPLETIONS = joined(CHAT, {"data": {"*": CHAT}})

TABLES: dict[str, Table] = {
    "chat.completions.create": CHAT,
    "chat.completions.retrieve": CHAT,
    "chat.completions.update": CHAT,
    "chat.completions.list": _COMPLETIONS,
    "chat.completions.messages": {"data": {"*": MESSAGE}},
    "completions.create": CHAT,
    "responses.create": RESPONSE,
    "responses.retrieve": RESPONSE,
    "responses.cancel": RESPONSE,
    "responses.compact": RESPONSE,
    "responses.input_items": {"data": {"*": ITEM}},
    "conversations.items.create": {"data": {"*": ITEM}},
    "conversations.items.list": {"data": {"*": ITEM}},
    "conversations.items.retrieve": ITEM,
    "images.generate": {"data": {"*": {"revised_prompt": _WORDS}}},
    "threads.messages.list": {"data": {"*": _THREAD_MESSAGE}},
    "threads.messages.retrieve": _THREAD_MESSAGE,
    "threads.messages.create": _THREAD_MESSAGE,
    "threads.messages.update": _THREAD_MESSAGE,
    **{f"threads.runs.{verb}": _RUN for verb in ("create", "retrieve", "update", "cancel", "submit_tool_outputs")},
    "threads.create_and_run": _RUN,
    "threads.runs.list": {"data": {"*": _RUN}},
    "threads.runs.steps.list": {"data": {"*": _STEP}},
    "threads.runs.steps.retrieve": _STEP,
    **{f"assistants.{verb}": _ASSISTANT for verb in ("create", "retrieve", "update")},
    **{f"threads.{verb}": _NOTED for verb in ("create", "retrieve", "update")},
    **{f"conversations.{verb}": _NOTED for verb in ("create", "retrieve", "update")},
    **{f"batches.{verb}": _NOTED for verb in ("create", "retrieve", "cancel")},
    "files.create": _FILE,
    "files.retrieve": _FILE,
    "vector_stores.search": _FOUND,
    "vector_stores.files.content": _FOUND,
}
"""By operation: what good answers hold beside errors."""
LINES: dict[str, Table] = {"files.content": {"response": {"body": joined(CHAT, RESPONSE)}, **ERROR}}
"""The same for answers of JSON lines: the results of a batch."""
