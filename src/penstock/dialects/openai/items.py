"""Where words stand in the items of a Responses input, and in the messages of Chat. Pure.

A table by type, from the SDK's types and from what Codex was seen to send (wire contract 4.4). Reasoning that is
encrypted comes back as it is; what is readable of it is what the model said.
"""

from penstock.core.finding import Matter
from penstock.core.text import Sort
from penstock.core.tree import Node
from penstock.dialects.openai.parts import (
    answer_form,
    attached,
    citation,
    metadata,
    part,
    posted,
    sealing,
    signed,
    state,
)
from penstock.dialects.openai.tools import container, tool
from penstock.dialects.walked import (
    Shape,
    Walk,
    address,
    encoded,
    leaves,
    listed,
    members,
    names,
    nothing,
    typed,
    under,
    words,
)

_MATTERS = {
    "assistant": Matter.ASSISTANT,
    "system": Matter.SYSTEM,
    "developer": Matter.SYSTEM,
    "tool": Matter.RESULT,
    "function": Matter.RESULT,
}
_MARKS = names("type id status call_id caller name namespace agent created_by phase")
_INPUT = under(Matter.INPUT)
_RESULT = under(Matter.RESULT)
_GIVEN = under(Matter.INPUT, leaves)
_GIVEN_TEXT = under(Matter.INPUT, encoded)


def _speaker(walk: Walk, node: Node, matter: Matter) -> None:
    """A name beside a role: a person's, or for a result the tool's."""
    if matter is not Matter.RESULT:
        words(walk, node, Matter.IDENTIFIER)


_detail = typed(
    {
        "reasoning.text": signed("text"),
        "reasoning.summary": members({"summary": words}, names("type format index id")),
        "reasoning.encrypted": sealing,
    }
)
_function = members({"arguments": _GIVEN_TEXT, "input": _INPUT}, names("name parsed_arguments"))
call: Shape = members(
    # Servers in front of Gemini hand its signatures on in ``extra_content``.
    {"function": _function, "custom": _function, "extra_content": sealing},
    names("id type index"),
)
"""A call of a tool, as Chat writes it."""
_said = members(
    {
        "content": listed(part),
        "name": _speaker,
        "refusal": words,
        "tool_calls": listed(call),
        "function_call": _function,
        # Reasoning as compatible servers tell it, and want it back.
        "reasoning_content": words,
        "reasoning": words,
        "reasoning_details": listed(_detail),
        "thinking_blocks": listed(part),
        "annotations": listed(citation),
        "audio": state,
        # Ollama's.
        "images": listed(attached(Sort.IMAGE, bare=True)),
        # Messages of threads.
        "attachments": posted,
        "metadata": metadata,
    },
    names("role id tool_call_id prefix cache_control prompt_cache_breakpoint"),
)


def message(walk: Walk, node: Node, matter: Matter) -> None:
    """A message of Chat; its role says whose words they are."""
    del matter
    _said(walk, node, _MATTERS.get(walk.word(node, "role"), Matter.USER))


def item(walk: Walk, node: Node, matter: Matter) -> None:
    """An item; a string is what the user says."""
    del matter
    _item(walk, node, Matter.USER)


def instructions(walk: Walk, node: Node, matter: Matter) -> None:
    """The system text: a string, or items."""
    (item if node.names else under(Matter.SYSTEM))(walk, node, matter)


def _message(walk: Walk, node: Node, matter: Matter) -> None:
    if not walk.values(node, "role"):
        # Of a stored item a client may give the id alone.
        walk.attach(Sort.STATE, node)
    matter = _MATTERS.get(walk.word(node, "role"), matter)
    members({"content": listed(part), "name": _speaker}, (*(_MARKS - {"name"}), "role"))(walk, node, matter)


def _reasoned(walk: Walk, node: Node, matter: Matter) -> None:
    del matter
    known = {"summary": listed(part), "content": listed(part), "encrypted_content": sealing}
    members(known, _MARKS)(walk, node, Matter.ASSISTANT)


def _painted(walk: Walk, node: Node, matter: Matter) -> None:
    def held(walk: Walk, data: Node, matter: Matter) -> None:
        del matter
        if walk.piece.startswith(b'"data:', data.start):
            address(walk, node, data)
        else:
            walk.attach(Sort.IMAGE, node, data)

    members(
        {
            "result": held,
            "revised_prompt": _INPUT,
            "error": members({"message": _RESULT}, names("code type param moderation_details")),
        },
        _MARKS | names("action background output_format quality size svg_usage"),
    )(walk, node, matter)


def _output(**shapes: Shape) -> Shape:
    return under(Matter.RESULT, members(shapes, _MARKS))


_checks = listed(members({"message": _RESULT}, names("id code")))
_found = listed(
    members(
        {
            **dict.fromkeys(("text", "filename", "title", "url", "snippet", "name"), _RESULT),
            "attributes": under(Matter.RESULT, leaves),
        },
        names("type file_id score vector_store_id"),
    )
)
_printed = listed(members({"logs": _RESULT, "url": attached(Sort.IMAGE)}, ("type",)))
_shell = listed(members(dict.fromkeys(("stdout", "stderr"), words), names("outcome created_by type")))


# What a computer, a shell, a browser or a search was told to do.
_action = members({}, names("type button"), rest=_GIVEN)
_patched = members(dict.fromkeys(("diff", "path"), _INPUT), ("type",))
_called = {"arguments": _GIVEN_TEXT, "input": _INPUT, "code": _INPUT}
_item = typed(
    {
        "message": _message,
        "agent_message": _message,
        "item_reference": state,
        "reasoning": _reasoned,
        "compaction": members({"encrypted_content": sealing}, _MARKS),
        "compaction_summary": members({"encrypted_content": sealing}, _MARKS),
        "compaction_trigger": nothing,
        "configuration_update": members({"text": members({"format": answer_form})}, _MARKS | {"reasoning"}),
        "additional_tools": members({"tools": listed(tool)}, (*_MARKS, "role")),
        **dict.fromkeys(
            ("function_call", "custom_tool_call", "tool_search_call"), members(_called, _MARKS | {"execution"})
        ),
        **dict.fromkeys(
            ("function_call_output", "custom_tool_call_output", "local_shell_call_output", "apply_patch_call_output"),
            _output(output=listed(part)),
        ),
        "tool_search_output": members({"tools": listed(tool)}, _MARKS | {"execution"}),
        "local_shell_call": members({"action": _action}, _MARKS),
        "shell_call": members({"action": _action, "environment": container}, _MARKS | {"max_output_length"}),
        "shell_call_output": members({"output": under(Matter.RESULT, _shell)}, _MARKS | {"max_output_length"}),
        "apply_patch_call": members({"operation": _patched}, _MARKS),
        "computer_call": members(
            {"action": _action, "actions": listed(_action), "pending_safety_checks": _checks}, _MARKS
        ),
        "computer_call_output": members({"output": part, "acknowledged_safety_checks": _checks}, _MARKS),
        "web_search_call": members({"action": _action, "results": _found}, _MARKS),
        "file_search_call": members({"queries": listed(_INPUT), "results": _found}, _MARKS),
        "code_interpreter_call": members({"code": _INPUT, "outputs": _printed}, _MARKS | {"container_id"}),
        "image_generation_call": _painted,
        "mcp_list_tools": members(
            {"tools": listed(tool), "error": under(Matter.RESULT, leaves)}, _MARKS | {"server_label"}
        ),
        "mcp_approval_request": members(_called, _MARKS | {"server_label"}),
        "mcp_approval_response": members({"reason": under(Matter.USER)}, _MARKS | {"approval_request_id", "approve"}),
        "mcp_call": members(
            {**_called, "output": _RESULT, "error": under(Matter.RESULT, leaves)},
            _MARKS | {"server_label", "approval_request_id"},
        ),
        "program": members(_called, _MARKS | {"fingerprint"}),
        "program_output": members({"result": _RESULT}, _MARKS),
    },
    usual="message",
)
