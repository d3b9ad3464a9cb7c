"""The places of a text that OpenAI's annotations name, in characters: of a part of a response, of a chat's message."""

from collections.abc import Iterator, Sequence

from penstock.core.tree import JsonForm, Node
from penstock.dialects.putting import Put
from penstock.dialects.shifting import Link, characters, linked
from penstock.dialects.tables import items, members

_PLACES = (("start_index", False), ("end_index", True))


def cited(text: bytes, root: Node, found: Sequence[Put]) -> Sequence[Put]:
    """How the numbers change that stand beside their text."""
    return linked(text, _links(text, root), found, characters) if found else ()


def _links(text: bytes, root: Node) -> Iterator[Link]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += node.items
        told = members(text, node)
        if "annotations" not in told:
            continue
        said = next((told[name] for name in ("text", "content") if name in told), None)
        if said is not None and said.form is JsonForm.STRING:
            for annotation in items(told["annotations"]):
                yield from (Link(said, number, end) for number, end in numbers(text, annotation))


def numbers(text: bytes, annotation: Node) -> Iterator[tuple[Node, bool]]:
    """The places that an annotation names, and whether something ends there."""
    told = members(text, annotation)
    for place in (told, members(text, told.get("url_citation"))):
        for name, end in _PLACES:
            if name in place:
                yield place[name], end
