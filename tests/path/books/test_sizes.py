"""How much of an answer went to the client stands in the books, whoever looks into the answer on its way."""

import contextlib
import sqlite3
from pathlib import Path

from tests.path.books.scene import configuration
from tests.support.client import ask
from tests.support.gateway import Gateway
from tests.support.provider import CUT, Pause, Provider, Received, Scripted, json_answer, stream_answer

BODY = b'{"input_tokens":"' + b"1" * 50_000
OPERATIONS = {
    "messages.create": "/v1/messages",
    "messages.count_tokens": "/v1/messages/count_tokens",
    "files.upload": "/v1/files",
}


def slowly(_: Received) -> Scripted:
    """An answer in pieces, so that they pass one by one."""
    return Scripted(200, json_answer(b"").headers, (BODY, Pause(0.03), b"2" * 50_000, Pause(0.03), b'"}'))


def test_the_bytes_that_went_out_are_counted(tmp_path: Path) -> None:
    """Also of an operation whose answers tell no usage."""
    lengths = {}
    with Provider(slowly) as provider, Gateway(configuration(provider), tmp_path) as gateway:
        for name, target in OPERATIONS.items():
            got = ask(gateway, target, b'{"model":"m"}', {"anthropic-version": "2023-06-01"})
            lengths[name] = len(got.body)
        gateway.stop()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "penstock.db")) as database:
        found = dict(database.execute("SELECT operation, bytes_out FROM entries"))
    assert found == lengths
    assert set(lengths.values()) == {len(BODY) + 50_002}


def cut(_: Received) -> Scripted:
    """A stream whose provider leaves it in the middle of a frame."""
    whole = b'event: ping\ndata: {"type": "ping"}\n\n'
    return stream_answer(whole, Pause(0.03), b"event: ping\nda", Pause(0.03), CUT)


def test_the_gateways_own_ending_of_a_stream_is_counted_and_the_torn_frame_is_not(tmp_path: Path) -> None:
    """What the client got, byte for byte."""
    with Provider(cut) as provider, Gateway(configuration(provider), tmp_path) as gateway:
        got = ask(gateway, "/v1/messages", b'{"model":"m","stream":true}', {"anthropic-version": "2023-06-01"})
        gateway.stop()
    assert b"event: error" in got.body
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "penstock.db")) as database:
        assert database.execute("SELECT bytes_out, outcome FROM entries").fetchall() == [(len(got.body), "failed")]
