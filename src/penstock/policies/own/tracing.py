"""Which stored objects a request names and its answer makes, for those who keep something of their own beside them.

Says nothing of whose an object is, and refuses nothing: what can't be read names nothing here. Pure.
"""

from collections.abc import Sequence

from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import FaultError
from penstock.core.route import Stored
from penstock.policies.own import naming, reading
from penstock.policies.own.policy import in_body


def named(exchange: Exchange) -> Sequence[str]:
    """All objects that a request names: in its path, and in its body."""
    stored = exchange.match.route.stored
    if stored is None:
        return ()
    plain = exchange.document.plain if exchange.document is not None else None
    found = naming.in_path(stored, exchange.match)
    if plain is not None and not naming.quiet(stored, plain):
        try:
            found = found + in_body(exchange, stored)
        except FaultError:
            # The provider's to refuse, or another policy's.
            return [name.id for name in found]
    return list(dict.fromkeys(name.id for name in found))


def changed(exchange: Exchange) -> Sequence[str]:
    """Those in its path: what its body says goes into them."""
    stored = exchange.match.route.stored
    return () if stored is None else [name.id for name in naming.in_path(stored, exchange.match)]


def keeps(exchange: Exchange) -> bool:
    """Whether something may be kept of it at the provider: an object that it makes, or one that it changes."""
    stored = exchange.match.route.stored
    if stored is None:
        return False
    plain = exchange.document.plain if exchange.document is not None else None
    return bool(stored.makes or stored.claims or stored.events or stored.names) and naming.keeps(stored, plain)


def made(stored: Stored, answer: Answer) -> Sequence[str]:
    """What a whole good answer makes, or says that came about."""
    seen = reading.decoded(answer.body)
    found = reading.ids(seen, stored.makes) + reading.ids(seen, stored.claims)
    return found + reading.in_headers(answer.headers, stored.makes)


def told(stored: Stored, frames: bytes, *, begun: bool) -> Sequence[str]:
    """The same of some of a stream's events; once it has ``begun``, of those that claim something new."""
    pieces = [piece.encode() for piece, _ in stored.events]
    if begun and not any(piece in frames for piece in pieces):
        return ()
    found: list[str] = []
    for event in reading.events(frames, pieces if begun else ()):
        if not begun:
            found += reading.first_ids(event, (*stored.makes, *stored.claims))
        found += [one for _, paths in stored.events for one in reading.ids(event, paths)]
    return list(dict.fromkeys(found))
