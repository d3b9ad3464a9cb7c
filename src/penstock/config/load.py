"""File and environment in, Settings out; or one ConfigError with every mistake.

The one entrance to this room. The environment comes in as a mapping; the process's own is touched by the caller alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from penstock.config import environment as variables
from penstock.config import kinds, proxies, tree
from penstock.config.check import check
from penstock.config.forms import Files, read_key
from penstock.config.mistakes import ConfigError, MisfitError, Mistakes, Place
from penstock.config.mistakes import Path as Where
from penstock.config.reading import ReadSettings
from penstock.config.settings import Settings
from penstock.core.caller import Secret

MAX_BYTES = 1024 * 1024

# The providers when the file names none: dialect (and name), base URL, and the variable that holds the key.
_USUAL_PROVIDERS = (
    ("anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    ("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY"),
)

_DEFAULTS = Place("defaults")

_SINGLE = tuple(kinds.single(kinds.struct(Settings)))
"""The settings that an environment variable can give."""


def load(path: Path | None, environment: Mapping[str, str], *, listen: str | None = None) -> Settings:
    """The settings of a file, or the defaults when ``path`` is None; ConfigError when anything is wrong with them.

    ``listen`` is the command line's, which wins over both.
    """
    return load_traced(path, environment, listen=listen)[0]


def load_traced(
    path: Path | None, environment: Mapping[str, str], *, listen: str | None = None
) -> tuple[Settings, Mapping[Where, str]]:
    """As ``load``, and where each setting that was given comes from; those that are not named have their defaults."""
    mistakes = Mistakes()
    table = _table(()) if path is None else _parse(path, mistakes)
    if table is None:
        raise ConfigError(mistakes.found)
    table = variables.override(table, environment, _SINGLE)
    if listen is not None:
        table = table.replaced("listen", tree.Scalar(listen, Place("--listen")))
    table = _with_defaults(table, environment)
    expanded = variables.expand(table, environment, mistakes)
    folder = Path.cwd() if path is None else path.resolve().parent
    reading = ReadSettings(Files(folder, environment.get("HOME")), mistakes)
    settings = reading.read(expanded, Settings)
    usual = proxies.from_environment(environment, mistakes)
    if settings is not None:
        check(settings, reading)
        settings = _with_key_files(settings, reading)
    if settings is None or mistakes.found:
        raise ConfigError(mistakes.found)
    rows = proxies.from_rows((row.origin, row.proxy) for row in settings.providers.values())
    traced = msgspec.structs.replace(settings, proxies=msgspec.structs.replace(usual, rows=rows))
    return traced, {where: reading.source(where) for where in reading.places}


def _with_key_files(settings: Settings, reading: ReadSettings) -> Settings:
    """The settings with the credentials that stand in files of their own."""
    rows = dict(settings.providers)
    for name, row in settings.providers.items():
        where = ("providers", name, "api_key_file")
        if row.api_key_file is not None and reading.sound(where):
            try:
                rows[name] = msgspec.structs.replace(row, api_key=Secret(read_key(Path(row.api_key_file))))
            except MisfitError as misfit:  # gone since it was looked at
                reading.note(where, misfit.what, misfit.suggestion)
    return msgspec.structs.replace(settings, providers=rows)


def _parse(path: Path, mistakes: Mistakes) -> tree.Table | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        mistakes.add(Place(str(path)), (), f"can't be read: {error.strerror}", "name a readable file with --config")
        return None
    if len(content) > MAX_BYTES:
        mistakes.add(Place(str(path)), (), f"is larger than {MAX_BYTES // 1024} kB", "is this the configuration?")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        mistakes.add(Place(str(path), line, 1), (), "is not UTF-8 text", "save it as UTF-8")
        return None
    return tree.parse(text, str(path), mistakes)


def _with_defaults(table: tree.Table, environment: Mapping[str, str]) -> tree.Table:
    """The tree with the defaults that need a folder or the environment to be worked out."""
    if _is_absent(table, "data_dir"):
        table = table.replaced("data_dir", tree.Scalar(Settings().data_dir, _DEFAULTS))
    if _is_absent(table, "providers"):
        table = table.replaced("providers", _table(_usual_providers(environment)))
    return table


def _usual_providers(environment: Mapping[str, str]) -> Iterator[tuple[str, tree.Node]]:
    for dialect, base_url, variable in _USUAL_PROVIDERS:
        # Google's SDKs read both of their variables, this one first.
        other = dialect == "gemini" and not environment.get(variable) and environment.get("GOOGLE_API_KEY")
        key = "GOOGLE_API_KEY" if other else variable
        row = {"dialect": dialect, "base_url": base_url, "api_key": f"${{{key}}}"}
        yield dialect, _table((name, tree.Scalar(text, _DEFAULTS)) for name, text in row.items())


def _table(entries: Iterable[tuple[str, tree.Node]]) -> tree.Table:
    return tree.Table(tuple(tree.Member(name, node, _DEFAULTS) for name, node in entries), _DEFAULTS)


def _is_absent(table: tree.Table, key: str) -> bool:
    entry = table.get(key)
    return entry is None or (isinstance(entry.node, tree.Scalar) and entry.node.text is None)
