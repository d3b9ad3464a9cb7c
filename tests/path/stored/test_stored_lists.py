"""Lists behind the operator's credential: each tenant finds all of its own, in order, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.path.stored.scene import MAKING, A, B, C, Scene

LISTS = [
    *(pytest.param(kind, MAKING[kind][0], id=kind) for kind in MAKING if kind not in {
        "upload", "thread", "character", "response", "conversation", "batch of messages", "anthropic file", "cache"}),
    pytest.param("batch of messages", "/anthropic/v1/messages/batches", id="batch of messages"),
    pytest.param("anthropic file", "/anthropic/v1/files", id="anthropic file"),
    pytest.param("cache", "/gemini/v1beta/cachedContents", id="cache"),
]  # fmt: skip


def _walk(scene: Scene, key: str, target: str) -> Iterator[dict[str, Any]]:
    """Every element, the way the SDKs page: they stop at a page that is empty."""
    query = ""
    for _ in range(50):
        got = scene.ask(key, "GET", target + query)
        assert got.status == 200, got
        page = json.loads(got.body)
        elements = page.get("data", page.get("cachedContents", []))
        yield from elements
        if page.get("nextPageToken") or page.get("next_page"):
            assert elements, "an empty page that goes on"
            query = f"?pageToken={page['nextPageToken']}" if "nextPageToken" in page else f"?page={page['next_page']}"
        elif page.get("has_more"):
            assert elements, "an empty page that goes on"
            if "first_id" in page:
                assert (page["first_id"], page["last_id"]) == (elements[0]["id"], elements[-1]["id"])
            query = f"?{'after_id' if 'anthropic' in target else 'after'}={elements[-1]['id']}"
        else:
            return
    raise AssertionError("a list without an end")


@pytest.mark.parametrize(("kind", "target"), LISTS)
def test_lists_hold_the_callers_own_alone(fresh: Scene, kind: str, target: str) -> None:
    """However the objects of several tenants are interleaved, each finds all of its own, in order, and nothing else;
    also where whole pages are others'."""
    made: dict[str, list[str]] = {A: [], B: [], C: []}
    for key in (B, B, B, B, B, A, B, A, A, B, B, B, B, B, B, A, B):
        one = fresh.make(key, *MAKING[kind])
        made[key].append(one.get("id") or one["name"])
    for key in (A, B, C):
        assert [each.get("id") or each["name"] for each in _walk(fresh, key, target)] == made[key]


def test_a_list_that_is_all_the_callers_keeps_its_bytes(fresh: Scene) -> None:
    """Law 1: where nothing is cut, nothing is written anew; where something is, the elements keep their bytes."""
    one = fresh.make(A, *MAKING["vector store"])
    got = fresh.ask(A, "GET", "/v1/vector_stores")
    listed = fresh.keepers["openai"].listed("vs_", {}, "after")
    assert got.body == json.dumps(listed).encode()
    fresh.make(B, *MAKING["vector store"])
    cut = fresh.ask(A, "GET", "/v1/vector_stores?limit=20")
    assert json.dumps(one).encode() in cut.body
    assert json.loads(cut.body)["data"] == [one]


def test_sdks_find_everything_by_paging(fresh: Scene) -> None:
    """The SDKs' own auto-pagination ends at the true end of the tenant's list."""
    made: dict[str, list[str]] = {A: [], B: []}
    for key in (B, B, B, A, B, A, A, B, A):
        client = openai.OpenAI(api_key=key, base_url=f"{fresh.gateway.url}/v1", max_retries=0)
        made[key].append(client.files.create(file=b"x", purpose="batch").id)
        client.close()
    for key in (A, B):
        with openai.OpenAI(api_key=key, base_url=f"{fresh.gateway.url}/v1", max_retries=0) as client:
            assert [file.id for file in client.files.list()] == made[key]
    messages: dict[str, list[str]] = {A: [], B: []}
    for key in (B, B, B, A, B, A):
        with anthropic.Anthropic(api_key=key, base_url=fresh.gateway.url, max_retries=0) as claude:
            messages[key].append(claude.messages.batches.create(requests=[]).id)
    for key in (A, B):
        with anthropic.Anthropic(api_key=key, base_url=fresh.gateway.url, max_retries=0) as claude:
            assert [batch.id for batch in claude.messages.batches.list()] == messages[key]
