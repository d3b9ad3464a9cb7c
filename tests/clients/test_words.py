"""Every member of the SDKs' own types has its place where words are looked for.

Bodies are made up of the types, in the SDKs' own environment, with a text of its own for each string. A text that is
told nowhere, and is not part of something attached, stands in a member that is named here with a reason.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.core.tree import string
from tests.clients.installed import python, require_installed
from tests.support.walked import Seen, leaves, route, walked

SCRIPT = Path(__file__).with_name("scripts") / "sample_bodies.py"

PASSED = {
    "anthropic": {
        "names of objects, tools, models, servers": "id model name allowed_tools clear_tool_inputs container "
        "exclude_tools file_id mcp_server_name previous_message_id server_name skill_id tool_id tool_name tool_use_id "
        "toolset_name user_profile_id workspace_id",
        "choices, versions, times, places": "betas version inference_geo stop_reason page_age retrieved_at trigger",
        "for the provider alone": "data encrypted_content encrypted_index encrypted_stdout signature "
        "fallback_credit_token token",
        "signed": "thinking",
    },
    "openai": {
        "names of objects, tools, models, servers, voices": "id model name allowed_tools approval_request_id call_id "
        "caller_id comparison_response_id container container_id file_id namespace server_label skill_id tool_call_id "
        "tool_names tunnel_id vector_store_ids voice",
        "a tool that must be chosen, by its name": "title",
        "choices, versions, codes, sizes": "type mode version categories code param mime_type size",
        "for the provider alone": "encrypted_content fingerprint",
    },
    "gemini": {
        "names of objects, tools, models, servers, voices, schemas": "id name allowed_function_names "
        "excluded_predefined_functions model_name ref voice voice_name",
        "choices, languages, times": "role type mode level format behavior blocking_confidence content_layers "
        "disabled_safety_policies environment feature_selection_preference language language_code media_processing "
        "media_resolution mime_type outcome response_mime_type response_modalities scheduling target_language_code "
        "thinking_level tool_type end_offset start_offset sse_read_timeout timeout",
    },
}
"""Members with texts that are told nowhere, and why."""


@pytest.fixture(scope="module")
def bodies() -> list[dict[str, Any]]:
    """The made-up bodies, with dialect and path."""
    require_installed()
    printed = subprocess.run(
        [python("current"), SCRIPT], capture_output=True, check=True, text=True, timeout=120
    ).stdout
    return [json.loads(line) for line in printed.splitlines()]


def passed(body: bytes, seen: list[Seen]) -> Iterator[str]:
    """Names of members with a text of their own that is told nowhere."""
    told = {text.value for one in seen for text in one.reading.texts}
    attached = [(one.block.start + a.start, one.block.start + a.end) for one in seen for a in one.reading.attached]
    for leaf in leaves(body):
        value = string(body, leaf.node)
        inside = any(start <= leaf.node.start and leaf.node.end <= end for start, end in attached)
        if re.fullmatch(r"W\d+x", value) and value not in told and not inside:
            yield next(name for name in reversed(leaf.path) if name != "*")


@pytest.mark.parametrize("dialect", PASSED)
def test_every_member_of_every_type_has_its_place(dialect: str, bodies: list[dict[str, Any]]) -> None:
    """No table leaves a member out, and none passes one over without a reason."""
    found: set[str] = set()
    strange: set[bytes] = set()
    for one in bodies:
        if one["dialect"] == dialect:
            body = json.dumps(one["body"]).encode()
            seen = walked(route(dialect, one["path"]), body)
            found.update(passed(body, seen))
            strange.update(body[start:end] for told in seen for start, end in told.strange)
    assert strange == set()
    assert found == set(" ".join(PASSED[dialect].values()).split())
