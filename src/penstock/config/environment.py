"""Reads the environment into the configuration tree: ``${NAME}`` in texts, and the overrides ``PENSTOCK_…``.

The environment comes in as a mapping, so that nothing but the composition root touches the process's own.
"""

import re
from collections.abc import Iterable, Mapping

from penstock.config.mistakes import Mistakes, Path, Place
from penstock.config.tree import Listing, Member, Node, Scalar, Table

PREFIX = "PENSTOCK_"

# `$${` writes a literal `${`.
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def expand(table: Table, environment: Mapping[str, str], mistakes: Mistakes, path: Path = ()) -> Table:
    """The same tree with every ``${NAME}`` in its values replaced."""
    entries = (
        Member(entry.key, _expand(entry.node, environment, mistakes, (*path, entry.key)), entry.place)
        for entry in table.entries
    )
    return Table(tuple(entries), table.place)


def _expand(node: Node, environment: Mapping[str, str], mistakes: Mistakes, path: Path) -> Node:
    if isinstance(node, Table):
        return expand(node, environment, mistakes, path)
    if isinstance(node, Listing):
        items = (_expand(item, environment, mistakes, (*path, index)) for index, item in enumerate(node.items))
        return Listing(tuple(items), node.place)
    return _expand_scalar(node, environment, mistakes, path)


def _expand_scalar(node: Scalar, environment: Mapping[str, str], mistakes: Mistakes, path: Path) -> Scalar:
    if node.text is None or "${" not in node.text:
        return node
    read: list[str] = []
    unset: list[str] = []
    broken: list[str] = []

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "${"
        if not _NAME.match(name) or not found[0].endswith("}"):
            what = "holds a `${` that names no environment variable"
            mistakes.add(node.place, path, what, "write ${NAME} (letters, digits, _), or $${ for a plain ${")
            broken.append(name)
            return ""
        value = environment.get(name, "")
        (read if value else unset).append(name)
        return value

    text = _REFERENCE.sub(replace, node.text)
    if broken:
        return Scalar(None, node.place, broken=True)
    if unset:
        return Scalar(None, node.place, unset=tuple(unset))
    return Scalar(text, node.place, read_from=tuple(read))


def variable(path: Path) -> str:
    """The variable that wins over the file for a setting: ``PENSTOCK_LIMITS__BODY``."""
    return PREFIX + "__".join(str(step) for step in path).upper()


def override(table: Table, environment: Mapping[str, str], settings: Iterable[Path]) -> Table:
    """The tree with those of these settings that variables give."""
    for path in settings:
        if value := environment.get(variable(path)):
            table = _with(table, path, Scalar(value, Place(f"environment variable {variable(path)}")))
    return table


def _with(table: Table, path: Path, node: Scalar) -> Table:
    name = str(path[0])
    if len(path) == 1:
        return table.replaced(name, node)
    entry = table.get(name)
    if entry is None or (isinstance(entry.node, Scalar) and entry.node.text is None):
        return table.replaced(name, _with(Table((), node.place), path[1:], node))
    # What is no mapping in the file is a mistake there, and stays one.
    inner = _with(entry.node, path[1:], node) if isinstance(entry.node, Table) else entry.node
    others = tuple(Member(name, inner, entry.place) if other is entry else other for other in table.entries)
    return Table(others, table.place)
