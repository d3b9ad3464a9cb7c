"""What PostgreSQL alone does: many writers, changes that are told, a schema that several make at once, no password."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from penstock.core.books import BooksError
from penstock.core.caller import Secret
from penstock.core.inheriting import Heritage, Standard
from penstock.stores import migrations
from penstock.stores.changes import Changes
from penstock.stores.keys import KeyStore
from penstock.stores.ledger import Ledger
from penstock.stores.migrating import DatabaseTooNewError, HalfMigratedError, UnfitDatabaseError
from penstock.stores.pepper import PepperError
from penstock.stores.reports import Reports
from penstock.stores.schema import metadata, server_metadata
from penstock.stores.server_upkeep import examine_server
from penstock.stores.site import Site
from penstock.stores.turns import writing
from penstock.stores.upkeep import DamagedError
from tests.support.books import entry
from tests.support.postgres import Server

pytestmark = pytest.mark.slow

HERITAGE = Heritage(Standard())


@pytest.fixture
def there(database_url: str, tmp_path: Path) -> Site:
    """A gateway's state on PostgreSQL."""
    return Site(tmp_path / "data", Secret(database_url))


@pytest.fixture
def nobodys(empty_url: str, tmp_path: Path) -> Site:
    """Where no gateway has been."""
    return Site(tmp_path / "data", Secret(empty_url))


def soon(holds: Callable[[], bool], seconds: float = 30) -> bool:
    until = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


# --- schema -----------------------------------------------------------------------------------------------------------


def test_the_revisions_lead_to_the_schema_that_the_code_uses(there: Site) -> None:
    """Types and indexes too. What columns are for stands in the code alone, and that entries are in order by day."""
    engine = there.open()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, [metadata, server_metadata])  # type: ignore[arg-type]
    engine.dispose()
    differences = [one for one in found if not (isinstance(one, list) and one[0][0] == "modify_comment")]
    assert [(one[0], one[1].table.name) for one in differences] == [
        ("remove_index", "entries"),
        ("add_constraint", "entries"),
    ]


def test_several_processes_make_the_schema_once(nobodys: Site) -> None:
    """Gateways that start together on an empty database all find it whole."""
    assert nobodys.server is not None
    script = (
        "import sys; from pathlib import Path; from penstock.core.caller import Secret;"
        "from penstock.stores.site import Site; Site(Path(sys.argv[1]), Secret(sys.argv[2])).open().dispose()"
    )
    command = [sys.executable, "-c", script, str(nobodys.folder), nobodys.server.reveal()]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in started] == [(b"", 0)] * 4
    engine = nobodys.connect()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [migrations.HEAD]
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "error", "words"),
    [
        ("ALTER TABLE entries DROP COLUMN rulings", HalfMigratedError, "lacks entries.rulings"),
        ("DROP TABLE topics", HalfMigratedError, "lacks topics"),
        ("DELETE FROM alembic_version", HalfMigratedError, "does not say of which schema"),
        ("UPDATE alembic_version SET version_num = '9999'", DatabaseTooNewError, "later release"),
    ],
)
def test_what_no_release_leaves_behind_is_refused(
    there: Site, statement: str, error: type[Exception], words: str
) -> None:
    """With words, and left as it is."""
    engine = there.open()
    with engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(error, match=words):
        there.open()
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM alembic_version")).scalar()
    assert found == (0 if "DELETE" in statement else 1)
    engine.dispose()


def test_a_migration_that_breaks_off_leaves_nothing_behind(nobodys: Site) -> None:
    """All of it is one transaction, on a database that some other program uses too."""
    engine = nobodys.connect()
    with engine.begin() as connection:
        connection.execute(text("CREATE TYPE keys AS (mine TEXT)"))
    with pytest.raises(Exception, match="keys"):
        nobodys.open()
    with engine.connect() as connection:
        found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    engine.dispose()
    assert found == []


def test_a_database_of_another_encoding_is_refused(postgres: Server, tmp_path: Path) -> None:
    """Names of models and keys are UTF-8."""
    postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(UnfitDatabaseError, match="encoded as LATIN1"):
        Site(tmp_path, Secret(postgres.url("latin"))).open()
    postgres.drop(postgres.url("latin"))


# --- the order of the books -------------------------------------------------------------------------------------------


def test_who_follows_the_books_misses_nothing_of_many_writers(there: Site) -> None:
    """A number that is seen has none before it that comes later, though many write at once."""
    writers, rounds, each = 4, 15, 20
    engine = there.open()
    going = threading.Event()

    def write(writer: int) -> None:
        mine = there.open()
        ledger = Ledger(mine)
        going.wait()
        turn = tries = 0
        while turn < rounds:
            try:
                ledger.append([entry(f"{writer}-{turn}-{number}") for number in range(each)])
            except BooksError:
                # Taken back whole, as on a server that is slow just now: the gateway's writer tries again, too.
                tries += 1
                if tries > 5:
                    raise
            else:
                turn += 1
        mine.dispose()

    reports, seen, cursor = Reports(engine), [], 0
    with ThreadPoolExecutor(writers) as pool:
        written = [pool.submit(write, writer) for writer in range(writers)]
        going.set()
        more = True
        while more:
            alive = not all(one.done() for one in written)
            lines = reports.after(cursor, most=50)
            seen += [line.id for line in lines.lines]
            cursor, more = lines.cursor, alive or bool(lines.lines)
        for one in written:
            one.result()
    engine.dispose()
    assert len(seen) == len(set(seen)) == writers * rounds * each


def test_a_later_batch_is_not_seen_before_an_earlier_one(there: Site) -> None:
    """A writer that has its numbers, and is slow to end, holds the others up and hides none of its own."""
    engine, other = there.open(), there.open()
    with writing(engine, "entries").begin() as slow:
        slow.execute(text("SELECT nextval(pg_get_serial_sequence('entries', 'number'))"))
        late = threading.Thread(target=Ledger(other).append, args=([entry("late")],))
        late.start()
        late.join(0.3)
        assert late.is_alive()
        assert Reports(engine).after(0, most=9).lines == ()
    late.join()
    assert [line.id for line in Reports(engine).after(0, most=9).lines] == ["late"]
    engine.dispose()
    other.dispose()


def test_texts_that_postgresql_can_not_hold_are_written_without_them(there: Site) -> None:
    """What a client calls its model must not keep everything else out of the books."""
    engine = there.open()
    Ledger(engine).append([entry("x", model="a\0b"), entry("y")])
    found = Reports(engine).entry("x")
    assert found is not None
    assert found.opened.model == "a\ufffdb"
    assert Reports(engine).entry("y") is not None
    engine.dispose()


# --- changes ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def watching(there: Site) -> Iterator[KeyStore]:
    """A gateway's keys."""
    with closing(KeyStore(*there)) as store:
        store.create("first", prefix="pk_")
        store.changed()
        store.renew(HERITAGE)
        yield store


def test_a_key_that_was_made_or_revoked_elsewhere_is_known_at_once(there: Site, watching: KeyStore) -> None:
    """Faster than anybody polls; and nothing is asked where nothing has changed."""
    assert not watching.changed()
    with closing(KeyStore(*there)) as elsewhere:
        elsewhere.create("made", prefix="pk_")
        assert soon(watching.changed, 0.4)
        assert {one.name for one in watching.renew(HERITAGE).profiles.values()} == {"made"}
        elsewhere.revoke("first")
        assert soon(watching.changed, 0.4)
        assert len(watching.renew(HERITAGE).gone) == 1
        assert not watching.changed()


def test_a_connection_that_is_lost_is_made_again(
    there: Site, watching: KeyStore, postgres: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """What changed meanwhile is seen then, and both are said once."""
    assert there.server is not None
    name = there.server.reveal().rpartition("/")[2]
    with caplog.at_level(logging.WARNING):
        with closing(KeyStore(*there)) as elsewhere:
            postgres.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{name}' AND query LIKE '%topics%' AND pid <> pg_backend_pid()"
            )
            elsewhere.create("made", prefix="pk_")
        assert soon(lambda: watching.changed() and bool(watching.renew(HERITAGE).profiles), 3)
        assert soon(lambda: "is reached again" in caplog.text, 3)
    assert caplog.text.count("can't be reached, what is known of it stays in force") == 1
    assert "hunter2" not in caplog.text


MUTE = (
    "CREATE OR REPLACE FUNCTION penstock_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "INSERT INTO topics VALUES (TG_ARGV[0], 1) ON CONFLICT (topic) DO UPDATE SET number = topics.number + 1; "
    "RETURN NULL; END $$"
)


def test_changes_that_nobody_tells_of_are_seen_too(there: Site, caplog: pytest.LogCaptureFixture) -> None:
    """As behind a pooler that keeps no session: late the first time, within a second from then on."""
    engine = there.open()
    with engine.begin() as connection:
        connection.execute(text(MUTE))
    assert there.server is not None
    with closing(Changes(there.server)) as changes, closing(KeyStore(*there)) as store:
        for patience in (7.0, 1.0, 1.0):
            before = changes.number("keys")
            store.create(f"key within {patience} {before}", prefix="pk_")
            assert soon(lambda before=before: changes.number("keys") != before, patience)  # type: ignore[misc]
    assert caplog.text.count("does not tell of changes") == 1
    engine.dispose()


# --- one pepper, no password ------------------------------------------------------------------------------------------


def test_gateways_of_one_database_share_its_pepper(there: Site, tmp_path: Path) -> None:
    """With another one every key would be refused, so such a gateway does not start; nor does it make one."""
    with closing(KeyStore(*there)) as first:
        pepper = first.pepper
    for folder in ("none", "another"):
        (tmp_path / folder).mkdir()
    (tmp_path / "another" / "pepper").write_bytes(b"x" * 32)
    with pytest.raises(PepperError, match="is not there, but there are keys"):
        KeyStore(tmp_path / "none", there.server)
    assert list((tmp_path / "none").iterdir()) == []
    with pytest.raises(PepperError, match="were made under another pepper"):
        KeyStore(tmp_path / "another", there.server)
    (tmp_path / "none" / "pepper").write_bytes(pepper)
    KeyStore(tmp_path / "none", there.server).close()


def test_nothing_tells_the_password(postgres: Server, tmp_path: Path) -> None:
    """Neither what is raised, nor what an engine or a site calls itself."""
    right = postgres.url("postgres")
    site = Site(tmp_path, Secret(right))
    engine = site.connect()
    assert "hunter2" not in f"{engine!r} {engine.url!r} {site!r} {site.name}"
    assert site.name == f"postgresql://127.0.0.1:{postgres.port}/postgres"
    engine.dispose()
    wrong = Site(tmp_path, Secret(right.replace("hunter2-postgres", "hunter2-wrong")))
    gone = Site(tmp_path, Secret(right.replace(str(postgres.port), "1")))
    odd = Site(tmp_path, Secret("postgresql://postgres:hunter2-odd@127.0.0.1:port/postgres"))
    for one in (wrong, gone, odd):
        with pytest.raises((OperationalError, UnfitDatabaseError)) as caught:
            one.open()
        assert "hunter2" not in f"{caught.value!r} {caught.value}"
    with pytest.raises(DamagedError) as refused:
        examine_server(wrong)
    assert "password authentication failed" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_look_at_the_database_tells_what_this_user_may_not(there: Site, postgres: Server) -> None:
    """A gateway's user owns its tables, and may make more: each day has one."""
    assert there.server is not None
    name = there.server.reveal().rpartition("/")[2]
    postgres.sql("CREATE ROLE gateway LOGIN PASSWORD 'hunter2'")
    postgres.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO gateway", name)
    mine = there._replace(server=Secret(f"postgresql://gateway:hunter2@127.0.0.1:{postgres.port}/{name}"))
    problems = examine_server(mine).problems
    assert {"another user owns admin_answers", "this user may not make tables"} <= set(problems)
    postgres.sql("DROP OWNED BY gateway", name)
    postgres.sql("DROP ROLE gateway")


def test_a_user_who_owns_a_database_needs_nothing_more(postgres: Server, tmp_path: Path) -> None:
    """As the guide says how to make one."""
    postgres.sql("CREATE ROLE penstock LOGIN PASSWORD 'hunter2'")
    postgres.sql("CREATE DATABASE penstock OWNER penstock ENCODING 'UTF8' TEMPLATE template0")
    mine = Site(tmp_path, Secret(f"postgresql://penstock:hunter2@127.0.0.1:{postgres.port}/penstock"))
    with closing(KeyStore(*mine)) as store:
        store.create("laptop", prefix="pk_")
        Ledger(store.engine).append([entry("x")])
    found = examine_server(mine)
    assert (found.problems, dict(found.rows)["keys"], dict(found.rows)["entries"]) == ((), 1, 1)
    assert [name for name, _ in found.rows if name.startswith("entries_")] == []
    postgres.drop(postgres.url("penstock"))
    postgres.sql("DROP ROLE penstock")
