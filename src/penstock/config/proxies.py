"""Which proxy stands between this machine and an origin: HTTPS_PROXY, HTTP_PROXY, NO_PROXY and what provider rows say.

Pure; the environment comes in as a mapping.
"""

import ipaddress
from collections.abc import Iterable, Mapping

import msgspec

from penstock.config import urls
from penstock.config.mistakes import MisfitError, Mistakes, Place
from penstock.core.caller import Secret
from penstock.core.target import Origin


class Proxies(msgspec.Struct, frozen=True, kw_only=True):
    """``proxy_for`` answers. What provider rows say about their origin comes before the environment."""

    https: Secret | None = None
    http: Secret | None = None
    direct: tuple[str, ...] = ()
    """The entries of NO_PROXY."""
    rows: tuple[tuple[Origin, Secret | None], ...] = ()
    """Origins whose provider row names a proxy, or None for a direct way."""

    def proxy_for(self, origin: Origin) -> str | None:
        """The URL of the proxy to use, or None for none. This machine is never reached through a proxy by default."""
        for known, proxy in self.rows:
            if known == origin:
                return proxy.reveal() if proxy else None
        usual = self.https if origin.secure else self.http
        if usual is None or urls.is_loopback(origin.host) or any(_covers(entry, origin) for entry in self.direct):
            return None
        return usual.reveal()


def from_environment(environment: Mapping[str, str], mistakes: Mistakes) -> Proxies:
    """The environment's part; lower-case names win, as they do for curl."""
    direct = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return Proxies(
        https=_read("https_proxy", environment, mistakes),
        http=_read("http_proxy", environment, mistakes),
        direct=tuple(entry.strip().lower() for entry in direct.split(",") if entry.strip()),
    )


def from_rows(rows: Iterable[tuple[Origin, Secret | None]]) -> tuple[tuple[Origin, Secret | None], ...]:
    """What provider rows say: only those that name a proxy, or ``none``."""
    return tuple((origin, None if proxy.reveal() == "none" else proxy) for origin, proxy in rows if proxy is not None)


def _read(name: str, environment: Mapping[str, str], mistakes: Mistakes) -> Secret | None:
    for spelling in (name, name.upper()):
        value = environment.get(spelling)
        if not value:
            continue
        try:
            url = urls.proxy(value)
        except MisfitError as misfit:
            # The value may hold a password, so nothing of it is shown.
            what, place = misfit.what.partition(": ")[0], Place(f"environment variable {spelling}")
            mistakes.add(place, (), what, "write it like http://proxy.example.com:3128")
            return None
        return None if url == "none" else Secret(url)
    return None


def _covers(entry: str, origin: Origin) -> bool:
    """Whether a NO_PROXY entry names the origin: ``*``, a domain with its subdomains, an address, a network; ``:port``
    narrows it. Names are never looked up, so a network covers only origins written as addresses."""
    if entry == "*":
        return True
    host, port = _split_port(entry)
    if port is not None and port != origin.port:
        return False
    name = origin.host.lower().rstrip(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        domain = host.removeprefix("*").strip(".")
        return bool(domain) and (name == domain or name.endswith(f".{domain}"))
    try:
        return address in ipaddress.ip_network(host, strict=False)
    except ValueError:
        return False


def _split_port(entry: str) -> tuple[str, int | None]:
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, int(rest[1:]) if rest.startswith(":") and rest[1:].isdigit() else None
    host, colon, port = entry.rpartition(":")
    if colon and ":" not in host and port.isdigit():
        return host, int(port)
    return entry, None
