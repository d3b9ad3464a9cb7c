"""Where a provider keeps tokens: whose values are found again by the objects that a request names, and kept with those
that its answer makes.

An object's values come from the request that made it and from the objects which that one named: a batch has its file's,
a response those of the one before it. The database is waited for only where an object is named or made.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from penstock.core.exchange import Answer, Exchange
from penstock.core.route import Route, Stored
from penstock.core.vault import HeldValues, Kept, Vault, Whose

NOTHING = HeldValues()


class Tracing(Protocol):
    """Which objects requests name, and answers make."""

    def named(self, exchange: Exchange) -> Sequence[str]:
        """All that a request names."""

    def changed(self, exchange: Exchange) -> Sequence[str]:
        """Those that its body goes into."""

    def keeps(self, exchange: Exchange) -> bool:
        """Whether anything of it may be kept at the provider."""

    def made(self, stored: Stored, answer: Answer) -> Sequence[str]:
        """What a whole good answer makes."""

    def told(self, stored: Stored, frames: bytes, *, begun: bool) -> Sequence[str]:
        """The same of some of a stream's events; once its first objects are known, it has ``begun``."""


class Vaulting:
    """One installation's vault, as scrubbing uses it."""

    def __init__(self, vault: Vault, tracing: Tracing, days: int) -> None:
        """``days``: how long values are kept."""
        self._vault = vault
        self._tracing = tracing
        self._days = days

    def concerns(self, route: Route) -> bool:
        """Operations that name or make stored objects."""
        return route.stored is not None

    async def found(self, exchange: Exchange, tenant: str) -> HeldValues:
        """What the objects may hold that a request names."""
        ids = self._tracing.named(exchange)
        return await self._vault.find(Whose(tenant, exchange.match.route.dialect), ids) if ids else NOTHING

    def keeping(self, exchange: Exchange, tenant: str, held: HeldValues, more: Sequence[Kept]) -> "Keeping | None":
        """For the way out; None where there is nothing to keep, or nothing that it would be kept with."""
        stored = exchange.match.route.stored
        if stored is None or not (held.sets or more) or not self._tracing.keeps(exchange):
            return None
        match = exchange.match
        changed = self._tracing.changed(exchange)
        forgets = changed if stored.deletes is not None else ()
        if not (stored.makes or stored.claims or stored.events or forgets or (more and changed)):
            return None
        kept = _Kept(Whose(tenant, match.route.dialect), held, more, changed, forgets, self._days)
        return Keeping(self._vault, self._tracing, stored, kept)


class _Kept(msgspec.Struct, frozen=True):
    whose: Whose
    held: HeldValues
    more: Sequence[Kept]
    changed: Sequence[str]
    forgets: Sequence[str]
    days: int


class Keeping:
    """The way out of one exchange whose answer makes, changes or removes what may hold tokens."""

    def __init__(self, vault: Vault, tracing: Tracing, stored: Stored, kept: _Kept) -> None:
        self._vault = vault
        self._tracing = tracing
        self._stored = stored
        self._kept = kept
        self._done: set[str] = set()
        self._begun = not (stored.makes or stored.claims)

    async def answered(self, answer: Answer) -> None:
        """A whole answer."""
        kept = self._kept
        if answer.status >= 300:
            return
        if kept.forgets:
            await self._vault.forget(kept.whose, kept.forgets)
        else:
            await self._keep([*kept.changed, *self._tracing.made(self._stored, answer)])

    def told(self, frames: bytes) -> Awaitable[None] | None:
        """Events of a stream, which wait for what is returned."""
        told = self._tracing.told(self._stored, frames, begun=self._begun)
        self._begun = self._begun or bool(told)
        ids = [one for one in (*self._kept.changed, *told) if one not in self._done]
        return self._keep(ids) if ids else None

    async def _keep(self, ids: Sequence[str]) -> None:
        if ids:
            self._done.update(ids)
            kept = self._kept
            await self._vault.keep(kept.whose, ids, kept.held, kept.more, kept.days)
