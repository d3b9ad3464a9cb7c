"""One row of the table of faults: who does what, and what everybody else sees of it.

Values only. The rows stand in ``providers``, ``clients`` and ``shapes``; ``scene`` plays them.
"""

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.forms import FORMS, Form
from tests.path.wire.raw import RawClient, Visit

WHOLE = "the whole answer"
TOLD = "an error in its dialect"
ENDED = "its stream's own error, after the last whole event"
BROKEN = "a connection that breaks"
NOTHING = "the end of the connection"
GONE = "nothing: it has left"


@dataclass(frozen=True)
class Seen:
    """What a client sees, and what the books say."""

    status: int
    """0: no answer has begun."""
    way: str
    fault: str = ""
    """The fault's kind; empty: none."""
    retry: bool = True
    """What the answer says of sending the same request again."""
    blame: str = ""
    outcome: str = ""
    """In the books; empty: what was not understood is no exchange."""


@dataclass
class Heard:
    """What a client has read."""

    head: bytes = b""
    body: bytes = b""
    size: int = 0
    """Of the body; of a large one only the beginning is kept."""
    whole: bool = False

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1]) if self.head else 0


@dataclass
class Talk:
    """One client's part: its connection, how it asks, and how it reads."""

    connect: Callable[[], RawClient]
    form: Form
    lines: tuple[str, ...]
    """Headers that the double at the other end and the books know it by."""
    door: str
    listen: Callable[[RawClient], Heard]
    arrived: Callable[[], None]
    """Waits until the provider has the request."""
    held: bool = False
    """It never will: a policy holds the request."""

    @functools.cached_property
    def client(self) -> RawClient:
        """The connection, made when it is needed: what takes long to write must not seem a slow client's."""
        return self.connect()

    def hear(self) -> Heard:
        """Reads to the end of the connection."""
        return self.listen(self.client)

    def ask(self, *lines: str, **more: object) -> bytes:
        """The request's bytes."""
        return self.form.request(self.door, *self.lines, *lines, **more)  # type: ignore[arg-type]


Answering = Callable[[Visit, Form], Awaitable[bool]]
"""The double's part: called with a request's head at hand, its body unread; whether the connection goes on."""
Asking = Callable[[Talk], Heard]


async def served(visit: Visit, form: Form) -> bool:
    """A good answer."""
    await visit.request()
    await visit.send(*form.good())
    return True


def asked(talk: Talk) -> Heard:
    """A good request."""
    talk.client.send(talk.ask())
    return talk.hear()


@dataclass(frozen=True)
class Row:
    """``seen`` and ``working`` are by a form's name, or by ``unary`` and ``stream``; the name comes first."""

    name: str
    seen: Mapping[str, Seen]
    working: Mapping[str, Seen] = field(default_factory=dict)
    """Where that differs once policies see the answer."""
    provider: Answering = served
    client: Asking = asked
    door: str = "open"
    """Which of the provider's doors the request is led to."""
    forms: tuple[str, ...] = tuple(FORMS)
    calls: int | None = 1
    """How many whole requests reach the provider; None: a part of one."""
    again: bool = False
    """The gateway itself sends the request once more."""
    held: bool = False
    """Nothing reaches the provider where a policy wants to see the whole of it first."""
    heavy: bool = False
    """Costs too much to be played very often."""
    patient: bool = False
    """Waits for a deadline."""
    long: bool = False
    """Takes too long for everyday."""

    def sees(self, form: Form, *, working: bool) -> Seen:
        """What is to be seen by a client that asks in this form."""
        kind = "stream" if form.stream else "unary"
        tables = (self.working, self.seen) if working else (self.seen,)
        return next(table[name] for table in tables for name in (form.name, kind) if name in table)


def both(seen: Seen) -> dict[str, Seen]:
    """The same for whole answers and streams."""
    return {"unary": seen, "stream": seen}
