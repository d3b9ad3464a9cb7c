"""Reads the environment into the configuration tree: ``${NAME}`` in texts, and the overrides ``PENSTOCK_…``.

The environment comes in as a mapping, so that nothing but the composition root touches the process's own.
"""

import re
from collections.abc import Mapping

from penstock.config.mistakes import Mistakes, Path, Place
from penstock.config.tree import Entry, Listing, Node, Scalar, Table

OVERRIDES = {
    "PENSTOCK_LISTEN": "listen",
    "PENSTOCK_DATA_DIR": "data_dir",
    "PENSTOCK_MASTER_KEY": "master_key",
}
"""Environment variables that win over the file, and the settings they set."""

# `$${` writes a literal `${`.
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def expand(table: Table, environment: Mapping[str, str], mistakes: Mistakes, path: Path = ()) -> Table:
    """The same tree with every ``${NAME}`` in its values replaced."""
    entries = (
        Entry(entry.key, _expand(entry.node, environment, mistakes, (*path, entry.key)), entry.place)
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


def override(table: Table, environment: Mapping[str, str]) -> Table:
    """The tree with the settings that ``PENSTOCK_…`` variables give."""
    for name, setting in OVERRIDES.items():
        if value := environment.get(name):
            table = table.replaced(setting, Scalar(value, Place(f"environment variable {name}")))
    return table
