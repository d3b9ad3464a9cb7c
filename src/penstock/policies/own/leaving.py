"""The way out: what an answer names is written down before the client sees it, and lists are cut to the caller's own.

A whole answer and a stream's first events are held for it; of a stream's later events only those are waited for that
name something new.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.route import Stored
from penstock.policies.own import listing, naming, reading

# Pages of others' elements that are passed over for one of the caller's own: 5,000 elements in most lists.
PAGES = 50

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""

# They speak of the bytes that a cut replaces.
_OF_THE_BYTES = frozenset({b"etag", b"content-md5", b"digest", b"content-digest", b"repr-digest"})


class Register(Protocol):
    """The record of owners: ``stores.objects`` in a running gateway."""

    async def owners(self, dialect: str, ids: Sequence[str]) -> dict[str, str]:
        """The tenants of those ids that have one."""

    async def keep(self, dialect: str, tenant: str, *, made: Sequence[str], along: Sequence[str]) -> None:
        """``made`` are the tenant's from now on; ``along`` too, where they are nobody's."""

    async def forget(self, dialect: str, ids: Sequence[str]) -> None:
        """These are gone."""


class ObjectVisit(Visit):
    """The way out of one exchange whose answer names stored objects."""

    holds = True
    watches = True

    def __init__(self, exchange: Exchange, stored: Stored, tenant: str, register: Register, undo: Undo) -> None:
        self._exchange = exchange
        self._stored = stored
        self._tenant = tenant
        self._register = register
        self._undo = undo
        self._dialect = exchange.match.route.dialect
        self._awaited = bool(stored.makes)
        """A stream's events have not named yet what it makes."""
        self._pieces = tuple(piece.encode() for piece, _ in stored.events)

    async def answered(self, answer: Answer) -> Answer:
        """Write down what a good answer names, cut a list, forget what was deleted."""
        if not 200 <= answer.status < 300:
            return answer
        came, answer = answer, self._undo(answer)
        if answer.events:
            writing = self.watch(answer.body)
            if writing is not None:
                await writing
            # As it came: without its encoding it would seem one whose events are looked at on their way.
            return came
        if self._stored.deletes is not None:
            await self._forget(self._stored.deletes)
        if self._stored.lists is not None:
            answer = await self._cut(answer, self._stored.lists)
        if self._stored.makes or self._stored.claims:
            seen = reading.decoded(answer.body)
            if seen is None and self._stored.makes and answer.body:
                raise refuse(FaultKind.BROKEN_ANSWER, "The provider's answer is not the JSON that was asked for.")
            made = reading.ids(seen, self._stored.makes) + reading.in_headers(answer.headers, self._stored.makes)
            await self._keep(made, reading.ids(seen, self._stored.claims))
        return answer

    def watch(self, frames: bytes) -> Awaitable[None] | None:
        """Whole events that are about to be passed on; what is returned must be waited for before they go."""
        made: list[str] = []
        along: list[str] = []
        if self._awaited:
            for event in reading.events(frames):
                made += reading.first_ids(event, self._stored.makes)
                along += reading.first_ids(event, self._stored.claims)
            self._awaited = not made
        if any(piece in frames for piece in self._pieces):
            for event in reading.events(frames, self._pieces):
                for _, paths in self._stored.events:
                    along += reading.ids(event, paths)
        return self._keep(made, along) if made or along else None

    async def _keep(self, made: Sequence[str], along: Sequence[str]) -> None:
        if made or along:
            await self._register.keep(self._dialect, self._tenant, made=made, along=along)

    async def _forget(self, name: str) -> None:
        value = self._exchange.match.parameter(naming.parameter_of(name)) or ""
        try:
            await self._register.forget(self._dialect, [naming.spelt(name, value)])
        except FaultError:
            # The object is gone all the same; a record that outlives it does no harm.
            return

    async def _cut(self, answer: Answer, field: str) -> Answer:
        """The list with the caller's own elements alone.

        Where a page holds none of them and there are more pages, those are asked for: clients stop at an empty page.
        """
        page = self._page(answer, field)
        if page is None:
            raise refuse(FaultKind.BROKEN_ANSWER, "The provider's answer is not the list that was asked for.")
        mine = await self._mine(page)
        if mine.issuperset(page.ids):
            return answer
        shown, query = listing.own(page, mine), self._exchange.head.query
        # Where elements are cursors, later pages are asked for larger, and cut to the size that the client asked for.
        most = None if page.continued else len(page.elements)
        for _ in range(PAGES):
            if shown.elements or not page.more:
                break
            following = listing.following(query, page, self._dialect)
            if following is None or following == query:
                break
            query = following
            page = await self._fetch(query, field)
            shown = listing.own(page, await self._mine(page), most)
        if page.more and not shown.elements:
            raise FaultError(_endless())
        headers = tuple(header for header in answer.headers if header[0] not in _OF_THE_BYTES)
        return Answer(answer.status, headers, listing.written(shown, field))

    async def _mine(self, page: listing.Page) -> set[str | None]:
        owners = await self._register.owners(self._dialect, [name for name in page.ids if name is not None])
        return {name for name, owner in owners.items() if owner == self._tenant}

    async def _fetch(self, query: bytes, field: str) -> listing.Page:
        again = self._exchange.again
        answer = await again(query) if again is not None else None
        page = None if answer is None or answer.status != 200 else self._page(self._undo(answer), field)
        if page is None:
            raise refuse(FaultKind.UNREACHABLE, "The provider did not give the list's next page.")
        return page

    def _page(self, answer: Answer, field: str) -> listing.Page | None:
        return listing.read(answer.body, field, self._stored.element)


def _endless() -> Fault:
    words = (
        "This list holds too many objects of others before the first of yours for the gateway to look through. "
        "Retrieve your objects by their ids, or ask for the list in another order."
    )
    return Fault(kind=FaultKind.OVERLOADED, words=words, retryable=False)
