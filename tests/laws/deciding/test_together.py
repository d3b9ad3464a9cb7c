"""A conversation is decided once, whoever asks, wherever decisions are shared."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from penstock.core.caller import Secret
from penstock.stores.claims import Claim, Precedent
from penstock.stores.claims.postgresql import PostgresqlClaims
from penstock.stores.claims.valkey import ValkeyClaims
from penstock.stores.counting.valkey_line import Script
from penstock.stores.server import connect
from tests.laws.deciding.houses import (
    EACH,
    FAR,
    FULL,
    LEFT,
    LITE,
    OFF,
    PATIENT,
    SHARED,
    TENANT,
    WORDS,
    Gateways,
    House,
    until,
)
from tests.support.between import Between
from tests.support.loop import awaited
from tests.support.postgres import Server

pytestmark = pytest.mark.slow

each = pytest.mark.parametrize("place", EACH, indirect=True)
shared = pytest.mark.parametrize("place", SHARED, indirect=True)
far = pytest.mark.parametrize("place", FAR, indirect=True)


@each
@awaited
async def test_the_first_decision_stands(place: House) -> None:
    """For the process that took it, whatever it would decide later; and nobody's question decides anything."""
    async with place.process(FULL) as one:
        asking = lambda: None  # noqa: E731
        sought = one.memory.seek("a", TENANT, asking, anew=False)
        if sought is not None:
            await sought
        assert one.memory.recall("a") is None
        assert await one.decides("a") == FULL
        one.decision = LITE
        assert await one.decides("a") == FULL
        assert await one.decides("b") == LITE
        assert one.memory.seek("a", TENANT, asking, anew=False) is None, "it knows, and asks nobody"


@shared
@awaited
async def test_others_go_on_as_it_began(place: House) -> None:
    """With the words that it began with, though others have none of that version; and one that began on no other is
    decided by whoever sees it first."""
    async with place.process(FULL) as one, place.process(LITE) as other:
        assert await one.decides("a") == FULL
        if not place.at_once:
            await until(lambda: other.memory.recall("a") is not None)
        assert await other.decides("a") == FULL
        assert other.memory.words("full-1") == WORDS["full-1"]
        assert await other.decides("b") == LITE
        await until(lambda: one.memory.follows(TENANT) and other.memory.follows(TENANT))


@shared
@awaited
async def test_processes_that_would_not_put_words_in_follow(place: House) -> None:
    """Where nothing is wanted any more, a conversation that began with words goes on with them."""
    async with place.process(None) as other:
        assert not other.memory.follows(TENANT)
        async with place.process(FULL) as one:
            assert await one.decides("a") == FULL
        if place.at_once and other.memory.is_shared:
            assert await other.decides("a") == FULL
        else:
            await until(lambda: other.memory.follows(TENANT))
            assert await other.decides("a") == FULL
        assert await other.decides("b") is None


@far
@awaited
async def test_a_process_that_never_heard_of_a_tenant_knows_whom_to_ask_for(place: House) -> None:
    """It learns within moments that somebody's conversations have words to keep, for it asks for no others."""
    place.period = 0.02
    async with place.process(None) as other, place.process(FULL) as one:
        assert not other.memory.follows(TENANT)
        await one.decides("a")
        await until(lambda: other.memory.follows(TENANT))
    async with place.process(None) as later:
        assert later.memory.follows(TENANT), "from its first request on"


@far
@awaited
async def test_those_that_begin_it_at_once_agree(place: House) -> None:
    """Sixty conversations begin on three processes at the same moment, each of which would decide otherwise."""
    async with place.process(FULL) as one, place.process(LITE) as two, place.process(LEFT) as three:
        every = (one, two, three)
        names = [str(number) for number in range(60)]
        got = await asyncio.gather(*(process.decides(name) for name in names for process in every))
        decided = [set(got[at : at + 3]) for at in range(0, len(got), 3)]
        assert [len(some) for some in decided] == [1] * 60
        assert [[process.memory.recall(name) for process in every] for name in names] == [
            [next(iter(some))] * 3 for some in decided
        ]


@far
@awaited
async def test_requests_of_one_process_ask_once(place: House) -> None:
    """However many wait for the answer; and who gives up waiting takes it from nobody."""
    async with place.process(FULL) as one:
        first = one.memory.seek("a", TENANT, lambda: FULL, anew=False)
        second = one.memory.seek("a", TENANT, lambda: LITE, anew=False)
        assert first is second is not None

        async def waits() -> None:
            await first

        impatient, patient = asyncio.create_task(waits()), asyncio.create_task(waits())
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        assert one.memory.recall("a") == FULL


@far
@awaited
async def test_a_form_that_allowed_no_words_may_be_gone(place: House) -> None:
    """The first request is sent again in another form: decided anew, once, for all, and for those too that knew the
    old decision."""
    async with place.process(OFF) as one, place.process(OFF) as two:
        assert await one.decides("a") == await two.decides("a") == OFF
        one.decision, two.decision = FULL, LITE
        for process in (one, two):
            process.memory.keep_words("full-1", WORDS["full-1"])
            process.memory.keep_words("lite-1", WORDS["lite-1"])
        got = await asyncio.gather(one.decides("a", anew=True), two.decides("a", anew=True))
        assert got in ([FULL, FULL], [LITE, LITE])
        async with place.process(OFF) as three:
            assert await three.decides("a") == got[0]


@shared
@awaited
async def test_a_restart_keeps_it(place: House) -> None:
    """When all processes have gone, and others come that would decide otherwise."""
    async with place.process(FULL) as one:
        await one.decides("a")
    async with place.process(LITE) as later:
        assert await later.decides("a") == FULL
        assert later.memory.words("full-1") == WORDS["full-1"]


@far
@awaited
async def test_while_the_store_is_away_each_decides_alone(place: House, caplog: pytest.LogCaptureFixture) -> None:
    """At once and said once; when it is back, what was decided alone is put forward as its conversation goes on, and
    the first stands for all."""
    async with place.process(FULL) as one, place.process(LITE) as other:
        assert await one.decides("before") == await other.decides("before") == FULL
        place.away()
        assert [await one.decides(name) for name in "abc"] == [FULL] * 3
        assert [await other.decides(name) for name in "abc"] == [LITE] * 3
        assert await other.decides("before") == FULL, "what it knows it need not ask"
        place.back()
        ends = asyncio.get_running_loop().time() + 15
        while "again" not in caplog.text:
            assert asyncio.get_running_loop().time() < ends
            await one.decides("after")
            await asyncio.sleep(0.02)
        assert await one.decides("a") == FULL
        until_told = [await other.decides("a")]
        while until_told[-1] != FULL:
            assert asyncio.get_running_loop().time() < ends
            await asyncio.sleep(0.02)
            until_told.append(await other.decides("a"))
        assert set(until_told) <= {LITE, FULL}
    said = [record.message for record in caplog.records if record.name.endswith("asking")]
    assert sum("decides alone" in line for line in said) == 2, "once for each process"
    assert len(said) in {3, 4}


@awaited
async def test_postgresql_is_asked_in_one_round_trip(postgres: Server, database_url: str) -> None:
    """Words, what gives way and what is proposed, for a hundred conversations that have come together."""
    reach = functools.partial(socket.create_connection, ("127.0.0.1", postgres.port))
    with Between(reach) as wire:
        url = Secret(database_url.replace(str(postgres.port), str(wire.port)))
        claims = PostgresqlClaims(functools.partial(connect, url), "postgresql", deadline=PATIENT)
        await answers(claims, [Claim("first", TENANT, OFF)])
        for some in (
            [Claim("first", TENANT, FULL, WORDS["full-1"], outdated=OFF)],
            [Claim("first", TENANT)],
        ):
            wire.said.clear()
            await answers(claims, some)
            assert wire.trips == 1
        told = await answers(claims, [Claim(str(number), TENANT, LITE, WORDS["lite-1"]) for number in range(100)])
        assert told == [None] * 100
        wire.said.clear()
        again = await answers(claims, [Claim("7", TENANT, FULL, WORDS["full-1"]), Claim("first", TENANT, LITE)])
        assert again == [Precedent(LITE, WORDS["lite-1"]), Precedent(FULL, WORDS["full-1"])]
        assert wire.trips <= 2
        await claims.close()


async def answers(claims: PostgresqlClaims, asked: Sequence[Claim]) -> list[object]:
    """All of them asked in the same turn."""
    waiting = [asyncio.get_running_loop().create_future() for _ in asked]
    for claim, future in zip(asked, waiting, strict=True):
        claims.claim(claim, future.set_result)
    return await asyncio.gather(*waiting)


@awaited
async def test_valkey_keeps_so_many(tmp_path: Path) -> None:
    """Past the bound the conversation that was heard of longest ago is forgotten, and everything expires."""
    with contextlib.closing(Gateways(tmp_path)) as place:
        _, counters = place.claims()
        assert counters is not None
        claims = ValkeyClaims(counters, most=3)
        await claims.begin()
        for number in range(5):
            waiting = asyncio.get_running_loop().create_future()
            claims.claim(Claim(str(number), TENANT, FULL, WORDS["full-1"]), waiting.set_result)
            await waiting
        keys = Script("return cmsgpack.pack(redis.call('KEYS', KEYS[1] .. 'c:d:*'))")
        kept = sorted(name.rpartition(":")[2] for name in msgspec.msgpack.decode(await counters.asked(keys, ())))
        # Within the same second any of the oldest may go; never more than there is room for, nor the last.
        assert len(kept) == 3
        assert "4" in kept
        lives = Script("for _, k in ipairs(redis.call('KEYS', KEYS[1] .. 'c:*')) do "
                       "if redis.call('TTL', k) < 0 then return k end end return ''")  # fmt: skip
        assert await counters.asked(lives, ()) == b""
        await claims.close()
        await counters.close()
