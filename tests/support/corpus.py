"""Recorded traffic of real providers, read from the data folder that PENSTOCK_TEST_DATA names.

Reading only: what is sent where is decided in ``tests/corpus``. Where the folder is absent, tests skip and say so.
"""

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest


class Recorded(msgspec.Struct, frozen=True):
    """One exchange, as its recorder left it. The request body is still JSON text: an object, a string or null."""

    id: str
    protocol: str
    endpoint: str
    provider: str
    method: str
    path: str
    request_body: msgspec.Raw
    status: int
    response_body: str
    sse: bool
    streaming: bool
    capture: str
    fidelity: str
    request_headers: dict[str, str] = {}
    response_headers: dict[str, str] = {}

    @property
    def response_only(self) -> bool:
        """The source kept no request."""
        return self.capture == "response-only"

    @property
    def path_alone(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, without the question mark."""
        return self.path.partition("?")[2]

    def dice(self, purpose: str) -> Random:
        """Chance that falls the same way in every run, and differently for each purpose."""
        return Random(f"{self.id} {purpose}")


def found_folder() -> Path | None:
    """Where the recordings are, if they are anywhere."""
    named = os.environ.get("PENSTOCK_TEST_DATA")
    folder = Path(named or "") / "corpus" / "recorded"
    return folder if named and folder.is_dir() else None


def recorded_folder() -> Path:
    """Where the recordings are; skips the test where they are not."""
    folder = found_folder()
    if folder is None:
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with corpus/recorded in it")
    return folder


def recorded() -> Iterator[Recorded]:
    """Every recorded exchange, file by file in the order of their names."""
    decode = msgspec.json.Decoder(Recorded).decode
    for path in sorted(recorded_folder().glob("*.jsonl*")):
        data = path.read_bytes()
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
            exchange = decode(line)
            # The line is let go: without a copy, each small request body would keep its whole file in memory.
            yield msgspec.structs.replace(exchange, request_body=exchange.request_body.copy())
