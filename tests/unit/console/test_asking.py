"""Asking a gateway that may not answer: nothing is asked for where nobody answers, and nothing twice."""

import socket
from pathlib import Path

import msgspec
import pytest

from penstock.administering.errors import ActError, UnavailableError
from penstock.administering.keys import CreateKey, NamedKey
from penstock.administering.table import ACTS
from penstock.background.attending import SOCKET
from penstock.console.asking import Asking, NotToldError, SilentError
from penstock.console.problem import KINDS, Problem, error_of, problem_of
from tests.support.gatekeeper import ALIVE, Gatekeeper


def asking(folder: Path, patience: float = 30.0) -> Asking:
    return Asking(folder, ACTS, patience=patience)


def alive_until_asked(said: bytes) -> bytes | None:
    return ALIVE if b"/healthz" in said else None


def test_nobody_is_there(tmp_path: Path) -> None:
    """No socket; one that a killed gateway has left; a path that is too long to be one's."""
    assert not asking(tmp_path).reached()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(str(tmp_path / SOCKET))
    assert not asking(tmp_path).reached()
    assert not asking(tmp_path / ("x" * 120)).reached()


def test_who_is_silent_is_asked_for_nothing(tmp_path: Path) -> None:
    """A gateway that is held still finds no act waiting for it when it goes on."""
    with Gatekeeper(tmp_path) as keeper:
        with pytest.raises(SilentError, match=r"within 0\.2 seconds"):
            asking(tmp_path, 0.2).reached()
        with pytest.raises(SilentError):
            asking(tmp_path, 0.2).do("keys.create", CreateKey(name="twice"))
    assert keeper.heard.count(b"GET /healthz") == 2
    assert b"keys" not in keeper.heard


def test_who_turns_away_is_asked_for_nothing(tmp_path: Path) -> None:
    """As a gateway does whose process for it can't start."""
    with Gatekeeper(tmp_path, lambda said: None) as keeper, pytest.raises(SilentError, match="its log"):
        asking(tmp_path).do("keys.create", CreateKey(name="twice"))
    assert b"keys" not in keeper.heard


def test_what_becomes_of_it_may_not_be_told(tmp_path: Path) -> None:
    """Then it is not asked for again: it may have been done."""
    with Gatekeeper(tmp_path, alive_until_asked) as keeper:
        assert asking(tmp_path).reached()
        with pytest.raises(NotToldError):
            asking(tmp_path).do("keys.create", CreateKey(name="twice"))
    assert keeper.heard.count(b"POST /v1/keys ") == 1


@pytest.mark.parametrize("body", [b'{"unknown":1}', b"<html>", b""])
def test_another_releases_answer_is_said_to_be_one(tmp_path: Path, body: bytes) -> None:
    """In words, whatever it holds."""
    sent = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    with (
        Gatekeeper(tmp_path, lambda said: ALIVE if b"/healthz" in said else sent),
        pytest.raises(UnavailableError, match="release"),
    ):
        asking(tmp_path).do("keys.revoke", NamedKey("one"))


def test_every_mistake_comes_back_as_it_went_out() -> None:
    """By its kind, in its words, about its field."""
    for kind in KINDS:
        for field in ("", "quotas.1"):
            told = error_of(msgspec.json.decode(msgspec.json.encode(problem_of(kind("Words.", field))), type=Problem))
            assert (type(told), told.words, told.field) == (kind, "Words.", field)
    assert set(KINDS) == _below(ActError)


def _below(kind: type) -> set[type]:
    return {one for some in kind.__subclasses__() for one in (some, *_below(some))}
