"""The phrases of ``reasks.toml``, as they are looked up. Decides nothing: ``reasks`` does.

Phrases of words are kept as a tree, word by word: from each word of a text the tree is followed as far as it leads, a
few words at most, so that the time grows with the number of words and with nothing else.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import product
from typing import Any

import msgspec

from penstock.policies.compress.lexicon import BREAKS, GAPLESS, STEM

_SIGNS = ("more", "whole", "want")
_CHOICE = re.compile(r"\(([^()]*)\)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*\*?|[#_]")
_GROUPS = ""
"""What a phrase that ends at a node stands for is kept under; no word is empty."""

_Node = dict[str, Any]
"""What may follow: by word, by ``_`` and ``#``, by the beginnings of stems with a star."""


class Spaced(msgspec.Struct, frozen=True):
    """Those of all languages whose words have gaps between them."""

    tree: _Node
    alone: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]
    numbers: frozenset[str]

    def is_number(self, word: str) -> bool:
        """In digits, or spelt out."""
        return word in self.numbers or word[0].isdigit()

    def places(self, tokens: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """Where phrases begin, by group."""
        found: dict[str, list[int]] = {}
        for at, token in enumerate(tokens):
            nodes = self._after(self.tree, token)
            following = at
            while nodes:
                for node in nodes:
                    for group in node.get(_GROUPS, ()):
                        found.setdefault(group, []).append(at)
                following += 1
                if following == len(tokens):
                    break
                nodes = [child for node in nodes for child in self._after(node, tokens[following])]
        return found

    def _after(self, node: _Node, token: str) -> list[_Node]:
        children = [node[token]] if token in node else []
        if "_" in node and token not in BREAKS:
            children.append(node["_"])
        if "#" in node and self.is_number(token):
            children.append(node["#"])
        stems = node.get(f"{token[:STEM]}*")
        if stems is not None:
            children += [child for stem, child in stems.items() if token.startswith(stem)]
        return children


class Gapless(msgspec.Struct, frozen=True):
    """Those of a language without gaps between words."""

    more: tuple[str, ...]
    whole: tuple[str, ...]
    want: tuple[str, ...]
    alone: frozenset[str]
    before: tuple[str, ...]
    after: tuple[str, ...]


def spaced() -> Spaced:
    """Of all languages together."""
    every = [groups for language, groups in _lists().items() if language not in GAPLESS]

    def group(name: str) -> Iterator[str]:
        return (phrase for groups in every for phrase in _spelt(groups[name]))

    tree: _Node = {}
    for name in _SIGNS:
        for phrase in group(name):
            _grow(tree, phrase.split(), name)
    return Spaced(_merged(tree, {}), *(frozenset(group(name)) for name in ("alone", "before", "after", "numbers")))


def gapless() -> tuple[Gapless, ...]:
    """Of each language."""
    every = (groups for language, groups in _lists().items() if language in GAPLESS)
    return tuple(
        msgspec.convert({name: tuple(_spelt(text)) for name, text in groups.items()}, Gapless) for groups in every
    )


def _grow(tree: _Node, words: Sequence[str], group: str) -> None:
    node = tree
    for word in words:
        if len(word) > 1 and word.endswith("*"):
            if len(word) <= STEM:
                raise ValueError(f"{word}: a stem has at least {STEM} letters")
            node = node.setdefault(f"{word[:STEM]}*", {}).setdefault(word[:-1], {})
        else:
            node = node.setdefault(sys.intern(word), {})
    node[_GROUPS] = (*node.get(_GROUPS, ()), group)


def _merged(node: _Node, known: dict[tuple[Any, ...], _Node]) -> _Node:
    """The same tree, with what is alike in it kept once: most phrases end like others."""
    for word, child in node.items():
        if word != _GROUPS:
            node[word] = _merged(child, known)
    like = tuple((word, child if word == _GROUPS else id(child)) for word, child in node.items())
    return known.setdefault(like, node)


def _lists() -> dict[str, dict[str, str]]:
    raw = files("penstock.policies.compress").joinpath("reasks.toml").read_bytes()
    return msgspec.toml.decode(raw, type=dict[str, dict[str, str]])


def _spelt(text: str) -> Iterator[str]:
    """The phrases of a group, each choice written out, with one gap between two words."""
    for entry in text.split(","):
        pieces = _CHOICE.split(entry)
        for chosen in product(*(piece.split("|") if at % 2 else (piece,) for at, piece in enumerate(pieces))):
            words = _WORD.findall("".join(chosen))
            if words:
                yield " ".join(words)
