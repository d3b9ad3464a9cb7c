"""THE path of a request: accept, read, enter, plan, call, leave, reply. Read this file first.

It knows the order of things and nothing else: no wire format, no policy, no socket. What each stop does stands in the
room it names. Every request ends here with one outcome, and every exception that is not a Fault is turned into one
here and nowhere else.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penstock import routes
from penstock.core.dialect import Dialect
from penstock.core.exchange import Answer, Exchange, Outcome
from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.policy import Policy, Visit
from penstock.core.route import Reply
from penstock.providers import deadline, headers
from penstock.routing.plan import Table, plan
from penstock.wire.call import Upstream
from penstock.wire.incoming import Incoming
from penstock.wire.judge import is_stream, judge
from penstock.wire.read import read
from penstock.wire.relay import Passing, Relay

log = logging.getLogger(__name__)


def new_id() -> str:
    """An exchange's id: sorts by time, cannot be guessed."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"


@dataclass
class Gateway:
    """Carries requests from clients to providers, and answers back. ``app.py`` puts it together."""

    dialects: Mapping[str, Dialect]
    authenticate: Policy
    policies: Sequence[Policy]
    table: Table
    upstream: Upstream
    wording: headers.Wording
    passing: Passing
    body_limit: int
    held_limit: int

    async def handle(self, incoming: Incoming) -> None:
        """One request, from its head to its outcome."""
        exchange_id = new_id()
        exchange: Exchange | None = None
        visits: list[Visit] = []
        try:
            match = routes.match(incoming.head)
            exchange = Exchange(exchange_id, incoming.head, match, incoming.started)
            await self.authenticate.enter(exchange)
            await read(exchange, incoming, self.body_limit)
            exchange.facts = self.dialects[match.route.dialect].facts(match, exchange.facts)
            answer = await self._enter(exchange, visits)
            if answer is None:
                await self._call(exchange, visits, incoming)
            else:
                self._leave(exchange, visits, Outcome.SERVED)
                incoming.reply(answer, self.wording.own(exchange, incoming.elapsed))
        except FaultError as error:
            self._refuse(error.fault, exchange_id, exchange, visits, incoming)
        except asyncio.CancelledError:
            self._leave(exchange, visits, Outcome.ABANDONED)
            raise
        except Exception as error:  # noqa: BLE001 - the one place where a bug becomes a Fault
            log.error("a bug on the path of %s", exchange_id, exc_info=error)
            words = f"The gateway failed; its operator finds the cause in the log under {exchange_id}."
            self._refuse(Fault(kind=FaultKind.INTERNAL, words=words), exchange_id, exchange, visits, incoming)

    async def _enter(self, exchange: Exchange, visits: list[Visit]) -> Answer | None:
        for policy in self.policies:
            met = await policy.enter(exchange)
            if isinstance(met, Answer):
                return met
            if met is not None:
                visits.append(met)
        return None

    async def _call(self, exchange: Exchange, visits: list[Visit], incoming: Incoming) -> None:
        assert exchange.caller is not None  # noqa: S101 - authenticate refuses otherwise
        match, dialect = exchange.match, self.dialects[exchange.match.route.dialect]
        exchange.plan = plan(self.table, match, exchange.facts, exchange.caller)
        attempt = exchange.attempt = exchange.plan[0]
        exchange.again = lambda query: self._again(exchange, query)
        body = exchange.document.raw if exchange.document is not None else None
        length = len(body) if body is not None else incoming.length
        request = headers.request_head(exchange.head, match.path, attempt, dialect, length=length, private=self.wording.private)
        timeouts = deadline.of(exchange.head, attempt.provider.timeouts)
        relay = await self.upstream.call(incoming, attempt.provider.origin, timeouts, request, body)
        try:
            exchange.waited = relay.waited
            exchange.document = None  # its bytes are out; a long stream must not hold them
            await self._reply(exchange, visits, incoming, relay)
        finally:
            relay.close()

    async def _reply(self, exchange: Exchange, visits: list[Visit], incoming: Incoming, relay: Relay) -> None:
        assert exchange.attempt is not None  # noqa: S101 - _call sets it
        head, attempt, route = await relay.response(), exchange.attempt, exchange.match.route
        operators = attempt.credential is not None and not attempt.credential.own
        if operators and head.status in {401, 403}:
            raise refuse(FaultKind.CREDENTIAL_REFUSED, headers.credential_refused(attempt.provider))
        await judge(head, relay, exchange.match.route)
        exchange.status = head.status
        passed = headers.returning(head, self.wording.private, own=not operators)
        stream = is_stream(head)
        holders = [visit for visit in reversed(visits) if visit.holds] if route.reply is Reply.JSON else []
        first = b""
        if holders:
            first = await (relay.first_frames() if stream else relay.whole(self.held_limit))
            answer = Answer(head.status, tuple(passed), first)
            for visit in holders:
                answer = await visit.answered(answer)
            passed, first = list(answer.headers), answer.body
        whole = first if holders and not stream else relay.complete
        own = self.wording.own(exchange, incoming.elapsed)
        if whole is not None and not stream:
            self._leave(exchange, visits, Outcome.SERVED)
            incoming.answer(head.status, passed + own, length=len(whole))
            incoming.end(whole)
            return
        incoming.answer(head.status, passed + own, length=None if stream else relay.length)
        incoming.write(first)
        dialect = self.dialects[route.dialect]
        relay.pass_on(dialect.manner(exchange.match) if stream else None, self.passing)
        fault = await relay.finished()
        if fault is None:
            self._leave(exchange, visits, Outcome.SERVED)
            incoming.end(relay.remainder())
        else:
            exchange.fault = fault
            self._leave(exchange, visits, Outcome.FAILED)
            if stream:
                incoming.end(dialect.broken_off(exchange.match, fault, exchange.id, relay.last))
            else:
                incoming.abort()

    async def _again(self, exchange: Exchange, query: bytes) -> Answer:
        assert exchange.attempt is not None  # noqa: S101 - _call sets it
        provider, match = exchange.attempt.provider, exchange.match
        asked = exchange.head.asking(query)
        request = headers.request_head(asked, match.path, exchange.attempt, self.dialects[match.route.dialect], length=0)
        return await self.upstream.fetch(provider.origin, provider.timeouts, request, self.held_limit)

    def _refuse(
        self, fault: Fault, exchange_id: str, exchange: Exchange | None, visits: list[Visit], incoming: Incoming
    ) -> None:
        if exchange is not None:
            exchange.fault, exchange.status = fault, fault.status
        self._leave(exchange, visits, Outcome.FAILED if fault.status >= 500 else Outcome.REFUSED)
        if incoming.answered:
            incoming.abort()
            return
        answer = self.dialects[routes.dialect_of(incoming.head)].fault(fault, exchange_id)
        incoming.reply(answer, self.wording.refused(exchange_id, incoming.elapsed))

    def _leave(self, exchange: Exchange | None, visits: list[Visit], outcome: Outcome) -> None:
        if exchange is None or exchange.outcome is not None:
            return
        exchange.outcome = outcome
        for visit in reversed(visits):
            try:
                visit.leave(exchange)
            except Exception as error:  # noqa: BLE001, PERF203 - one policy's bug must not keep the others from leaving
                log.error("a bug in leaving %s", exchange.id, exc_info=error)
