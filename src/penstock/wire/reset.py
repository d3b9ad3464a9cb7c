"""A connection that ends in a way which no peer can take for the end of a message."""

import asyncio
import socket
import struct

# SO_LINGER with no time: closing resets the connection.
_AT_ONCE = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Break the connection instead of ending it in order."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()
