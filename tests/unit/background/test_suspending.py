"""What is judged over a real database, what is suspended and said of it; and the process that judges by itself."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from penstock.background.suspending import (
    SPAN_SECONDS,
    SavingsJudge,
    announced,
    begun_since,
    command,
    judged,
    judged_since,
)
from penstock.config.settings import Settings
from penstock.core.entry import Entry
from penstock.core.terseness import Arm, Intensity
from penstock.core.usage import Consumption
from penstock.stores.database import DATABASE
from penstock.stores.ledger import Ledger
from penstock.stores.suspensions import Suspension, Suspensions
from tests.support.made import database_at
from tests.support.treated import MODEL, conversations, losing, saving

pytestmark = pytest.mark.slow

LEVEL = ("key_1", MODEL, "full")


@contextmanager
def books(folder: Path, *entries: Entry) -> Iterator[Engine]:
    """And a configuration that leads to them."""
    (folder / "penstock.yaml").write_text(f"data_dir: {folder}\n")
    engine = database_at(folder / DATABASE)
    Ledger(engine).append(entries)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def judging(engine: Engine, call: Sequence[str], *, first: float = 0, period: float = 0.05) -> Iterator[SavingsJudge]:
    judge = SavingsJudge(engine, call, first=first, period=period)
    try:
        yield judge
    finally:
        judge.close()


def look(engine: Engine, now: float | None = None) -> Sequence[Suspension]:
    return judged(engine, Settings(), time.time() if now is None else now)


def soon(path: Path | Suspensions, seconds: float = 30) -> bool:
    """Whether the file comes, or a suspension."""
    there = path.exists if isinstance(path, Path) else path.rows
    ends = time.monotonic() + seconds
    while not there() and time.monotonic() < ends:
        time.sleep(0.02)
    return bool(there())


def hour_ago() -> float:
    return time.time() - 3600


def test_what_loses_money_is_suspended(tmp_path: Path) -> None:
    """Only that level, once, with what was measured; the words say what, why, and how to reverse it."""
    before = time.time()
    others = saving(hour_ago(), "lite", intensity=Intensity.LITE)
    with books(tmp_path, *losing(hour_ago()), *others) as engine:
        found = look(engine)
        assert Suspensions(engine).rows() == found
        assert look(engine) == []
    assert [one.level for one in found] == [LEVEL]
    one = found[0]
    assert (one.reason, one.guard, one.key_name, one.lifted) == ("loses money", None, "alice", None)
    assert before - 1 <= one.since <= time.time()
    assert (one.found.treated, one.found.control, one.found.rules) == (300, 100, ("full-1",))
    assert one.found.point == pytest.approx(1 - (3 * 360 + 15 * 1_400) / (3 * 300 + 15 * 1_000), abs=0.02)
    assert one.found.high is not None
    assert one.found.point < one.found.high < 0
    line = announced(one)
    assert f"full is suspended for {MODEL} with the key alice (key_1) from the next conversation on" in line
    assert "loses money (net cost saved: -37.1 % [-39.8, -34.4]; 300 treated, 100 left alone, " in line
    assert line.endswith(f"To reverse it: penstock savings resume alice {MODEL} full")


@pytest.mark.parametrize("operation", ["batches.create", "files.create"])
def test_batches_are_not_measured(tmp_path: Path, operation: str) -> None:
    """What is told of one when it is made is of one of its requests, and of no answer."""
    with books(tmp_path, *losing(hour_ago(), operation=operation)) as engine:
        assert look(engine) == []


def test_a_broken_guardrail_suspends_too(tmp_path: Path) -> None:
    """Half as dear, but failing more often, by more than the margin."""
    entries = [
        msgspec.structs.replace(one, status=529) if number % 5 == 0 and number < 300 else one
        for number, one in enumerate(saving(hour_ago()))
    ]
    with books(tmp_path, *entries) as engine:
        found = look(engine)
    assert [(one.level, one.reason, one.guard) for one in found] == [(LEVEL, "worse answers", "failed")]
    assert found[0].found.point == pytest.approx(0.2)
    assert "worse answers (failed: +20.0 % [" in announced(found[0])


def test_asking_again_is_a_guardrail(tmp_path: Path) -> None:
    """In one treated conversation of five a second request asks for what the first answer left out; of those that were
    left alone in none. Who asks ten times in one conversation is one."""
    entries = list(saving(hour_ago()))
    treated = [one for one in entries if one.opened.terseness and one.opened.terseness.arm is Arm.TREATED]
    again = [asking_again(one, number) for one in treated[::5] for number in range(10)]
    with books(tmp_path, *entries, *again) as engine:
        found = look(engine)
    assert [(one.level, one.reason, one.guard) for one in found] == [(LEVEL, "worse answers", "re-asked")]
    assert found[0].found.point == pytest.approx(0.2)
    assert "worse answers (re-asked: +20.0 % [" in announced(found[0])


def asking_again(first: Entry, number: int) -> Entry:
    assert first.opened.terseness is not None
    decided = msgspec.structs.replace(first.opened.terseness, later=True, reasked=True)
    opened = msgspec.structs.replace(
        first.opened, id=f"{first.opened.id} {number}", at=first.opened.at + 60, terseness=decided
    )
    return msgspec.structs.replace(first, opened=opened, consumption=Consumption(), cost=0)


def test_a_lifted_level_is_judged_by_what_began_since(tmp_path: Path) -> None:
    """The conversations that it was suspended for are not held against it again, however often one looks; those after
    the lifting are."""
    with books(tmp_path, *losing(hour_ago())) as engine:
        store = Suspensions(engine)
        assert look(engine)
        lifted = store.lift("alice", MODEL, "full")[0].lifted
        assert lifted is not None
        for later in (5, 3600, 86_400):
            assert look(engine, lifted + later) == []
        Ledger(engine).append(losing(lifted + 0.5, "since"))
        found = look(engine, lifted + 86_400)
        assert [one.level for one in found] == [LEVEL]
        assert (found[0].found.treated, found[0].found.control) == (300, 100)
        assert (found[0].found.first or 0) >= lifted


def test_a_conversation_began_when_its_first_request_did(tmp_path: Path) -> None:
    """Later turns after the lifting belong to a conversation before it; other levels keep theirs."""
    old, other = conversations(Arm.TREATED, 1, 9, at=100, name="old"), conversations(Arm.TREATED, 1, 9, at=100)
    rows = [*old, *(one for one in other)]
    rows[1] = msgspec.structs.replace(rows[1], opened=msgspec.structs.replace(rows[1].opened, model="other"))
    new = list(conversations(Arm.CONTROL, 1, 9, at=200, name="new"))
    later = [
        msgspec.structs.replace(
            one,
            opened=msgspec.structs.replace(
                one.opened,
                id=f"{one.opened.id} later",
                at=300.0,
                terseness=msgspec.structs.replace(one.opened.terseness, later=True),
            ),
        )
        for one in (*rows, *new)
        if one.opened.terseness
    ]
    kept = [one.opened.id for one in begun_since([*rows, *new, *later], {LEVEL: 150})]
    assert kept == [rows[1].opened.id, new[0].opened.id, later[1].opened.id, later[2].opened.id]
    # Where the first request is not in the books any more, it was before.
    assert list(begun_since([later[2]], {LEVEL: 150})) == []
    assert list(begun_since([later[2]], {})) == [later[2]]


@pytest.mark.parametrize("rows", [[], saving(hour_ago()), losing(time.time() - 2.1 * SPAN_SECONDS)])
def test_nothing_is_suspended_without_a_reason(tmp_path: Path, rows: list[Entry]) -> None:
    """Not where nothing was treated, where something is saved, or where it was long ago."""
    with books(tmp_path, *rows) as engine:
        assert look(engine) == []
        assert Suspensions(engine).rows() == []


def test_it_is_done_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By a process of its own, which the configuration leads to the books; and logged once, as a warning."""
    with books(tmp_path, *losing(hour_ago())) as engine, caplog.at_level(logging.WARNING):
        with judging(engine, command(tmp_path / "penstock.yaml")):
            assert soon(Suspensions(engine), 20)
            time.sleep(0.5)
        rows = Suspensions(engine).rows()
    assert [one.level for one in rows] == [LEVEL]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", announced(rows[0]))]


def test_it_is_done_when_asked_and_where_something_is_new(tmp_path: Path) -> None:
    """Not before its time, not where nothing was treated lately, and not twice for the same exchanges."""
    ran = tmp_path / "ran"
    call = [sys.executable, "-c", f"open({str(ran)!r}, 'x')"]
    with books(tmp_path, *losing(time.time() - 3 * SPAN_SECONDS)) as engine:
        with judging(engine, call):
            assert not soon(ran, 0.4)
        with judging(engine, call, first=3600, period=3600) as judge:
            Ledger(engine).append(saving(hour_ago(), "new"))
            assert not soon(ran, 0.4)
            judge.now()
            assert soon(ran)
        ran.unlink()
        with judging(engine, call):
            assert soon(ran)
            time.sleep(0.3)
            ran.unlink()
            assert not soon(ran, 0.5)
            Ledger(engine).append(saving(hour_ago(), "newer"))
            assert soon(ran)


def test_a_gateway_that_ends_does_not_wait_for_it(tmp_path: Path) -> None:
    """However long the books are, and nothing goes on behind its back."""
    begun = tmp_path / "begun"
    script = (
        f"import os, time; open({str(begun)!r} + '.new', 'w').write(str(os.getpid()));"
        f"os.rename({str(begun)!r} + '.new', {str(begun)!r}); time.sleep(60)"
    )
    with books(tmp_path, *losing(hour_ago())) as engine:
        with judging(engine, [sys.executable, "-c", script]):
            assert soon(begun)
            ending = time.monotonic()
        assert time.monotonic() - ending < 30
        assert not Path(f"/proc/{begun.read_text()}").exists()


def test_what_cannot_be_judged_is_said_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A configuration that is broken for a while, say: the last line of what the process said, and the next time."""
    config = tmp_path / "penstock.yaml"
    with books(tmp_path, *losing(hour_ago())) as engine, caplog.at_level(logging.WARNING):
        right = config.read_text()
        config.write_text("lisen: 1\n")
        with judging(engine, command(config)):
            ends = time.monotonic() + 30
            while not caplog.messages and time.monotonic() < ends:
                time.sleep(0.02)
            config.write_text(right)
            assert soon(Suspensions(engine), 20)
    assert "could not be judged, it will be tried again: " in caplog.messages[0]
    assert "lisen" in caplog.messages[0]


def test_the_start_moves_once_in_ninety_days() -> None:
    """All looks in between are looks at one and the same measurement."""
    day = 86_400
    starts = [judged_since(1_800_000_000 + number * day) for number in range(180)]
    assert len(set(starts)) <= 3
    ages = [1_800_000_000 + number * day - start for number, start in enumerate(starts)]
    assert min(ages) >= SPAN_SECONDS
    assert max(ages) <= 2 * SPAN_SECONDS


def test_a_models_name_cannot_write_into_the_log(tmp_path: Path) -> None:
    """It comes from clients: it stays in its line, and the command is safe to paste."""
    name = "m\n2026 ERROR forged; rm -rf x"
    with books(tmp_path, *losing(hour_ago(), model=name)) as engine:
        line = announced(look(engine)[0])
    assert "\n" not in line
    assert line.endswith("penstock savings resume alice 'm·2026 ERROR forged; rm -rf x' full")
