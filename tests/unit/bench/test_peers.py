"""A peer is installed once, and anew when its lock is another; one that can't be had is named and leaves nothing."""

import sys
from pathlib import Path

import pytest

from bench.peers import KNOWN, Peer, bring, run
from bench.rows import LITELLM, PEERS, PORTKEY


def peer(folder: Path, script: str) -> Peer:
    """One that a line of Python installs."""
    (folder / "lock").write_text("1.0")

    def install(home: Path) -> None:
        home.mkdir()
        run(sys.executable, "-c", script, cwd=home)

    return Peer("some", (folder / "lock",), install, Path("program"))


def test_it_is_installed_when_it_is_missing_or_another(tmp_path: Path) -> None:
    """And left as it is otherwise."""
    some, peers = peer(tmp_path, "open('program', 'x')"), tmp_path / "peers"
    assert bring(some, peers).startswith("some: installed into ")
    assert bring(some, peers) == "some: there"
    (tmp_path / "lock").write_text("1.1")
    assert bring(some, peers).startswith("some: installed into ")
    (peers / "some" / "program").unlink()
    assert bring(some, peers).startswith("some: installed into ")


def test_one_that_cannot_be_had_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    """The bench would else start half of it."""
    said = bring(peer(tmp_path, "open('program', 'x'); raise SystemExit('no such version')"), tmp_path / "peers")
    assert said.startswith("some: skipped, ")
    assert said.endswith("failed: no such version")
    assert not list((tmp_path / "peers").iterdir())


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_it_is_installed_where_the_bench_looks(known: Peer) -> None:
    """By a lock that is there."""
    assert PEERS / known.name / known.program == {"litellm": LITELLM, "portkey": PORTKEY}[known.name]
    assert all(path.is_file() for path in known.inputs)
