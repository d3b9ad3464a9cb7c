"""Reads a configuration tree by the settings' own types, field by field, and notes every mistake on the way.

Types come from ``msgspec.inspect``, so a setting has one definition. What concerns several settings at once is
``check``'s.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TypeVar

import msgspec
from msgspec import inspect

from penstock.config import forms, kinds
from penstock.config.forms import Files, Form
from penstock.config.mistakes import MisfitError, Mistakes, Path, Place, listed, nearest, shown
from penstock.config.tree import Listing, Member, Node, Scalar, Table
from penstock.core.caller import Secret

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)


Found = tuple[Path, str, str]
"""A mistake that a rule has found: the setting, what is wrong, and a suggestion."""


class Nothing(Enum):
    """Why a node gave no value: it counts as not written, or its mistake has been noted."""

    ABSENT = "absent"
    BROKEN = "broken"


_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

# What other programs call the same thing.
_SYNONYMS = {
    "address": "listen", "bind": "listen", "host": "listen", "port": "listen", "server": "listen",
    "data": "data_dir", "storage": "data_dir", "upstreams": "providers", "backends": "providers",
    "model_list": "models", "routes": "models", "cert": "certificate", "private_key": "key", "ssl": "tls",
    "url": "base_url", "endpoint": "base_url", "api_base": "base_url", "token": "api_key", "key": "api_key",
    "secret": "api_key", "type": "dialect", "kind": "dialect", "format": "dialect", "timeout": "timeouts",
    "proxies": "providers", "pricing": "prices", "costs": "prices", "cached": "cache_read",
    "cached_input": "cache_read", "key_file": "api_key_file", "threshold": "above",
    "ca": "ca_file", "ca_bundle": "ca_file", "model": "match", "pattern": "match", "regex": "match", "group": "team",
    "in": "where", "team": "teams", "people": "users", "owners": "users", "user": "owner", "quota": "quotas",
    "budgets": "quotas", "rate_limits": "quotas", "rate_limit": "quotas", "budget": "quotas",
    "guardrails": "policies", "content_policy": "policies", "words": "terms", "except": "exceptions",
    "processes": "workers", "log": "access_log", "prometheus": "metrics",
}  # fmt: skip

# What to write, by the name of a setting that was given as something else than a mapping or a list.
_EXAMPLES = {
    "providers": "write a mapping: `NAME: {dialect: openai, base_url: https://…}`",
    "models": "write a list: `- {match: \"llama*\", provider: NAME}`",
    "prices": "write a mapping: `\"llama*\": {input: 0.1, output: 0.4}`",
    "tiers": "write a mapping: `batch: {factor: 0.5}`",
    "tools": "write a mapping: `web_search: 10`",
    "long_context": "write a list: `- {above: 200000, input: 6, output: 22.5}`",
    "keys": "write a list: `- {name: NAME, key: \"${PENSTOCK_KEY}\"}`",
    "tls": "write a mapping: `{certificate: FILE, key: FILE}`",
    "headers": "write a mapping: `{x-name: value}`",
    "timeouts": "write a mapping: `{first_byte: 120}`",
    "limits": "write a mapping: `{body: 32MB}`",
    "journal": "write a mapping: `{fsync: second}`",
    "header_prefixes": "write a list: `[X-Penstock-]`",
    "policies": "write a mapping: `NAME: {invisible: {action: mask}}`",
    "terser": "write a mapping: `{intensity: lite}`",
    "scrub": "write a mapping: `{wanted: true}`",
    "kinds": "write a mapping: `{email: mask}`",
    "detectors": "write a list: `- {name: NAME, kind: presidio, provider: NAME}`",
    "teams": "write a mapping: `NAME: {quotas: [5M output tokens per month]}`",
    "users": "write a mapping: `NAME: {quotas: [5M output tokens per month]}`",
    "quotas": "write a mapping: `{each_key: [60 requests per minute]}`",
    "webhook": "write a mapping: `{url: \"https://…\"}`",
    "when": "write a list: `- {name: NAME, match: \"(?i)invoice\", intensity: lite}`",
}  # fmt: skip
# The same, inside the rows of a list.
_QUOTAS = "write a list: `[60 requests per minute, 5M output tokens per month]`, or remove it"
_NARROWED: Mapping[str | int, str] = {
    "models": 'write a list: `["claude-haiku-*"]`, or remove it for all',
    "routes": 'write a list: `["messages.*"]`, or remove it for all',
    "quotas": _QUOTAS,
}
_ROW_EXAMPLES: Mapping[str | int, Mapping[str | int, str]] = {
    "keys": _NARROWED,
    "teams": _NARROWED,
    "users": _NARROWED,
    "quotas": dict.fromkeys(("all", "each_team", "each_user", "each_key"), _QUOTAS),
    "when": {
        "keys": 'write a list: `["ci-*"]`, or remove it',
        "teams": 'write a list: `["research"]`, or remove it',
    },
    "policies": {
        "keys": 'write a list: `["ci-*"]`, or remove it',
        "teams": 'write a list: `["research"]`, or remove it',
        "route_to": "write a mapping: `{provider: NAME}`",
        "models": 'write a mapping: `{allow: ["claude-haiku-*"]}`',
        "operations": 'write a mapping: `{allow: ["messages.*"]}`',
        "size": "write a mapping: `{body: 1MB, messages: 200}`",
        "attachments": "write a mapping: `{allow: [image], most: 20}`",
        "tools": 'write a mapping: `{deny: ["web_search*"]}`',
        "mcp": 'write a mapping: `{allow: ["*.example.com"]}`',
        "terms": 'write a list: `- {name: NAME, terms: ["a word"]}`; below `exceptions` and in such a row, words',
        "patterns": 'write a list: `- {name: NAME, match: "(?i)invoice"}`',
        "exceptions": 'write a list: `- {terms: ["a harmless phrase"]}`',
        "where": "write a list: `[user, tool-result]`, or remove it for all",
        "allow": "write a list",
        "deny": "write a list",
        "answers": "write a mapping: `{links: {allow: [example.com]}}`",
        "invisible": "write a mapping: `{action: mask}`",
        "injection": "write a mapping: `{action: flag}`",
        "judges": "write a list: `- {name: NAME, kind: llama-guard, provider: NAME, model: NAME}`",
        "categories": 'write a list: `["S1"]`, or remove it for all',
        "canary": "write a mapping: `{action: block}`",
        "links": "write a mapping: `{allow: [example.com]}`",
    },
}


class ReadSettings:
    """What has been read: where each setting stands, and which ones could not be used."""

    def __init__(self, files: Files, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.places: dict[Path, Place] = {}
        self.broken: set[Path] = set()
        self._text_forms = forms.text_forms(files)
        self._kept: dict[Path, list[int]] = {}
        self._variables: dict[Path, str] = {}
        self._unset: dict[Path, str] = {}
        self._numbers = itertools.count()

    def read(self, table: Table, settings: type[S]) -> S | None:
        """The settings that the outermost mapping gives, or None when they can't be built at all."""
        kind = kinds.struct(settings)
        value = self._value(table, kind, (), inspect.Metadata(kind))
        return value if isinstance(value, settings) else None

    def place(self, path: Path) -> Place:
        """Where a setting was written, or the nearest that encloses it."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def source(self, path: Path) -> str:
        """Where a setting's value comes from, in words."""
        place = str(self.places[path])
        if path in self._unset:
            return f"{place}, ${{{self._unset[path]}}} is not set here"
        return f"{place}, from ${{{self._variables[path]}}}" if path in self._variables else place

    def note(self, path: Path, what: str, suggestion: str) -> None:
        """Note a mistake about a setting that has been read."""
        if path in self._variables:
            what, suggestion = _without_value(what, self._variables[path])
        self.mistakes.add(self.place(path), path, what, suggestion)

    def sound(self, *paths: Path) -> bool:
        """Whether none of these settings has a mistake of its own; the value of one that has says nothing."""
        return not self.broken.intersection(paths)

    def names(self, path: Path) -> list[str]:
        """The keys written under a mapping, also of entries that could not be used."""
        return [str(known[-1]) for known in self.places if known[:-1] == path and len(known) == len(path) + 1]

    def rows(self, path: Path, values: Iterable[T]) -> Iterator[tuple[Path, T]]:
        """A list's usable values, each with its path; nothing where a default stands for the list."""
        if path in self._kept:
            for index, value in zip(self._kept[path], values, strict=True):
                yield (*path, index), value

    # --- one node -------------------------------------------------------------------------------------------------

    def _value(self, node: Node, kind: inspect.Type, path: Path, meta: inspect.Metadata) -> object:
        self.places.setdefault(path, node.place)
        if isinstance(node, Scalar) and node.read_from:
            self._variables[path] = node.read_from[0]
        if isinstance(node, Scalar) and node.unset:
            self._unset[path] = node.unset[0]
        value = self._by_type(node, kind, path, meta)
        if value is Nothing.BROKEN:
            self.broken.add(path)
        return value

    def _by_type(self, node: Node, kind: inspect.Type, path: Path, meta: inspect.Metadata) -> object:
        if isinstance(kind, inspect.Metadata):
            return self._by_type(node, kind.type, path, kind)
        if isinstance(node, Scalar) and node.broken:
            return Nothing.BROKEN
        if isinstance(node, Scalar) and node.text is None and (node.unset or not isinstance(kind, inspect.UnionType)):
            return Nothing.ABSENT
        if isinstance(kind, inspect.UnionType):
            return self._optional(node, kind, path)
        if isinstance(kind, inspect.StructType):
            return self._struct(node, kind, path)
        if isinstance(kind, inspect.DictType):
            return self._mapping(node, kind, path)
        if isinstance(kind, inspect.VarTupleType):
            return self._list(node, kind, path)
        return self._scalar(node, kind, path, meta)

    def _wrong(self, node: Node | Member, path: Path, what: str, suggestion: str = "") -> Nothing:
        if isinstance(node, Scalar) and node.read_from:
            what, suggestion = _without_value(what, node.read_from[0])
        self.mistakes.add(node.place, path, what, suggestion)
        return Nothing.BROKEN

    def _optional(self, node: Node, kind: inspect.UnionType, path: Path) -> object:
        if isinstance(node, Scalar) and node.text is None:
            return None
        other = kinds.without_null(kind)
        return self._by_type(node, other, path, inspect.Metadata(other))

    def _struct(self, node: Node, kind: inspect.StructType, path: Path) -> object:
        if not isinstance(node, Table):
            return self._wrong(node, path, f"is {_noun(node)}, not a mapping", _example(path))
        fields = {field.name: field for field in kinds.settable(kind)}
        values: dict[str, object] = {}
        for entry in node.entries:
            field = fields.get(entry.key)
            if field is not None:
                values[entry.key] = self._value(
                    entry.node, field.type, (*path, entry.key), inspect.Metadata(field.type)
                )
            elif (guess := self._unknown(entry, list(fields), path)) is not None:
                # What was probably meant is not missing as well.
                values.setdefault(guess, Nothing.BROKEN)
        for name, field in fields.items():
            if field.required and isinstance(values.get(name, Nothing.ABSENT), Nothing):
                if values.get(name) is not Nothing.BROKEN:
                    self._missing(node, name, path)
                values[name] = self._stand_in(field.type, (*path, name))
        given: dict[str, object] = {key: value for key, value in values.items() if not isinstance(value, Nothing)}
        built: object = kind.cls(**given)
        return built

    def _stand_in(self, kind: inspect.Type, path: Path) -> object:
        """A value for a needed setting that has a mistake, so that the rest of its row can be looked at all the same.

        It is like no other value, and never used: settings with a mistake are not handed out.
        """
        self.broken.add(path)
        inner = kinds.bare(kind)
        if isinstance(inner, inspect.LiteralType):
            return inner.values[0]
        text = f"https://{next(self._numbers)}.invalid"
        return Secret(text) if isinstance(inner, inspect.CustomType) else text

    def _unknown(self, entry: Member, known: list[str], path: Path) -> str | None:
        """The setting that was probably meant."""
        if entry.key == "<<":
            self._wrong(entry, path, "uses a merge key (`<<`), which is not supported", "write the settings out")
            return None
        synonym = _SYNONYMS.get(entry.key.lower())
        guess = synonym if synonym in known else nearest(entry.key, known)
        suggestion = f"did you mean `{guess}`?" if guess else f"known here: {listed(known)}"
        self._wrong(entry, (*path, entry.key), "is not a setting", suggestion)
        return guess

    def _missing(self, table: Table, name: str, path: Path) -> None:
        entry = table.get(name)
        if entry is not None and isinstance(entry.node, Scalar) and entry.node.unset:
            variable = entry.node.unset[0]
            what = f"is missing: ${{{variable}}} is not set"
            self._wrong(entry, (*path, name), what, f"set {variable} in the environment")
        else:
            self._wrong(entry or table, (*path, name), "is missing", f"add `{name}:`")

    def _mapping(self, node: Node, kind: inspect.DictType, path: Path) -> object:
        if not isinstance(node, Table):
            return self._wrong(node, path, f"is {_noun(node)}, not a mapping", _example(path))
        values: dict[object, object] = {}
        for entry in node.entries:
            inner = (*path, entry.key)
            key = self._value(Scalar(entry.key, entry.place), kind.key_type, inner, inspect.Metadata(kind.key_type))
            value = self._entry(entry.node, kind.value_type, inner)
            if isinstance(key, Nothing) or isinstance(value, Nothing):
                continue
            if key in values:
                self._wrong(entry, inner, "is given twice: upper and lower case are the same here", "keep one")
            values[key] = value
        return values

    def _list(self, node: Node, kind: inspect.VarTupleType, path: Path) -> object:
        if not isinstance(node, Listing):
            return self._wrong(node, path, f"is {_noun(node)}, not a list", _example(path))
        values: list[object] = []
        kept: list[int] = []
        for index, item in enumerate(node.items):
            value = self._entry(item, kind.item_type, (*path, index))
            if not isinstance(value, Nothing):
                values.append(value)
                kept.append(index)
        if kind.min_length and not values and not any(known[:-1] == path for known in self.broken):
            return self._wrong(node, path, "is empty", _example(path))
        self._kept[path] = kept
        return tuple(values)

    def _entry(self, node: Node, kind: inspect.Type, path: Path) -> object:
        """An entry of a mapping or list; unlike a setting it has no default that null could stand for."""
        if isinstance(node, Scalar) and node.text is None and not node.unset and not node.broken:
            return self._wrong(node, path, "is empty", "write its value, or remove it")
        return self._value(node, kind, path, inspect.Metadata(kind))

    # --- one scalar -----------------------------------------------------------------------------------------------

    def _scalar(self, node: Node, kind: inspect.Type, path: Path, meta: inspect.Metadata) -> object:
        if not isinstance(node, Scalar) or node.text is None:
            return self._wrong(node, path, f"is {_noun(node)}, not a single value", "write one value")
        try:
            return self._convert(node.text, kind, kinds.form_of(meta))
        except MisfitError as misfit:
            return self._wrong(node, path, misfit.what, misfit.suggestion)

    def _convert(self, text: str, kind: inspect.Type, form: Form | None) -> object:
        if isinstance(kind, inspect.BoolType):
            if text.lower() not in _TRUTHS:
                raise MisfitError(f"is neither true nor false: {shown(text)}", "write true or false")
            return _TRUTHS[text.lower()]
        if isinstance(kind, inspect.LiteralType):
            return _choice(text, [str(value) for value in kind.values])
        if isinstance(kind, (inspect.IntType, inspect.FloatType)):
            return _number(text, kind, form)
        if isinstance(kind, inspect.DateTimeType):
            return forms.moment(text)
        if isinstance(kind, inspect.DecimalType):
            return forms.factor(text) if form is Form.FACTOR else forms.dollars(text)
        value = self._text_forms[form](text) if form is not None else text
        return Secret(value) if isinstance(kind, inspect.CustomType) else value


def _number(text: str, kind: inspect.IntType | inspect.FloatType, form: Form | None) -> float:
    if form is Form.SIZE:
        value: float = forms.size(text)
    elif form is Form.SECONDS:
        value = forms.seconds(text)
    elif re.fullmatch(r"-?[0-9]{1,15}", text):
        value = int(text)
    else:
        raise MisfitError(f"is not a whole number: {shown(text)}", "write a number like 200")
    if (kind.gt is not None and value <= kind.gt) or (kind.ge is not None and value < kind.ge):
        least = f"{kind.ge:g} or more" if kind.ge is not None else f"more than {kind.gt:g}"
        raise MisfitError(f"is too small: {shown(text)}", f"write {least}")
    if kind.le is not None and value > kind.le:
        unit = " seconds (it is not in milliseconds)" if form is Form.SECONDS else ""
        raise MisfitError(f"is too large: {shown(text)}", f"write at most {kind.le:g}{unit}")
    return value


def _choice(text: str, choices: list[str]) -> str:
    if text in choices:
        return text
    guess = text.lower() if text.lower() in choices else nearest(text, choices)
    suggestion = f"did you mean `{guess}`?" if guess else f"write {choices[0]}"
    raise MisfitError(f"is not one of {listed(choices)}: {shown(text)}", suggestion)


def _without_value(what: str, variable: str) -> tuple[str, str]:
    """The same words without what they show behind a colon: what comes from the environment may be any secret."""
    return f"{what.partition(': ')[0]} (read from ${{{variable}}})", f"correct {variable} in the environment"


def _example(path: Path) -> str:
    inside = next((_ROW_EXAMPLES[name] for name in path[:-1] if name in _ROW_EXAMPLES), {})
    if path[-1] in inside:
        return inside[path[-1]]
    return next((_EXAMPLES[name] for name in reversed(path) if isinstance(name, str) and name in _EXAMPLES), "")


def _noun(node: Node) -> str:
    if isinstance(node, Table):
        return "a mapping"
    if isinstance(node, Listing):
        return "a list"
    return "empty" if node.text is None else "a single value"
