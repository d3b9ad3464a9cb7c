"""The record of owners: who had an id first, who has it now, and what happens when the database is in trouble."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, Engine, text

from penstock.core.fault import FaultError, FaultKind
from penstock.stores.objects import Objects
from penstock.stores.site import Site
from penstock.stores.turns import on_server, writing

A, B = "key:a", "key:b"


@asynccontextmanager
async def opened(site: Site, deadline: float = 8.0) -> AsyncIterator[Objects]:
    engine = site.open()
    objects = Objects(engine, deadline=deadline)
    try:
        yield objects
    finally:
        objects.close()
        engine.dispose()


def run(site: Site, story: Callable[[Objects], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(site) as objects:
            await story(objects)

    asyncio.run(main())


def held(engine: Engine) -> Connection:
    """The record, as somebody else holds it who writes to it and does not end."""
    connection = writing(engine).connect()
    connection.begin()
    if on_server(engine):
        connection.execute(text("LOCK TABLE objects"))
    return connection


def test_an_id_has_the_tenant_that_made_it(site: Site) -> None:
    """Ids that nobody made here have no tenant, and the same id in another dialect is another object."""

    async def story(objects: Objects) -> None:
        await objects.keep("openai", A, made=["file-1"], along=["file-2"])
        await objects.keep("gemini", B, made=["file-1"], along=[])
        assert await objects.owners("openai", ["file-1", "file-2", "file-3"]) == {"file-1": A, "file-2": A}
        assert await objects.owners("gemini", ["file-1", "file-2"]) == {"file-1": B}

    run(site, story)


def test_what_comes_along_is_taken_only_from_nobody(site: Site) -> None:
    """An answer that mentions another tenant's object must not hand it over; making one anew does."""

    async def story(objects: Objects) -> None:
        await objects.keep("gemini", A, made=["files/plan"], along=[])
        await objects.keep("gemini", B, made=[], along=["files/plan", "files/else"])
        assert await objects.owners("gemini", ["files/plan", "files/else"]) == {"files/plan": A, "files/else": B}
        await objects.keep("gemini", B, made=["files/plan"], along=[])
        assert await objects.owners("gemini", ["files/plan"]) == {"files/plan": B}

    run(site, story)


def test_what_is_forgotten_is_nobodys(site: Site) -> None:
    """After a delete the id answers like one that never was, and only that id."""

    async def story(objects: Objects) -> None:
        await objects.keep("openai", A, made=["file-1", "file-2"], along=[])
        await objects.forget("openai", ["file-1"])
        assert await objects.owners("openai", ["file-1", "file-2"]) == {"file-2": A}

    run(site, story)


def test_the_record_survives_a_restart(site: Site) -> None:
    """A tenant must find its objects again the next day."""

    async def write(objects: Objects) -> None:
        await objects.keep("openai", A, made=["file-1"], along=[])

    async def read(objects: Objects) -> None:
        assert await objects.owners("openai", ["file-1"]) == {"file-1": A}

    run(site, write)
    run(site, read)


@pytest.mark.slow
def test_a_page_of_ten_thousand_is_looked_up(site: Site) -> None:
    """OpenAI's file lists go up to 10,000 elements a page; a statement takes fewer variables than that."""

    async def story(objects: Objects) -> None:
        ids = [f"file-{number}" for number in range(40_000)]
        await objects.keep("openai", A, made=ids[::2], along=[])
        assert len(await objects.owners("openai", ids)) == 20_000

    run(site, story)


def test_the_loop_goes_on_while_the_database_waits(site: Site, engine: Engine) -> None:
    """Another process's lock may hold up the request that needs the record, and no other."""

    async def story(objects: Objects) -> None:
        lock = held(engine)
        writing = asyncio.create_task(objects.keep("openai", A, made=["file-1"], along=[]))
        turns = 0
        while turns < 20:
            await asyncio.sleep(0.005)
            turns += 1
        assert not writing.done()
        lock.close()
        await writing
        assert await objects.owners("openai", ["file-1"]) == {"file-1": A}

    run(site, story)


def test_trouble_is_a_fault_that_a_retry_can_help(site: Site, engine: Engine) -> None:
    """A record that cannot be kept is 503 in time, and says nothing of what was to be written."""

    async def main() -> None:
        async with opened(site, deadline=0.1) as objects:
            lock = held(engine)
            with pytest.raises(FaultError) as caught:
                await objects.keep("openai", A, made=["file-secret"], along=[])
            lock.close()
            with engine.begin() as other:
                other.execute(text("DROP TABLE objects"))
            with pytest.raises(FaultError) as lost:
                await objects.owners("openai", ["file-secret"])
        for error in (caught, lost):
            fault = error.value.fault
            assert (fault.kind, fault.may_retry) == (FaultKind.OVERLOADED, True)
            assert "file-secret" not in fault.words + fault.detail

    asyncio.run(main())
