"""A request body that streams through: from the client's parser to the provider's socket, never held whole."""

from collections.abc import Callable

from penstock.core.fault import FaultError
from penstock.wire.incoming import Incoming
from penstock.wire.upstream import UpstreamConnection


class Upload:
    """A Sink that frames pieces as the announced length or as chunks, and slows the client to the provider's pace.

    ``see`` gets every piece, too.
    """

    def __init__(
        self, incoming: Incoming, connection: UpstreamConnection, see: Callable[[bytes], None] | None = None
    ) -> None:
        self._incoming = incoming
        self._connection = connection
        self._see = see
        self._chunked = incoming.length is None
        connection.watch_upload(self._flow)

    def _flow(self, moving: bool) -> None:  # noqa: FBT001 - the transport's two calls in one
        if moving:
            self._incoming.resume()
        else:
            self._incoming.pause()

    def write(self, data: bytes) -> None:
        """One piece."""
        if self._see is not None:
            self._see(data)
        self._connection.send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """The body is complete."""
        if self._chunked:
            self._connection.send(b"0\r\n\r\n")
        self._connection.sent()

    def fail(self, error: FaultError) -> None:
        """The client did not finish: the provider must not take the torso for the whole."""
        self._connection.break_off(error.fault)
