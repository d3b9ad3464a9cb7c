"""Adds to the configuration file as a careful reader would by hand: one piece of text in the right place, every other
byte as it was. What it writes is loaded and compared before it takes the file's place.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from penstock.config import tree
from penstock.config.load import load
from penstock.config.mistakes import ConfigError, Mistakes
from penstock.config.settings import Settings

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_INDENT = 2


class CannotInsertError(ValueError):
    """The file is written in a way that this hand does not edit; the message holds the lines to add."""


class Added(msgspec.Struct, frozen=True):
    """Where the row stands now, and whether the file named no provider before: then the usual ones were in force."""

    line: int
    first: bool


def add_provider(path: Path, name: str, row: Mapping[str, object], environment: Mapping[str, str]) -> Added:
    """Write the row under ``providers``. ConfigError when the result would be wrong; OSError."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError:
        raise CannotInsertError("it is not UTF-8 text") from None
    before = _loaded(text, path, environment) if text else None
    if before is not None and _declares(text, name):
        raise CannotInsertError(f"it has a provider {name!r} already; change that row by hand")
    changed, line = inserted(text, name, row)
    after = _loaded(changed, path, environment)
    declared = bool(text) and _declares(text)
    if not _only_added(before, after, name, declared=declared):
        raise CannotInsertError(
            f"it can't be edited safely; add this under `providers:` by hand:\n{_row(name, row, 2)}"
        )
    _replace(path, changed)
    return Added(line, first=not declared)


def inserted(text: str, name: str, row: Mapping[str, object]) -> tuple[str, int]:
    """The text with the row in it, and the row's line. Pure."""
    if "\r\n" in text:
        changed, line = inserted(text.replace("\r\n", "\n"), name, row)
        return changed.replace("\n", "\r\n"), line
    table = _parsed(text)
    entry = None if table is None else table.get("providers")
    if entry is None:
        body = text if not text or text.endswith("\n") else text + "\n"
        gap = "\n" if body else ""
        return f"{body}{gap}providers:\n{_row(name, row, _INDENT)}", body.count("\n") + len(gap) + 2
    lines = text.splitlines(keepends=True)
    start = entry.place.line
    node = entry.node
    if isinstance(node, tree.Scalar) and node.text is None and lines[start - 1].split("#")[0].rstrip().endswith(":"):
        indent, at = entry.place.column - 1 + _INDENT, start
    elif isinstance(node, tree.Table) and node.entries and node.entries[0].place.line > start:
        indent = node.entries[0].place.column - 1
        at = _end(lines, start, indent)
    else:
        raise CannotInsertError(
            f"`providers` is written in braces; add this by hand, each row on a line of its own:\n{_row(name, row, 2)}"
        )
    if at and not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    lines.insert(at, _row(name, row, indent))
    return "".join(lines), at + 1


def _end(lines: list[str], start: int, indent: int) -> int:
    """The number of lines up to the end of the block whose children are indented by ``indent``."""
    last = start
    for number, line in enumerate(lines[start:], start + 1):
        words = line.strip()
        depth = len(line) - len(line.lstrip(" "))
        if words and depth < indent and not words.startswith("#"):
            break
        if words and depth >= indent:
            last = number
    return last


def _row(name: str, row: Mapping[str, object], indent: int) -> str:
    lines = [f"{_scalar(name)}:", *(f"{' ' * _INDENT}{key}: {_scalar(value)}" for key, value in row.items())]
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _RESERVED
    # JSON's strings are YAML's double-quoted ones.
    return text if plain else msgspec.json.encode(text).decode()


def _parsed(text: str) -> tree.Table | None:
    mistakes = Mistakes()
    table = tree.parse(text.removeprefix("\ufeff"), "", mistakes)
    if mistakes.found:
        raise ConfigError(mistakes.found)
    return table


def _declares(text: str, name: str | None = None) -> bool:
    table = _parsed(text)
    entry = None if table is None else table.get("providers")
    if entry is None or not isinstance(entry.node, tree.Table):
        return False
    return name is None or entry.node.get(name) is not None


def _loaded(text: str, path: Path, environment: Mapping[str, str]) -> Settings:
    """What the gateway would make of the text if it stood in the file; beside it, so that its paths lead as they do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return load(Path(name), environment)
    except ConfigError as error:
        raise ConfigError(msgspec.structs.replace(mistake, file=str(path)) for mistake in error.mistakes) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _only_added(before: Settings | None, after: Settings, name: str, *, declared: bool) -> bool:
    """Whether the two differ in this one provider alone. A file that named none had the usual ones until now."""
    if name not in after.providers:
        return False
    if before is None:
        return True
    kept = {other: row for other, row in after.providers.items() if other != name}
    if declared and kept != before.providers:
        return False
    same = {"providers": before.providers, "proxies": before.proxies}
    return msgspec.structs.replace(after, **same) == before


def _replace(path: Path, text: str) -> None:
    """The whole file at once: a gateway that reads it meanwhile sees the old or the new one."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            standing = target.stat()
            os.chmod(name, standing.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(name, standing.st_uid, standing.st_gid)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
