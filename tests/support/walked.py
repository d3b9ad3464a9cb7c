"""What a dialect tells of the words in a request, as lines that people can read, and as places in the body."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.text import Block, Reading, Text
from penstock.core.tree import JsonForm, Node, string, tree
from penstock.dialects.anthropic.walking import WALKING as ANTHROPIC
from penstock.dialects.gemini.walking import WALKING as GEMINI
from penstock.dialects.openai.walking import WALKING as OPENAI
from penstock.dialects.placed import Tabled
from penstock.routes import match

WALKING: dict[str, Tabled] = {"anthropic": ANTHROPIC, "openai": OPENAI, "gemini": GEMINI}


@cache
def route(dialect: str, path: str, method: str = "POST") -> Match:
    """The match of a dialect's own path."""
    return match(RequestHead(method, f"/{dialect}{path}".encode(), ()))


@dataclass(frozen=True)
class Seen:
    """One block of a body."""

    block: Block
    piece: bytes
    reading: Reading
    strange: list[tuple[int, int]]
    """Places that no table knows, in bytes of the body."""


def walked(where: Match, body: bytes) -> list[Seen]:
    """The body's blocks and what each holds."""
    walking = WALKING[where.route.dialect]
    found = []
    for block in walking.blocks(where, body):
        piece = body[block.start : block.end]
        strange = walking.walked(block, piece).strange
        places = [(block.start + one.start, block.start + one.end) for one in strange]
        found.append(Seen(block, piece, walking.texts(where, block, piece), places))
    return found


def told(dialect: str, path: str, body: Any) -> list[str]:
    """A line for each text, each thing attached and each seal, in the order in which a model reads them."""
    text = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    lines = []
    for seen in walked(route(dialect, path), text):
        group = f"{seen.block.group} " if seen.block.group else ""
        before = f"{group}{seen.block.line.value}"
        lines += [f"{before} {_said(one)}" for one in seen.reading.texts]
        for attached in seen.reading.attached:
            data = "" if attached.data is None else " " + seen.piece[slice(*attached.data)].decode()
            lines.append(f"<{attached.sort.value}{data}>")
        lines += [f"{before} sealed"] * seen.reading.sealed
    return lines


def _said(text: Text) -> str:
    within = " (in a string)" if text.within is not None else ""
    number = " (a number)" if text.number else ""
    return f"{text.matter.value}{within}{number}: {text.value}"


@dataclass(frozen=True)
class Leaf:
    """A string of a body that is a value, and the names that lead to it."""

    path: tuple[str, ...]
    node: Node
    beside: frozenset[str]
    """The names of all members of the object that it stands in."""


def leaves(body: bytes) -> list[Leaf]:
    """All of them, in order."""
    found: list[Leaf] = []

    def down(node: Node, path: tuple[str, ...], beside: frozenset[str]) -> None:
        if node.form is JsonForm.STRING:
            found.append(Leaf(path, node, beside))
        names = [string(body, name) for name in node.names] if node.names else ["*"] * len(node.items)
        for name, one in zip(names, node.items, strict=True):
            down(one, (*path, name), frozenset(names))

    down(tree(body), (), frozenset())
    return found
