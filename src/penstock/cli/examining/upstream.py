"""Looks at the providers: is there a credential, has the host an address?

Online it asks them whether they answer, and what time it is there.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator

from penstock.cli.configuration import saying_mistakes
from penstock.cli.examining import Finding, good, problem, warning
from penstock.config.settings import Settings

_PATIENCE = 5.0
_SKEW_SECONDS = 30.0


def providers(settings: Settings, *, online: bool) -> Iterator[Finding]:
    """Each provider: without a call, or with one."""
    if online:
        yield from _asked(settings)
        return
    for name, row in settings.providers.items():
        about = f"provider {name}"
        host = row.origin.host
        if settings.proxies.proxy_for(row.origin) is None and not _resolves(host, row.origin.port):
            action = "check base_url and this machine's name servers; does it need a proxy?"
            yield problem(about, f"the name {host} has no address (DNS)", action)
        elif row.credential_setting is None and row.auth != "none":
            action = "nothing, if callers bring their own in X-Provider-Key; else give it an api_key"
            yield warning(about, "there is no credential", action)
        else:
            yield good(about, f"{host}; not called (--online does)")


def _asked(settings: Settings) -> Iterator[Finding]:
    from penstock.checking import check_providers  # noqa: PLC0415 - heavy

    states = {"good": good, "limited": warning, "bad": problem}
    with saying_mistakes():
        checked = asyncio.run(check_providers(settings, patience=_PATIENCE * 2))
    for row in checked:
        about = f"provider {row.provider}"
        make = states[row.state]
        yield good(about, row.words) if make is good else Finding(about, make.__name__, row.words, row.action)
        if row.age is not None and abs(row.age) > _SKEW_SECONDS:
            what = f"the provider's clock is {row.age:+.0f} s from this machine's"
            yield warning("clock", what, "run an NTP client here; keys end and books are dated by this clock")


def _resolves(host: str, port: int) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        found: list[bool] = []
        # A thread that nobody waits for: a name server that is silent must not hold the doctor for a minute.
        looking = threading.Thread(target=_look, args=(host, port, found), daemon=True)
        looking.start()
        looking.join(_PATIENCE)
        return bool(found)
    return True


def _look(host: str, port: int, found: list[bool]) -> None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return
    found.append(True)
