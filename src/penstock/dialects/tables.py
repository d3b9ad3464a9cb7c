"""Where a dialect's answers hold words, as a table: members by name, down to a string or to any value.

``*`` stands for all elements of a list, ``.`` for a string where there may be more. What no table names is never
looked at: thinking, signatures, ids, names. Knows no dialect.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache

from penstock.core.legible import NotReadableError
from penstock.core.mask import Masks
from penstock.core.tree import JsonForm, Node, tree
from penstock.dialects.depth import Depth
from penstock.dialects.putting import Put, part, puts, stands_in


class Leaf(Enum):
    """What stands at a table's end."""

    WORDS = "words"
    """A string."""
    JSON = "json"
    """A string that holds JSON: what a tool is given."""
    SPOKEN = "spoken"
    """A string that a tool is given, and that is no JSON."""
    VALUE = "value"
    """Any value that a tool is given: all strings and numbers in it."""
    TOLD = "told"
    """Any value that is the client's or the model's own words."""


Table = Mapping[str, "Table | Leaf"]
Place = tuple[Node, Leaf]

TOOLS = frozenset({Leaf.JSON, Leaf.SPOKEN, Leaf.VALUE})
_ANY = frozenset({Leaf.VALUE, Leaf.TOLD})


def joined(*tables: Table) -> Table:
    """Several tables as one; where two name the same member, both go on."""
    whole: dict[str, Table | Leaf] = {}
    for table in tables:
        for name, below in table.items():
            before = whole.get(name)
            whole[name] = joined(before, below) if isinstance(before, Mapping) and isinstance(below, Mapping) else below
    return whole


def depth_of(leaf: Leaf) -> Depth:
    """Where a text of this kind begins: inside a string's quotes, or at a value."""
    return Depth(0 if leaf in _ANY else 1, structured=leaf in _ANY or leaf is Leaf.JSON)


Barred = Callable[[bytes, Node], bool]
"""Whether an object must not be looked into, whatever the table says."""


def nothing(text: bytes, node: Node) -> bool:
    """Nothing is barred."""
    del text, node
    return False


Cited = Callable[[bytes, Node, Sequence[Put]], Sequence[Put]]
"""What of a JSON text changes because of what is put into it: numbers that name places."""


def uncited(text: bytes, root: Node, found: Sequence[Put]) -> Sequence[Put]:
    """No number names a place."""
    del text, root, found
    return ()


def places(text: bytes, node: Node, table: Table | Leaf, barred: Barred = nothing) -> Iterator[Place]:
    """What the table names, in the order of the text."""
    if isinstance(table, Leaf):
        if table in _ANY or node.form is JsonForm.STRING:
            yield node, table
        elif table is Leaf.JSON and node.form in {JsonForm.OBJECT, JsonForm.LIST}:
            # Some servers write arguments as JSON itself.
            yield node, Leaf.VALUE
        return
    if node.form is JsonForm.STRING and "." in table:
        yield from places(text, node, table["."], barred)
    if node.form is JsonForm.LIST and "*" in table:
        for item in node.items:
            yield from places(text, item, table["*"], barred)
    elif node.form is JsonForm.OBJECT and not barred(text, node):
        for name, value in zip(node.names, node.items, strict=True):
            below = table.get(_name(text[name.start + 1 : name.end - 1]))
            if below is not None:
                yield from places(text, value, below, barred)


def members(text: bytes, node: Node | None) -> dict[str, Node]:
    """An object's members by name; of what is no object, none."""
    if node is None or node.form is not JsonForm.OBJECT:
        return {}
    names = [_name(text[name.start + 1 : name.end - 1]) for name in node.names]
    return dict(zip(names, node.items, strict=True))


def items(node: Node | None) -> list[Node]:
    """A list's elements; of what is no list, none."""
    return node.items if node is not None and node.form is JsonForm.LIST else []


def word(text: bytes, node: Node | None) -> str:
    """A string that is a word of the format's own; empty for anything else."""
    return _name(text[node.start + 1 : node.end - 1]) if node is not None and node.form is JsonForm.STRING else ""


@lru_cache(maxsize=1024)
def _name(raw: bytes) -> str:
    """A member's name; one that is written with escapes is none that a table has."""
    return raw.decode("latin-1") if len(raw) < 100 else ""


def inside(place: Place) -> tuple[int, int]:
    """Where the text of a place stands: of a string without its quotes."""
    node, leaf = place
    return (node.start, node.end) if leaf in _ANY else (node.start + 1, node.end - 1)


def found_in(text: bytes, place: Place, masks: Masks) -> list[Put]:
    """What comes in place of what there, in bytes of ``text``."""
    start, end = inside(place)
    if not stands_in(text, masks, start, end):
        return []
    leaf = place[1]
    met = puts(text[start:end], end - start, depth_of(leaf), masks, tool=leaf in TOOLS)
    return [(start + first, start + last, put) for first, last, put in met]


def restored(body: bytes, table: Table | Leaf, masks: Masks, barred: Barred = nothing, cited: Cited = uncited) -> bytes:
    """A JSON text with the values of its tokens where the table says; the same object where none stands in it."""
    if not stands_in(body, masks):
        return body
    try:
        root = tree(body)
    except NotReadableError:
        return body
    met = [put for place in places(body, root, table, barred) for put in found_in(body, place, masks)]
    return part(body, sorted((*met, *cited(body, root, met))), 0, len(body)) if met else body


def restored_lines(body: bytes, table: Table, masks: Masks, cited: Cited = uncited) -> bytes:
    """The same of JSON lines, each by itself."""
    if not stands_in(body, masks):
        return body
    lines = body.split(b"\n")
    told = [restored(line, table, masks, cited=cited) for line in lines]
    return body if all(one is other for one, other in zip(lines, told, strict=True)) else b"\n".join(told)
