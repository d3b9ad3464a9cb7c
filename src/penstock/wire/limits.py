"""What a client may cost before its request is understood. Values alone: connections hold to them."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Sizes in bytes, times in seconds."""

    head_bytes: int = 64 * 1024
    header_count: int = 200
    head_seconds: float = 20.0
    body_stall_seconds: float = 60.0
    keepalive_seconds: float = 75.0
    write_stall_seconds: float = 300.0
    linger_seconds: float = 3.0
    connections: int = 20_000
