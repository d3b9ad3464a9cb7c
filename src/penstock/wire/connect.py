"""Opens connections to origins: names with several addresses, TLS with verification on, and proxies (CONNECT).

Used by the pool alone. Where a proxy stands in between comes from settings, never from a request.
"""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from penstock.core.fault import FaultKind, refuse
from penstock.core.target import Origin

P = TypeVar("P", bound=asyncio.Protocol)
ProxyFor = Callable[[Origin], str | None]
# A family and a socket address, as ``getaddrinfo`` gives them.
Address = tuple[int, tuple[object, ...]]
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]

# How long one address may be silent before the next is tried beside it (RFC 8305, section 5).
NEXT_ADDRESS_SECONDS = 0.25


def no_proxy(_origin: Origin) -> str | None:
    """Every origin is reached directly."""
    return None


async def resolve(host: str, port: int) -> Sequence[Address]:
    """The system's own answer, in its order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


class Connector:
    """Makes a connected protocol for an origin."""

    def __init__(
        self,
        *,
        authorities: Mapping[Origin, str] | None = None,
        proxy_for: ProxyFor = no_proxy,
        resolve: Resolve = resolve,
    ) -> None:
        """``authorities``: origins whose certificates are also verified against a file of their own."""
        self._authorities = authorities or {}
        self._proxy_for = proxy_for
        self._resolve = resolve
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
        except (OSError, UnicodeError, _ProxyRefusedError) as error:
            words = "The provider's host could not be reached."
            raise refuse(FaultKind.UNREACHABLE, words, detail=f"{origin.host}:{origin.port}: {error}") from None

    async def _reach(self, origin: Origin, factory: Callable[[], P]) -> P:
        loop = asyncio.get_running_loop()
        proxy = self._proxy_for(origin)
        connected = await (self._open(origin.host, origin.port) if proxy is None else self._tunnel(proxy, origin))
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
            context.set_alpn_protocols(["http/1.1"])
            if ca_file is not None:
                context.load_verify_locations(cafile=ca_file)
        return context

    async def _open(self, host: str, port: int) -> socket.socket:
        """A connected socket: the first of the name's addresses to answer, each tried a little after the one before."""
        waiting = list(await self._resolve(host, port))
        trying: set[asyncio.Task[socket.socket]] = set()
        trouble = "the name has no address"
        try:
            while waiting or trying:
                if waiting:
                    trying.add(asyncio.create_task(_dial(*waiting.pop(0))))
                patience = NEXT_ADDRESS_SECONDS if waiting else None
                done, trying = await asyncio.wait(trying, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    try:
                        opened = task.result()
                    except OSError as error:
                        trouble = str(error)
                    else:
                        trying |= done - {task}
                        return opened
        finally:
            for task in trying:
                task.cancel()
                task.add_done_callback(_close_late)
        raise OSError(trouble)

    async def _tunnel(self, proxy: str, origin: Origin) -> socket.socket:
        """A socket that leads through an HTTP proxy's CONNECT to the origin (RFC 9110 9.3.6)."""
        parts = urlsplit(proxy)
        opened = await self._open(parts.hostname or "", parts.port or 3128)
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
            if not status or not status[0].startswith(b"2"):
                raise _ProxyRefusedError(f"the proxy answered {status[0].decode('latin-1') if status else 'nothing'}")
            undo.pop_all()
        return opened


async def _dial(family: int, address: tuple[object, ...]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)  # noqa: FBT003 - as the standard library has it
        await asyncio.get_running_loop().sock_connect(opened, address)
    except BaseException:
        opened.close()
        raise
    return opened


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    """Two addresses answered at once: the second connection is not wanted."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


class _ProxyRefusedError(Exception):
    pass
