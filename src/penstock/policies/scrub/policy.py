"""Keeps private values in the house: tokens go out in their places, and the values come back in the answer.

It sees the request when all that could be added to it from the house's own documents is in it, and before anything
that asks somebody else about it. What it can't look through it refuses, unless the rules say otherwise; what it can't
restore stays a token. It knows places and offsets, no wire format.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from penstock.core.caller import KeyProfile
from penstock.core.exchange import Exchange, Visit
from penstock.core.generations import Generations
from penstock.core.legible import NotReadableError
from penstock.core.mask import Masks
from penstock.core.policy import Look
from penstock.core.restoring import Restoring
from penstock.core.route import Body, Route
from penstock.core.scrubbed import Scrubbed
from penstock.core.text import Walking
from penstock.core.vault import HeldValues, Kept
from penstock.policies.scrub.known import Value
from penstock.policies.scrub.memory import BLOCKS, Seen
from penstock.policies.scrub.minting import Mint
from penstock.policies.scrub.papers import Papers, UnopenedError, bounded, unread
from penstock.policies.scrub.restored import Restored, Undo
from penstock.policies.scrub.rules import Rules, Treatment
from penstock.policies.scrub.services import Ask, Services, nobody
from penstock.policies.scrub.uploads import Upload, refuse_unread
from penstock.policies.scrub.vaulting import NOTHING, Keeping, Vaulting
from penstock.policies.scrub.working import LARGE, Bounds, Holder, Late, Remembered, Work, masks, returns, unreadable

AT_ONCE = 64 * 1024
"""Bytes of a request that are new and are looked through on the spot; with more, others are served meanwhile."""

PATIENCE = 0.015
"""Seconds that others wait while a request is looked through on the spot; with more it goes aside too."""

P = ParamSpec("P")
T = TypeVar("T")


class Scrub:
    """One installation's scrubbing."""

    def __init__(
        self,
        walking: Mapping[str, Walking],
        restoring: Mapping[str, Restoring],
        rules_of: Callable[[KeyProfile], Rules | None],
        secret: bytes,
        undo: Undo,
        begin: Callable[[], Late],
        ask: Ask = nobody,
    ) -> None:
        """``rules_of``: what holds for a key, or None. ``begin``: the time begins that one request may be looked
        through. ``ask``: how services are asked that find private values as well."""
        self._walking = walking
        self._restoring = restoring
        self._rules_of = rules_of
        self._secret = secret
        self._undo = undo
        self._begin = begin
        self.vaulting: Vaulting | None = None
        """What is kept of values that providers hold the tokens of; None: nothing."""
        self.wanted: Callable[[KeyProfile], bool] = lambda _: True
        """Whether a key's requests are looked through at all; tells at once, where the rules may take a while."""
        self.papers = Papers(unread)
        """Reads PDFs; until somebody else stands here none of them can be."""
        self._memory: Generations[Seen] = Generations(BLOCKS)
        self._services = Services(ask)
        self._holders: dict[str, tuple[KeyProfile, Holder | None]] = {}
        """As many as there are keys."""

    def concerns(self, route: Route) -> bool:
        """Operations whose requests carry words; with a vault also those whose answers may hold earlier tokens."""
        return self._carries(route) or (self.vaulting is not None and self.vaulting.concerns(route))

    def _carries(self, route: Route) -> bool:
        return route.body is not Body.NONE and self._walking[route.dialect].carries(route.operation)

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Mask what the key's rules say; FaultError for what must not go out, or can't be looked through."""
        key = None if exchange.caller is None else exchange.caller.key
        if key is not None and not self._knows(key):
            # The first one of them loads the rules.
            await asyncio.to_thread(self._learn, key)
        holder = self._holder(exchange)
        if holder is None or exchange.head.method == "HEAD":
            return None
        held = NOTHING if self.vaulting is None else await self.vaulting.found(exchange, holder.tenant)
        size = 0 if exchange.document is None else len(exchange.document.plain)
        work = None
        if self._carries(exchange.match.route):
            work = await _aside(size, self._begun, exchange, holder)
        if work is not None:
            work.remember(value for value in _values(held) if holder.rules.masks(value.kind))
            await self._through(work, holder)
            await _aside(size, _edit, exchange, work)
        return self._done(exchange, holder, work, held)

    async def _through(self, work: Work, holder: Holder) -> None:
        """All of it; where it stops at PDFs they are read, and it goes on."""
        brought = 0
        while True:
            try:
                if holder.rules.services:
                    await work.ask(self._services)
                if not work.go_on(AT_ONCE, _patience()):
                    await asyncio.to_thread(work.go_on, None)
            except UnopenedError as unopened:
                brought = bounded(unopened.papers, brought)
                await self.papers.read(unopened.papers)
                work.begin_again(self._begin())
            else:
                return

    def _through_now(self, work: Work) -> None:
        while True:
            try:
                work.go_on(None)
            except UnopenedError as unopened:
                self.papers.read_now(unopened.papers)
            else:
                return

    def look(self, exchange: Exchange) -> Look | None:
        """A look at an upload that can be looked through once it is held."""
        match, caller = exchange.match, exchange.caller
        if caller is None or not self._carries(match.route):
            return None
        if not self.wanted(caller.key) or (self._knows(caller.key) and self._holder(exchange) is None):
            return None
        reads = self._walking[match.route.dialect].reads(match, exchange.head)
        return Upload(lambda: self._holder(exchange)) if reads else None

    def mask(self, exchange: Exchange) -> Masks | None:
        """The same on the spot, for whoever only wants to know what would go out."""
        holder = self._holder(exchange)
        if holder is None or not self._carries(exchange.match.route):
            return None
        work = self._begun(exchange, holder)
        if work is None:
            return None
        self._through_now(work)
        _edit(exchange, work)
        visit = self._done(exchange, holder, work, NOTHING)
        return None if visit is None else visit.masks

    def _knows(self, key: KeyProfile) -> bool:
        found = self._holders.get(key.id)
        return found is not None and found[0] is key

    def _learn(self, key: KeyProfile) -> None:
        rules = self._rules_of(key)
        holder = None if rules is None else Holder(key.tenant, rules, Mint(self._secret, key.tenant))
        self._holders[key.id] = key, holder

    def _holder(self, exchange: Exchange) -> Holder | None:
        if exchange.caller is None:
            return None
        key = exchange.caller.key
        if not self._knows(key):
            self._learn(key)
        return self._holders[key.id][1]

    def _begun(self, exchange: Exchange, holder: Holder) -> Work | None:
        document, match, rules = exchange.document, exchange.match, holder.rules
        if document is None:
            refuse_unread(exchange, rules)
            return None
        walking = self._walking[match.route.dialect]
        passes = rules.unreadable is Treatment.ALLOW and walking.reads(match, exchange.head)
        try:
            found = document.cut(walking, match, exchange.head)
        except NotReadableError as error:
            if passes:
                return None
            raise unreadable(str(error)) from None
        if not found.blocks and not document.plain.strip():
            return None
        bounds = Bounds(self._begin(), passes)
        return Work(walking, match, found, holder, Remembered(self._memory, self.papers), bounds)

    def _done(self, exchange: Exchange, holder: Holder, work: Work | None, held: HeldValues) -> Restored | None:
        match, rules = exchange.match, holder.rules
        found = _values(held)
        keeping = self._keeping(exchange, holder, () if work is None else work.values(), held)
        if work is not None or found:
            exchange.scrubbed = Scrubbed(() if work is None else work.counts(), rules.version)
        if not ((work is not None and work.edited) or found or keeping):
            return None
        known = masks((*found, *(() if work is None else work.values())), rules)
        restoring = self._restoring[match.route.dialect]
        return Restored(match, restoring, known, self._undo, keeping, stream=exchange.facts.stream)

    def _keeping(self, exchange: Exchange, holder: Holder, new: Sequence[Value], held: HeldValues) -> Keeping | None:
        if self.vaulting is None:
            return None
        kinds = holder.rules.kinds
        more = [Kept(one.value, one.kind, one.token, one.number) for one in new if returns(kinds[one.kind])]
        return self.vaulting.keeping(exchange, holder.tenant, held, more)


def _patience() -> Late:
    """Tells when others have waited long enough."""
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE
    return lambda: clock() > until


def _values(held: HeldValues) -> Sequence[Value]:
    return [Value(one.value, one.kind, one.token, one.number) for one in held.values]


async def _aside(size: int, call: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """On the spot, or beside the loop where it takes a while."""
    return await asyncio.to_thread(call, *given, **named) if size > LARGE else call(*given, **named)


def _edit(exchange: Exchange, work: Work) -> None:
    """Put tokens in the places of what was found."""
    if work.edited and exchange.document is not None:
        exchange.document = exchange.document.decoded().changed(work.masked)
