"""THE path of a request: accept, read, enter, plan, call, leave, reply. Read this file first.

It knows the order of things and nothing else: no wire format, no policy, no socket. What each stop does stands in the
room it names. Every request ends here with one outcome, and every exception that is not a Fault is turned into one
here and nowhere else.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from penstock import routes
from penstock.calling import Calling, of_provider
from penstock.closing import Closing, leave, outcome_of
from penstock.core.dialect import Dialect
from penstock.core.exchange import Answer, Exchange, Outcome
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.policy import Policy, Recorder, flushed, holding, of_bytes, rewriting, rewritten_only, watched
from penstock.core.route import Reply
from penstock.providers import headers
from penstock.routing.plan import Table, plan
from penstock.wire.incoming import Incoming
from penstock.wire.judge import is_stream
from penstock.wire.read import read
from penstock.wire.relay import Passing, Relay
from penstock.wire.tap import Tap

log = logging.getLogger(__name__)


@dataclass
class Gateway:
    """Carries requests from clients to providers, and answers back. ``app.py`` puts it together."""

    dialects: Mapping[str, Dialect]
    record: Recorder
    authenticate: Policy
    policies: Mapping[str, Sequence[Policy]]
    """By route template: those whose business it can be, outermost first."""
    table: Table
    calling: Calling
    closing: Closing
    wording: headers.Wording
    passing: Passing
    new_id: Callable[[], str]
    body_limit: int

    async def handle(self, incoming: Incoming) -> None:
        """One request, from its head to its outcome."""
        exchange_id, exchange = self.new_id(), None
        try:
            match = routes.match(incoming.head)
            exchange = Exchange(exchange_id, incoming.head, match, incoming.started)
            exchange.visits.append(self.record.enter(exchange))
            await self.authenticate.enter(exchange)
            await read(exchange, incoming, self.body_limit, self.policies[match.route.template])
            exchange.bytes_in = incoming.received or incoming.length or 0
            exchange.facts = self.dialects[match.route.dialect].facts(match, exchange.facts)
            answer = await self._enter(exchange)
            if answer is None:
                await self._call(exchange, incoming)
            else:
                self._reply_whole(exchange, incoming, answer)
        except FaultError as error:
            self._refuse(of_provider(error.fault, exchange), exchange_id, exchange, incoming)
        except asyncio.CancelledError:
            leave(exchange, Outcome.ABANDONED)
            raise
        except Exception as bug:  # the one place where a bug becomes a Fault
            log.error("a bug on the path of %s", exchange_id, exc_info=bug)
            words = f"The gateway failed; its operator finds the cause in the log under {exchange_id}."
            self._refuse(Fault(kind=FaultKind.INTERNAL, words=words), exchange_id, exchange, incoming)

    async def _enter(self, exchange: Exchange) -> Answer | None:
        for policy in self.policies[exchange.match.route.template]:
            met = await policy.enter(exchange)
            if isinstance(met, Answer):
                return met
            if met is not None:
                exchange.visits.append(met)
        return None

    async def _call(self, exchange: Exchange, incoming: Incoming) -> None:
        exchange.plan = plan(self.table, exchange.match, exchange.facts, exchange.caller, exchange.destination)
        for visit in exchange.visits:
            visit.begin(exchange)
        relay = await self.calling.call(exchange, incoming)
        try:
            exchange.status = relay.response.status
            passed = self.wording.returning(relay.response, operators=exchange.on_operators_account)
            await self._reply(exchange, incoming, relay, Answer(exchange.status, passed, b""))
        finally:
            relay.close()

    async def _reply(self, exchange: Exchange, incoming: Incoming, relay: Relay, answer: Answer) -> None:
        match, stream, whole = exchange.match, is_stream(relay), relay.complete
        counts, dialect = self.record.counts, self.dialects[match.route.dialect]
        tap = exchange.tap = Tap(dialect.tally(match) if counts else None, relay.response, stream=stream, counts=counts)
        visits, of_json = exchange.visits, match.route.reply is Reply.JSON
        rewriters = visits if of_json or stream else of_bytes(visits, relay.response)
        relay.rewrite, relay.flush = rewriting(rewriters), functools.partial(flushed, rewriters)
        # What is rewritten on its way has no length, however soon it came.
        pieces = rewritten_only(visits) if dialect.manner(match).array else bool(rewriters) and not of_json
        passes = stream or pieces
        holders = holding(visits, passes=passes) if of_json else []
        if holders:
            held = await (relay.first_frames() if stream else relay.whole(self.passing.held))
            answer = Answer(answer.status, answer.headers, held, events=relay.events)
            try:
                for visit in holders:
                    answer = await visit.answered(answer)
            except FaultError:
                tap.spent(held)
                raise
            whole = answer.body
        if whole is not None and not passes:
            tap.take(whole)
            self._reply_whole(exchange, incoming, Answer(answer.status, answer.headers, whole))
            return
        exchange.first_byte = incoming.elapsed
        own = self.wording.own(exchange, answer.headers)
        incoming.answer(answer.status, answer.headers, lines=own, length=None if passes else relay.length)
        relay.first = answer.body
        watch = watched([visit.watch for visit in reversed(visits) if visit.watches])
        served = functools.partial(leave, exchange, Outcome.SERVED)
        relay.pass_on(dialect.manner(match), self.passing, tap, served, watch, stream=stream)
        fault = exchange.fault = of_provider(await relay.finished(), exchange)
        ending: bytes | None = relay.remainder()
        if fault is not None:
            event = fault.ending or dialect.broken_off(match, fault, exchange.id, relay.last)
            ending = relay.ended_by(event, dialect.fault(fault, exchange.id).body)
        tap.take(ending or b"") if fault is None else tap.count(ending or b"")
        leave(exchange, outcome_of(fault))
        incoming.abort() if ending is None else incoming.end(ending)

    def _reply_whole(self, exchange: Exchange, incoming: Incoming, answer: Answer) -> None:
        exchange.status, exchange.bytes_out, exchange.first_byte = answer.status, len(answer.body), incoming.elapsed
        self.closing.promise(exchange, incoming, answer, self.wording.own(exchange, answer.headers, whole=True))

    def _refuse(self, fault: Fault, exchange_id: str, exchange: Exchange | None, incoming: Incoming) -> None:
        if exchange is not None:
            exchange.fault, exchange.status = fault, exchange.status if incoming.answered else fault.status
        leave(exchange, Outcome.FAILED if fault.status >= 500 else Outcome.REFUSED)
        if incoming.answered:
            incoming.abort()
        else:
            answer = self.dialects[routes.dialect_of(incoming.head)].fault(fault, exchange_id, incoming.head)
            incoming.reply(answer, self.wording.refused(exchange_id, incoming.elapsed, exchange))
