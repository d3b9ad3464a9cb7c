"""How often something is found where nothing is: Python's library, our own sources, lock files, hashes, images."""

import base64
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.secret_examples import text, uuid
from tests.support.secret_rules import find

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[4]

FOR_EACH = 100_000
"""Letters: at most one finding for so many."""


def rate(texts: Iterator[str]) -> tuple[float, int]:
    """Findings for each 100,000 letters, and the letters."""
    size = found = 0
    for each in texts:
        size += len(each)
        found += len({(one.start, one.end) for one in find(each)})
    return found * FOR_EACH / size, size


def test_the_standard_library() -> None:
    """Ordinary code, 2 findings in 5 MB: both are passwords in examples of how to log in."""
    library = Path(sysconfig.get_paths()["stdlib"])
    files = (path for path in sorted(library.rglob("*.py")) if not {"site-packages", "test", "lib2to3"} & {*path.parts})
    share, size = rate(path.read_text("utf-8", "replace") for path in files)
    assert size > 3_000_000
    assert share <= 0.1


def test_the_sources_of_the_gateway_and_its_pages() -> None:
    """Code about keys and tokens, which never holds one. The rules' own tables are full of forms, and left out."""
    files = [*(PROJECT / "src").rglob("*.py"), *(PROJECT / "docs").rglob("*.md"), *(PROJECT / "src").rglob("*.toml")]
    others = (path for path in files if "secrets" not in path.relative_to(PROJECT).parts and path.name != "secrets.md")
    share, size = rate(path.read_text() for path in others)
    assert size > 1_000_000
    assert share <= 0.2


def test_lock_files() -> None:
    """Hashes beside names."""
    share, size = rate(path.read_text() for path in (PROJECT / "requirements").glob("*.lock"))
    assert size > 50_000
    assert share == 0


def made_lines(dice: Random) -> Iterator[str]:
    """What random letters stand in without being secret, a line each."""

    def made(alphabet: str, count: int) -> str:
        return text(dice, alphabet, count)

    def packed(count: int) -> str:
        return base64.b64encode(dice.randbytes(count)).decode()

    while True:
        yield f'      "integrity": "sha512-{packed(64)}",'
        yield f"golang.org/x/{made('lower', 6)} v0.{dice.randrange(90)}.0 h1:{packed(32)}"
        yield f"    --hash=sha256:{made('hex', 64)} \\"
        yield f"commit {made('hex', 40)}"
        yield f"  id: {uuid(dice)}"
        yield f'{{ url = "https://files.example/{made("hex", 60)}/x.whl", hash = "sha256:{made("hex", 64)}" }}'
        yield f'<img src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA{packed(900)}">'
        yield base64.encodebytes(dice.randbytes(300)).decode()
        yield f'"signature": "{packed(400)}", "encrypted_content": "gAAAAAB{made("url", 300)}"'
        yield f'"id": "msg_01{made("base62", 22)}", "call_id": "call_{made("base62", 24)}"'
        yield f".{made('lower', 5)}-{made('url', 5)}{{color:#{made('hex', 6)};background:url(x.{made('hex', 8)}.png)}}"
        yield f'ETag: "{made("hex", 32)}"\nx-request-id: req_{made("base62", 24)}'


@pytest.mark.parametrize("seed", range(3))
def test_hashes_ids_and_images(seed: int) -> None:
    """Random letters of every alphabet, a megabyte each time."""
    lines = made_lines(Random(seed))
    made, size = [], 0
    while size < 1_000_000:
        made.append(next(lines))
        size += len(made[-1])
    share, _ = rate(iter(["\n".join(made)]))
    assert share <= 0.2
