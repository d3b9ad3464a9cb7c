"""The little HTTP/1.1 that the mock and the load generator share: finding the end of a head and the announced length.

Both read whole messages in one look where they can, because they share a core and must not be what is measured. This
is no parser for strangers: what it does not know (chunked bodies) goes to llhttp.
"""

END = b"\r\n\r\n"

NAME = b"\r\ncontent-l"


def announced_length(data: bytes | bytearray, end: int) -> int | None:
    """The value of ``content-length`` in the head that ends at ``end``; None where there is none."""
    at = data.find(b"ength: ", 0, end)
    while at >= 0:
        if data[at - len(NAME) : at].lower() == NAME:
            stop = data.find(b"\r", at)
            return int(data[at + 7 : stop])
        at = data.find(b"ength: ", at + 1, end)
    return None


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
