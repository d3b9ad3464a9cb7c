"""Every code block of the README, the tutorial, the guides and the concepts does what its page says.

Blocks of a page run in order, as a reader would run them (``reader``). What a page shows under ``output`` is what the
block before it prints; ``…`` there stands for whatever changes from run to run.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.docs.pages import EVERY, LANGUAGES, PAGES, ROOT, RUNS, Block
from tests.docs.reader import Reader, reading

PICTURES = {
    "README.md": 1,
    "ARCHITECTURE.md": 3,
    "docs/guides/deploying.md": 3,
    "docs/guides/operating.md": 1,
    "docs/concepts/limits.md": 1,
}
"""How many blocks of a page may be there only to be looked at. It may shrink."""


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Reader]]:
    """The reader of a page, one for all its blocks."""
    readers: dict[str, Reader] = {}
    with ExitStack() as held:

        def of(page: str) -> Reader:
            if page not in readers:
                readers[page] = held.enter_context(reading(page, tmp_path_factory.mktemp("page")))
            return readers[page]

        yield of


@pytest.mark.timeout(400)
@pytest.mark.parametrize("block", [block for block in EVERY if block.language in RUNS], ids=lambda block: block.place)
def test_a_block_works(block: Block, reader: Callable[[str], Reader]) -> None:
    """It ends well, and prints what the page shows."""
    page = reader(block.page)
    done = page.result(block)
    if done.skipped:
        pytest.skip(done.skipped)
    assert done.code == 0, f"{block.place}:\n{done.out}\n{done.err}"
    if block.printed is not None:
        as_shown = re.search(pattern(page.addressed(block.printed)), done.out.rstrip()) is not None
        assert as_shown, f"{block.place} prints:\n{done.out}"


def pattern(printed: str) -> str:
    """What an output must look like: all of it, but for ``…`` and white space at the ends of lines."""
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    parts = [r"[ \t]*\n".join(map(re.escape, part.split("\n"))) for part in "\n".join(lines).split("…")]
    return r"(?s)\A" + ".*?".join(parts) + r"\Z"


def test_every_fence_is_of_a_kind_that_is_known() -> None:
    """A block in another language, or indented, would never be run."""
    assert {block.place: block.language for block in EVERY if block.language not in LANGUAGES} == {}
    indented = re.compile(r"^[ \t]+```", re.MULTILINE)
    assert [page for page in PAGES if indented.search((ROOT / page).read_text())] == []


def test_few_blocks_are_only_looked_at() -> None:
    """What can run, runs."""
    assert Counter(block.page for block in EVERY if block.language == "text") <= Counter(PICTURES)
