"""Where words stand in Anthropic's requests: messages, token counts, batches of messages.

Forms from the API's own types (anthropic 2.11, ``types`` and ``types/beta``) and from what clients were seen to send
(wire contract 2 and 3). Signed thinking is never looked into: the provider would refuse it changed. Pure.
"""

from penstock.core.text import Line
from penstock.dialects.anthropic.blocks import (
    answer_format,
    instructed,
    message,
    metadata,
    output,
    server,
    system,
    thread,
    tool,
)
from penstock.dialects.placed import Inner, Place, Row, Split, Streamed
from penstock.dialects.uploaded import Filed
from penstock.dialects.walked import leaves, listed, names, words

_APART = {
    "metadata": metadata,
    "stop_sequences": listed(words),
    "mcp_servers": listed(server),
    "output_config": output,
    "output_format": answer_format,
    "fallbacks": listed(output),
    "compaction": instructed,
    "context_management": instructed,
    "thread": thread,
    # Seen from Claude Code, of unknown form: a context for a classifier, and tags for reports.
    "safeguards": leaves,
    "tags": leaves,
}

_MESSAGES = Row(
    {
        "system": Place(Line.HEAD, "system", system, Split.ELEMENTS),
        "tools": Place(Line.TOOLS, "tool", tool, Split.ELEMENTS),
        "messages": Place(Line.TURNS, "message", message, Split.ELEMENTS),
        **{name: Place(Line.APART, name, shape) for name, shape in _APART.items()},
    },
    plain=names(
        # ``container`` and ``diagnostics`` hold ids, ``tool_choice`` a tool's name, ``fallback_credit_token`` what the
        # provider gave out itself.
        "model max_tokens stream temperature top_p top_k service_tier speed inference_geo cache_control thinking "
        "tool_choice container diagnostics billing_policy fallback_credit_token betas "
        "user_profile_id workspace_id"
    ),
)

WALKING = Filed(
    {
        "messages.create": _MESSAGES,
        "messages.count_tokens": _MESSAGES,
        "batches.create": Row(
            # ``custom_id`` names a request in the results: with another one its sender would not find it again.
            {"requests": Inner(Row({"params": Inner(_MESSAGES)}, plain=frozenset({"custom_id"})), grouped=True)},
        ),
        "files.upload": Streamed("a form with a file's bytes"),
    },
    bodiless=names(
        "models.list models.retrieve batches.list batches.retrieve batches.cancel batches.delete batches.results "
        "files.list files.retrieve files.delete files.content"
    ),
)
