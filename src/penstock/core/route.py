"""A row of the route table: what a method and a path mean.

The table itself is ``routes.py``; policies and the gateway read rows, never paths.
"""

from enum import Enum

import msgspec


class Body(Enum):
    """How a request body is taken in."""

    NONE = "none"
    """There is none to read; a body that comes anyway is passed on."""
    JSON = "json"
    """Held and read."""
    ANY = "any"
    """JSON is held and read; multipart and binary bodies stream through without being held."""
    FORM = "form"
    """JSON or a form, held and read: fields of it may name stored objects."""
    BYTES = "bytes"
    """It streams through, whatever its content type says of it."""


class Reply(Enum):
    """What a good answer is made of."""

    JSON = "json"
    """A JSON value, or an event stream where the request asked for one."""
    BYTES = "bytes"
    """Anything: audio, files, JSON lines. It passes unlooked-at."""


class Stored(msgspec.Struct, frozen=True):
    """How an operation touches objects that the provider keeps (files, batches, threads, …).

    ``makes`` and ``claims`` are dotted paths from the answer's top; ``*`` stands for each element of a list, and an
    answer that wraps the object (the first event of a stream) is looked into; ``header:name?parameter`` is a parameter
    of the URL in a header. What is made is the caller's, whoever had its id before; what is claimed came about along
    the way, and becomes the caller's only if it is nobody's.
    """

    names: tuple[str, ...] = ()
    """Path parameters that name an object: it must be the caller's. ``files/{file}`` spells a longer name out."""
    fields: tuple[str, ...] = ()
    """Keys of the request body, at any depth, whose values name objects."""
    items: tuple[str, ...] = ()
    """Keys of the request body that hold a conversation's items, of which some stand for stored ones by their id."""
    queries: tuple[str, ...] = ()
    """Query parameters that name an object, such as a list's cursor."""
    makes: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    events: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What a stream's later events claim: a piece of the events' bytes that tells them apart, and the paths in them."""
    lists: str | None = None
    """The answer's field that holds a list of objects, to be filtered to the caller's own."""
    element: str = "id"
    """The field of a list's element that names it."""
    deletes: str | None = None
    """The path parameter (or spelt-out name) whose object is gone when the answer is good."""
    asked: tuple[str, ...] = ()
    """Pieces of the request body without any of which nothing is made that could be named later."""
    unless: str | None = None
    """The key of the request body that, when false, keeps the provider from keeping the answer itself."""


class Route(msgspec.Struct, frozen=True):
    """One operation of one dialect.

    ``template`` is the path in the dialect's own terms with ``{name}`` for parameters; ``operation`` is a dotted name
    that is unique in the dialect. ``routed`` operations name a model, which decides the provider.
    """

    method: str
    template: str
    dialect: str
    operation: str
    body: Body = Body.NONE
    reply: Reply = Reply.JSON
    routed: bool = False
    stored: Stored | None = None
    links: tuple[str, ...] = ()
    """Fields of the answer, or headers written ``header:name``, that hold absolute links which must lead back here."""
    ticketed: bool = False
    """May be reached by a link of ours that carries an upload ticket in place of a key (``core.ticket``)."""


class Match(msgspec.Struct, frozen=True, gc=False):
    """A route that a request met: the row, the path's parameters as they came, and the provider's path.

    ``path`` is what follows the provider's base path. ``prefix`` is what the client had in front of the dialect's
    own path, such as ``/anthropic``.
    """

    route: Route
    parameters: tuple[tuple[str, str], ...]
    path: str
    prefix: str

    def parameter(self, name: str) -> str | None:
        """A path parameter by name, percent-decoded."""
        return next((value for key, value in self.parameters if key == name), None)
