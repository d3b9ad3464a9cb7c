"""The way in: refuses a request that names what is not its caller's, and visits answers that name or list objects.

It decides nothing by itself: what a request names is ``naming``'s to find, and whose an id is the Register's to know. A
Register that fails fails the request.
"""

from collections.abc import Callable

import msgspec

from penstock.core.exchange import Exchange, Visit
from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError
from penstock.core.multipart import essence
from penstock.core.route import Body, Route, Stored
from penstock.policies.own import forms, naming, words
from penstock.policies.own.leaving import ObjectVisit, Register, Undo
from penstock.policies.own.naming import Name

Brought = Callable[[Exchange], bool]
"""Whether the call of this exchange will carry the caller's own credential."""


class Own:
    """Keeps every tenant to the stored objects that it made."""

    def __init__(self, register: Register, brought: Brought, undo: Undo) -> None:
        self._register = register
        self._brought = brought
        self._undo = undo

    def concerns(self, route: Route) -> bool:
        """Operations that name, make or list stored objects."""
        return route.stored is not None

    async def enter(self, exchange: Exchange) -> Visit | None:
        """FaultError 404 for a request that names what is not its caller's; a Visit where the answer is of interest."""
        stored, caller = exchange.match.route.stored, exchange.caller
        if stored is None or caller is None or caller.bearer or self._brought(exchange):
            # With the caller's own credential, the provider knows whose everything is.
            return None
        plain = exchange.document.plain if exchange.document is not None else None
        if plain is not None and naming.quiet(stored, plain) and _readable(stored, exchange.head, plain):
            return None
        if not _nothing(stored, exchange.head, plain):
            await self._refuse_others(exchange, stored, caller.key.tenant)
        watched = stored.makes or stored.claims or stored.events or stored.lists or stored.deletes
        if not watched or exchange.head.method == "HEAD" or not naming.keeps(stored, plain):
            return None
        return ObjectVisit(exchange, stored, caller.key.tenant, self._register, self._undo)

    async def _refuse_others(self, exchange: Exchange, stored: Stored, tenant: str) -> None:
        dialect = exchange.match.route.dialect
        named = naming.in_path(stored, exchange.match) + in_body(exchange, stored)
        cursors = naming.in_query(stored, exchange.head.query)
        if stored.lists is None:
            named, cursors = named + cursors, []
        if not stored.deletes:
            named = [name for name in named if not _is_stock_model(name)]
        if not named and not cursors:
            return
        owners = await self._register.owners(dialect, list({name.id for name in named + cursors}))
        lenient = set(cursors)
        for name in named + cursors:
            owner = owners.get(name.id)
            # A cursor may stand on an object that is gone, and the operator's own tuned models are everybody's: there,
            # nobody's id passes. What a cursor leads to is cut to the caller's own all the same.
            nobodys = name in lenient or (name.field == "model" and not stored.deletes)
            if owner != tenant and not (owner is None and nobodys):
                said, code = words.not_found(dialect, name)
                raise refuse(FaultKind.OBJECT_NOT_FOUND, said, code=code)


def _nothing(stored: Stored, head: RequestHead, plain: bytes | None) -> bool:
    """Whether a request names nothing for certain, seen by a look at its bytes."""
    return (
        plain is not None
        and _readable(stored, head, plain)
        and not (stored.fields and naming.suspicious(stored, plain))
    )


def _readable(stored: Stored, head: RequestHead, plain: bytes) -> bool:
    """Whether all that a request can name stands in its body, which is plainly JSON."""
    return (
        plain[:1] == b"{"
        and plain[1:2] != b"\x00"
        and head.distinct
        and not (stored.names or stored.items or (stored.queries and head.query))
        and _is_json(head.get(b"content-type"))
    )


def _is_json(kind: bytes | None) -> bool:
    return kind in {None, b"application/json"} or essence(kind) in {b"", b"application/json"}


def in_body(exchange: Exchange, stored: Stored) -> list[Name]:
    """The ids that a request's body names; FaultError for a body that can't be looked through."""
    if not (stored.fields or stored.items):
        return []
    kinds = [value for name, value in exchange.head.headers if name == b"content-type"]
    if len(kinds) > 1:
        raise refuse(FaultKind.MALFORMED, "Send one Content-Type header.")
    kind = kinds[0] if kinds else b""
    if exchange.document is None:
        # What streams through unread may be a form with files and nothing else.
        if forms.is_form(kind) or exchange.head.get(b"content-length") == b"0":
            return []
        raise refuse(FaultKind.MALFORMED, "Send this request's body as application/json or multipart/form-data.")
    plain, dialect = exchange.document.plain, exchange.match.route.dialect
    try:
        if forms.is_form(kind) and exchange.match.route.body is not Body.JSON and not naming.is_json(plain):
            return forms.in_form(stored, plain, kind, dialect)
        return _in_json(stored, plain, kind, dialect)
    except NotReadableError as error:
        sentence = str(error)
        raise refuse(FaultKind.MALFORMED, sentence[0].upper() + sentence[1:] + ".") from None


def _in_json(stored: Stored, plain: bytes, kind: bytes, dialect: str) -> list[Name]:
    named = naming.in_body(stored, plain, dialect)
    if not naming.is_json(plain):
        if plain and not plain.isspace():
            raise NotReadableError("the request body must be JSON")
    elif essence(kind) not in {b"", b"application/json"}:
        # A lenient provider may read JSON whatever its type says, or what its type says though it begins like JSON.
        try:
            msgspec.json.decode(plain, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            raise NotReadableError("the request body begins like JSON and is none") from None
        if essence(kind) == forms.URLENCODED:
            named = named + forms.in_form(stored, plain, kind, dialect)
    return named


def _is_stock_model(name: Name) -> bool:
    return name.field == "model" and not name.id.startswith(naming.TUNED_MODEL)
