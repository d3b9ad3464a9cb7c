"""File and environment in, settings out."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from penstock.config import ConfigError, Secret, Settings, load
from penstock.config.own_rules import OwnRuleSettings
from penstock.core.price import LongRates, Rates, Sheet, TierPrices
from penstock.core.target import Origin

Load = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    """Loads a configuration from its text."""

    def run(text: str, environment: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "penstock.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, environment or {})

    return run


WHOLE = """\
listen: 0.0.0.0:9000
data_dir: state
public_url: https://llm.example.com/
providers:
  anthropic: {dialect: anthropic, base_url: https://api.anthropic.com/, api_key: "${ANTHROPIC_API_KEY}"}
  local:
    dialect: openai
    base_url: http://127.0.0.1:11434/v1
    auth: none
    headers: {X-Team: blue}
    timeouts: {connect: 2, first_byte: 30.5, total: 600}
    proxy: none
models:
  - {match: "llama*", provider: local}
keys:
  - {name: ci, key: mt_live_0123456789abcdef, team: blue, require_provider_key: yes}
key_prefix: mt_live_
header_prefixes: [X-Gate-]
limits: {body: 64 MB, upload: 1GB, head: 32kB, headers: 100, connections: 50, drain_seconds: 5, sse_frame: 1000}
stream_keepalive: null
"""


def test_every_setting_arrives_as_written(loaded: Load, tmp_path: Path) -> None:
    """A file that sets everything gives exactly that, with URLs and paths in one form."""
    settings = loaded(WHOLE, {"ANTHROPIC_API_KEY": "sk-ant-1"})
    assert settings.address == ("0.0.0.0", 9000)
    assert settings.data_dir == str(tmp_path / "state")
    assert settings.public_url == "https://llm.example.com"
    assert list(settings.providers) == ["anthropic", "local"]
    anthropic, local = settings.providers.values()
    assert (anthropic.base_url, anthropic.api_key) == ("https://api.anthropic.com", Secret("sk-ant-1"))
    assert (anthropic.timeouts.first_byte, anthropic.timeouts.idle) == (None, 300)
    assert (local.origin, local.base_path) == (Origin(secure=False, host="127.0.0.1", port=11434), "/v1")
    assert (local.auth, local.api_key, local.headers) == ("none", None, {"x-team": Secret("blue")})
    assert (local.timeouts.connect, local.timeouts.first_byte, local.timeouts.total) == (2, 30.5, 600)
    assert [(rule.match, rule.provider) for rule in settings.models] == [("llama*", "local")]
    (key,) = settings.keys
    assert (key.name, key.key.reveal(), key.team) == ("ci", "mt_live_0123456789abcdef", "blue")
    assert key.require_provider_key is True
    assert (settings.key_prefix, settings.header_prefixes) == ("mt_live_", ("X-Gate-",))
    limits = settings.limits
    assert (limits.body, limits.upload, limits.head) == (64 * 1024**2, 1024**3, 32 * 1024)
    assert (limits.headers, limits.connections, limits.drain_seconds, limits.sse_frame) == (100, 50, 5, 1000)
    assert settings.stream_keepalive is None


PRICES = """\
prices:
  llama-3.3-70b:
    input: 0.1
    output: "0.40"
    long_context: [{above: 200000, input: 0.2}]
    tiers: {batch: {factor: 0.5}, priority: {input: 1, long_context: [{above: 9}]}}
    tools: {web_search: 10}
"""


def test_prices_arrive_as_a_sheet_to_the_last_digit(loaded: Load) -> None:
    """What is written in decimals is never a binary fraction on the way, with quotes or without."""
    row = loaded(PRICES).prices["llama-3.3-70b"]
    assert row.sheet == Sheet(
        price=Rates(input=Decimal("0.1"), output=Decimal("0.40")),
        long=(LongRates(above=200_000, input=Decimal("0.2")),),
        tiers={
            "batch": TierPrices(factor=Decimal("0.5")),
            "priority": TierPrices(price=Rates(input=Decimal(1)), long=(LongRates(above=9),)),
        },
        tools={"web_search": Decimal(10)},
    )


def test_a_credential_may_stand_in_a_file_of_its_own(loaded: Load, tmp_path: Path) -> None:
    """Without the line's end that editors write, and read anew each time."""
    text = "providers: {a: {dialect: openai, base_url: 'https://h/v1', api_key_file: secrets/a}}\n"
    (tmp_path / "secrets").mkdir()
    for secret in ("sk-one", "sk-two"):
        (tmp_path / "secrets" / "a").write_text(secret + "\n")
        row = loaded(text).providers["a"]
        assert (row.api_key, row.credential_setting) == (Secret(secret), "api_key_file")


def test_a_stored_credential_is_named_and_not_read(loaded: Load) -> None:
    """The database is not the configuration's matter."""
    row = loaded("providers: {a: {dialect: openai, base_url: 'https://h/v1', api_key_stored: true}}").providers["a"]
    assert (row.api_key, row.credential_setting) == (None, "api_key_stored")


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n", "providers:\nmodels: []\n", "\ufeff{}"])
def test_an_empty_file_gives_the_defaults(loaded: Load, tmp_path: Path, text: str) -> None:
    """Nothing written is the same as no file, but for the folder that paths count from."""
    settings, without = loaded(text), load(None, {})
    assert settings.data_dir == str(tmp_path / "data")
    assert without.data_dir == str(Path.cwd() / "data")
    assert settings.providers == without.providers
    assert settings.address == ("127.0.0.1", 8080)


def test_without_providers_the_usual_three_read_the_environment() -> None:
    """Each usual provider takes its own variable; Google's may have either name, and the first wins."""
    settings = load(None, {"OPENAI_API_KEY": "sk-1", "GOOGLE_API_KEY": "g-1"})
    assert {name: row.api_key for name, row in settings.providers.items()} == {
        "anthropic": None, "openai": Secret("sk-1"), "gemini": Secret("g-1"),
    }  # fmt: skip
    assert [row.base_url for row in settings.providers.values()] == [
        "https://api.anthropic.com",
        "https://api.openai.com/v1",
        "https://generativelanguage.googleapis.com",
    ]
    both = load(None, {"GEMINI_API_KEY": "g-2", "GOOGLE_API_KEY": "g-1"})
    assert both.providers["gemini"].api_key == Secret("g-2")


def test_variables_in_texts_are_read(loaded: Load) -> None:
    """A name is replaced wherever it stands in a value, also in numbers and in lists."""
    text = """\
listen: "${HOST}:${PORT}"
limits: {connections: "${MANY}", body: "${SIZE}"}
header_prefixes: ["${PREFIX}", X-Gate-]
providers: {a: {dialect: "${DIALECT}", base_url: "https://${HOST_NAME}/v1", headers: {x-cost: "$${plain} $5"}}}
"""
    environment = {
        "HOST": "0.0.0.0", "PORT": "81", "MANY": "7", "SIZE": "64MB", "PREFIX": "X-A-", "DIALECT": "openai",
        "HOST_NAME": "llm.example.com",
    }  # fmt: skip
    settings = loaded(text, environment)
    assert settings.address == ("0.0.0.0", 81)
    assert (settings.limits.connections, settings.limits.body) == (7, 64 * 1024**2)
    assert settings.header_prefixes == ("X-A-", "X-Gate-")
    row = settings.providers["a"]
    assert (row.dialect, row.base_url) == ("openai", "https://llm.example.com/v1")
    assert row.headers["x-cost"].reveal() == "${plain} $5"


@pytest.mark.parametrize("environment", [{}, {"MISSING": ""}])
def test_a_text_with_an_unset_variable_counts_as_not_written(loaded: Load, environment: Mapping[str, str]) -> None:
    """Unset and empty are the same: the default holds, and entries of lists and mappings go."""
    text = """\
listen: "127.0.0.1:${MISSING}"
stream_keepalive: "${MISSING}"
public_url: "${MISSING}"
header_prefixes: [X-Gate-, "${MISSING}"]
providers:
  a: {dialect: openai, base_url: "https://h/v1", api_key: "${MISSING}", headers: {x-a: "b ${MISSING}", x-b: c}}
"""
    settings = loaded(text, environment)
    assert settings.listen == "127.0.0.1:8080"
    assert settings.stream_keepalive == 15
    assert settings.public_url is None
    assert settings.header_prefixes == ("X-Gate-",)
    row = settings.providers["a"]
    assert row.api_key is None
    assert row.headers == {"x-b": Secret("c")}


def test_the_environment_wins_over_the_file(loaded: Load, tmp_path: Path) -> None:
    """PENSTOCK_LISTEN and PENSTOCK_DATA_DIR replace what the file says; empty they say nothing."""
    text = "listen: 127.0.0.1:1\ndata_dir: one\n"
    won = loaded(text, {"PENSTOCK_LISTEN": "[::1]:0", "PENSTOCK_DATA_DIR": "/srv/penstock"})
    assert (won.address, won.data_dir) == (("::1", 0), "/srv/penstock")
    lost = loaded(text, {"PENSTOCK_LISTEN": "", "PENSTOCK_DATA_DIR": ""})
    assert (lost.address, lost.data_dir) == (("127.0.0.1", 1), str(tmp_path / "one"))


def test_any_single_setting_may_come_from_the_environment(loaded: Load) -> None:
    """By its name in capitals, inside of a group with two underscores; lists and mappings stay the file's."""
    given = {
        "PENSTOCK_BOOKS": "true",
        "PENSTOCK_WORKERS": "3",
        "PENSTOCK_STREAM_KEEPALIVE": "20",
        "PENSTOCK_LIMITS__BODY": "4MB",
        "PENSTOCK_LIMITS__DRAIN_SECONDS": "5",
        "PENSTOCK_JOURNAL__FSYNC": "second",
        "PENSTOCK_PROVIDERS": "none",
        "PENSTOCK_KEY": "pk_live_of-somebody",
    }
    won = loaded("limits: {body: 1MB, headers: 50}\nbooks: false\n", given)
    assert (won.books, won.workers, won.stream_keepalive, won.journal.fsync) == (True, 3, 20, "second")
    assert (won.limits.body, won.limits.headers, won.limits.drain_seconds) == (4 * 1024 * 1024, 50, 5)
    assert list(won.providers) == ["anthropic", "openai", "gemini"]


def test_home_and_files_are_found(loaded: Load, tmp_path: Path) -> None:
    """``~`` is HOME of the given environment, and files count from the configuration's folder."""
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "key.pem").write_text("-----BEGIN EC PRIVATE KEY-----\n")
    text = """\
data_dir: ~/gate
tls: {certificate: cert.pem, key: ./key.pem}
providers: {a: {dialect: openai, base_url: "https://h/v1", ca_file: ca.pem}}
"""
    settings = loaded(text, {"HOME": str(tmp_path)})
    assert settings.data_dir == str(tmp_path / "gate")
    assert settings.tls is not None
    assert (settings.tls.certificate, settings.tls.key) == (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    assert settings.providers["a"].ca_file == str(tmp_path / "ca.pem")


def test_texts_that_look_like_other_types_stay_texts(loaded: Load) -> None:
    """Where a text is meant, ``no``, ``1e5`` and a run of digits are texts; YAML's own guesses don't count."""
    settings = loaded(
        'providers: {no: {dialect: openai, base_url: "https://h/v1", api_key: 123456}}\n'
        "models: [{match: 1e5, provider: no}]\n"
        "keys: [{name: 2024-01-01, key: 00000000000000000000123, team: on}]\n"
    )
    assert settings.providers["no"].api_key == Secret("123456")
    assert (settings.models[0].match, settings.models[0].provider) == ("1e5", "no")
    (key,) = settings.keys
    assert (key.name, key.key.reveal(), key.team) == ("2024-01-01", "00000000000000000000123", "on")


def test_an_alias_repeats_what_its_anchor_holds(loaded: Load) -> None:
    """Anchors save writing the same timeouts twice."""
    settings = loaded(
        "providers:\n"
        "  a: {dialect: openai, base_url: 'https://a/v1', timeouts: &slow {first_byte: 500}}\n"
        "  b: {dialect: openai, base_url: 'https://b/v1', timeouts: *slow}\n"
    )
    assert [row.timeouts.first_byte for row in settings.providers.values()] == [500, 500]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("512B", 512),
        ("512kB", 512 * 1024),
        ("512 KiB", 512 * 1024),
        ("1.5mb", 1536 * 1024),
        ("2GB", 2 * 1024**3),
    ],
)
def test_a_size_is_bytes_or_has_a_unit(loaded: Load, written: str, value: int) -> None:
    """A size is a number of bytes, or a number with a unit of 1,024s."""
    assert loaded(f"limits: {{sse_frame: {written}}}").limits.sse_frame == value


def test_settings_never_print_a_secret(loaded: Load) -> None:
    """Whoever logs the settings logs no key, no fixed header and no proxy's password."""
    settings = loaded(
        "providers: {a: {dialect: openai, base_url: 'https://h/v1', api_key: canary-1, headers: {x-a: canary-2}, "
        "proxy: 'http://u:canary-3@proxy:3128'}}\n"
        "keys: [{name: a, key: canary-4-0123456789abcdef}]\n",
        {"HTTPS_PROXY": "http://u:canary-5@proxy:3128"},
    )
    assert "canary" not in repr(settings) + str(settings)
    assert settings.providers["a"].api_key == Secret("canary-1")


def test_the_error_carries_every_mistake_in_the_order_of_the_file(loaded: Load, tmp_path: Path) -> None:
    """One run shows all that is wrong: line, column, setting, what, and what to write instead."""
    text = """\
listen: 8080
providors: {}
providers:
  openai: {dialekt: openai, base_url: "https://h/v1?x"}
models: [{match: "a*", provider: opena}]
keys: [{name: a, key: short}]
"""
    with pytest.raises(ConfigError) as caught:
        loaded(text)
    found = caught.value.mistakes
    assert [(mistake.line, mistake.column, mistake.path) for mistake in found] == [
        (1, 9, "listen"),
        (2, 1, "providors"),
        (4, 12, "providers.openai.dialekt"),
        (4, 39, "providers.openai.base_url"),
        (5, 34, "models[0].provider"),
        (6, 23, "keys[0].key"),
    ]
    lines = str(caught.value).splitlines()
    assert lines[0] == "The configuration has 6 mistakes:"
    file = tmp_path / "penstock.yaml"
    assert lines[3:5] == [f"{file}:2:1: providors is not a setting", "    did you mean `providers`?"]


def test_a_flood_of_mistakes_is_counted(loaded: Load) -> None:
    """A file of another program gives a page of mistakes and their number, not a book."""
    with pytest.raises(ConfigError) as caught:
        loaded("".join(f"setting_{number}: 1\n" for number in range(250)))
    lines = str(caught.value).splitlines()
    assert (lines[0], lines[-1]) == ("The configuration has 250 mistakes:", "and 150 more")
    assert len(caught.value.mistakes) == 250
    assert len(lines) == 202


def test_own_rules_arrive_as_written(loaded: Load) -> None:
    """In their order, the pattern as it stands, the rest as it is when nothing is said; a name of digits is a name."""
    first, second = loaded(
        """
terser:
  when:
  - {name: law, match: '(?i)\\bcontract$', where: system, intensity: off, priority: -3, keys: [ci-*], teams: [r d]}
  - {name: 7, match: 2027, intensity: ultra}
"""
    ).terser.when
    assert (first.name, first.match, first.where) == ("law", r"(?i)\bcontract$", "system")
    assert (first.intensity, first.priority, first.keys, first.teams) == ("off", -3, ("ci-*",), ("r d",))
    assert second == OwnRuleSettings(name="7", match="2027", intensity="ultra")
    assert (second.where, second.priority, second.keys, second.teams) == ("user", 0, (), ())
