"""Opens connections to origins: names with several addresses, TLS with verification on, and proxies (CONNECT).

Used by the pool alone. Where a proxy stands in between comes from settings, never from a request.
"""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from penstock.core.fault import FaultKind, refuse
from penstock.core.target import Origin

P = TypeVar("P", bound=asyncio.Protocol)
ProxyFor = Callable[[Origin], str | None]

# The share of the connect deadline that one address of several may use up.
ADDRESS_SECONDS = 3.0


def no_proxy(_origin: Origin) -> str | None:
    """Every origin is reached directly."""
    return None


class Connector:
    """Makes a connected protocol for an origin."""

    def __init__(self, *, authorities: Mapping[Origin, str] | None = None, proxy_for: ProxyFor = no_proxy) -> None:
        """``authorities``: origins whose certificates are also verified against a file of their own."""
        self._authorities = authorities or {}
        self._proxy_for = proxy_for
        self._contexts: dict[str | None, ssl.SSLContext] = {}

    async def connect(self, origin: Origin, factory: Callable[[], P], seconds: float) -> P:
        """A connected protocol; FaultError 502 when there is none within ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                return await self._reach(origin, factory)
        except TimeoutError:
            words = f"The provider's host could not be reached within {seconds:g} seconds."
            raise refuse(FaultKind.UNREACHABLE, words) from None
        except ssl.SSLError as error:
            words = "The provider's certificate could not be verified, or TLS failed."
            raise refuse(FaultKind.UNREACHABLE, words, detail=f"{origin.host}: {error}") from None
        except (OSError, _ProxyRefusedError) as error:
            words = "The provider's host could not be reached."
            raise refuse(FaultKind.UNREACHABLE, words, detail=f"{origin.host}:{origin.port}: {error}") from None

    async def _reach(self, origin: Origin, factory: Callable[[], P]) -> P:
        loop = asyncio.get_running_loop()
        proxy = self._proxy_for(origin)
        connected = await (_open(origin.host, origin.port) if proxy is None else _tunnel(proxy, origin))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if origin.secure:
                context = self._context(self._authorities.get(origin))
                _, protocol = await loop.create_connection(
                    factory, sock=connected, ssl=context, server_hostname=origin.host
                )
            else:
                _, protocol = await loop.create_connection(factory, sock=connected)
        except BaseException:
            connected.close()
            raise
        return protocol

    def _context(self, ca_file: str | None) -> ssl.SSLContext:
        context = self._contexts.get(ca_file)
        if context is None:
            context = self._contexts[ca_file] = ssl.create_default_context()
            if ca_file is not None:
                context.load_verify_locations(cafile=ca_file)
        return context


async def _open(host: str, port: int) -> socket.socket:
    """A connected socket: the first of the name's addresses that answers."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    trouble: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        try:
            async with asyncio.timeout(None if len(found) == 1 else ADDRESS_SECONDS):
                await loop.sock_connect(opened, address)
        except (OSError, TimeoutError) as error:
            opened.close()
            trouble = error if isinstance(error, OSError) else OSError("timed out")
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise trouble


class _ProxyRefusedError(Exception):
    pass


async def _tunnel(proxy: str, origin: Origin) -> socket.socket:
    """A socket that leads through an HTTP proxy's CONNECT to the origin (RFC 9110 9.3.6)."""
    parts = urlsplit(proxy)
    opened = await _open(parts.hostname or "", parts.port or 3128)
    loop = asyncio.get_running_loop()
    name = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{name}:{origin.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append("Proxy-Authorization: Basic " + base64.b64encode(pair.encode()).decode())
    with contextlib.ExitStack() as undo:
        undo.callback(opened.close)
        await loop.sock_sendall(opened, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            # One byte at a time: what follows the head belongs to the tunnel and must not be read here.
            piece = await loop.sock_recv(opened, 1)
            if not piece or len(answer) > 16 * 1024:
                raise _ProxyRefusedError("the proxy closed the connection")
            answer += piece
        status = answer.split(b" ", 2)[1:2]
        if status != [b"200"]:
            raise _ProxyRefusedError(f"the proxy answered {status[0].decode('latin-1') if status else 'nothing'}")
        undo.pop_all()
    return opened
