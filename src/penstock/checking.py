"""Asks each provider for its list of models, and says in words what is wrong where one does not answer well.

The call goes the way that requests go: the same connector, proxies, certificates and credential. It costs nothing at
any provider that is known. No answer's content is kept or shown.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from penstock.assembly import composing
from penstock.config.settings import Settings
from penstock.core.caller import Credential
from penstock.core.exchange import Answer
from penstock.core.fault import FaultError
from penstock.core.head import RequestHead
from penstock.core.target import Attempt, Provider, Timeouts
from penstock.providers.headers import Wording, request_head
from penstock.wire.call import Upstream
from penstock.wire.pool import Pool
from penstock.wire.sweep import Sweep

HELD_BYTES = 8 * 1024 * 1024
_QUESTIONS = {
    "anthropic": ("/v1/models", b"/?limit=1000"),
    "openai": ("/models", b"/"),
    "gemini": ("/v1beta/models", b"/?pageSize=1000"),
}
_BASES = {
    "anthropic": "without a version, like https://api.anthropic.com",
    "openai": "with its version, like https://api.openai.com/v1",
    "gemini": "without a version, like https://generativelanguage.googleapis.com",
}
# The question has no headers of a client's.
_ALL = Wording(()).crossing
# What Google says of a key that it does not know, with status 400.
_INVALID_KEY = (b"API_KEY_INVALID", b"API key not valid")


class Checked(msgspec.Struct, frozen=True):
    """What became of one provider's call."""

    provider: str
    state: str
    """``good``, ``limited`` (it answers, but not everything can work) or ``bad``."""
    words: str
    action: str = ""
    """What to do about it; empty when there is nothing to do."""
    status: int | None = None
    models: int | None = None
    seconds: float | None = None
    age: float | None = None
    """How far the provider's clock is ahead of this machine's, in seconds, where its answer says."""


async def check_providers(
    settings: Settings, names: Sequence[str] = (), *, patience: float = 20.0
) -> Sequence[Checked]:
    """One call to each provider, all at once; to those that are named, or to all."""
    table = composing.table(settings, {})
    sweep = Sweep()
    pool = Pool(composing.ways(settings).connector(), sweep)
    upstream = Upstream(pool, sweep, upload_limit=0)
    chosen = [row for name, row in table.providers.items() if not names or name in names]
    try:
        return await asyncio.gather(*(_check(upstream, row, settings, patience) for row in chosen))
    finally:
        pool.close()
        sweep.close()


async def _check(upstream: Upstream, provider: Provider, settings: Settings, patience: float) -> Checked:
    path, question = _QUESTIONS[provider.dialect]
    credential = None if provider.credential is None else Credential(provider.credential, own=False)
    if provider.auth == "none":
        credential = None
    attempt = Attempt(provider, credential, "a check")
    head = request_head(
        RequestHead("GET", question, ()), path, attempt, composing.DIALECTS[provider.dialect], length=0, sieve=_ALL
    )
    given = provider.timeouts
    timeouts = Timeouts(min(given.connect, patience), patience, patience, patience)
    began = time.monotonic()
    try:
        answer = await upstream.fetch(provider.origin, timeouts, head, HELD_BYTES)
    except FaultError as error:
        words, action = unreached(error, provider, settings.proxies.proxy_for(provider.origin))
        return Checked(provider.name, "bad", words, action, seconds=round(time.monotonic() - began, 3))
    return judged(provider, answer, round(time.monotonic() - began, 3))


def judged(provider: Provider, answer: Answer, seconds: float) -> Checked:
    """What an answer to the question for models says of the provider's row."""
    state, words, action = _verdict(provider, answer)
    models = _count(answer.body) if answer.status == 200 else None
    if state == "good":
        words = f"answers, with {models} model{'' if models == 1 else 's'}"
    return Checked(provider.name, state, words, action, answer.status, models, seconds, _ahead(answer))


def _verdict(provider: Provider, answer: Answer) -> tuple[str, str, str]:
    status, name = answer.status, provider.name
    keyless = provider.credential is None and provider.auth != "none"
    refused = status in {401, 403} or (status == 400 and any(word in answer.body for word in _INVALID_KEY))
    if (refused and keyless) or (status == 400 and keyless):
        return "limited", "can be reached, and has no credential here", _no_credential(name)
    if refused:
        words = f"refuses the credential ({status})"
        return "bad", words, f"give providers.{name} another api_key, or another `auth` if the header is wrong"
    if status == 200 and _count(answer.body) is not None:
        return ("limited", "answers, and has no credential here", _no_credential(name)) if keyless else ("good", "", "")
    base = f"end providers.{name}.base_url {_BASES[provider.dialect]}"
    if status == 200:
        return "bad", f"answers with something that is no {provider.dialect} list of models", base
    if status == 404:
        return "bad", "answers 404: there is no such API at this address", base
    if 300 <= status < 400:
        return "bad", f"redirects ({status}), and the gateway follows no redirect", base
    if status == 429:
        return "limited", "can be reached, and says that its limit is used up (429)", "look at your account there"
    if status == 407:
        return (
            "bad",
            "a proxy on the way asks for a password (407)",
            "write it into the proxy's URL: http://user:pass@…",
        )
    if status >= 500:
        return "bad", f"has trouble of its own ({status})", "try again in a while; its status page may say more"
    return "bad", f"answers {status}", f"look at base_url, auth and headers of providers.{name}"


def unreached(error: FaultError, provider: Provider, proxy: str | None) -> tuple[str, str]:
    """In words what kept a call from being answered, and what to do: told by what the fault was raised from."""
    cause = error.__context__
    host = provider.origin.host
    # A proxy's URL may hold a password: only its host is shown.
    parts = None if proxy is None else urlsplit(proxy)
    through = "" if parts is None else f" through the proxy {parts.hostname}"
    via = f"is {parts.hostname} the right proxy, and may it reach {host}?" if parts else ""
    if isinstance(cause, ssl.SSLCertVerificationError):
        words = f"the certificate of {host} is not trusted: {cause.verify_message or cause.reason}"
        return words, f"name its authority in providers.{provider.name}.ca_file, or check base_url"
    if isinstance(cause, ssl.SSLError):
        return f"TLS with {host} failed: {cause.reason or cause}", "is it https at this port? check base_url"
    if isinstance(cause, socket.gaierror):
        asked = parts.hostname if parts is not None else host
        return f"the name {asked} has no address (DNS)", "check the name, and this machine's name servers"
    if isinstance(cause, TimeoutError):
        words = f"{host} did not accept a connection{through} in time"
        return words, via or "is there a firewall, or is a proxy needed? see providers.NAME.proxy"
    if provider.origin.secure and isinstance(cause, ConnectionError) and not isinstance(cause, ConnectionRefusedError):
        return f"{host} cut the connection while TLS was begun", "is it https at this port? check base_url"
    text = "" if cause is None else str(cause)
    if "proxy" in text and parts is not None:
        return f"{text} ({parts.hostname})", via
    if isinstance(cause, OSError):
        refused = isinstance(cause, ConnectionRefusedError) or "refused" in text.lower() or "Connect call" in text
        words = "refused the connection" if refused else f"can't be reached: {text}"
        asked = parts.hostname if parts is not None else provider.origin.authority
        return f"{asked} {words}", via or "is it running, and is the port of base_url right?"
    return error.fault.words, f"look at providers.{provider.name}, and try again"


def _no_credential(name: str) -> str:
    return f"callers bring their own in X-Provider-Key, or give providers.{name} an api_key"


class _Page(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    models: list[msgspec.Raw] | None = None


def _count(body: bytes) -> int | None:
    """How many models a list has; None for what is no list."""
    try:
        page = msgspec.json.decode(body, type=_Page)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    found = page.data if page.data is not None else page.models
    return None if found is None else len(found)


def _ahead(answer: Answer) -> float | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only here, and slow to load

    written = next((value for name, value in answer.headers if name == b"date"), None)
    if written is None:
        return None
    try:
        return round(parsedate_to_datetime(written.decode("latin-1")).timestamp() - time.time(), 1)
    except ValueError:
        return None
