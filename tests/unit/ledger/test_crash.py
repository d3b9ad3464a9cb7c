"""A process that keeps books is killed, again and again: no exchange is missing, and none is there twice."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from penstock.ledger.recovery import Recovered, settle
from penstock.stores.database import open_database
from penstock.stores.ledger import Ledger
from penstock.stores.schema import entries, rollup_whose, rollups
from tests.support.rollups import agree

ROOT = Path(__file__).parents[3]


def told_until_killed(folder: Path, how: str, seconds: float) -> tuple[set[str], set[str]]:
    """What the process said that it opened and closed before it was killed."""
    command = [sys.executable, "-m", "tests.unit.ledger.journal_until_killed", str(folder), how]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    words = process.stdout.read(1)
    time.sleep(seconds)
    process.kill()
    words += process.stdout.read()
    process.stdout.close()
    process.wait()
    # The last word may be half of one: written into a full pipe when the end came.
    said = words.decode().rpartition(" ")[0].split(" ")
    return ({word[1:] for word in said if word[0] == "o"}, {word[1:] for word in said if word[0] == "c"})


@pytest.mark.parametrize("how", ["alone", "writing"])
@pytest.mark.slow
def test_the_books_are_whole_after_a_kill(tmp_path: Path, how: str) -> None:
    """Twenty rounds, ten with a writer at work: whoever heard of an end finds one closed entry; each other has one."""
    chance = random.Random(how)
    engine = open_database(tmp_path / "penstock.db")
    for _ in range(10):
        opened, closed = told_until_killed(tmp_path, how, chance.uniform(0, 0.1))
        settle(tmp_path / "journal", Ledger(engine))
        agree(engine)
        with engine.begin() as connection:
            found = Counter(tuple(row) for row in connection.execute(select(entries.c.id, entries.c.outcome)))
            connection.execute(entries.delete())
            connection.execute(rollups.delete())
            connection.execute(rollup_whose.delete())
        assert set(found.values()) == {1}
        served = {name for name, outcome in found if outcome == "served"}
        killed = {name for name, outcome in found if outcome == "killed"}
        assert closed <= served
        assert opened <= served | killed
        assert not served & killed
        assert "long" in killed
        # It may have got one step further than it could say.
        assert len(served - closed) <= 1
        assert len(served | killed) - len(opened) <= 1
        assert [path.name for path in (tmp_path / "journal").glob("[0-9a-f]*.journal*")] == []
    assert settle(tmp_path / "journal", Ledger(engine)) == Recovered()
    engine.dispose()
