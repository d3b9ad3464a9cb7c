"""Serves the admin API on sockets that somebody else has opened, until nobody has asked for a while.

A process of its own: what it loads and what it waits for is no burden of the process that carries requests. It ends
when its standard input does, which is when its parent has ended.
"""

import asyncio
import contextlib
import functools
import os
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.background.attending import CHANGED
from penstock.console.site import LOCAL, misdirected

IDLE_SECONDS = 900.0
LOCAL_IDLE_SECONDS = 60.0
"""After a request through the file system: commands come one after the other or not at all."""
FORCE_SECONDS = 5.0
"""So long an answer waits for the gateway to go by what was changed."""
_LOOKING = frozenset({"GET", "HEAD", "OPTIONS"})
_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class _Watched:
    """Notices when somebody asks, and refuses who was led here under another name."""

    def __init__(
        self, application: ASGIApp, hosts: frozenset[str] | None, gateway: "_Gateway", idle_seconds: float
    ) -> None:
        """``hosts``: the names that a request may ask for; None: any, since it came through the file system.
        ``idle_seconds``: so long after a request another one may be expected."""
        self._application = application
        self._hosts = hosts
        self._gateway = gateway
        self._idle_seconds = idle_seconds
        # Who has not asked is waited for no longer than anybody: somebody else has knocked.
        self.until = time.monotonic() + min(idle_seconds, LOCAL_IDLE_SECONDS)
        """Until then it is worth waiting."""
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; a page of somebody else's that resolves its own name to this machine is answered 421."""
        if scope["type"] != "http":
            return
        self.until = time.monotonic() + self._idle_seconds
        if self._hosts is None:
            scope[LOCAL] = True
        elif _host(scope) not in self._hosts:
            await misdirected()(scope, receive, send)
            return
        self.open += 1
        try:
            await self._application(scope, receive, functools.partial(self._send, scope, send))
        finally:
            self.open -= 1
            self.until = time.monotonic() + self._idle_seconds

    async def _send(self, scope: Scope, send: Send, message: Message) -> None:
        """Who hears that something was changed finds it in force."""
        begins = message["type"] == "http.response.start"
        if begins and scope["method"] not in _LOOKING and message["status"] < HTTPStatus.BAD_REQUEST:
            await self._gateway.go_by_it()
        await send(message)


class _Gateway:
    """Whoever has started this process, at the other end of standard input and output."""

    def __init__(self) -> None:
        self._asked: deque[asyncio.Future[None]] = deque()

    async def go_by_it(self) -> None:
        """Returns when the gateway goes by what was changed, or does not say so in time."""
        asked = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        with contextlib.suppress(OSError, TimeoutError):
            os.write(sys.stdout.fileno(), CHANGED)
            await asyncio.wait_for(asyncio.shield(asked), FORCE_SECONDS)

    async def ends(self) -> None:
        """Returns when it does; hears what it says until then."""
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while told := await reader.read(1024):
            for _ in told:
                if self._asked:
                    self._asked.popleft().set_result(None)
        while self._asked:
            self._asked.popleft().set_result(None)


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
    known, gateway = _HOSTS | {name.lower() for name in hosts}, _Gateway()
    watched: list[_Watched] = []
    servers: list[tuple[uvicorn.Server, socket.socket]] = []
    for one in sockets:
        local = one.family == socket.AF_UNIX
        idle = min(idle_seconds, LOCAL_IDLE_SECONDS) if local else idle_seconds
        told = _Watched(application, None if local else known | {one.getsockname()[0]}, gateway, idle)
        watched.append(told)
        servers.append((_server(told, None if local else tls), one))
    tasks = [asyncio.create_task(server.serve(sockets=[one])) for server, one in servers]
    await _over(watched, gateway)
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


async def _over(watched: Sequence[_Watched], gateway: _Gateway) -> None:
    parent = asyncio.create_task(gateway.ends())
    while not parent.done():
        left = max(one.until for one in watched) - time.monotonic()
        if left <= 0 and not any(one.open for one in watched):
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(parent), max(0.1, left))
    parent.cancel()


def _host(scope: Scope) -> str:
    """The name that the request asks for, without a port."""
    said = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    if said.startswith("["):
        return said[1:].partition("]")[0]
    return said.partition(":")[0]
