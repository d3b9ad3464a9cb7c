"""What a Messages request is made of: turns, content blocks, tools, and where words stand in each.

A table by type. A block of a type that is not here is looked into leaf by leaf. Pure.
"""

from penstock.core.finding import Matter
from penstock.core.text import Sort
from penstock.core.tree import JsonForm, Node
from penstock.dialects.schemas import schema
from penstock.dialects.walked import (
    Shape,
    Walk,
    leaves,
    listed,
    members,
    names,
    nothing,
    part,
    sort_of,
    typed,
    under,
    unknown,
    words,
)

_MARKS = names("type cache_control")
_CALLED = names("type cache_control id name caller toolset_name server_name")
_ANSWERED = names("type cache_control tool_use_id is_error toolset_name caller")
_MATTERS = {"assistant": Matter.ASSISTANT, "system": Matter.SYSTEM}
_DOCUMENT, _DEFINITION = under(Matter.DOCUMENT), under(Matter.DEFINITION)


def message(walk: Walk, node: Node, matter: Matter) -> None:
    """A turn; its role says whose words they are."""
    del matter
    _said(walk, node, _MATTERS.get(walk.word(node, "role"), Matter.USER))


def block(walk: Walk, node: Node, matter: Matter) -> None:
    """A content block; a string is one of text."""
    _block(walk, node, matter)


def _source(whole: Node) -> Shape:
    """Where the bytes or the words of an attached block come from."""

    def held(walk: Walk, node: Node, matter: Matter) -> None:
        data = walk.values(node, "data")
        if len(data) == 1 and data[0].form is JsonForm.STRING:
            walk.attach(sort_of(walk.word(node, "media_type")), whole, data[0])
        else:
            unknown(walk, node, matter)

    def elsewhere(walk: Walk, node: Node, matter: Matter) -> None:
        del node, matter
        walk.attach(Sort.ELSEWHERE, whole)

    return typed(
        {
            "base64": held,
            "url": elsewhere,
            "file": elsewhere,
            "text": members({"data": _DOCUMENT}, names("type media_type")),
            "content": members({"content": under(Matter.DOCUMENT, listed(block))}, ("type",)),
        }
    )


def _attached(walk: Walk, node: Node, matter: Matter) -> None:
    known: dict[str, Shape] = {"source": _source(node), "title": _DOCUMENT, "context": _DOCUMENT}
    members(known, (*_MARKS, "citations", "transformations"))(walk, node, matter)


def _thought(walk: Walk, node: Node, matter: Matter) -> None:
    """Signed thinking stays as it is. Without a signature nobody checks it, and it is what the model said."""
    if _signed(walk, node, "signature"):
        walk.sealed = True
    else:
        members({"thinking": words}, (*_MARKS, "signature"))(walk, node, matter)


def _summed_up(walk: Walk, node: Node, matter: Matter) -> None:
    """A summary in the place of earlier turns: readable words, which may be signed."""
    walk.sealed |= _signed(walk, node, "signature") or _signed(walk, node, "encrypted_content")
    known = {"content": words, "tool_changes": listed(block)}
    members(known, (*_MARKS, "signature", "encrypted_content"))(walk, node, matter)


def _signed(walk: Walk, node: Node, name: str) -> bool:
    return any(one.form is JsonForm.STRING and one.end - one.start > len('""') for one in walk.values(node, name))


def _redacted(walk: Walk, node: Node, matter: Matter) -> None:
    del node, matter
    walk.sealed = True


def _outcome(walk: Walk, node: Node, matter: Matter) -> None:
    """What a tool that the provider runs gave back: a string, an object by its type, or a list of them. A fetched page
    is a document; what code wrote are objects of its own."""
    for one in node.items if node.form is JsonForm.LIST else [node]:
        (block if walk.word(one, "type") in {"document", "text", "image"} else _outcome_object)(walk, one, matter)


# What only the provider can read (``encrypted_…``) is no words. Titles and addresses of pages are.
_outcome_object = members(
    {
        **dict.fromkeys(("title", "url", "stdout", "stderr", "text", "error_message"), words),
        "lines": listed(words),
        "content": _outcome,
    },
    names(
        "type encrypted_content encrypted_stdout page_age retrieved_at error_code return_code file_id file_type "
        "num_lines start_line total_lines is_file_update old_start old_lines new_start new_lines tool_references "
        "stop_reason"
    ),
)
_outcomes = members({"content": under(Matter.RESULT, _outcome)}, _ANSWERED)
_results = members({"content": under(Matter.RESULT, listed(block))}, _ANSWERED)
_call = members({"input": under(Matter.INPUT, leaves)}, _CALLED)
_cited = members(
    dict.fromkeys(("cited_text", "document_title", "title", "source", "url"), _DOCUMENT),
    names(
        "type document_index encrypted_index end_block_index end_char_index end_page_number file_id "
        "search_result_index start_block_index start_char_index start_page_number"
    ),
)

_location = members(dict.fromkeys(("city", "region", "country", "timezone"), under(Matter.IDENTIFIER)), ("type",))


def tool(walk: Walk, node: Node, matter: Matter) -> None:
    """A tool, of the client's own or of the provider's."""
    _tool(walk, node, matter)


_tool = members(
    {
        "description": _DEFINITION,
        "input_schema": schema,
        "input_examples": under(Matter.DEFINITION, leaves),
        "user_location": _location,
        "allowed_domains": listed(_DEFINITION),
        "blocked_domains": listed(_DEFINITION),
        "tools": listed(tool),
        # Tools as an MCP server lists them.
        "inputSchema": schema,
        "outputSchema": schema,
        "title": _DEFINITION,
        "annotations": under(Matter.DEFINITION, leaves),
    },
    names(
        "type name strict cache_control defer_loading allowed_callers eager_input_streaming max_uses max_characters "
        "max_content_tokens max_tokens citations display_width_px display_height_px display_number enable_zoom model "
        "caching mcp_server_name use_cache response_inclusion url_sources configs default_config"
    ),
)
_added = typed(
    {
        "tool_definition": members({"definition": tool}, ("type",)),
        **dict.fromkeys(("tool_reference", "mcp_tool_reference", "mcp_toolset_reference"), nothing),
    }
)
_block = typed(
    {
        "text": members({"text": words, "citations": listed(_cited)}, _MARKS),
        "image": _attached,
        "document": _attached,
        "search_result": members(
            {"content": under(Matter.DOCUMENT, listed(block)), "source": _DOCUMENT, "title": _DOCUMENT},
            (*_MARKS, "citations"),
        ),
        "thinking": _thought,
        "redacted_thinking": _redacted,
        **dict.fromkeys(("tool_use", "server_tool_use", "mcp_tool_use"), _call),
        **dict.fromkeys(("tool_result", "mcp_tool_result"), _results),
        **dict.fromkeys(
            (
                "web_search_tool_result",
                "web_fetch_tool_result",
                "code_execution_tool_result",
                "bash_code_execution_tool_result",
                "text_editor_code_execution_tool_result",
                "tool_search_tool_result",
                "advisor_tool_result",
            ),
            _outcomes,
        ),
        "compaction": _summed_up,
        "container_upload": part(Sort.ELSEWHERE),
        # Names of tools and of models.
        **dict.fromkeys(("tool_reference", "tool_removal", "fallback"), nothing),
        "tool_addition": members({"tool": _added}, _MARKS),
        "mcp_tool_listing": members({"tools": listed(tool)}, (*_MARKS, "mcp_server_name")),
        "browser_state": members(dict.fromkeys(("tabs", "state_changes"), under(Matter.RESULT, leaves)), _MARKS),
    }
)
_said = members({"content": listed(block)}, names("role output_config clear_at"))

system: Shape = under(Matter.SYSTEM, block)
"""The system text, or a block of it."""
metadata: Shape = members({"user_id": under(Matter.IDENTIFIER)})
server: Shape = members(
    dict.fromkeys(("url", "authorization_token"), under(Matter.CREDENTIAL)), names("type name tool_configuration")
)
"""An MCP server that the provider is to call, with the key for it."""
answer_format: Shape = members({"schema": schema}, names("type name"))
output: Shape = members(
    {"format": answer_format, "output_config": members({"format": answer_format}, names("effort task_budget"))},
    names("effort task_budget model max_tokens speed thinking service_tier"),
)
"""How the answer is to be, of this model or of one that stands in for it."""
_edit = members(
    {"instructions": under(Matter.SYSTEM)},
    names("type trigger keep clear_at_least clear_tool_inputs exclude_tools pause_after_compaction"),
)
instructed: Shape = members({"instructions": under(Matter.SYSTEM), "edits": listed(_edit)}, names("type trigger"))
"""How history is to be cut or summed up."""


def thread(walk: Walk, node: Node, matter: Matter) -> None:
    """Where it goes on with what the provider holds, earlier turns are not here."""
    if walk.values(node, "previous_message_id"):
        walk.attach(Sort.STATE, node)
    members({}, names("type previous_message_id"))(walk, node, matter)
