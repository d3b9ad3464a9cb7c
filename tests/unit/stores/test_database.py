"""The database of record: opened at the newest schema, by one process or several, and never by an older release."""

import contextlib
import re
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from penstock.stores import migrations
from penstock.stores.database import open_database
from penstock.stores.migrating import DatabaseTooNewError
from penstock.stores.schema import metadata

pytestmark = pytest.mark.slow


def test_the_revisions_lead_to_the_schema_that_the_code_uses(tmp_path: Path) -> None:
    """What the migrations build must be what ``schema.py`` says, or queries meet tables that nobody tested."""
    engine = open_database(tmp_path / "x.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_a_second_look_does_not_take_the_locks_of_the_first(tmp_path: Path) -> None:
    """A process that opens the file twice, as a reload does, keeps its locks on it: another process that comes and goes
    must not take the -wal away, or what each writes from then on the other never sees."""
    path = tmp_path / "x.db"
    first = open_database(path)
    with first.connect() as held:
        held.execute(text("SELECT 1 FROM keys"))
    open_database(path).dispose()
    write = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('CREATE TABLE seen (x)'); c.close()"
    subprocess.run([sys.executable, "-c", write], check=True)
    assert path.with_name("x.db-wal").exists()
    with first.connect() as held:
        assert held.execute(text("SELECT count(*) FROM seen")).scalar() == 0
    first.dispose()


def test_head_names_the_newest_revision() -> None:
    """``HEAD`` decides whether Alembic is loaded at all, so it must be the revision that Alembic would stop at."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


@pytest.mark.parametrize("new", [True, False])
def test_a_gateway_does_not_hold_alembic(tmp_path: Path, new: bool) -> None:
    """What a first start needs once is not held for good; a second start does not need it at all."""
    if not new:
        open_database(tmp_path / "x.db").dispose()
    script = (
        "import sys; from pathlib import Path; from penstock.stores.database import open_database;"
        f"open_database(Path({str(tmp_path / 'x.db')!r})).dispose(); print('alembic' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
    open_database(tmp_path / "x.db").dispose()


def test_a_gateway_on_sqlite_does_not_hold_what_postgresql_needs(tmp_path: Path) -> None:
    """Neither its driver nor its dialect: they take some ten megabytes."""
    script = (
        "import sys; from pathlib import Path; import penstock.app; from penstock.stores.keys import KeyStore;"
        f"KeyStore(Path({str(tmp_path)!r})).changed();"
        "print([name for name in sys.modules if name.startswith(('psycopg', 'sqlalchemy.dialects.postgresql'))])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_what_is_in_the_way_is_told_by_the_process_that_asked(tmp_path: Path) -> None:
    """Not by the one that was to migrate."""
    open_database(tmp_path / "x.db").dispose()
    with contextlib.closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    script = (
        "from pathlib import Path; from penstock.stores.database import open_database;"
        f"open_database(Path({str(tmp_path / 'x.db')!r}))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.count("DatabaseTooNewError: ") == 1


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """Key digests and tenants are nobody else's business on the machine."""
    engine = open_database(tmp_path / "data" / "x.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO objects VALUES ('openai', 'file-1', 'key:1', 0)")
    for path in (tmp_path / "data").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    engine.dispose()


def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    """Workers that start together must all find the schema, whoever of them makes it."""
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(open_database, [tmp_path / "x.db"] * 4))
    for engine in engines:
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == migrations.HEAD
        engine.dispose()


def test_a_database_from_a_later_release_is_left_alone(tmp_path: Path) -> None:
    """An older release must not write to tables that it does not know."""
    path = tmp_path / "x.db"
    open_database(path).dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNewError, match=re.escape("9999")):
        open_database(path)
    assert path.read_bytes() == before


def test_a_failed_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    """Half a schema would stop every later start."""
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE objects (mine TEXT)")
    connection.close()
    with pytest.raises(Exception, match="objects"):
        open_database(path)
    with sqlite3.connect(path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close()
    assert tables == {"objects"}


@pytest.mark.parametrize("name", ["x.db", "a b%20?c#d.db"])
def test_a_connection_never_makes_the_file(tmp_path: Path, name: str) -> None:
    """What was deleted under a running gateway is missed, not begun anew without its tables."""
    path = tmp_path / name
    engine = open_database(path)
    engine.dispose()
    path.unlink()
    with pytest.raises(OperationalError, match="unable to open"):
        engine.connect()
    assert not path.exists()
