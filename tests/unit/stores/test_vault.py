"""The vault: whose values come back for what, what ends, what a stranger finds in the file."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import Engine, select, text, update

from penstock.core.fault import FaultError, FaultKind
from penstock.core.vault import HeldValues, Kept, Whose
from penstock.stores.schema import vault_objects, vault_sets
from penstock.stores.site import Site
from penstock.stores.turns import on_server
from penstock.stores.vault import DAY, MOST_SETS, Rows, Vault

SECRET = b"s" * 32
A, B = Whose("team:a", "openai"), Whose("team:b", "openai")
JANE = Kept("jane@canary-mail.com", "email", "EMAIL_bcdfghjkmn")
JOE = Kept("joe@canary-mail.com", "email", "EMAIL_ccdfghjkmn")
CARD = Kept("4111111111111111", "card", "7381230081276354", number=True)


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def run(engine: Engine, story: Callable[[Vault, Clock], Awaitable[None]], secret: bytes = SECRET) -> None:
    async def main() -> None:
        clock = Clock()
        vault = Vault(engine, secret, clock=clock)
        try:
            await story(vault, clock)
        finally:
            vault.close()

    asyncio.run(main())


def in_all(site: Site, engine: Engine) -> bytes:
    """All that whoever reads the database's files can see; PostgreSQL's are read as rows."""
    if not on_server(engine):
        return b"".join(path.read_bytes() for path in site.folder.iterdir())
    with engine.connect() as connection:
        rows = [row for table in (vault_sets, vault_objects) for row in connection.execute(select(table))]
    return b"".join(one if isinstance(one, bytes) else str(one).encode() for row in rows for one in row)


def values(held: HeldValues) -> set[Kept]:
    return set(held.values)


def test_an_object_has_what_was_kept_with_it(engine: Engine) -> None:
    """And no other object, no other tenant, no object of that name in another dialect."""

    async def story(vault: Vault, _: Clock) -> None:
        await vault.keep(A, ["file-1"], HeldValues(), [JANE, CARD], 1)
        await vault.keep(B, ["file-2"], HeldValues(), [JOE], 1)
        assert values(await vault.find(A, ["file-1", "file-9"])) == {JANE, CARD}
        assert values(await vault.find(A, ["file-2"])) == set()
        assert values(await vault.find(B, ["file-1"])) == set()
        assert values(await vault.find(Whose("team:a", "gemini"), ["file-1"])) == set()

    run(engine, story)


def test_what_comes_of_an_object_has_its_values_too(engine: Engine) -> None:
    """The same values are kept once, however many objects have them."""

    async def story(vault: Vault, _: Clock) -> None:
        await vault.keep(A, ["file-1"], HeldValues(), [JANE], 1)
        held = await vault.find(A, ["file-1"])
        await vault.keep(A, ["batch_1", "file-out"], held, [], 1)
        await vault.keep(A, ["resp_1"], held, [JANE, JOE], 1)
        await vault.keep(A, ["resp_2"], HeldValues(), [JANE], 1)
        assert values(await vault.find(A, ["file-out"])) == {JANE}
        assert values(await vault.find(A, ["resp_1"])) == {JANE, JOE}
        (standing,) = Rows(engine).standing()
        assert (standing.tenant, standing.sets, standing.objects) == ("team:a", 2, 5)

    run(engine, story)


def test_a_long_conversation_does_not_grow_without_end(engine: Engine) -> None:
    """Many sets become one."""

    async def story(vault: Vault, _: Clock) -> None:
        held, kept = HeldValues(), []
        for turn in range(3 * MOST_SETS):
            kept.append(Kept(f"{turn}@canary-mail.com", "email", f"EMAIL_{turn}"))
            await vault.keep(A, [f"resp_{turn}"], held, kept[-1:], 1)
            held = await vault.find(A, [f"resp_{turn}"])
            assert values(held) == set(kept)
            assert len(held.sets) <= MOST_SETS + 1

    run(engine, story)


def test_what_has_ended_is_gone(engine: Engine) -> None:
    """It is not found any more, and its rows go when something else is kept; what is used again lasts longer."""

    async def story(vault: Vault, clock: Clock) -> None:
        await vault.keep(A, ["file-1", "file-2"], HeldValues(), [JANE], 1)
        clock.now += DAY - 10
        await vault.keep(A, ["file-2"], await vault.find(A, ["file-2"]), [], 2)
        clock.now += 20
        assert values(await vault.find(A, ["file-1"])) == set()
        assert values(await vault.find(A, ["file-2"])) == {JANE}
        clock.now += 3 * DAY
        await vault.keep(A, ["file-3"], HeldValues(), [JOE], 1)
        with engine.connect() as connection:
            assert connection.execute(select(vault_objects.c.id)).scalars().all() == ["file-3"]
            assert len(connection.execute(select(vault_sets)).all()) == 1

    run(engine, story)


def test_what_is_deleted_at_the_provider_is_forgotten(engine: Engine) -> None:
    """A set that another object has stays."""

    async def story(vault: Vault, _: Clock) -> None:
        await vault.keep(A, ["file-1", "batch_1"], HeldValues(), [JANE], 1)
        await vault.keep(A, ["file-2"], HeldValues(), [JOE], 1)
        await vault.forget(A, ["file-1", "file-2"])
        assert values(await vault.find(A, ["file-1", "file-2"])) == set()
        assert values(await vault.find(A, ["batch_1"])) == {JANE}
        assert [one.sets for one in Rows(engine).standing()] == [1]

    run(engine, story)


def test_a_tenant_can_be_emptied(engine: Engine, site: Site) -> None:
    """All of it, and nothing of others; what is sealed is not in the file any more either."""

    async def story(vault: Vault, _: Clock) -> None:
        await vault.keep(A, ["file-1"], HeldValues(), [JANE], 1)
        await vault.keep(B, ["file-1"], HeldValues(), [JANE, JOE], 1)
        with engine.connect() as connection:
            sealed = {row.tenant: row.ciphertext for row in connection.execute(select(vault_sets))}
        assert Rows(engine).empty("team:a") == 1
        assert Rows(engine).empty("team:a") == 0
        assert values(await vault.find(A, ["file-1"])) == set()
        assert values(await vault.find(B, ["file-1"])) == {JANE, JOE}
        whole = in_all(site, engine)
        assert sealed["team:a"] not in whole
        assert sealed["team:b"] in whole

    run(engine, story)


def test_the_file_shows_no_value_and_no_token(engine: Engine, site: Site) -> None:
    """Nor does it open with another secret, in another tenant's place, or when it was changed."""

    async def kept(vault: Vault, _: Clock) -> None:
        await vault.keep(A, ["file-1"], HeldValues(), [JANE, CARD], 1)
        await vault.keep(B, ["file-1"], HeldValues(), [JANE, CARD], 1)

    run(engine, kept)
    whole = in_all(site, engine)
    assert not any(said.encode() in whole for one in (JANE, CARD) for said in (one.value, one.token))
    with engine.connect() as connection:
        (one, other) = connection.execute(select(vault_sets).order_by(vault_sets.c.tenant)).mappings()
    assert one["name"] != other["name"]

    async def nothing(vault: Vault, _: Clock) -> None:
        assert values(await vault.find(A, ["file-1"])) == set()

    run(engine, nothing, secret=b"t" * 32)
    for changed in ({"ciphertext": other["ciphertext"], "nonce": other["nonce"]}, {"ciphertext": b"x" * 40}):
        with engine.begin() as connection:
            connection.execute(update(vault_sets).where(vault_sets.c.tenant == "team:a").values(changed))
        run(engine, nothing)


def test_a_database_in_trouble(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """What is asked for is a fault that a retry can help; what can't be kept is lost, told, and no fault."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE vault_objects"))

    async def story(vault: Vault, _: Clock) -> None:
        with pytest.raises(FaultError) as refused:
            await vault.find(A, ["file-1"])
        assert refused.value.fault.kind is FaultKind.OVERLOADED
        await vault.keep(A, ["file-1"], HeldValues(), [JANE], 1)
        await vault.forget(A, ["file-1"])

    run(engine, story)
    assert "values of 1 stored objects can't be kept" in caplog.text
    assert JANE.value not in caplog.text
