"""Every kind of mistake: where it is found, what is said, and what is suggested."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from penstock.config import ConfigError, Mistake, load


@dataclass(frozen=True)
class Row:
    """A configuration with one mistake, and what must be said about it."""

    label: str
    text: str
    line: int
    path: str
    what: str
    suggestion: str
    environment: Mapping[str, str] = field(default_factory=dict)


def provider(rest: str, *, dialect: str = "openai", url: str = "https://llm.example.com/v1") -> str:
    """A configuration whose third line holds what matters of a provider row."""
    return f'providers:\n  a: {{dialect: {dialect}, base_url: "{url}",\n    {rest}}}\n'


def base_url(url: str, *, dialect: str = "openai", rest: str = "") -> str:
    """A configuration whose second line holds the base URL."""
    return f'providers:\n  a: {{base_url: "{url}", dialect: {dialect}{rest}}}\n'


KEY = "mt_live_0123456789abcdef"

YAML = [
    Row("a tab", "limits:\n\tbody: 1\n", 2, "", "a tab stands where only spaces may", "indent with spaces"),
    Row("an open bracket", "keys: [\nlisten: a\n", 3, "", "not valid YAML", "close every bracket"),
    Row("a bare variable", "tls: {key: ${KEY}}\n", 1, "", "not valid YAML", 'put quotes around "${NAME}"'),
    Row("two colons", "listen: a: b\n", 1, "", "not valid YAML", "put quotes around"),
    Row("two documents", "listen: 127.0.0.1:1\n---\n{}\n", 2, "", "second document", "remove the `---`"),
    Row("a list", "- listen\n", 1, "", "not a mapping of settings", "listen: 127.0.0.1:8080"),
    Row("a word", "penstock\n", 1, "", "not a mapping of settings", "listen: 127.0.0.1:8080"),
    Row("a control character", "listen: 127.0.0.1:1\nkey_prefix: a\x01b\n", 2, "", "character that YAML", "UTF-8"),
    Row("a Python tag", 'listen: !!python/name:os.system ""\n', 1, "listen", "YAML tag", "remove the tag"),
    Row("an unknown anchor", "keys: *other\n", 1, "keys", "an anchor that is not defined", "begins with *"),
    Row("an anchor in itself", "keys: &a [*a]\n", 1, "keys[0]", "an anchor that is not defined", "begins with *"),
    Row("a merge key", "limits:\n  <<: {}\n", 2, "limits", "merge key", "write the settings out"),
    Row("a list as key", "? [a]\n: b\n", 1, "", "a key that is not plain text", "single words"),
    Row("nested too deep", "a: " + "[" * 40, 1, "a[0][0]", "nested more than 32 levels", "close the brackets"),
    Row("too many aliases", f"a: &a 1\nb: [{'*a,' * 101}]\n", 2, "b[100]", "alias number 101", "at most 100"),
    Row(
        "aliases that multiply",
        "\n".join(
            ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
            + [f"{name}: &{name} [{f'*{before},' * 10}]" for before, name in zip("abcd", "bcde", strict=True)]
        ),
        5, "e[0]", "over 20000 values", "make the file smaller",
    ),
    Row("a setting twice", "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n", 2, "listen",
        "given twice (first on line 1)", "keep one"),
]  # fmt: skip

NAMES = [
    Row("a typing error", "lisen: 127.0.0.1:1\n", 1, "lisen", "is not a setting", "did you mean `listen`?"),
    Row("upper case", "Listen: 127.0.0.1:1\n", 1, "Listen", "is not a setting", "did you mean `listen`?"),
    Row("another program's word", "port: 80\n", 1, "port", "is not a setting", "did you mean `listen`?"),
    Row("an unknown word", "zzz: 80\n", 1, "zzz", "is not a setting", "known here: `listen`, `workers`"),
    Row("what is worked out", "proxies: {}\n", 1, "proxies", "is not a setting", "did you mean `providers`?"),
    Row("a nested error", "limits: {boddy: 1MB}\n", 1, "limits.boddy", "is not a setting", "did you mean `body`?"),
    Row("in a provider", provider("api-key: x"), 3, "providers.a.api-key", "is not a setting",
        "did you mean `api_key`?"),
    Row("in a row", f"keys:\n- {{name: a, key: {KEY}, teem: b}}\n", 2, "keys[0].teem", "is not a setting",
        "mean `team`?"),
    Row("instead of a needed one", 'providers: {a: {dialect: openai, url: "https://h"}}', 1, "providers.a.url",
        "is not a setting", "did you mean `base_url`?"),
    Row("a needed one is missing", "providers:\n  a:\n    dialect: openai\n", 3, "providers.a.base_url", "is missing",
        "add `base_url:`"),
    Row("it is empty", "providers:\n  a: {base_url: 'https://h/v1', dialect: }\n", 2, "providers.a.dialect",
        "is missing",
        "add `dialect:`"),
    Row("its variable is unset", 'keys:\n- {name: a, key: "${GATE_KEY}"}\n', 2, "keys[0].key",
        "is missing: ${GATE_KEY} is not set", "set GATE_KEY in the environment"),
    Row("a variable without a name", 'listen: "${}"\n', 1, "listen", "names no environment variable", "write ${NAME}"),
    Row("a variable with a default", 'listen: "${HOST:-a}:80"\n', 1, "listen", "names no environment variable",
        "${NAME}"),
    Row("a variable left open", 'listen: "${HOST:80"\n', 1, "listen", "names no environment variable",
        "write ${NAME}"),
]  # fmt: skip

TYPES = [
    Row("providers as a list", "providers:\n- a\n", 2, "providers", "is a list, not a mapping", "NAME: {dialect"),
    Row("a provider as a text", "providers:\n  a: https://h\n", 2, "providers.a", "is a single value",
        "NAME: {dialect"),
    Row("a provider that is empty", "providers:\n  a:\n", 2, "providers.a", "is empty", "write its value"),
    Row("models as a mapping", "models: {llama: a}\n", 1, "models", "is a mapping, not a list", "- {match"),
    Row("keys as a mapping", f"keys: {{a: {KEY}}}\n", 1, "keys", "is a mapping, not a list", "- {name"),
    Row("a key as a text", f"keys: [{KEY}]\n", 1, "keys[0]", "is a single value, not a mapping", "- {name"),
    Row("a key that is null", "keys:\n-\n", 2, "keys[0]", "is empty", "remove it"),
    Row("a list for a text", "listen: [127.0.0.1, 80]\n", 1, "listen", "is a list, not a single value", "write one"),
    Row("a mapping for a number", "limits: {body: {max: 1}}\n", 1, "limits.body", "is a mapping, not a single", "one"),
    Row("tls as a truth", "tls: true\n", 1, "tls", "is a single value, not a mapping",
        "{certificate: FILE, key: FILE}"),
    Row("neither true nor false", provider("insecure: maybe"), 3, "providers.a.insecure", "neither true nor false",
        "true"),
    Row("no prefix at all", "header_prefixes: []\n", 1, "header_prefixes", "is empty", "write a list"),
    Row("prefixes that are all unset", 'header_prefixes: ["${A}"]\n', 1, "header_prefixes", "is empty",
        "write a list"),
    Row("a header without value", provider("headers: {x-a: }"), 3, "providers.a.headers.x-a", "is empty", "remove it"),
    Row("not a number", "limits: {connections: many}\n", 1, "limits.connections", "not a whole number: many",
        "like 200"),
    Row("a broken number", "limits: {headers: 30.5}\n", 1, "limits.headers", "not a whole number: 30.5", "like 200"),
    Row("zero", "limits: {connections: 0}\n", 1, "limits.connections", "is too small: 0", "write 1 or more"),
    Row("negative", "limits: {headers: -1}\n", 1, "limits.headers", "is too small: -1", "write 16 or more"),
    Row("not a size", "limits: {body: 32 Mbit}\n", 1, "limits.body", "is not a size: 32 Mbit", "32MB"),
    Row("a negative size", "limits: {body: -1}\n", 1, "limits.body", "is not a size: -1", "32MB"),
    Row("no size", "limits: {sse_frame: 0MB}\n", 1, "limits.sse_frame", "is too small: 0MB", "write 1 or more"),
    Row("a head too small", "limits: {head: 100}\n", 1, "limits.head", "is too small: 100", "write 1024 or more"),
    Row("a size without end", f"limits: {{body: {'9' * 400}}}\n", 1, "limits.body", "is not a size: …", "32MB"),
    Row("not seconds", "limits: {drain_seconds: soon}\n", 1, "limits.drain_seconds", "not a number of seconds",
        "like 30"),
    Row("seconds with a unit", "limits: {drain_seconds: 5m}\n", 1, "limits.drain_seconds", "has a unit", "write 300"),
    Row("no seconds", "limits: {drain_seconds: 0}\n", 1, "limits.drain_seconds", "is too small", "more than 0"),
    Row("milliseconds", provider("timeouts: {idle: 300000}"), 3, "providers.a.timeouts.idle", "is too large",
        "not in milli"),
    Row("a wild keepalive", "stream_keepalive: 1000\n", 1, "stream_keepalive", "is too large: 1000", "at most 300"),
    Row("an unknown dialect", provider("", dialect="OpenAI"), 2, "providers.a.dialect", "is not one of",
        "mean `openai`?"),
    Row("another dialect", provider("", dialect="bedrock"), 2, "providers.a.dialect", "is not one of",
        "write anthropic"),
    Row("an unknown auth", provider("auth: baerer"), 3, "providers.a.auth", "is not one of", "did you mean `bearer`?"),
]  # fmt: skip

ADDRESSES = [
    Row("an empty address", "listen: ''\n", 1, "listen", "has no port", "write 127.0.0.1:8080"),
    Row("a port alone", "listen: 8080\n", 1, "listen", "is a port without a host", "write 127.0.0.1:8080"),
    Row("a colon and a port", "listen: ':8080'\n", 1, "listen", "is a port without a host", "or 0.0.0.0:8080"),
    Row("a host alone", "listen: localhost\n", 1, "listen", "has no port", "write localhost:8080"),
    Row("a URL", "listen: http://127.0.0.1:80/\n", 1, "listen", "is a URL", "write 127.0.0.1:80"),
    Row("a port out of range", "listen: localhost:70000\n", 1, "listen", "not a number from 0 to 65535",
        "localhost:8080"),
    Row("a port in letters", "listen: localhost:http\n", 1, "listen", "not a number from 0 to 65535",
        "localhost:8080"),
    Row("a star", "listen: '*:80'\n", 1, "listen", "has no host", "write 0.0.0.0:80"),
    Row("IPv6 without brackets", "listen: '::1:80'\n", 1, "listen", "without brackets", '"[::1]:80"'),
    Row("a host that can't be", "listen: 127.0.0.1.5:80\n", 1, "listen", "neither a name nor an address",
        "127.0.0.1:80"),
    Row("from the environment", "", 0, "listen", "is a port without a host", "127.0.0.1:81",
        {"PENSTOCK_LISTEN": "81"}),
    Row("no scheme", base_url("api.openai.com/v1"), 2, "providers.a.base_url", "has no scheme",
        "https://api.openai.com/v1"),
    Row("another scheme", base_url("ftp://h/v1"), 2, "providers.a.base_url", "scheme other than https and http",
        "write it"),
    Row("no host in a URL", base_url("https:///v1"), 2, "providers.a.base_url", "has no host",
        "write it like https://"),
    Row("a bad host", base_url("https://a..b/v1"), 2, "providers.a.base_url", "can't exist", "write it like https://"),
    Row("a bad port", base_url("https://h:99999/v1"), 2, "providers.a.base_url", "can't be read", "write it like"),
    Row("a broken bracket", base_url("https://[::1/v1"), 2, "providers.a.base_url", "can't be read", "write it like"),
    Row("a space", base_url("https://h/v1 "), 2, "providers.a.base_url", "holds a space", "write it like https://"),
    Row("credentials", base_url("https://me:pw@h/v1"), 2, "providers.a.base_url", "holds credentials", "`api_key`"),
    Row("a query", base_url("https://h/v1?v=2"), 2, "providers.a.base_url", "holds a query", "end it before the ?"),
    Row("a fragment", base_url("https://h/v1#a"), 2, "providers.a.base_url", "holds a query or a fragment", "#"),
    Row("dots", base_url("https://h/a/../v1"), 2, "providers.a.base_url", "`..` steps", "write the path plainly"),
    Row("hidden dots", base_url("https://h/%2E%2e/v1"), 2, "providers.a.base_url", "`..` steps",
        "write the path plainly"),
    Row("two slashes", base_url("https://h//v1"), 2, "providers.a.base_url", "has a path with empty", "plainly"),
    Row("the operation too", base_url("https://h/v1/chat/completions"), 2, "providers.a.base_url",
        "ends in /chat/completions", "end it before that"),
    Row("the version too", base_url("https://h/v1", dialect="anthropic"), 2, "providers.a.base_url", "ends in /v1",
        "end it before that"),
    Row("Gemini's version too", base_url("https://h/v1beta/", dialect="gemini"), 2, "providers.a.base_url",
        "ends in /v1beta",
        "end it before that"),
    Row("OpenAI without version", base_url("https://api.openai.com"), 2, "providers.a.base_url", "lacks the version",
        "https://api.openai.com/v1"),
    Row("an open way", base_url("http://h/v1", rest=", api_key: x"), 2, "providers.a.base_url",
        "send the api_key unencrypted",
        "`insecure: true`"),
    Row("an open way for a header", base_url("http://h/v1", rest=", headers: {api-key: x}"), 2, "providers.a.base_url",
        "send the api-key unencrypted", "`insecure: true`"),
    Row("back to itself", "listen: 127.0.0.1:80\n" + base_url("http://localhost:80/v1"), 3, "providers.a.base_url",
        "leads back to this gateway", "the provider's address"),
    Row("a public URL with a query", "public_url: https://h/?a\n", 1, "public_url", "holds a query", "end it before"),
    Row("a proxy over TLS", provider('proxy: "https://p:1"'), 3, "providers.a.proxy",
        "a scheme other than http: https",
        "http://proxy.example.com:3128"),
    Row("a proxy with a path", provider('proxy: "http://p:1/a"'), 3, "providers.a.proxy", "has a path",
        "http://HOST:PORT"),
    Row("a proxy without port or scheme", provider("proxy: direct"), 3, "providers.a.proxy", "has no scheme",
        "http://direct"),
    Row("the environment's proxy", "", 0, "", "has a scheme other than http", "write it like http://proxy",
        {"HTTPS_PROXY": "socks5://p:1"}),
    Row("two ways to one origin",
        provider("proxy: none") + '  b: {dialect: openai, base_url: "https://llm.example.com/v2"}\n', 4, "providers.b",
        "has another proxy", "the same proxy"),
]  # fmt: skip

FILES = [
    Row("no certificate", "tls: {certificate: gone.pem, key: key.pem}\n", 1, "tls.certificate", "does not exist",
        "looked for"),
    Row("half of tls", "tls: {certificate: cert.pem}\n", 1, "tls.key", "is missing", "add `key:`"),
    Row("swapped", "tls: {certificate: cert.pem, key: cert.pem}\n", 1, "tls.key",
        "without a `-----BEGIN … PRIVATE KEY",
        "swapped?"),
    Row("a passphrase", "tls: {certificate: cert.pem, key: locked.pem}\n", 1, "tls.key", "with a passphrase",
        "decrypt"),
    Row("a folder for a file", provider("ca_file: ."), 3, "providers.a.ca_file", "names a folder", "name a file in it"),
    Row("no authority", provider("ca_file: key.pem"), 3, "providers.a.ca_file",
        "without a `-----BEGIN … CERTIFICATE", "PEM"),
    Row("an empty path", provider("ca_file: ''"), 3, "providers.a.ca_file", "is not a path", "name a file"),
    Row("a file for a folder", "data_dir: cert.pem/data\n", 1, "data_dir", "leads through a file", "name a folder"),
    Row("no home", "data_dir: ~/data\n", 1, "data_dir", "HOME is not set", "write the whole path"),
]  # fmt: skip

HEADERS_AND_KEYS = [
    Row("not a header", provider("headers: {'X Team:': a}"), 3, "providers.a.headers.X Team:", "is not a header name",
        "without the colon"),
    Row("hop by hop", provider("headers: {Connection: a}"), 3, "providers.a.headers.Connection", "writes itself",
        "remove it"),
    Row("host", provider("headers: {HOST: a}"), 3, "providers.a.headers.HOST", "the gateway writes itself",
        "remove it"),
    Row("length", provider("headers: {content-length: 1}"), 3, "providers.a.headers.content-length", "writes itself",
        "remove"),
    Row("the gateway's own", provider("headers: {X-Penstock-Arm: a}"), 3, "providers.a.headers.X-Penstock-Arm",
        "never goes to a provider", "remove it"),
    Row("a line break", provider('headers: {x-a: "a\\r\\nb"}'), 3, "providers.a.headers.x-a", "is not plain ASCII",
        "alone"),
    Row("a header twice", provider("headers: {x-a: a, X-A: b}"), 3, "providers.a.headers.X-A", "given twice",
        "keep one"),
    Row("the credential's header", provider("headers: {Authorization: Bearer x}"), 3,
        "providers.a.headers.authorization",
        "the header that carries the credential", "`api_key`, or write `auth: none`"),
    Row("two system texts where there is but one",
        provider("one_system_message: true", dialect="gemini", url="https://llm.example.com"), 3,
        "providers.a.one_system_message", "has but one system text", "remove it"),
    Row("a key that nobody uses", provider("api_key: x, auth: none"), 3, "providers.a.auth", "never be used",
        "one of the two"),
    Row("a key with a space", provider('api_key: "sk 1"'), 3, "providers.a.api_key", "can't be in a key",
        "copy it again"),
    Row("an empty key", provider('api_key: ""'), 3, "providers.a.api_key", "is empty", "remove it"),
    Row("the environment's key", "", 0, "providers.openai.api_key", "read from ${OPENAI_API_KEY}",
        "correct OPENAI_API_KEY", {"OPENAI_API_KEY": "sk-1\n"}),
    Row("no such provider", "models:\n- {match: a, provider: opnai}\n", 2, "models[0].provider",
        "names no provider: opnai",
        "did you mean `openai`?"),
    Row("no provider like it", "models:\n- {match: a, provider: zzz}\n", 2, "models[0].provider",
        "names no provider: zzz",
        "providers here: `anthropic`, `openai`, `gemini`"),
    Row("a rule never reached", "models:\n- {match: 'a*', provider: openai}\n- {match: 'a?c*', provider: gemini}\n", 3,
        "models[1].match", "is never reached: `a*` stands before it", "move it up"),
    Row("no pattern", "models: [{match: '', provider: openai}]\n", 1, "models[0].match", "is empty", "a pattern like"),
    Row("a provider's name", "providers: {a b: {dialect: openai, base_url: 'https://h/v1'}}\n", 1, "providers.a b",
        "is not a name", "write a-b"),
    Row("no provider at all", "providers: {}\n", 1, "providers", "is empty",
        "remove it for Anthropic, OpenAI and Gemini"),
    Row("a key's name", f"keys: [{{name: 'CI key', key: {KEY}}}]\n", 1, "keys[0].name", "is not a name",
        "write CI-key"),
    Row("a short key", "keys: [{name: a, key: short}]\n", 1, "keys[0].key", "shorter than 20", "penstock keys create"),
    Row("a name twice", f"keys:\n- {{name: a, key: {KEY}}}\n- {{name: a, key: {KEY}x}}\n", 3, "keys[1].name",
        "is the name of an earlier key: a", "each key its own name"),
    Row("a key twice", f"keys:\n- {{name: a, key: {KEY}}}\n- {{name: b, key: {KEY}}}\n", 3, "keys[1].key",
        "is also the key of keys[0]", "its own key"),
    Row("the provider's key", provider(f"api_key: {KEY}") + f"keys:\n- {{name: k, key: {KEY}}}\n", 5, "keys[0].key",
        "is the api_key of the provider a", "penstock keys create"),
    Row("a key prefix", "key_prefix: '-'\n", 1, "key_prefix", "is not 2 to 24 letters", "pk_live_"),
    Row("Anthropic's prefix", "key_prefix: sk-ant-x\n", 1, "key_prefix", "Anthropic's own keys", "pk_live_"),
    Row("a header prefix", "header_prefixes: [Gate]\n", 1, "header_prefixes[0]", "is not `X-`, a word and `-`",
        "X-Gate-"),
    Row("a foreign prefix", "header_prefixes: [X-Stainless-]\n", 1, "header_prefixes[0]", "clients and providers",
        "another"),
    Row("a prefix twice", "header_prefixes: [X-A-, x-a-]\n", 1, "header_prefixes[1]", "in the list twice",
        "remove it"),
    Row("less to pass than to hold", "limits: {upload: 1MB}\n", 1, "limits.upload", "`upload` smaller than `body`",
        "at least"),
    Row("more to hold than to pass", "limits: {body: 1GB}\n", 1, "limits.body", "`upload` smaller than `body`",
        "at least"),
    Row("quotas without books", "quotas: {each_team: [$5 per day]}\nbooks: false\n", 2, "books",
        "is off, and quotas.each_team can't be counted", "write `books: true`"),
    Row("a key's quota without books", f"books: false\nkeys: [{{name: a, key: {KEY}, quotas: [$5 per day]}}]\n", 1,
        "books", "keys[0].quotas", "remove the quotas"),
    Row("a total that is no total", provider("timeouts: {total: 60, first_byte: 120}"), 3, "providers.a.timeouts.total",
        "shorter than `first_byte` (120)", "lower `first_byte`"),
]  # fmt: skip

RUNNING = [
    Row("no worker", "workers: 0\n", 1, "workers", "is too small: 0", "write 1 or more"),
    Row("a crowd of workers", "workers: 1000\n", 1, "workers", "is too large: 1000", "write at most 256"),
    Row("workers as a word", "workers: auto\n", 1, "workers", "not a whole number", "write a number"),
    Row("workers by another name", "processes: 4\n", 1, "processes", "is not a setting", "did you mean `workers`?"),
    Row("metrics for all", "metrics: public\n", 1, "metrics", "is not one of", "write "),
    Row("a log in a third form", "access_log: jsonl\n", 1, "access_log", "is not one of", "did you mean `json`?"),
    Row("a log that is a folder", "access_log: json\naccess_log_file: .\n", 2, "access_log_file", "names a folder",
        "name a file in it"),
    Row("a log in no folder", "access_log: json\naccess_log_file: none/a.log\n", 2, "access_log_file",
        "in a folder that does not exist", "make the folder"),
    Row("a log that is never written", "access_log_file: a.log\n", 1, "access_log_file", "is never written",
        "write `access_log: json`"),
    Row("a notice in milliseconds", "limits: {notice_seconds: 500ms}\n", 1, "limits.notice_seconds",
        "has a unit", "write 0.5"),
]  # fmt: skip

CREDENTIALS = [
    Row("a key in no file", provider("api_key_file: gone.key"), 3, "providers.a.api_key_file",
        "names a file that does not exist", "looked for "),
    Row("a key in a folder", provider("api_key_file: ."), 3, "providers.a.api_key_file", "names a folder",
        "name a file in it"),
    Row("a key in an empty file", provider("api_key_file: empty.key"), 3, "providers.a.api_key_file",
        "names an empty file", "write the credential into it"),
    Row("a file with more than a key", provider("api_key_file: cert.pem"), 3, "providers.a.api_key_file",
        "something else than one credential", "put the key alone"),
    Row("two credentials", provider("api_key: x, api_key_file: one.key"), 3, "providers.a.api_key_file",
        "beside another credential of the same row", "keep one of"),
    Row("stored and given", provider("api_key: x, api_key_stored: true"), 3, "providers.a.api_key_stored",
        "beside another credential of the same row", "keep one of"),
    Row("stored and never used", provider("auth: none, api_key_stored: yes"), 3, "providers.a.auth",
        "the api_key_stored would never be used", "remove one of the two"),
    Row("a file over http", provider("api_key_file: one.key", url="http://llm.example.com/v1"), 2,
        "providers.a.base_url", "would send the api_key_file unencrypted", "write https://"),
    Row("a master key of other letters", "master_key: ä\n", 1, "master_key", "is not 32 bytes in base64",
        "openssl rand"),
    Row("a short master key", "master_key: c2hvcnQ=\n", 1, "master_key", "is not 32 bytes in base64",
        "openssl rand -base64 32"),
    Row("a shared store of another kind", "shared: https://u:hunter2@cache\n", 1, "shared",
        "is not the address of a Valkey server: the scheme", "write valkey://HOST:6379/0"),
    Row("a shared store without a number", "shared: valkey://:hunter2@cache/first\n", 1, "shared",
        "a database's number", "write valkey://HOST:6379/0"),
    Row("two peppers", "pepper: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,AAAA\n", 1, "pepper", "holds a comma",
        "write one"),
    Row("a database without a name", "database: postgresql://a:hunter2@b\n", 1, "database", "names no database",
        "postgresql://penstock@db.example.com/penstock"),
    Row("a database of another kind", "database: mysql://a:hunter2@b/c\n", 1, "database", "does not begin with",
        "postgresql://penstock@"),
    Row("a database's password with an @", "database: postgresql://a:hunter2@x@b/c\n", 1, "database", "too early",
        "write %40 for @"),
    Row("a database's password with a /", "database: postgresql://a:hunter2/x@b/c\n", 1, "database", "too early",
        "%2F for /"),
    Row("a database's password with a %", "database: postgresql://a:hunter2%zz@b/c\n", 1, "database",
        "a % that begins no escape", "write %25"),
    Row("a database's port", "database: postgresql://a:hunter2@b:port/c\n", 1, "database", "can't exist",
        "postgresql://penstock@"),
    Row("a database from the environment", "", 0, "database", "does not begin with postgresql://",
        "postgresql://penstock@", {"PENSTOCK_DATABASE": "hunter2"}),
    Row("a master key from the environment", "", 0, "master_key", "is not 32 bytes in base64",
        "openssl rand", {"PENSTOCK_MASTER_KEY": "hunter2"}),
]  # fmt: skip

PRICES = [
    Row("a price in dollars", "prices: {a: {input: $2}}\n", 1, "prices.a.input", "is not a price in US dollars",
        "write a plain number like 2.5"),
    Row("a price per token", "prices: {a: {input: 2.5e-6}}\n", 1, "prices.a.input", "is not a price", "plain number"),
    Row("a price below zero", "prices: {a: {output: -1}}\n", 1, "prices.a.output", "is not a price", "plain number"),
    Row("too fine a price", "prices: {a: {output: 0.0000001}}\n", 1, "prices.a.output", "at most 6 decimals",
        "plain number"),
    Row("a price without a counter", "prices: {a: 2}\n", 1, "prices.a", "is a single value, not a mapping",
        "{input: 0.1, output: 0.4}"),
    Row("prices as a list", "prices: [a]\n", 1, "prices", "is a list, not a mapping", "{input: 0.1, output: 0.4}"),
    Row("another program's counter", "prices: {a: {cached: 2, input: 1}}\n", 1, "prices.a.cached",
        "is not a setting", "did you mean `cache_read`?"),
    Row("an empty price", "prices:\n  a: {}\n", 2, "prices.a", "has no price", "write `input:` and `output:`"),
    Row("a long price of no size", "prices: {a: {input: 1, long_context: [{input: 2}]}}\n", 1,
        "prices.a.long_context[0].above", "is missing", "add `above:`"),
    Row("two long prices of one size",
        "prices: {a: {input: 1, long_context: [{above: 9, input: 2}, {above: 9, input: 3}]}}\n", 1,
        "prices.a.long_context[1].above", "is the `above` of an earlier row", "keep one"),
    Row("a tier as a number", "prices: {a: {input: 1, tiers: {batch: 0.5}}}\n", 1, "prices.a.tiers.batch",
        "is a single value, not a mapping", "batch: {factor: 0.5}"),
    Row("a tier in per cent", "prices: {a: {input: 1, tiers: {batch: {factor: 50%}}}}\n", 1,
        "prices.a.tiers.batch.factor", "is not a factor", "0.5 for half the price"),
    Row("a tier of both kinds", "prices: {a: {input: 1, tiers: {batch: {factor: 0.5, input: 2}}}}\n", 1,
        "prices.a.tiers.batch.factor", "stands beside prices of the tier's own", "keep one of the two"),
    Row("an empty tier", "prices: {a: {input: 1, tiers: {flex: {}}}}\n", 1, "prices.a.tiers.flex", "has no price",
        "write `factor: 0.5`"),
    Row("a tool's price in words", "prices: {a: {tools: {web_search: free}}}\n", 1, "prices.a.tools.web_search",
        "is not a price", "plain number"),
]  # fmt: skip


def key(rest: str) -> str:
    """A configuration whose third line holds what matters of a key's row."""
    return f"keys:\n- {{name: a, key: {KEY},\n   {rest}}}\n"


TERMS = [
    Row("a key for a while", key("expires: 90d"), 3, "keys[0].expires", "is neither a date nor a time: 90d",
        "write a date like 2027-01-01"),
    Row("a day that is none", key("expires: 2027-02-30"), 3, "keys[0].expires", "is neither a date nor a time",
        "write a date"),
    Row("a key for one model", key("models: claude-*"), 3, "keys[0].models", "is a single value, not a list",
        'write a list: `["claude-haiku-*"]`'),
    Row("a key for no model", key("models: []"), 3, "keys[0].models", "is empty", "or remove it for all"),
    Row("a key for an empty model", key("models: ['']"), 3, "keys[0].models[0]", "is empty", "write a model name"),
    Row("a key for no operation", key("routes: []"), 3, "keys[0].routes", "is empty", '`["messages.*"]`'),
    Row("an operation that is none", key("routes: [message.create]"), 3, "keys[0].routes[0]",
        "is no operation: message.create", "did you mean `messages.create`?"),
    Row("a path for an operation", key("routes: [/v1/zzz]"), 3, "keys[0].routes[0]", "is no operation: /v1/zzz",
        "docs/reference/routes.md names them all"),
    Row("an owner on two lines", key('owner: "a\\nb"'), 3, "keys[0].owner", "more than one line", "a few words"),
    Row("a label without words", key('label: " "'), 3, "keys[0].label", "is empty", "write a few words"),
    Row("a key's end by another name", key("expiry: 2027-01-01"), 3, "keys[0].expiry", "is not a setting",
        "did you mean `expires`?"),
]  # fmt: skip

SCRUB = [
    Row("a picture that is scanned", "scrub: {attached: {image: scan}}\n", 1, "scrub.attached.image",
        "can't be scanned: only PDFs can", "write `allow`, `flag` or `block`"),
    Row("a PDF that is masked", "scrub: {attached: {pdf: mask}}\n", 1, "scrub.attached.pdf",
        "is not one of `allow`, `block`, `flag`, `scan`",
        "write allow"),
]  # fmt: skip

BOOKS = [
    Row("books of another kind", "books: sqlite\n", 1, "books", "neither true nor false", "write true or false"),
    Row("a journal as a folder", "journal: ./journal\n", 1, "journal", "is a single value, not a mapping",
        "{fsync: second}"),
    Row("a sync by the minute", "journal: {fsync: minute}\n", 1, "journal.fsync", "is not one of", "write "),
    Row("a journal that holds nothing", "journal: {hold: 0}\n", 1, "journal.hold", "is too small: 0", "1 or more"),
]  # fmt: skip


def own_rule(rest: str, *, match: str = "contract") -> str:
    """A configuration whose third line holds what matters of a rule for terser answers."""
    return f"terser:\n  when:\n  - {{name: law, match: '{match}', {rest}}}\n"


NOT_SUPPORTED = "lookaround, backreferences and possessive or atomic parts are not supported"

OWN_RULES = [
    Row("rules as a mapping", "terser: {when: {law: contract}}\n", 1, "terser.when", "is a mapping, not a list",
        "- {name: NAME, match"),
    Row("a rule as a text", "terser:\n  when: [contract]\n", 2, "terser.when[0]", "is a single value, not a mapping",
        "- {name: NAME, match"),
    Row("a rule without a name", "terser:\n  when:\n  - {match: a, intensity: off}\n", 3, "terser.when[0].name",
        "is missing", "add `name:`"),
    Row("a rule that finds nothing", "terser:\n  when:\n  - {name: a, intensity: off}\n", 3, "terser.when[0].match",
        "is missing", "add `match:`"),
    Row("a rule that says nothing", "terser:\n  when:\n  - {name: a, match: a}\n", 3, "terser.when[0].intensity",
        "is missing", "add `intensity:`"),
    Row("a rule's name in words", "terser:\n  when:\n  - {name: our law, match: a, intensity: off}\n", 3,
        "terser.when[0].name", "is not a name", "write our-law"),
    Row("two rules of one name", own_rule("intensity: off") + "  - {name: law, match: a, intensity: off}\n", 4,
        "terser.when[1].name", "is the name of an earlier rule: law", "each rule its own name"),
    Row("an empty pattern", own_rule("intensity: off", match=" "), 3, "terser.when[0].match",
        "is empty, and would be found in every text", '"." for every text'),
    Row("a pattern left open", own_rule("intensity: off", match="[a"), 3, "terser.when[0].match",
        "RE2 says missing ]: [a", "the syntax is RE2's"),
    Row("a lookahead", own_rule("intensity: off", match="a(?=b)"), 3, "terser.when[0].match",
        "RE2 says invalid perl operator: (?=", NOT_SUPPORTED),
    Row("a lookbehind", own_rule("intensity: off", match="(?<!a)b"), 3, "terser.when[0].match",
        "RE2 says invalid perl operator: (?<", NOT_SUPPORTED),
    Row("a backreference", own_rule("intensity: off", match="(a)\\1"), 3, "terser.when[0].match",
        "RE2 says invalid escape sequence: \\1", NOT_SUPPORTED),
    Row("stars for a pattern", own_rule("intensity: off", match="*haiku*"), 3, "terser.when[0].match",
        "RE2 says no argument for repetition operator: *", "write .* for any text"),
    Row("a pattern too large", own_rule("intensity: off", match=".{900}"), 3, "terser.when[0].match",
        "compiles to ", "repeat less"),
    Row("a pattern of the environment", own_rule("intensity: off", match="${RULE}"), 3, "terser.when[0].match",
        "RE2 says missing ] (read from ${RULE})", "correct RULE in the environment", {"RULE": "[hunter2"}),
    Row("an intensity of another kind", own_rule("intensity: never"), 3, "terser.when[0].intensity", "is not one of",
        "write "),
    Row("a place that is none", own_rule("intensity: off, where: tools"), 3, "terser.when[0].where", "is not one of",
        "write "),
    Row("a place by another name", own_rule("intensity: off, in: system"), 3, "terser.when[0].in", "is not a setting",
        "did you mean `where`?"),
    Row("a priority in words", own_rule("intensity: off, priority: high"), 3, "terser.when[0].priority",
        "is not a whole number: high", "write a number"),
    Row("a rule for one key", own_rule("intensity: off, keys: ci"), 3, "terser.when[0].keys",
        "is a single value, not a list", '`["ci-*"]`, or remove it'),
    Row("a rule for no team", own_rule("intensity: off, teams: []"), 3, "terser.when[0].teams", "is empty",
        '`["research"]`, or remove it'),
    Row("a rule for an empty key", own_rule("intensity: off, keys: ['']"), 3, "terser.when[0].keys[0]", "is empty",
        'a pattern like "ci-*"'),
]  # fmt: skip

ENVIRONMENT = [
    Row("books from the environment", "", 0, "books", "neither true nor false", "true or false",
        {"PENSTOCK_BOOKS": "maybe"}),
    Row("a limit from the environment", "limits: {body: 1MB}\n", 0, "limits.headers", "is too small: 3",
        "write 16 or more", {"PENSTOCK_LIMITS__HEADERS": "3"}),
    Row("a group that is none, and the environment", "limits: none\n", 1, "limits", "is a single value, not a mapping",
        "{body: 32MB}", {"PENSTOCK_LIMITS__HEADERS": "300"}),
    Row("half of tls from the environment", "", 0, "tls.key", "is missing", "add `key:`",
        {"PENSTOCK_TLS__CERTIFICATE": "cert.pem"}),
]  # fmt: skip

ROWS = [
    *YAML,
    *NAMES,
    *TYPES,
    *ADDRESSES,
    *FILES,
    *HEADERS_AND_KEYS,
    *RUNNING,
    *CREDENTIALS,
    *PRICES,
    *TERMS,
    *SCRUB,
    *BOOKS,
    *OWN_RULES,
    *ENVIRONMENT,
]


def mistakes(folder: Path, content: bytes, environment: Mapping[str, str]) -> tuple[Mistake, ...]:
    """What is found in a file; it must be found at once and whole."""
    path = folder / "penstock.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path, environment)
    return caught.value.mistakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the rows name."""
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "empty.key").write_text("\n")
    (tmp_path / "one.key").write_text("one\n")
    (tmp_path / "locked.pem").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    return tmp_path


@pytest.mark.parametrize("row", ROWS, ids=[row.label.replace(" ", "-") for row in ROWS])
def test_each_mistake_is_found_alone_and_explained(folder: Path, row: Row) -> None:
    """One mistake gives one message: the right line, the right setting, what is wrong, and what to write."""
    found = mistakes(folder, row.text.encode(), row.environment)
    assert [(mistake.line, mistake.path) for mistake in found] == [(row.line, row.path)], "\n".join(map(str, found))
    assert row.what in found[0].what
    assert row.suggestion in found[0].suggestion


def test_the_table_names_each_mistake_once() -> None:
    """The labels are the list of kinds, so no two are the same."""
    assert len({row.label for row in ROWS}) == len(ROWS) > 100


def test_mistakes_do_not_hide_each_other(folder: Path) -> None:
    """All rows of one part of the table in one file are found in one go."""
    found = mistakes(
        folder,
        b"listen: 8080\nzzz: 1\nlimits: {body: 0, head: x}\ntls: {}\n"
        b"providers:\n  a: {dialect: x, base_url: y, headers: {Host: a}}\n"
        b"  b: {dialect: openia, base_url: 'http://h/v1/responses', api_key: k, auth: none}\n"
        b"models: [{match: '*', provider: a}, {match: c, provider: d}, {match: '', provider: e}]\n"
        b"keys: [{name: 'a b', key: mt_live_0123456789abcdef}, {key: mt_live_0123456789abcdef}]\n",
        {"HTTP_PROXY": "ftp://p"},
    )
    assert [mistake.path for mistake in found] == [
        "listen", "zzz", "limits.body", "limits.head", "tls.certificate", "tls.key",
        "providers.a.dialect", "providers.a.base_url", "providers.a.headers.Host",
        "providers.b.dialect", "providers.b.base_url", "providers.b.base_url", "providers.b.auth",
        "models[1].match", "models[1].provider", "models[2].match", "models[2].provider",
        "keys[0].name", "keys[1].name", "keys[1].key", "",
    ]  # fmt: skip


def test_a_broken_row_is_not_a_missing_one(folder: Path) -> None:
    """A setting with a mistake brings no other rule to speak: not of missing providers, unreached rules or versions."""
    text = b"""\
providers: {a: {dialect: x, base_url: https://h/v1, headers: {x-api-key: a}}, b: text}
models: [{match: "*", provider: a}, {match: " ", provider: b}, {match: "", provider: "a b"}]
"""
    found = mistakes(folder, text, {})
    assert [mistake.path for mistake in found] == [
        "providers.a.dialect", "providers.b", "models[1].match", "models[2].match", "models[2].provider",
    ]  # fmt: skip


def test_files_that_are_none(tmp_path: Path) -> None:
    """A file that is missing, a folder, too large, or not text is one mistake with the file's name."""
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (1024 * 1024 + 1))
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"listen: a\nkey_prefix: \xff\xfe\n")
    for path, line, what in [
        (tmp_path / "gone.yaml", 0, "can't be read: No such file"),
        (tmp_path, 0, "can't be read: Is a directory"),
        (large, 0, "is larger than 1024 kB"),
        (binary, 2, "is not UTF-8 text"),
    ]:
        with pytest.raises(ConfigError) as caught:
            load(path, {})
        (mistake,) = caught.value.mistakes
        assert (mistake.file, mistake.line) == (str(path), line)
        assert mistake.what.startswith(what)
        assert mistake.suggestion


def test_unreadable_files_are_named(folder: Path) -> None:
    """A path that can't even be looked up is a mistake of its setting."""
    found = mistakes(folder, f"data_dir: {'a' * 5000}\ntls: {{certificate: {'b' * 5000}, key: key.pem}}\n".encode(), {})
    assert [mistake.path for mistake in found] == ["data_dir", "tls.certificate"]
    assert all("File name too long" in mistake.what for mistake in found)
