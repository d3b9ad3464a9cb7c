"""The pages that a reader follows, and the code blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

GUIDES = sorted(path for folder in ("guides", "concepts") for path in (ROOT / "docs" / folder).glob("*.md"))
PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/tutorial.md",
    *(str(path.relative_to(ROOT)) for path in GUIDES),
)

RUNS = ("bash", "python", "typescript", "yaml", "toml")
"""What runs, or is loaded. ``output`` is what the block before it prints; ``text`` is a picture."""

LANGUAGES = (*RUNS, "output", "text")

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\S+\.(?:ya?ml|toml|py))\n")


@dataclass(frozen=True)
class Block:
    """One fenced block, and what the page says that it prints."""

    page: str
    line: int
    language: str
    code: str
    printed: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that the block is, by its first line: ``# penstock.yaml``."""
        found = _FILE.match(self.code)
        return found and found[1]


def blocks(page: str) -> list[Block]:
    """All blocks of a page, in order; an ``output`` belongs to the block before it."""
    text = (ROOT / page).read_text()
    found: list[Block] = []
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        if fence[1] == "output":
            before = found.pop()
            found.append(Block(before.page, before.line, before.language, before.code, fence[2]))
        else:
            found.append(Block(page, line, fence[1], fence[2]))
    return found


EVERY = [block for page in PAGES for block in blocks(page)]
