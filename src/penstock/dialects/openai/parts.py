"""Where words stand in the parts of a content, and in what Chat, Responses and threads have in common.

A table by type, of OpenAI's own types (openai 3.52) and of what compatible servers take beside them. Pure.
"""

from penstock.core.finding import Matter
from penstock.core.text import Sort
from penstock.core.tree import JsonForm, Node
from penstock.dialects.schemas import schema
from penstock.dialects.walked import (
    Shape,
    Walk,
    address,
    leaves,
    listed,
    members,
    names,
    typed,
    under,
    unknown,
    values,
    words,
)

_MARKS = names("type detail prompt_cache_breakpoint cache_control")
_PDF = b'"JVBERi'  # ``%PDF-`` in base64
_DOCUMENT = under(Matter.DOCUMENT)

identifier: Shape = under(Matter.IDENTIFIER)
credential: Shape = under(Matter.CREDENTIAL)
metadata: Shape = values(under(Matter.OTHER, leaves))
"""What a client notes for itself: up to sixteen names and values."""


def elsewhere(walk: Walk, node: Node, matter: Matter) -> None:
    """Files by their ids."""
    del matter
    if node.form is not JsonForm.LIST or node.items:
        walk.attach(Sort.ELSEWHERE, node)


posted: Shape = listed(members({"file_id": elsewhere}, ("tools",)))
"""Files that hang on a message of a thread."""


def state(walk: Walk, node: Node, matter: Matter) -> None:
    """The id of something that the provider holds."""
    del matter
    walk.attach(Sort.STATE, node)


def tokens(walk: Walk, node: Node, matter: Matter) -> None:
    """A text; numbers in its place are words in a form that only a tokenizer reads."""
    several = node.items if node.form is JsonForm.LIST else [node]
    if any(one.form in {JsonForm.NUMBER, JsonForm.LIST} for one in several):
        walk.attach(Sort.UNKNOWN, node)
    else:
        listed(part)(walk, node, matter)


def part(walk: Walk, node: Node, matter: Matter) -> None:
    """A part of a content; a string is one of text."""
    _part(walk, node, matter)


def sealing(walk: Walk, node: Node, matter: Matter) -> None:
    """What the provider signed or encrypted: it comes back as it is."""
    del matter
    if node.form is not JsonForm.STRING or node.end - node.start > len('""'):
        walk.sealed = True


def signed(*said: str) -> Shape:
    """The model's thinking. With a signature it stays as it is; without one it is what the model said."""

    def walked(walk: Walk, node: Node, matter: Matter) -> None:
        given = [one for one in walk.values(node, "signature") if one.form is not JsonForm.WORD]
        if any(one.end - one.start > len('""') for one in given):
            walk.sealed = True
        else:
            members(dict.fromkeys(said, listed(part)), names("type signature format index id"))(walk, node, matter)

    return walked


_ADDRESSES = names("url image_url file_url audio_url video_url document_url")
_HOLDERS = names("file input_audio image_file")


def attached(sort: Sort, *, bare: bool = False) -> Shape:
    """A part whose bytes, or whose address, stand in it or in an object of their own inside; a string is an address, or
    the ``bare`` bytes."""

    def walked(walk: Walk, whole: Node, matter: Matter) -> None:
        def held(walk: Walk, node: Node, matter: Matter) -> None:
            if node.form is not JsonForm.STRING:
                unknown(walk, node, matter)
            elif walk.piece.startswith(b'"data:', node.start):
                address(walk, whole, node)
            else:
                walk.attach(Sort.PDF if walk.piece.startswith(_PDF, node.start) else sort, whole, node)

        def named(walk: Walk, node: Node, matter: Matter) -> None:
            # ``image_url`` is a string in Responses, an object in Chat.
            if node.form is JsonForm.OBJECT:
                holder(walk, node, matter)
            else:
                address(walk, whole, node)

        holder = members(
            {
                **dict.fromkeys(_ADDRESSES | _HOLDERS | names("file_id id"), named),
                **dict.fromkeys(("file_data", "data"), held),
                **dict.fromkeys(("filename", "document_name"), _DOCUMENT),
            },
            (*_MARKS, "format", "mime_type", "media_type", "status"),
        )
        if whole.form is JsonForm.STRING:
            (held if bare else named)(walk, whole, matter)
        else:
            holder(walk, whole, matter)

    return walked


_SOURCE = dict.fromkeys(("title", "url", "filename", "text", "quote", "content"), _DOCUMENT)
_PLACES = names("type start_index end_index index file_id container_id")
citation = members(
    {
        **_SOURCE,
        **dict.fromkeys(
            ("url_citation", "file_citation", "file_path", "container_file_citation"), members(_SOURCE, _PLACES)
        ),
    },
    _PLACES,
)


def spelt_out(walk: Walk, node: Node, matter: Matter) -> None:
    """An answer's words in pieces, token by token: no value stands in one of them whole."""
    del matter
    if node.items:
        walk.attach(Sort.UNKNOWN, node)


_value = members({"value": words, "annotations": listed(citation)})
_text = members(
    {
        "text": lambda walk, node, matter: (words if node.form is JsonForm.STRING else _value)(walk, node, matter),
        "annotations": listed(citation),
        "logprobs": spelt_out,
    },
    _MARKS,
)
_part = typed(
    {
        **dict.fromkeys(("text", "input_text", "output_text", "summary_text", "reasoning_text"), _text),
        "refusal": members({"refusal": words}, ("type",)),
        **dict.fromkeys(("image_url", "input_image", "image_file", "computer_screenshot"), attached(Sort.IMAGE)),
        **dict.fromkeys(("input_audio", "audio_url"), attached(Sort.AUDIO)),
        **dict.fromkeys(("file", "input_file", "video_url", "document_url"), attached(Sort.FILE)),
        "thinking": signed("thinking"),
        "redacted_thinking": sealing,
        "input_json": members({"data": under(Matter.DOCUMENT, leaves)}, ("type",)),
    }
)

place: Shape = members(
    {
        **dict.fromkeys(("city", "region", "country", "timezone"), identifier),
        "approximate": members(dict.fromkeys(("city", "region", "country", "timezone"), identifier)),
    },
    ("type",),
)
"""Where somebody is, roughly."""
answer_form: Shape = members(
    {
        "schema": schema,
        "description": under(Matter.DEFINITION),
        "json_schema": members({"schema": schema, "description": under(Matter.DEFINITION)}, names("name strict")),
        "definition": under(Matter.DEFINITION),
        "grammar": members({"definition": under(Matter.DEFINITION)}, ("syntax",)),
    },
    names("type name strict syntax"),
)
"""The form of an answer, or of what a tool is given: text, JSON, JSON by a schema, a grammar."""
