"""Where words stand, over recorded traffic: nothing is passed over that nobody decided to pass over.

What counts as a string is worked out from the bodies alone. A string that is told nowhere must stand at a place that
this file names, with the reason why no words of people's are there.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pytest

from penstock.core.legible import NotReadableError, legible
from penstock.core.route import Match
from penstock.core.text import Edit, Line, Text, placed, spliced
from penstock.core.tree import JsonForm, Node, string
from penstock.dialects.placed import Streamed
from tests.corpus.routing import place
from tests.support.corpus import Recorded, recorded
from tests.support.walked import WALKING, Leaf, Seen, leaves, route, walked

Place = tuple[str, str]
"""Where a string stands that is passed over: the block's kind (empty: outside of all blocks) and its member's name."""


def requests(dialect: str) -> Iterator[tuple[Recorded, Match, bytes]]:
    """Recorded requests with a JSON body whose operation carries words, each body once."""
    seen = set()
    for exchange in recorded():
        where, body = place(exchange), bytes(exchange.request_body)
        if where is None or where.dialect != dialect or not body.startswith(b"{"):
            continue
        found = route(dialect, where.path, exchange.method)
        if WALKING[dialect].carries(found.route.operation) and (found, body) not in seen:
            seen.add((found, body))
            yield exchange, found, body


@dataclass
class Survey:
    """What one dialect's traffic showed."""

    requests: int = 0
    texts: int = 0
    passed: Counter[Place] = field(default_factory=Counter)
    strange: Counter[Place] = field(default_factory=Counter)


@cache
def survey(dialect: str) -> Survey:
    """Looks at every request once, and judges all that can be judged of one request by itself."""
    found = Survey()
    for _, where, body in requests(dialect):
        try:
            seen = walked(where, body)
        except NotReadableError:
            assert isinstance(WALKING[dialect].rows[where.route.operation], Streamed)
            continue
        found.requests += 1
        judge_places(body, seen)
        strings = leaves(body)
        told = {span for one in seen for span in spans(one)}
        attached = [(one.block.start + a.start, one.block.start + a.end) for one in seen for a in one.reading.attached]
        for leaf in strings:
            node = leaf.node
            inside = any(start <= node.start and node.end <= end for start, end in attached)
            if (node.start, node.end) not in told and not inside and string(body, node) not in {"", "{}"}:
                found.passed[place_of(leaf, node.start, seen)] += 1
        for one in seen:
            found.texts += len(one.reading.texts)
            judge_edits(one)
            for start, end in one.strange:
                leaf = next(leaf for leaf in strings if start <= leaf.node.start and leaf.node.end <= end)
                found.strange[place_of(leaf, start, seen)] += 1
    return found


def spans(seen: Seen) -> Iterator[tuple[int, int]]:
    """Places in the body of the strings that are told, or that hold what is told."""
    for text in map(outer, seen.reading.texts):
        yield seen.block.start + text.start, seen.block.start + text.end


def outer(text: Text) -> Text:
    return text if text.within is None else outer(text.within)


def place_of(leaf: Leaf, start: int, seen: list[Seen]) -> Place:
    kind = next((one.block.kind for one in seen if one.block.start <= start < one.block.end), "")
    names = [name for name in leaf.path if name != "*"]
    inner = (kind and kind != "unknown") or names[0] in _HOLDERS
    name = names[-1 if inner else 0]
    return kind, f"signed-{name}" if name in _SIGNED and leaf.beside & _SIGNATURES else name


_SIGNED, _SIGNATURES = {"thinking", "text"}, {"signature", "thoughtSignature", "thought_signature"}
_HOLDERS = {"requests", "systemInstruction"}
"""Members that hold the members of another request, or of another row."""


def judge_places(body: bytes, seen: list[Seen]) -> None:
    """Blocks are JSON values that do not overlap, in the order in which a model reads them; texts stand where they say
    and say what stands there."""
    last = 0
    for start, end in sorted((one.block.start, one.block.end) for one in seen):
        assert last <= start < end <= len(body)
        last = end
    order = [(one.block.group, list(Line).index(one.block.line)) for one in seen]
    assert order == sorted(order)
    for one in seen:
        assert json.loads(legible(one.piece)) is not None
        for text in one.reading.texts:
            around = one.piece if text.within is None else text.within.value.encode()
            token = around[text.start : text.end]
            assert (
                token.decode() if text.number else string(token, Node(0, len(token), JsonForm.STRING))
            ) == text.value


def judge_edits(seen: Seen) -> None:
    """One text gives way to another, in a string of a string too, and no byte outside of it is touched."""
    for text in seen.reading.texts[:: max(1, len(seen.reading.texts) // 4)]:
        put = "7" * 12 if text.number else "MAIL_bcdfghjkmn"
        after = spliced(seen.piece, placed(seen.piece, [Edit(text, 0, len(text.value), put)]))
        top = outer(text)
        assert after[: top.start] == seen.piece[: top.start]
        assert after.endswith(seen.piece[top.end :])
        assert put in after.decode()
        json.loads(legible(after))


_TYPE_AND_ID = "type id name role"
PASSED: dict[str, dict[str, str]] = {
    "anthropic": {
        "": "model cache_control container custom_id thinking tool_choice",
        "message": f"{_TYPE_AND_ID} tool_name server_name tool_use_id ttl media_type page_age retrieved_at stop_reason "
        "signed-thinking signature data encrypted_content",
        "system": "type ttl",
        "tool": "type name ttl model format $ref $schema",
        "mcp_servers": "type name allowed_tools",
        "context_management": "type",
        "output_config": "type effort $ref $schema",
        "output_format": "type",
    },
    "openai": {
        "": "model models provider preset endpoint audio background completion_window context_management "
        "encoding_format function_call include keep_alive modalities moderation aspect_ratio output_format plugins "
        "prompt_cache_options quality reasoning reasoning_effort reasoning_format resolution response_format role "
        "search_context_size service_tier size temperature thinking tool_choice transforms truncation "
        "venice_parameters",
        "message": f"{_TYPE_AND_ID} tool_call_id format mode ttl signed-text signature data",
        "item": f"{_TYPE_AND_ID} call_id container_id file_id execution namespace phase server_label status mode "
        "encrypted_content",
        "function": "type name",
        "tool": "type name ttl model format syntax $ref $schema allowed_tools connector_id execution require_approval "
        "search_context_size server_label vector_store_ids",
        "json_schema": "type",
        "prompt": "type version",
        "response_format": "type name format $ref $schema",
        "text": "type name format verbosity $ref $schema",
        "web_search_options": "type search_context_size",
    },
    "gemini": {
        "": "model role expireTime ttl modelArmorConfig safetySettings taskType",
        "content": "role id name language outcome tool_type signed-text thoughtSignature thought_signature",
        "declaration": "type name format $ref",
        "generationConfig": "type $ref $schema responseMimeType response_mime_type responseModalities thinkingLevel "
        "thinking_level",
        "tool_config": "mode allowedFunctionNames allowed_function_names",
    },
}
"""Strings that are told nowhere, by the kind of block they stand in (outside of all: by the outermost member).

Why: ``id``, ``…_id``, ``name``, ``server_…``, ``model…``, ``$ref`` name objects, tools, functions, models, servers,
schemas, which must be found again. ``type``, ``role``, ``mode``, ``ttl``, ``format``, ``status``, ``outcome``,
``effort``, ``size`` and all that is like them is a choice out of a list. ``signature``, ``data``, ``encrypted_…``,
``thought…`` can be read by the provider alone, and what stands beside a signature may not differ from what was signed.
``page_age``, ``retrieved_at``, ``expireTime`` are times.
"""

STRANGE: dict[str, set[Place]] = {
    "anthropic": set(),
    # A compatible server's search tool, and messages inside of a message's content, which no server takes.
    "openai": {
        ("tool", "search_context_size"),
        ("tool", "allowed_domains"),
        ("tool", "excluded_domains"),
        ("tool", "city"),
        ("message", "role"),
    },
    "gemini": set(),
}
"""Values that no table knows. They are looked into leaf by leaf."""


@pytest.mark.parametrize("dialect", WALKING)
def test_every_string_is_told_or_has_a_reason(dialect: str) -> None:
    """A string of a request is words, or part of something attached, or stands at a place that is named here."""
    assert set(survey(dialect).passed) == {
        (kind, name) for kind, names in PASSED[dialect].items() for name in names.split()
    }


@pytest.mark.parametrize("dialect", WALKING)
def test_what_no_table_knows_is_known_here(dialect: str) -> None:
    """Such values are looked into leaf by leaf; a new one wants a row."""
    assert set(survey(dialect).strange) == STRANGE[dialect]


def test_there_was_enough_to_look_at() -> None:
    """The recordings hold thousands of requests and of texts in each dialect."""
    for dialect, least in {"anthropic": 1_000, "openai": 4_000, "gemini": 800}.items():
        assert survey(dialect).requests > least
        assert survey(dialect).texts > 4 * least
