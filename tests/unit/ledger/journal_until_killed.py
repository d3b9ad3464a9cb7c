"""A process of its own that keeps the books as fast as it can, says what it has done, and never ends by itself.

Each word on standard output is written after the call that it tells of has returned: ``o12`` opened, ``c12`` closed.
"""

import os
import sys
from collections import deque
from pathlib import Path

from penstock.ledger.journal import Journal
from penstock.ledger.writer import Writer
from penstock.stores.database import open_database
from penstock.stores.ledger import Ledger
from tests.support.books import entry, opened

UNDER_WAY = 5


def main(folder: Path, writing: bool) -> None:
    """Some exchanges are always under way, one for as long as the process lives."""
    journal = Journal(folder / "journal", segment_bytes=32 * 1024)
    if writing:
        Writer(journal, Ledger(open_database(folder / "penstock.db")), period=0.01).__enter__()
    journal.opened(opened("long"))
    os.write(1, b"olong ")
    under_way: deque[int] = deque()
    for number in range(sys.maxsize):
        journal.opened(opened(number))
        os.write(1, b"o%d " % number)
        under_way.append(number)
        if len(under_way) > UNDER_WAY:
            first = under_way.popleft()
            journal.closed(entry(first))
            os.write(1, b"c%d " % first)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "writing")
