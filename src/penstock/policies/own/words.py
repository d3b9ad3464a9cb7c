"""What each provider says of an object that is not there. Data.

A caller must not be able to tell an object of someone else's from one that never was. The status is 404 throughout;
providers say 400 or 403 to some of these, with the same words.
"""

from penstock.policies.own.naming import Name

# By the field, parameter or item that names the object; first of all by the id's own prefix, which is what OpenAI's
# services go by. Wordings as users report them in public issue trackers; where none was found, the most common form.
_OPENAI_PREFIXES = {
    "file-": "No such File object: {}",
    "thread_": "No thread found with id '{}'.",
    "asst_": "No assistant found with id '{}'.",
    "resp_": "Response with id '{}' not found.",
    "conv_": "Conversation with id '{}' not found.",
    "batch_": "No batch found with id '{}'.",
    "vs_": "Vector store with id '{}' not found.",
    "cntr_": "Container with id '{}' not found.",
    "video_": "Video with id '{}' not found.",
    "upload_": "No upload found with id '{}'.",
    "ftjob-": "Could not find fine tune: {}",
    "chatcmpl-": "Chat completion with id '{}' not found.",
    "ft:": "The model '{}' does not exist",
}
_OPENAI_FIELDS = {
    "previous_response_id": ("Previous response with id '{}' not found.", "previous_response_not_found"),
    "item": (
        "Item with id '{}' not found. Items are not persisted when `store` is set to false. "
        "Try again with `store` set to true, or remove this item from your input.",
        None,
    ),
    "model": ("The model '{}' does not exist", "model_not_found"),
    "fine_tuned_model_checkpoint": ("The model '{}' does not exist", "model_not_found"),
}
_ANTHROPIC_FIELDS = {
    "file_id": "File not found: {}",
    "message_batch_id": "Message batch not found: {}",
    "container": "Container not found: {}",
    "previous_message_id": "Message not found: {}",
}


def not_found(dialect: str, name: Name) -> tuple[str, str | None]:
    """The words, and the dialect's machine-readable code where it has one."""
    # What a caller spells need be no text that an answer can hold.
    name = Name(name.field, name.id.encode("utf-8", "replace").decode())
    if dialect == "anthropic":
        return _ANTHROPIC_FIELDS.get(name.field, "Not found: {}").format(name.id), None
    if dialect == "gemini":
        kind, _, rest = name.id.partition("/")
        if kind == "files":
            return f"You do not have permission to access the File {rest} or it may not exist.", None
        if kind == "cachedContents":
            return "CachedContent not found (or permission denied)", None
        return f"{name.id} is not found.", None
    if name.field in _OPENAI_FIELDS:
        words, code = _OPENAI_FIELDS[name.field]
        return words.format(name.id), code
    words = next(
        (said for prefix, said in _OPENAI_PREFIXES.items() if name.id.startswith(prefix)),
        "No object found with id '{}'.",
    )
    return words.format(name.id), None
