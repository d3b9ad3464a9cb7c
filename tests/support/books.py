"""Rows of the books with everything filled in; a test names what matters to it."""

from typing import Any

import msgspec

from penstock.core.entry import Entry, Opened
from penstock.core.usage import Consumption, Share, Source, Usage

AT = 1_795_264_496.25
"""2026-11-21 12:34:56.25 UTC."""

_OPENED = Opened(
    id="",
    at=AT,
    tenant="team:research",
    key="key_1",
    key_name="alice",
    team="research",
    provider="anthropic",
    credential="operator",
    dialect="anthropic",
    operation="messages",
    model="claude",
    stream=True,
    client="claude-cli/2.1.329",
    conversation="c1",
    trace="4bf92f3577b34da6a3ce929d0e0e4736",
    bytes_in=18_234,
)


def opened(name: str | int, **fields: Any) -> Opened:
    """An exchange that has begun."""
    return msgspec.structs.replace(_OPENED, id=str(name), **fields)


def used(
    model: str | None = "claude-1", tier: str = "", source: Source = Source.REPORTED, **counters: Any
) -> Consumption:
    """One model's usage; ten tokens in and five out unless counters are given."""
    return Consumption((Share(model, Usage(**(counters or {"input": 10, "output": 5})), tier),), source)


def entry(name: str | int, **fields: Any) -> Entry:
    """A served exchange; fields of its opening may be given too."""
    beginning = {field: fields.pop(field) for field in list(fields) if field in Opened.__struct_fields__}
    closed = Entry(
        opened=opened(name, **beginning),
        outcome="served",
        status=200,
        fault="",
        blame="",
        consumption=used(),
        price="1",
        cost=105,
        bytes_out=4_321,
        first_byte=0.8125,
        duration=3.25,
        overhead=0.0005,
    )
    return msgspec.structs.replace(closed, **fields)
