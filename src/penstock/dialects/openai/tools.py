"""Where words stand in the tools that a request declares: for Chat, Responses and assistants. Pure."""

from penstock.core.finding import Matter
from penstock.core.text import Sort
from penstock.core.tree import Node
from penstock.dialects.openai.parts import answer_form, attached, credential, elsewhere, place
from penstock.dialects.schemas import schema
from penstock.dialects.walked import Shape, Walk, leaves, listed, members, names, under, values

_SAID = under(Matter.DEFINITION)
_DEFINED = under(Matter.DEFINITION, leaves)


def tool(walk: Walk, node: Node, matter: Matter) -> None:
    """A tool; what belongs to a tool of one type stands in no other under that name."""
    _tool(walk, node, matter)


skill: Shape = members(
    {**dict.fromkeys(("name", "description", "path"), _SAID), "source": attached(Sort.FILE)},
    names("type skill_id version"),
)
"""What code in a container finds there: by its id, by a path of the client's, or as an archive."""
network: Shape = members(
    {
        "allowed_domains": listed(_SAID),
        # What code in a container may be let in with; it reaches no model.
        "domain_secrets": listed(members({"domain": _SAID, "value": credential}, ("name",))),
    },
    ("type",),
)
_made = members(
    {"file_ids": elsewhere, "network_policy": network, "skills": listed(skill)},
    names("type memory_limit container_id expires_after"),
)


def filters(walk: Walk, node: Node, matter: Matter) -> None:
    """What a search leaves out: a comparison, or several."""
    _filters(walk, node, matter)


_filters = members(
    {"key": under(Matter.NAME), "value": under(Matter.INPUT, leaves), "filters": listed(filters)}, ("type",)
)

declared: Shape = members(
    {"description": _SAID, **dict.fromkeys(("parameters", "output_schema", "input_schema"), schema)},
    names("name strict type"),
)
"""A function."""


def container(walk: Walk, node: Node, matter: Matter) -> None:
    """Where code runs: its id, or what it is made with."""
    if node.names:
        _made(walk, node, matter)


_domains = members(dict.fromkeys(("allowed_domains", "blocked_domains"), listed(_SAID)))
_tool = members(
    {
        "function": declared,
        "custom": members({"description": _SAID, "format": answer_form}, ("name",)),
        "description": _SAID,
        **dict.fromkeys(("parameters", "output_schema", "input_schema"), schema),
        "format": answer_form,
        "tools": listed(tool),
        # An MCP server that the provider is to call, with the keys for it.
        "server_url": credential,
        "server_description": _SAID,
        "authorization": credential,
        "headers": values(credential),
        "user_location": place,
        "filters": lambda walk, node, matter: (_domains if walk.values(node, "allowed_domains") else filters)(
            walk, node, matter
        ),
        "input_image_mask": attached(Sort.IMAGE),
        "container": container,
        "environment": container,
        "annotations": _DEFINED,
    },
    names(
        "type name strict server_label connector_id tunnel_id require_approval allowed_tools allowed_callers "
        "defer_loading vector_store_ids max_num_results ranking_options search_context_size search_content_types "
        "external_web_access display_height display_width action background complexity frame_count frame_duration_ms "
        "input_fidelity model moderation output_compression output_format partial_images quality size svg execution "
        "file_search cache_control"
    ),
)
