"""Serves the admin API on sockets that somebody else has opened, until nobody has asked for a while.

A process of its own: what it loads and what it waits for is no burden of the process that carries requests. It ends
when its standard input does, which is when its parent has ended.
"""

import asyncio
import contextlib
import socket
import ssl
import sys
import time
from collections.abc import Sequence

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from penstock.console.site import LOCAL

IDLE_SECONDS = 900.0
_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class _Watched:
    """Notices when somebody asks, and refuses who was led here under another name."""

    def __init__(self, application: ASGIApp, hosts: frozenset[str] | None) -> None:
        """``hosts``: the names that a request may ask for; None: any, since it came through the file system."""
        self._application = application
        self._hosts = hosts
        self.asked = time.monotonic()
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a page of somebody else's that resolves its own name to this machine is answered 421."""
        if scope["type"] != "http":
            return
        self.asked = time.monotonic()
        if self._hosts is None:
            scope[LOCAL] = True
        elif _host(scope) not in self._hosts:
            await send({"type": "http.response.start", "status": 421, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        self.open += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self.open -= 1
            self.asked = time.monotonic()


async def serve(
    application: ASGIApp,
    sockets: Sequence[socket.socket],
    *,
    hosts: Sequence[str] = (),
    tls: tuple[str, str] | None = None,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Serve until nobody has asked for ``idle_seconds``, or standard input ends.

    ``hosts``: names under which the API is reached besides the loopback's. ``tls``: certificate and key, files.
    """
    known = _HOSTS | {name.lower() for name in hosts}
    watched: list[_Watched] = []
    servers: list[tuple[uvicorn.Server, socket.socket]] = []
    for one in sockets:
        local = one.family == socket.AF_UNIX
        told = _Watched(application, None if local else known | {one.getsockname()[0]})
        watched.append(told)
        servers.append((_server(told, None if local else tls), one))
    tasks = [asyncio.create_task(server.serve(sockets=[one])) for server, one in servers]
    await _over(watched, idle_seconds)
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)


def _server(application: ASGIApp, tls: tuple[str, str] | None) -> uvicorn.Server:
    certificate, key = tls or (None, None)
    return uvicorn.Server(
        uvicorn.Config(
            application,
            # uvloop takes no sockets of the file system that were opened elsewhere.
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=10,
            limit_concurrency=200,
            h11_max_incomplete_event_size=64 * 1024,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
        )
    )


async def _over(watched: Sequence[_Watched], idle_seconds: float) -> None:
    parent = asyncio.create_task(_parent_ends())
    while not parent.done():
        quiet = min(time.monotonic() - one.asked for one in watched)
        if quiet >= idle_seconds and not any(one.open for one in watched):
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(parent), max(0.1, idle_seconds - quiet))
    parent.cancel()


async def _parent_ends() -> None:
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


def _host(scope: Scope) -> str:
    """The name that the request asks for, without a port."""
    said = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    if said.startswith("["):
        return said[1:].partition("]")[0]
    return said.partition(":")[0]
