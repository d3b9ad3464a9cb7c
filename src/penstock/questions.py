"""Questions of the gateway's own: what judges and detectors that are models are asked, at the operator's cost.

Each stands in the books as an exchange of its own, under nobody's key, with the asker's name as its client: so the
money is told, and held against no quota of whoever's request gave rise to it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

import msgspec

from penstock.calling import Calling
from penstock.closing import leave
from penstock.core.document import Facts
from penstock.core.exchange import Answer, Exchange, Outcome
from penstock.core.fault import FaultError
from penstock.core.head import RequestHead, ResponseHead
from penstock.core.policy import Recorder
from penstock.core.route import Match
from penstock.core.target import Attempt, Provider
from penstock.route_rows import ROWS
from penstock.wire.tap import Tap

CHATS: Mapping[str, str] = {
    "anthropic": "messages.create", "openai": "chat.completions.create", "gemini": "models.generateContent",
}  # fmt: skip
"""The operation of a chat, by its provider's dialect."""
_ROWS = {(row.dialect, row.operation): row for row in ROWS}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a provider."""

    path: str
    """Behind the provider's base path."""
    body: bytes
    model: str = ""
    """The model that is asked in a chat; empty for a service, which uses no tokens and stands in no books."""
    asker: str = ""
    """Who asks, such as ``judge/hazards``."""


class Questions:
    """Asks under the operator's credential."""

    def __init__(self, calling: Calling, record: Recorder, new_id: Callable[[], str]) -> None:
        self.calling = calling
        self._record = record
        self._new_id = new_id

    async def ask(self, provider: Provider, question: Question) -> Answer:
        """The answer, whatever its status; FaultError where none comes, or no question can be written down."""
        if not question.model:
            return await self.calling.post(provider, question.path, question.body)
        exchange = self._exchange(provider, question)
        exchange.visits.append(self._record.enter(exchange))
        outcome = Outcome.FAILED
        try:
            for visit in exchange.visits:
                visit.begin(exchange)
            answer = await self.calling.post(provider, question.path, question.body)
            self._heard(exchange, answer)
            outcome = Outcome.SERVED
        except FaultError as error:
            exchange.fault, exchange.status = error.fault, error.fault.status
            raise
        except asyncio.CancelledError:
            # Nobody waits for it any longer, and it may be charged for.
            outcome = Outcome.ABANDONED
            raise
        finally:
            leave(exchange, outcome)
        return answer

    def _exchange(self, provider: Provider, question: Question) -> Exchange:
        match = Match(_ROWS[provider.dialect, CHATS[provider.dialect]], (), question.path, "")
        head = RequestHead("POST", question.path.encode(), ((b"user-agent", f"penstock-{question.asker}".encode()),))
        exchange = Exchange(self._new_id(), head, match, time.perf_counter(), facts=Facts(model=question.model))
        exchange.attempt = Attempt(provider, self.calling.own(provider), "the gateway's own question")
        exchange.bytes_in = len(question.body)
        return exchange

    def _heard(self, exchange: Exchange, answer: Answer) -> None:
        dialect, counts = self.calling.dialects[exchange.match.route.dialect], self._record.counts
        tally = dialect.tally(exchange.match) if counts else None
        tap = exchange.tap = Tap(tally, ResponseHead(answer.status, answer.headers), stream=False, counts=counts)
        tap.take(answer.body)
        exchange.status = answer.status
        exchange.first_byte = exchange.waited = time.perf_counter() - exchange.started
