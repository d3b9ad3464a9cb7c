"""A body comes apart once, and its blocks have names."""

import json

import pytest

from penstock.core.document import Document
from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError
from tests.support.walked import WALKING, route

HEAD = RequestHead("POST", b"/v1/messages", ())
MATCH = route("anthropic", "/v1/messages")


def document(*said: str, system: str = "s") -> Document:
    messages = [{"role": "user", "content": one} for one in said]
    body = json.dumps({"model": "m", "system": system, "messages": messages}).encode()
    return Document(body, body)


def test_a_body_comes_apart_once() -> None:
    """As long as what is read of it is the same."""
    held = document("a")
    first = held.cut(WALKING["anthropic"], MATCH, HEAD)
    assert held.cut(WALKING["anthropic"], MATCH, HEAD) is first
    held.plain = held.plain.replace(b'"a"', b'"b", "c": 1')
    other = held.cut(WALKING["anthropic"], MATCH, HEAD)
    assert other is not first
    assert [other.piece(block) for block in other.blocks][-1] == b'{"role": "user", "content": "b", "c": 1}'


def test_a_name_is_that_of_what_a_block_is_and_says() -> None:
    """The same turn has it in every request; the same words elsewhere have another."""
    one, two = (document(*said).cut(WALKING["anthropic"], MATCH, HEAD).names for said in (("a", "b"), ("a", "b", "c")))
    assert list(two[: len(one)]) == list(one)
    assert len(set(two)) == len(two)
    assert document("a", system="x").cut(WALKING["anthropic"], MATCH, HEAD).names[0] != one[0]


def test_splices_are_put_in_by_block() -> None:
    """Also into a body that is spelt otherwise elsewhere, at the same places."""
    held = document("a bird", "a fox")
    found = held.cut(WALKING["anthropic"], MATCH, HEAD)
    words = {1: b"bird", 2: b"fox"}
    starts = {place: found.piece(found.blocks[place]).index(word) for place, word in words.items()}
    splices = {place: [(start, start + len(words[place]), b"hen")] for place, start in reversed(starts.items())}
    assert [turn["content"] for turn in json.loads(found.masked(held.raw, splices))["messages"]] == ["a hen", "a hen"]
    assert found.masked(held.raw.upper(), splices).count(b"A hen") == 2


def test_what_cannot_be_walked_is_told_each_time() -> None:
    """And an empty body has no blocks."""
    broken = Document(b'{"messages": [}', b'{"messages": [}')
    for _ in range(2):
        with pytest.raises(NotReadableError):
            broken.cut(WALKING["anthropic"], MATCH, HEAD)
    assert Document(b" ", b" ").cut(WALKING["anthropic"], MATCH, HEAD).blocks == ()
