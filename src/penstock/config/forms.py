"""What a single setting's text must look like, form by form: each takes the text and returns what is kept of it.

A text that doesn't fit raises MisfitError. Pure but for the forms of files, which look whether the file is there.
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path

from penstock.config import urls
from penstock.config.mistakes import MisfitError, is_private, nearest, shown
from penstock.core.caller import matches
from penstock.core.head import HOP_BY_HOP
from penstock.core.pattern import PatternError, compiled
from penstock.core.price import FACTOR_DECIMALS, PRICE_DECIMALS
from penstock.core.quota_text import QuotaError, read
from penstock.route_rows import ROWS
from penstock.stores.counting.valkey_address import address


class Form(Enum):
    """The forms that settings name."""

    LISTEN = "listen"
    FOLDER = "folder"
    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private_key"
    AUTHORITIES = "authorities"
    OUTPUT = "output"
    BASE_URL = "base_url"
    PUBLIC_URL = "public_url"
    PROXY = "proxy"
    NAME = "name"
    PROVIDER_KEY = "provider_key"
    GATEWAY_KEY = "gateway_key"
    HEADER_NAME = "header_name"
    HEADER_VALUE = "header_value"
    HEADER_PREFIX = "header_prefix"
    KEY_PREFIX = "key_prefix"
    PATTERN = "pattern"
    NAMES = "names"
    EXPRESSION = "expression"
    KEY_FILE = "key_file"
    MASTER_KEY = "master_key"
    PEPPER = "pepper"
    DATABASE = "database"
    SHARED = "shared"
    DOLLARS = "dollars"
    FACTOR = "factor"
    OPERATION = "operation"
    WORDS = "words"
    RULE_TEXT = "rule_text"
    MOMENT = "moment"
    OWN_KIND = "own_kind"
    TERM_FILE = "term_file"
    QUOTA = "quota"
    SIZE = "size"
    SECONDS = "seconds"


MIN_KEY_LENGTH = 20

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
MOST_WORDS = 200
MOST_RULE_TEXT = 2000

MASTER_KEY_BYTES = 32

# A credential fits in a header; a file with more than this is something else.
_KEY_FILE_BYTES = 16 * 1024

_TERM_FILE_BYTES = 32 * 1024 * 1024

# The largest bundle of authorities in use has about 250 kB.
_PEM_BYTES = 4 * 1024 * 1024

_UNITS = {"": 1, "b": 1, "kb": 1024, "kib": 1024, "mb": 1024**2, "mib": 1024**2, "gb": 1024**3, "gib": 1024**3}
_DURATIONS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

# The gateway writes these itself, for the message that it sends (RFC 9110 7.6.1, 8.6; D12: identity is asked for).
_OWN_HEADERS = frozenset(name.decode() for name in HOP_BY_HOP) | {
    "accept-encoding", "content-encoding", "content-length", "content-type", "expect", "host",
}  # fmt: skip

# A header under one of these would be taken for the gateway's own, and never reach the provider.
_FOREIGN_PREFIXES = (
    "x-api-", "x-claude-", "x-forwarded-", "x-goog-", "x-provider-", "x-request-", "x-should-", "x-stainless-",
)  # fmt: skip


def size(text: str) -> int:
    """Bytes; ``32MB``, ``512 kB`` and plain numbers."""
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)", text.strip())
    if found is None or found[2].lower() not in _UNITS:
        raise MisfitError(f"is not a size: {shown(text)}", "write a number of bytes, or one with kB, MB or GB: 32MB")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def seconds(text: str) -> float:
    """A plain number of seconds."""
    found = re.fullmatch(r"(-?[0-9]{1,15}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)", text.strip())
    if found is None or (found[2] and found[2].lower() not in _DURATIONS):
        raise MisfitError(f"is not a number of seconds: {shown(text)}", "write a number like 30 or 0.5")
    if found[2]:
        value = float(found[1]) * _DURATIONS[found[2].lower()]
        raise MisfitError(f"has a unit, though it is always in seconds: {shown(text)}", f"write {value:g}")
    return float(found[1])


_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?")


def moment(text: str) -> datetime:
    """A date or a time, UTC unless it says otherwise."""
    try:
        read = datetime.fromisoformat(text.strip()) if _MOMENT.fullmatch(text.strip()) else None
    except ValueError:
        read = None
    if read is None:
        suggestion = "write a date like 2027-01-01, or a time like 2027-01-01T12:00 (UTC)"
        raise MisfitError(f"is neither a date nor a time: {shown(text)}", suggestion)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def dollars(text: str) -> Decimal:
    """A price."""
    if not re.fullmatch(rf"[0-9]{{1,9}}(\.[0-9]{{1,{PRICE_DECIMALS}}})?", text.strip()):
        what = f"is not a price in US dollars with at most {PRICE_DECIMALS} decimals: {shown(text)}"
        raise MisfitError(what, "write a plain number like 2.5 or 0.075, without a currency")
    return Decimal(text.strip())


def factor(text: str) -> Decimal:
    """What a price is multiplied by."""
    if not re.fullmatch(rf"[0-9]{{1,3}}(\.[0-9]{{1,{FACTOR_DECIMALS}}})?", text.strip()):
        what = f"is not a factor with at most {FACTOR_DECIMALS} decimals: {shown(text)}"
        raise MisfitError(what, "write a plain number: 0.5 for half the price")
    return Decimal(text.strip())


def name(text: str) -> str:
    """Of a provider, a key or a team: it stands in headers, logs and commands."""
    if not re.fullmatch(NAME, text):
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:64]
        what = "is not a name: up to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit"
        raise MisfitError(what, f"write {shown(plain)}" if plain else "write a name like team-a")
    return text


def provider_key(text: str) -> str:
    """Any credential that fits in a header."""
    if not text:
        raise MisfitError("is empty", "remove it, or write null")
    if not text.isascii() or any(not "!" <= letter <= "~" for letter in text):
        raise MisfitError("holds a space, a line break or another character that can't be in a key", "copy it again")
    return text


def gateway_key(text: str) -> str:
    """A key that clients show to this gateway."""
    provider_key(text)
    if len(text) < MIN_KEY_LENGTH:
        what = f"is shorter than {MIN_KEY_LENGTH} characters and could be guessed"
        raise MisfitError(what, "make one with `penstock keys create --name NAME`")
    return text


def master_key(text: str) -> str:
    """One key in base64 or several, the one in force first; as the credential store reads them."""
    for one in text.split(","):
        try:
            # Both alphabets of base64 are in use, and the padding is often lost.
            raw = base64.b64decode(one.strip().rstrip("=").translate(str.maketrans("-_", "+/")) + "=", validate=True)
        except ValueError:
            raw = b""
        if len(raw) != MASTER_KEY_BYTES:
            what = f"is not {MASTER_KEY_BYTES} bytes in base64"
            raise MisfitError(what, f"make one with `openssl rand -base64 {MASTER_KEY_BYTES}`")
    return text


def pepper(text: str) -> str:
    """One secret in base64."""
    if "," in text:
        raise MisfitError("holds a comma; there is one pepper only", "write one, in base64")
    return master_key(text)


def shared(text: str) -> str:
    """A Valkey server's address, as its store reads it."""
    try:
        address(text)
    except ValueError as error:
        raise MisfitError(f"is {error}", "write valkey://HOST:6379/0") from None
    return text


def header_name(text: str) -> str:
    """A header that the operator may add to every request of a provider; lower-case."""
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", text):
        raise MisfitError("is not a header name", "use letters, digits and hyphens, without the colon")
    lower = text.lower()
    if lower in _OWN_HEADERS:
        raise MisfitError("is a header that the gateway writes itself", "remove it")
    if lower.startswith("x-penstock-") or lower == "x-provider-key":
        raise MisfitError("is a header between clients and the gateway; it never goes to a provider", "remove it")
    return lower


def header_value(text: str) -> str:
    """What a header may hold (RFC 9110 5.5), in ASCII."""
    if not text or text != text.strip() or any(not " " <= letter <= "~" for letter in text):
        raise MisfitError("is empty, begins or ends with a space, or is not plain ASCII", "write the value alone")
    return text


def header_prefix(text: str) -> str:
    """Begins the names of the gateway's own headers."""
    if not re.fullmatch(r"[Xx]-[A-Za-z0-9][A-Za-z0-9-]*-", text):
        plain = re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"^[Xx]-", "", text)).strip("-")
        raise MisfitError("is not `X-`, a word and `-`", f"write X-{shown(plain) or 'Penstock'}-")
    if text.lower().startswith(_FOREIGN_PREFIXES):
        raise MisfitError("begins headers of clients and providers; they would be swallowed", "choose another")
    return text


def key_prefix(text: str) -> str:
    """Begins every key that ``penstock keys create`` makes."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{1,23}", text):
        raise MisfitError("is not 2 to 24 letters, digits, `_` and `-`, the first a letter", "write it like pk_live_")
    if text.lower().startswith("sk-ant-"):
        raise MisfitError("is how Anthropic's own keys begin; clients tell keys apart by it", "write it like pk_live_")
    return text


def operation(text: str) -> str:
    """Operations that a key may use. One pattern that none meets would lock the key out."""
    known = sorted({name for row in ROWS for name in (row.operation, f"{row.dialect}.{row.operation}")})
    if not any(matches((text,), name) for name in known):
        guess = nearest(text, known)
        words = f"did you mean `{guess}`?" if guess else "docs/reference/routes.md names them all"
        raise MisfitError(f"is no operation: {shown(text)}", words)
    return text


def words(text: str) -> str:
    """One line for people."""
    if not text.strip() or not text.isprintable() or len(text) > MOST_WORDS:
        raise MisfitError(f"is empty, longer than {MOST_WORDS} characters or more than one line", "write a few words")
    return text


def rule_text(text: str) -> str:
    """What a model is told; several lines are allowed."""
    if not text.strip() or len(text) > MOST_RULE_TEXT or not text.replace("\n", " ").isprintable():
        what = f"is empty, longer than {MOST_RULE_TEXT} characters or holds what can't be printed"
        raise MisfitError(what, "write a few sentences")
    return text.strip()


def pattern(text: str) -> str:
    """A model name in which ``*`` and ``?`` may stand."""
    if not text or text != text.strip():
        raise MisfitError("is empty, or begins or ends with a space", 'write a model name, or a pattern like "llama*"')
    return text


def names(text: str) -> str:
    """Names of keys or teams in which ``*`` and ``?`` may stand."""
    if not text or text != text.strip() or not text.isprintable():
        raise MisfitError("is empty, or begins or ends with a space", 'write a name, or a pattern like "ci-*"')
    return text


def expression(text: str) -> str:
    """What is searched for in texts, as RE2 understands it."""
    if not text.strip():
        raise MisfitError("is empty, and would be found in every text", 'write what to look for, or "." for every text')
    try:
        compiled(text)
    except PatternError as error:
        kind, colon, part = error.words.partition(": ")
        raise MisfitError(f"can't be used, {kind}{colon}{shown(part)}", error.advice) from None
    return text


def quota(text: str) -> str:
    """How much may be used in which time."""
    try:
        read(text)
    except QuotaError as error:
        # It repeats what was written there.
        what = error.what.partition(": ")[0] if is_private(error.what) else error.what
        raise MisfitError(what, error.advice) from None
    return text.strip()


def own_kind(text: str) -> str:
    """What a kind of the operator's own is called: its tokens begin with these letters."""
    if not re.fullmatch(r"[a-z][a-z-]{1,30}[a-z]", text):
        what = "is not a name for a kind: 3 to 32 small letters and hyphens"
        plain = re.sub(r"[^a-z]+", "-", text.lower()).strip("-")[:32]
        raise MisfitError(what, f"write {shown(plain)}" if len(plain) > 2 else "write a name like customers")
    return text


class Files:
    """The forms of files and folders: relative to ``folder``, with ``~`` for ``home``."""

    def __init__(self, folder: Path, home: str | None) -> None:
        self._folder = folder
        self._home = home

    def folder(self, text: str) -> str:
        """A folder that exists or can be made; absolute."""
        path = self._absolute(text)
        try:
            existing = next(parent for parent in (path, *path.parents) if parent.exists())
        except OSError as error:
            raise MisfitError(f"names a folder that can't be used ({error.strerror})", "name another") from None
        if not existing.is_dir():
            raise MisfitError(f"leads through a file: {shown(str(existing))}", "name a folder")
        return str(path)

    def output(self, text: str) -> str:
        """A file that can be written to, there or not; absolute."""
        path = self._absolute(text)
        if path.is_dir():
            raise MisfitError("names a folder", "name a file in it")
        if not path.parent.is_dir():
            raise MisfitError("names a file in a folder that does not exist", "make the folder, or name another")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise MisfitError("names a file that can't be written", "let the gateway's user write it")
        return str(path)

    def pem(self, text: str, *labels: str) -> str:
        """A readable PEM file that holds one of these labels; absolute."""
        path = self._absolute(text)
        try:
            with path.open("rb") as file:
                content = file.read(_PEM_BYTES)
        except FileNotFoundError:
            raise MisfitError("names a file that does not exist", f"looked {self._there(path, text)}") from None
        except IsADirectoryError:
            raise MisfitError("names a folder", "name a file in it") from None
        except OSError as error:
            what = f"names a file that can't be read ({error.strerror})"
            raise MisfitError(what, "let the gateway's user read it") from None
        if b"-----BEGIN ENCRYPTED PRIVATE KEY" in content or b"Proc-Type: 4,ENCRYPTED" in content:
            raise MisfitError("names a private key with a passphrase, which nobody could type", "decrypt the key file")
        if not any(f"{label}-----".encode() in content for label in labels):
            what = f"names a file without a `-----BEGIN … {labels[0]}-----` line"
            raise MisfitError(what, "name a PEM file; are certificate and key swapped?")
        return str(path)

    def key(self, text: str) -> str:
        """A file that holds one provider credential; absolute. Its mode is not looked at: where secrets are mounted
        into containers, everyone in there may read them."""
        path = self._absolute(text)
        read_key(path, f"looked {self._there(path, text)}")
        return str(path)

    def terms(self, text: str) -> str:
        """A file of terms, one on each line; absolute."""
        path = self._absolute(text)
        read_terms(path, f"looked {self._there(path, text)}")
        return str(path)

    def _there(self, path: Path, text: str) -> str:
        return f"in {self._folder}" if is_private(text) else f"for {path}"

    def _absolute(self, text: str) -> Path:
        if "\0" in text or not text.strip():
            raise MisfitError("is not a path", "name a file or folder")
        if text == "~" or text.startswith("~/"):
            if not self._home:
                raise MisfitError("begins with ~, but HOME is not set", "write the whole path")
            text = self._home + text[1:]
        return (self._folder / text).absolute()


def read_terms(path: Path, missing: str = "put it back") -> tuple[str, ...]:
    """The terms in a file; ``missing`` is what to do when there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(_TERM_FILE_BYTES + 1)
    except FileNotFoundError:
        raise MisfitError("names a file that does not exist", missing) from None
    except IsADirectoryError:
        raise MisfitError("names a folder", "name a file in it") from None
    except OSError as error:
        raise MisfitError(
            f"names a file that can't be read ({error.strerror})", "let the gateway's user read it"
        ) from None
    if len(content) > _TERM_FILE_BYTES:
        raise MisfitError("names a file of more than 32 MB", "split the list into several")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise MisfitError("names a file that is not UTF-8", "write it as UTF-8") from None
    found = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not found:
        raise MisfitError("names a file without a term", "write one on each line")
    return found


def read_key(path: Path, missing: str = "put it back") -> str:
    """The credential in a file; ``missing`` is what to do when there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(_KEY_FILE_BYTES + 1)
    except FileNotFoundError:
        raise MisfitError("names a file that does not exist", missing) from None
    except IsADirectoryError:
        raise MisfitError("names a folder", "name a file in it") from None
    except OSError as error:
        what = f"names a file that can't be read ({error.strerror})"
        raise MisfitError(what, "let the gateway's user read it") from None
    text = content.decode("latin-1").strip()
    if not text:
        raise MisfitError("names an empty file", "write the credential into it, and nothing else")
    try:
        return provider_key(text)
    except MisfitError:
        raise MisfitError("names a file that holds something else than one credential", "put the key alone") from None


def text_forms(files: Files) -> Mapping[Form, Callable[[str], str]]:
    """Every form whose value is a text."""
    return {
        Form.LISTEN: urls.listen,
        Form.FOLDER: files.folder,
        Form.CERTIFICATE: lambda text: files.pem(text, "CERTIFICATE"),
        Form.PRIVATE_KEY: lambda text: files.pem(text, "PRIVATE KEY"),
        Form.AUTHORITIES: lambda text: files.pem(text, "CERTIFICATE"),
        Form.OUTPUT: files.output,
        Form.BASE_URL: urls.base_url,
        Form.PUBLIC_URL: urls.public_url,
        Form.PROXY: urls.proxy,
        Form.NAME: name,
        Form.PROVIDER_KEY: provider_key,
        Form.GATEWAY_KEY: gateway_key,
        Form.HEADER_NAME: header_name,
        Form.HEADER_VALUE: header_value,
        Form.HEADER_PREFIX: header_prefix,
        Form.KEY_PREFIX: key_prefix,
        Form.PATTERN: pattern,
        Form.NAMES: names,
        Form.EXPRESSION: expression,
        Form.OPERATION: operation,
        Form.WORDS: words,
        Form.RULE_TEXT: rule_text,
        Form.KEY_FILE: files.key,
        Form.OWN_KIND: own_kind,
        Form.QUOTA: quota,
        Form.TERM_FILE: files.terms,
        Form.MASTER_KEY: master_key,
        Form.PEPPER: pepper,
        Form.DATABASE: urls.database,
        Form.SHARED: shared,
    }
