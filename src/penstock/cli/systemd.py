"""Tells systemd how the service is doing, where it asks to be told (``Type=notify``; sd_notify(3)).

One datagram for each word. Without systemd nothing happens.
"""

import contextlib
import os
import socket


def tell(state: str) -> None:
    """``READY=1`` or ``STOPPING=1``."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    # A name that begins with @ stands in the abstract namespace, spelt with a null byte.
    name = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(name)
        channel.sendall(state.encode())
