"""Looks at the certificate that clients are shown: does the key belong to it, how long does it hold, for which names.

It shakes hands with itself, in memory: that is the one way in which the standard library tells what stands in a
certificate, and it proves the key as well.
"""

import ssl
import time
from collections.abc import Iterator

from penstock.cli.examining import Finding, good, problem, warning
from penstock.config.admin import TlsSettings
from penstock.config.settings import Settings

_SOON = 21 * 86_400


def certificates(settings: Settings) -> Iterator[Finding]:
    """Nothing without TLS."""
    tls = settings.tls
    if tls is None:
        host, _ = settings.address
        if host not in {"127.0.0.1", "::1", "localhost"}:
            what = f"no TLS, and {settings.listen} can be reached from other machines"
            yield warning("certificate", what, "set `tls`, unless an ingress with TLS stands in front")
        return
    try:
        shown = _shown(tls)
    except ssl.SSLCertVerificationError as error:
        words = error.verify_message or str(error)
        yield problem("certificate", f"{tls.certificate}: {words}", "renew it; a running gateway needs a reload")
        return
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or str(error)
        action = "name the whole chain, the gateway's own certificate first, and the key that belongs to it"
        yield problem("certificate", f"{tls.certificate} and {tls.key} can't be used: {reason}", action)
        return
    ends = ssl.cert_time_to_seconds(str(shown["notAfter"]))
    names = _names(shown)
    days = int((ends - time.time()) // 86_400)
    what = f"good for {days} days, for {', '.join(names) or 'no name at all'}"
    if not names:
        yield problem("certificate", f"{tls.certificate} names no host", "make one with a subjectAltName")
    elif ends - time.time() < _SOON:
        yield warning("certificate", what, "renew it")
    else:
        yield good("certificate", what)
    yield from _public_name(settings, names)


def _public_name(settings: Settings, names: list[str]) -> Iterator[Finding]:
    """Whether the certificate is for the host that clients are told."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - only here

    host = urlsplit(settings.public_url).hostname if settings.public_url else None
    if host and not any(_covers(name, host) for name in names):
        what = f"public_url says {host}, which the certificate does not name"
        yield problem("certificate", what, "make one for this name, or change public_url")


def _covers(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _names(shown: dict[str, object]) -> list[str]:
    found = shown.get("subjectAltName", ())
    return [str(name) for _, name in found] if isinstance(found, tuple) else []


def _shown(tls: TlsSettings) -> dict[str, object]:
    """The certificate as a client sees it that trusts it and nothing else."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tls.certificate, tls.key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    # The chain's end may be at an authority that this machine does not know: the certificate itself is trusted here.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(tls.certificate)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(back, there)
    answering = server.wrap_bio(there, back, server_side=True)
    open_ends = [asking, answering]
    while open_ends:
        for end in list(open_ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            open_ends.remove(end)
    return dict(asking.getpeercert() or {})
