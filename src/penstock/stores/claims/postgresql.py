"""Conversations' decisions in the database of record, for gateways that share a PostgreSQL and no Valkey: a thread and
a connection of their own beside those of the counters, so that a request asks both at once and waits for neither twice.

What has come is asked in one transaction of one round trip. It takes the turn of those that write conversations, for
who has read up to a number must have seen all before it.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg

from penstock.core.counting import Unanswered
from penstock.core.terseness import Decided
from penstock.stores.claims import Answered, Claim, Precedent
from penstock.stores.counting.desk import DEADLINE, AwayError, Desk, Job
from penstock.stores.turns import lock_of

Connect = Callable[[], "psycopg.Connection[tuple[Any, ...]]"]

TURN = "conversations"
_PATIENCE = "2s"

_TAKE_TURN = "SELECT pg_advisory_xact_lock(%s)"
_WORDS = "INSERT INTO words SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
# A row of its own again: other processes read what has come since they looked.
_OUTDATED = "DELETE FROM conversations WHERE (beginning, decided) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
_PROPOSED = """
INSERT INTO conversations (beginning, tenant, decided, used)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING
"""
_STANDING = """
SELECT beginning, decided, text FROM conversations LEFT JOIN words ON rules = decided::json ->> 'rules'
WHERE beginning = ANY(%s::text[])
"""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Decided).decode


@dataclass(slots=True)
class _ClaimJob(Job):
    """A claim on the desk."""

    claim: Claim


class PostgresqlClaims:
    """In the tables of the database that ``connect`` leads to."""

    records = True

    def __init__(self, connect: Connect, store: str, *, deadline: float = DEADLINE) -> None:
        """``store``: the place in words."""
        self._connect = connect
        self._open: psycopg.Connection[tuple[Any, ...]] | None = None
        self._desk: Desk[_ClaimJob] = Desk(store, self._carry_out, deadline=deadline)

    def claim(self, claim: Claim, answered: Answered) -> None:
        """Asks, together with what else has come while the last question was on its way."""
        asked = self._desk.asked(_ClaimJob(claim))
        asked.add_done_callback(lambda done: answered(_found(done)))

    def followed(self) -> Collection[str]:
        """Who reads the table of record knows them from there."""
        return ()

    async def begin(self) -> None:
        """What stands in the table was read when it was opened."""

    async def close(self) -> None:
        """Ask no more."""
        await self._desk.close()
        self._hang_up()

    # In the desk's thread.

    def _carry_out(self, asked: Sequence[_ClaimJob]) -> list[object]:
        claims = [one.claim for one in asked]
        try:
            connection = self._open = self._open or self._opened()
            standing = self._settled(connection, claims)
        except psycopg.Error as error:
            self._hang_up()
            raise AwayError(str(error).strip().partition("\n")[0] or type(error).__name__) from None
        return [_answer(claim, standing.get(claim.beginning)) for claim in claims]

    def _opened(self) -> "psycopg.Connection[tuple[Any, ...]]":
        connection = self._connect()
        try:
            connection.autocommit = True
            with connection.pipeline():
                for name, value in (("lock_timeout", _PATIENCE), ("statement_timeout", _PATIENCE)):
                    connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        except BaseException:
            connection.close()
            raise
        return connection

    def _hang_up(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    @staticmethod
    def _settled(
        connection: "psycopg.Connection[tuple[Any, ...]]", claims: Sequence[Claim]
    ) -> dict[str, tuple[str, str | None]]:
        """What stands, by beginning, once all are carried out."""
        new = [(claim, claim.proposed) for claim in claims if claim.proposed is not None]
        # All that goes out before an answer is waited for is one transaction (PostgreSQL, libpq, "Pipeline Mode").
        with connection.pipeline():
            if new:
                _propose(connection, new)
            found = connection.execute(_STANDING, ([claim.beginning for claim in claims],))
        return {beginning: (decided, text) for beginning, decided, text in found.fetchall()}


def _propose(connection: "psycopg.Connection[tuple[Any, ...]]", new: Sequence[tuple[Claim, Decided]]) -> None:
    connection.execute(_TAKE_TURN, (lock_of(TURN),))
    texts = {one.rules: claim.words for claim, one in new if one.rules}
    if texts:
        connection.execute(_WORDS, (list(texts), list(texts.values())))
    outdated = [(claim.beginning, _text(claim.outdated)) for claim, _ in new if claim.outdated is not None]
    if outdated:
        connection.execute(_OUTDATED, ([name for name, _ in outdated], [text for _, text in outdated]))
    names, tenants = [claim.beginning for claim, _ in new], [claim.tenant for claim, _ in new]
    used = [int(time.time())] * len(new)
    connection.execute(_PROPOSED, (names, tenants, [_text(one) for _, one in new], used))


def _answer(claim: Claim, stands: tuple[str, str | None] | None) -> Precedent | None:
    decided = None if stands is None else _decode(stands[0])
    return None if stands is None or decided is None or decided == claim.proposed else Precedent(decided, stands[1])


def _text(decided: Decided) -> str:
    return _encode(decided).decode()


def _found(done: "asyncio.Future[Precedent | None]") -> Precedent | Unanswered | None:
    error = done.exception()
    if error is not None:
        return error if isinstance(error, Unanswered) else Unanswered(type(error).__name__)
    return done.result()
