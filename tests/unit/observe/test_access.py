"""Lines of the access log: what they say, what they never hold, and where they go."""

import asyncio
import json
from pathlib import Path

import pytest
from msgspec import structs

from penstock.core.entry import Entry
from penstock.observe.access import PIECE, AccessLog, human_line, json_line
from tests.unit.observe.test_metrics import ENTRY, OPENED


def with_model(name: str) -> Entry:
    return structs.replace(ENTRY, opened=structs.replace(OPENED, model=name))


def test_a_line_for_people() -> None:
    """Time, status, who, what, where to, how long, how much."""
    assert human_line(ENTRY) == (
        "1970-01-01T00:00:01.000Z 200 served laptop anthropic:messages.create claude-a -> main 0.500s "
        "517+43 tokens $1.250000 id"
    )
    refused = structs.replace(ENTRY, outcome="refused", status=429, fault="rate_limited", blame="client")
    assert " 429 refused " in human_line(refused)
    assert "(rate_limited, client)" in human_line(refused)


def test_a_line_for_programs() -> None:
    """Every part by its name, counters that are 0 left out."""
    line = json.loads(json_line(ENTRY))
    assert line["time"] == "1970-01-01T00:00:01.000Z"
    assert line["usage"] == {"input": 10, "cache_write_5m": 7, "cache_read": 500, "output": 40, "reasoning": 3}
    assert (line["status"], line["cost"], line["served"]) == (200, 1_250_000, "claude-a-1")
    assert json.loads(json_line(structs.replace(ENTRY, cost=None)))["cost"] is None


@pytest.mark.parametrize("name", ["a\nb", "a\r\n200", "\x1b[2J", "a\u202eb", "a\u2028b", "a\x85b", "a\ud800b", "a\x00"])
def test_no_name_can_end_a_line_or_move_the_cursor(name: str) -> None:
    """What a client calls its model stays on its line and is shown as what it is."""
    for line in (human_line(with_model(name)), json_line(with_model(name))):
        assert line.isprintable()
    if "\ud800" not in name:
        assert json.loads(json_line(with_model(name)))["model"] == name


def test_lines_go_to_the_file_that_has_the_name(tmp_path: Path) -> None:
    """A file that is moved away gets no more lines once the log is told, and none is lost on the way."""
    path, moved = tmp_path / "access.log", tmp_path / "access.log.1"

    async def run() -> None:
        log = AccessLog("json", str(path))
        for number in range(300):
            log.closed(structs.replace(ENTRY, status=number))
        await asyncio.sleep(0.3)
        assert len(path.read_text().splitlines()) == 300
        path.rename(moved)
        log.reopen()
        log.closed(structs.replace(ENTRY, status=300))
        log.close()

    asyncio.run(run())
    lines = [*moved.read_text().splitlines(), *path.read_text().splitlines()]
    assert [json.loads(line)["status"] for line in lines] == list(range(301))
    assert [json.loads(line)["status"] for line in path.read_text().splitlines()] == [300]
    assert max(len(line) for line in lines) < PIECE
