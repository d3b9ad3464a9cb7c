"""The record of owners: who had an id first, who has it now, and what happens when the database is in trouble."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from penstock.core.fault import FaultError, FaultKind
from penstock.stores.database import open_database
from penstock.stores.objects import Objects

A, B = "key:a", "key:b"


@asynccontextmanager
async def opened(path: Path, deadline: float = 8.0) -> AsyncIterator[Objects]:
    engine = open_database(path)
    objects = Objects(engine, deadline=deadline)
    try:
        yield objects
    finally:
        objects.close()
        engine.dispose()


def run(path: Path, story: Callable[[Objects], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(path) as objects:
            await story(objects)

    asyncio.run(main())


def test_an_id_has_the_tenant_that_made_it(tmp_path: Path) -> None:
    """Ids that nobody made here have no tenant, and the same id in another dialect is another object."""

    async def story(objects: Objects) -> None:
        await objects.keep("openai", A, made=["file-1"], along=["file-2"])
        await objects.keep("gemini", B, made=["file-1"], along=[])
        assert await objects.owners("openai", ["file-1", "file-2", "file-3"]) == {"file-1": A, "file-2": A}
        assert await objects.owners("gemini", ["file-1", "file-2"]) == {"file-1": B}

    run(tmp_path / "x.db", story)


def test_what_comes_along_is_taken_only_from_nobody(tmp_path: Path) -> None:
    """An answer that mentions another tenant's object must not hand it over; making one anew does."""

    async def story(objects: Objects) -> None:
        await objects.keep("gemini", A, made=["files/plan"], along=[])
        await objects.keep("gemini", B, made=[], along=["files/plan", "files/else"])
        assert await objects.owners("gemini", ["files/plan", "files/else"]) == {"files/plan": A, "files/else": B}
        await objects.keep("gemini", B, made=["files/plan"], along=[])
        assert await objects.owners("gemini", ["files/plan"]) == {"files/plan": B}

    run(tmp_path / "x.db", story)


def test_what_is_forgotten_is_nobodys(tmp_path: Path) -> None:
    """After a delete the id answers like one that never was, and only that id."""

    async def story(objects: Objects) -> None:
        await objects.keep("openai", A, made=["file-1", "file-2"], along=[])
        await objects.forget("openai", ["file-1"])
        assert await objects.owners("openai", ["file-1", "file-2"]) == {"file-2": A}

    run(tmp_path / "x.db", story)


def test_the_record_survives_a_restart(tmp_path: Path) -> None:
    """A tenant must find its objects again the next day."""

    async def write(objects: Objects) -> None:
        await objects.keep("openai", A, made=["file-1"], along=[])

    async def read(objects: Objects) -> None:
        assert await objects.owners("openai", ["file-1"]) == {"file-1": A}

    run(tmp_path / "x.db", write)
    run(tmp_path / "x.db", read)


def test_a_page_of_ten_thousand_is_looked_up(tmp_path: Path) -> None:
    """OpenAI's file lists go up to 10,000 elements a page; a statement takes fewer variables than that."""

    async def story(objects: Objects) -> None:
        ids = [f"file-{number}" for number in range(40_000)]
        await objects.keep("openai", A, made=ids[::2], along=[])
        assert len(await objects.owners("openai", ids)) == 20_000

    run(tmp_path / "x.db", story)


def test_the_loop_goes_on_while_the_database_waits(tmp_path: Path) -> None:
    """Another process's lock may hold up the request that needs the record, and no other."""
    path = tmp_path / "x.db"

    async def story(objects: Objects) -> None:
        lock = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        lock.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(objects.keep("openai", A, made=["file-1"], along=[]))
        turns = 0
        while turns < 20:
            await asyncio.sleep(0.005)
            turns += 1
        assert not writing.done()
        lock.execute("COMMIT")
        lock.close()
        await writing
        assert await objects.owners("openai", ["file-1"]) == {"file-1": A}

    run(path, story)


def test_trouble_is_a_fault_that_a_retry_can_help(tmp_path: Path) -> None:
    """A record that cannot be kept is 503 in time, and says nothing of what was to be written."""
    path = tmp_path / "x.db"

    async def main() -> None:
        async with opened(path, deadline=0.1) as objects:
            lock = sqlite3.connect(path, isolation_level=None)
            lock.execute("BEGIN IMMEDIATE")
            with pytest.raises(FaultError) as caught:
                await objects.keep("openai", A, made=["file-secret"], along=[])
            lock.execute("ROLLBACK")
            lock.execute("DROP TABLE objects")
            lock.close()
            with pytest.raises(FaultError) as lost:
                await objects.owners("openai", ["file-secret"])
        for error in (caught, lost):
            fault = error.value.fault
            assert (fault.kind, fault.may_retry) == (FaultKind.OVERLOADED, True)
            assert "file-secret" not in fault.words + fault.detail

    asyncio.run(main())
