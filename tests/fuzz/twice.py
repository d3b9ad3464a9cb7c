"""HTTP read twice: by the gateway's own readers and by h11, which shares no code with them.

What both take for a message must be the same message. The gateway may refuse what h11 lets pass, never the other way
round but for what is listed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import h11

from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.head import RequestHead, ResponseHead
from penstock.core.target import Origin, Timeouts
from penstock.wire.reading import RequestReader
from penstock.wire.sweep import Sweep
from penstock.wire.upstream import UpstreamConnection

Lines = list[tuple[bytes, bytes]]


@dataclass
class Read:
    """One message. ``start`` is a method and a target, or a status."""

    start: tuple[bytes, ...]
    headers: Lines
    body: bytes = b""
    whole: bool = False
    length: int | None = None
    received: int = 0
    last: bool = False
    """Nothing follows it on its connection."""

    def body_received(self, data: bytes) -> None:
        self.body += data
        self.received += len(data)

    def body_ended(self) -> None:
        self.whole = True


@dataclass
class Taken:
    """Takes requests from the gateway's reader."""

    requests: list[Read] = field(default_factory=list)
    refused: str = ""

    def head_began(self) -> None:
        pass

    def arrived(self, head: RequestHead, *, keep_alive: bool, chunkable: bool) -> Read:
        if self.requests and self.requests[-1].last:
            raise refuse(FaultKind.OVERLOADED, "Nothing more is read of this connection.")
        coded = head.get(b"transfer-encoding") is not None
        length = None if coded else int(head.get(b"content-length") or 0)
        found = Read((head.method.encode(), head.target), _lines(head.headers), length=length, last=not keep_alive)
        self.requests.append(found)
        return found

    def completed(self, incoming: Read) -> None:
        pass


def _lines(headers: object) -> Lines:
    """h11 tells of a transfer coding in small letters."""
    lines = ((bytes(name).lower(), bytes(value).strip()) for name, value in headers)  # type: ignore[attr-defined]
    return sorted((name, value.lower() if name == b"transfer-encoding" else value) for name, value in lines)


def requests(pieces: list[bytes]) -> Taken:
    """As the gateway reads them."""
    taken = Taken()
    reader = RequestReader(taken, head_bytes=1 << 20, header_count=1000, secure=False)  # type: ignore[arg-type]
    try:
        for piece in pieces:
            reader.feed(piece)
    except FaultError as error:
        taken.refused = error.fault.words
    finally:
        reader.close()
    return taken


def requests_by_h11(data: bytes) -> Taken:
    """As h11 reads them; each is answered before the next one is looked for. Line ends before one tell nothing (RFC
    9112, 2.2), and h11 refuses most: it does not see them."""
    taken = Taken()
    going = True
    while going and (data := data.lstrip(b"\r\n")):
        machine = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        machine.receive_data(data)
        try:
            going = _request_by_h11(machine, taken)
        except h11.RemoteProtocolError as error:
            taken.refused = str(error)
            break
        data = bytes(machine.trailing_data[0])
    return taken


def _request_by_h11(machine: h11.Connection, taken: Taken) -> bool:
    """Whether another one may follow."""
    for event in _events(machine):
        if isinstance(event, h11.Request):
            taken.requests.append(Read((event.method, event.target), _lines(event.headers)))
        elif isinstance(event, h11.Data):
            taken.requests[-1].body_received(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            taken.requests[-1].body_ended()
            machine.send(h11.Response(status_code=400, headers=[("content-length", "0")]))
            machine.send(h11.EndOfMessage())
            return machine.our_state is h11.DONE and machine.their_state is h11.DONE
    return False


def _events(machine: h11.Connection) -> Iterator[object]:
    while True:
        event = machine.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return
        yield event


class Received:
    """Takes an answer from the gateway's reader."""

    def __init__(self) -> None:
        self.answer: Read | None = None
        self.fault: Fault | None = None

    def head(self, head: ResponseHead) -> None:
        self.answer = Read((str(head.status).encode(),), _lines(head.headers))

    def data(self, data: bytes) -> None:
        assert self.answer is not None
        self.answer.body_received(data)

    def end(self) -> None:
        assert self.answer is not None
        self.answer.body_ended()

    def failed(self, fault: Fault) -> None:
        self.fault = fault


async def answer(pieces: list[bytes], *, close: bool) -> Received:
    """As the gateway reads what comes on a connection to a provider."""
    found, sweep = Received(), Sweep()
    connection = UpstreamConnection(Origin(secure=False, host="x", port=1), sweep, lambda _: None)
    connection.call(found, Timeouts(), bodiless=False)
    connection.sent()
    for piece in pieces:
        connection.data_received(piece)
    if close:
        connection.connection_lost(None)
    sweep.close()
    return found


def answer_by_h11(data: bytes, *, close: bool) -> Received:
    """As h11 reads it."""
    found = Received()
    machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    machine.send(h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]))
    machine.send(h11.EndOfMessage())
    try:
        if data:
            machine.receive_data(data)
        if close:
            machine.receive_data(b"")
        for event in _events(machine):
            if isinstance(event, h11.Response):
                found.answer = Read((str(event.status_code).encode(),), _lines(event.headers))
            elif isinstance(event, h11.Data) and found.answer is not None:
                found.answer.body_received(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and found.answer is not None:
                found.answer.body_ended()
                break
    except h11.RemoteProtocolError as error:
        if found.answer is not None and "Transfer-Encoding" in str(error):
            # It looks into trailers, which the gateway throws away as it may (RFC 9112, 7.1.2): all came before.
            found.answer.whole = True
        else:
            found.answer = None
    return found
