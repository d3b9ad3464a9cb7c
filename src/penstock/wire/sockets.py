"""Listening sockets that outlive those who accept on them: one set for each worker process, all on one address.

The kernel spreads new connections over the sets (SO_REUSEPORT), and keeps those that nobody has accepted yet for as
long as any process holds their socket. It accepts nothing itself.
"""

import contextlib
import socket
from collections.abc import Sequence

from penstock.wire.listener import BACKLOG


def bind(host: str, port: int, copies: int) -> list[list[socket.socket]]:
    """``copies`` sets of sockets, each on every address of ``host``; OSError if that cannot be. Port 0: a free one."""
    with contextlib.ExitStack() as undo:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        families = dict.fromkeys((family, address[0]) for family, _, _, _, address in found)
        for family, name in families:
            # Alone first: beside another program that shares the port too, half of the clients would go to that one.
            with _bound(family, str(name), port, shared=False) as probe:
                port = probe.getsockname()[1]
        sets = [
            [undo.enter_context(_bound(family, str(name), port, shared=True)) for family, name in families]
            for _ in range(copies)
        ]
        for sockets in sets:
            for one in sockets:
                one.listen(BACKLOG)
        undo.pop_all()
    return sets


def adopt(descriptors: Sequence[int]) -> list[socket.socket]:
    """Sockets that another process bound, by their descriptors."""
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]


def _bound(family: int, host: str, port: int, *, shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.setblocking(False)  # noqa: FBT003 - as the standard library has it
    except BaseException:
        made.close()
        raise
    return made
