"""No message about a configuration ever shows a secret, wherever it was written, and no text breaks the reader."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.config import ConfigError, Settings, load

pytestmark = pytest.mark.slow

# A configuration with two mistakes of its own, so that every variant of it is refused and explained.
WHOLE: dict[str, Any] = {
    "zzz": 1,
    "listen": "127.0.0.1:8080",
    "data_dir": "data",
    "public_url": "https://llm.example.com",
    "tls": {"certificate": "gone.pem", "key": "gone.pem"},
    "providers": {
        "a": {
            "dialect": "openai",
            "base_url": "https://llm.example.com/v1",
            "api_key": "x",
            "auth": "bearer",
            "headers": {"x-a": "b"},
            "timeouts": {"connect": 1},
            "api_key_file": "gone.key",
            "api_key_stored": False,
            "ca_file": "gone.pem",
            "proxy": "none",
            "insecure": False,
        }
    },
    "models": [{"match": "b*", "provider": "a"}],
    "keys": [{"name": "k", "key": "mt_live_0123456789abcdef", "team": "t", "require_provider_key": True}],
    "prices": {
        "m": {
            "input": 1,
            "long_context": [{"above": 9, "input": 2}],
            "tiers": {"flex": {"factor": 1}},
            "tools": {"t": 1},
        }
    },
    "database": "postgresql://penstock:hunter2@db.example.com:5432/penstock?sslmode=require",
    "pepper": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "master_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "shared": "valkey://:c4n4ry@cache/0",
    "key_prefix": "mt_live_",
    "header_prefixes": ["X-A-"],
    "limits": {"body": "1MB", "headers": 20, "drain_seconds": 5},
    "stream_keepalive": 15,
}

Path_ = tuple[str | int, ...]


def places(node: object, path: Path_ = ()) -> Iterator[Path_]:
    """Every place in a configuration where something stands."""
    if path:
        yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from places(value, (*path, index))


def with_value(path: Path_, value: object) -> dict[str, Any]:
    """The configuration with another value at one place."""
    changed = copy.deepcopy(WHOLE)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def with_key(path: Path_, key: str) -> dict[str, Any]:
    """The configuration with another key at one place."""
    changed = copy.deepcopy(WHOLE)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[key] = inner.pop(path[-1])
    return changed


def refused(folder: Path, config: object, environment: Mapping[str, str]) -> str:
    """What is said about a configuration, all of it."""
    path = folder / "penstock.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    with pytest.raises(ConfigError) as caught:
        load(path, environment)
    return str(caught.value) + repr(caught.value) + repr(caught.value.mistakes)


PLACES = list(places(WHOLE))
VALUES = [
    "sk-ant-api03-c4n4ry-c4n4ry-c4n4ry",
    "https://u:sk-c4n4ryc4n4ryc4n4ry@h/v1?key=c4n4ry",
    "Bearer c4n4ryc4n4ryc4n4ryc4n4ry",
]


@pytest.mark.parametrize("path", PLACES, ids=[".".join(map(str, path)) for path in PLACES])
def test_a_key_pasted_into_the_wrong_place_is_not_repeated(tmp_path: Path, path: Path_) -> None:
    """A credential as a value or as a key anywhere in the file stays out of every message."""
    for value in VALUES:
        assert "c4n4ry" not in refused(tmp_path, with_value(path, value), {})
        assert "c4n4ry" not in refused(tmp_path, with_value(path, [value]), {})
        assert "c4n4ry" not in refused(tmp_path, with_value(path, {value: value}), {})
    if isinstance(path[-1], str):
        assert "c4n4ry" not in refused(tmp_path, with_key(path, VALUES[0]), {})


@pytest.mark.parametrize("path", PLACES, ids=[".".join(map(str, path)) for path in PLACES])
def test_a_value_from_the_environment_is_not_repeated(tmp_path: Path, path: Path_) -> None:
    """What came from the environment is named, never shown, however harmless it looks."""
    for value in ("hunter2", "hunter2:70000", "http://hunter2", "ftp://hunter2@h/", "~/hunter2", "hunter2 "):
        said = refused(tmp_path, with_value(path, "${SECRET}"), {"SECRET": value})
        assert "hunter2" not in said


@pytest.mark.parametrize(
    "text",
    [
        "keys: *c4n4ryc4n4ryc4n4ry",
        "keys: !c4n4ryc4n4ryc4n4ry x",
        "keys: !c4n4ryc4n4ryc4n4ry!x x",
        'keys: "c4n4ryc4n4ryc4n4ry',
        "keys: 'c4n4ry' c4n4ryc4n4ry",
        "keys: {c4n4ryc4n4ryc4n4ry: a: b}",
        "keys: @c4n4ryc4n4ryc4n4ry",
        "keys: |c4n4ry\n  c4n4ry",
        "- c4n4ryc4n4ryc4n4ry",
        "c4n4ryc4n4ryc4n4ry",
    ],
)
def test_broken_yaml_is_not_quoted(tmp_path: Path, text: str) -> None:
    """YAML's own messages quote the text; ours don't, because the text may be a key."""
    assert "c4n4ry" not in refused(tmp_path, text + "\n", {})


def test_proxies_of_the_environment_are_not_repeated(tmp_path: Path) -> None:
    """A proxy's address may hold a password."""
    assert "hunter2" not in refused(tmp_path, {}, {"HTTPS_PROXY": "socks5://u:hunter2@p:1", "http_proxy": "hunter2"})


WORDS = [
    "listen", "providers", "keys", "models", "limits", "tls", "name", "key", "match", "dialect", "openai", "base_url",
    "https://h/v1", "127.0.0.1:1", "${A}", "${", "*a", "&a", "!!python/object:os.system", "null", "~", "9" * 500,
    "1e999", "-1", "²", "é", "<<", "? ", "- ", ": ", ":", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ",", "'", '"',
    "#",
    "|", ">", "%", "@", "`", "---", "...", "\t", " ",
]  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=30).map("".join))
def test_any_text_is_settings_or_mistakes(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file, the answer is Settings, or a ConfigError that says something."""
    path = tmp_path / "penstock.yaml"
    path.write_bytes(text.encode())
    try:
        outcome: object = load(path, {"A": "a b"})
    except ConfigError as error:
        outcome = error.mistakes
    assert isinstance(outcome, Settings) or (outcome and all(mistake.what for mistake in outcome))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(PLACES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_any_value_anywhere_is_settings_or_mistakes(tmp_path: Path, path: Path_, value: object) -> None:
    """Any YAML value in any place is refused with its mistakes, never with another exception."""
    assert "zzz is not a setting" in refused(tmp_path, with_value(path, value), {}) or path == ("zzz",)
