"""The lists that rules go by: TOML files in folders of this package, read once, when they are first asked for."""

import functools
import tomllib
from importlib import resources


@functools.cache
def members(file: str, name: str) -> frozenset[str]:
    """The words of one list: of ``structured/<file>.toml``, under this name."""
    path = resources.files("penstock.detection") / "structured" / f"{file}.toml"
    words: str | list[str] = tomllib.loads(path.read_text("utf-8"))[name]
    return frozenset(words.split() if isinstance(words, str) else words)
