"""What a gateway has done beside itself: now and then, where it is wanted, and not after its end."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.background.chores import PRUNING, Chore, carried_out, command


def waits_for(what: Callable[[], bool]) -> bool:
    """Some seconds at most."""
    until = time.monotonic() + 30
    while not what() and time.monotonic() < until:
        time.sleep(0.02)
    return what()


def test_it_is_done_again_and_again_while_it_is_wanted(tmp_path: Path) -> None:
    """The settings are asked each time: they may change while a gateway runs."""
    seen = tmp_path / "seen"
    wanted = threading.Event()
    write = [sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write('.')", str(seen)]
    chore = Chore(wanted.is_set, write, PRUNING, first=0.05, period=0.05)
    time.sleep(0.3)
    assert not seen.exists()
    wanted.set()
    assert waits_for(lambda: seen.exists() and len(seen.read_text()) >= 2)
    chore.close()
    count = len(seen.read_text())
    time.sleep(0.2)
    assert len(seen.read_text()) == count


def test_trouble_is_told_and_it_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """In the command's own words, made legible."""
    caplog.set_level(logging.WARNING)
    fail = [sys.executable, "-c", "import sys; sys.exit('the disk\\x1b is\\nfull')"]
    chore = Chore(lambda: True, fail, PRUNING, first=0.0, period=0.05)
    assert waits_for(lambda: len(caplog.records) >= 2)
    chore.close()
    words = "old exchanges could not be taken out of the books, it will be tried again: the disk· is full"
    assert caplog.records[0].getMessage() == words


def test_what_is_under_way_ends_with_the_gateway() -> None:
    """Nothing is waited for, and nothing stays behind."""
    ending = threading.Event()
    threading.Timer(0.3, ending.set).start()
    began = time.monotonic()
    assert carried_out([sys.executable, "-c", "import time; time.sleep(60)"], ending) == ""
    assert time.monotonic() - began < 20


def test_a_command_runs_with_the_gateways_configuration() -> None:
    """By the same interpreter."""
    expected = [sys.executable, "-m", "penstock", "db", "prune", "--config", "a.yaml"]
    assert command("db", "prune", config=Path("a.yaml")) == expected
