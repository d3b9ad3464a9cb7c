"""Where a stream stood when it ended: its own endings are found, talk of them is none, and a picture costs little."""

import re
import time

import pytest

from penstock.wire.trail import Trail

ENDINGS = (b'"message_stop"', b"event: error", b'"type":"error"', b"data: [DONE]")
PICTURE = b'event: image\ndata: {"type":"image","data":"' + b"A" * 4_000_000 + b'"}\n\n'


@pytest.mark.parametrize(
    ("frames", "ended"),
    [
        (b'event: message_stop\ndata: {"type":"message_stop"}\n\n', True),
        (b"event: message_stop\r\ndata: {}\r\n\r\n", True),
        (b'data: {"type" :  "message_stop"}\n\n', True),
        (b'data: {"text":"Say \\"message_stop\\", or message_stop."}\n\n', False),
        (b'data: {"text":"event: message_stop\\n"}\n\n', False),
        (b'data: {"text":"message_stop"}\n\ndata: {"type":"message_stop"}\n\n', True),
        (b'data: {"text":"data: [DONE]"}\n\n', False),
        (b'data: {"text":"data: [DONE]"}\n\ndata: [DONE]\n\n', True),
        (b"event: error\ndata: {}\n\n", True),
        (b"event: message_stopped\n\n", False),
    ],
)
@pytest.mark.parametrize("before", [b"", b": x\n\n", PICTURE], ids=["alone", "after a comment", "after a picture"])
def test_an_ending_is_the_streams_own_words(before: bytes, frames: bytes, *, ended: bool) -> None:
    """Wherever it stands, in one piece with what came before or in its own."""
    together, apart = Trail(ENDINGS), Trail(ENDINGS)
    together.add(before + frames)
    apart.add(before)
    apart.add(frames)
    assert (together.ended(), apart.ended()) == (ended, ended)


@pytest.mark.parametrize("beside", [b"", b'data: {"text":"\\"message_stop\\""}\n\n'], ids=["no word", "a word"])
def test_a_picture_in_an_event_is_no_work(beside: bytes) -> None:
    """It takes far less than a pattern would, which holds all other streams up for half a second at ten megabytes."""
    trail, pattern = Trail(ENDINGS), re.compile(rb'"type"\s*:\s*"x"|[\r\n]event: x')

    def looked() -> float:
        began = time.process_time()
        trail.add(beside + PICTURE)
        assert not trail.ended()
        return time.process_time() - began

    def searched() -> float:
        began = time.process_time()
        assert pattern.search(beside + PICTURE) is None
        return time.process_time() - began

    assert min(looked() for _ in range(5)) < min(searched() for _ in range(5)) / 2
