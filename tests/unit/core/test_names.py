"""A noun of ``core`` means one thing in the whole house. A ratchet: exemptions only ever go."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "src" / "penstock"
CLASS = re.compile(r"^class (?P<name>[A-Z]\w*)(?P<bases>.*)", re.MULTILINE)

# Their files are commands, which nobody imports from.
EXEMPT = frozenset({"Found", "Line", "Report", "Terms", "Whose"})


def classes(folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Each public class's name, its file, and whether it is a protocol."""
    for path in sorted(folder.rglob("*.py")):
        for found in CLASS.finditer(path.read_text()):
            yield found["name"], path.relative_to(SOURCE).as_posix(), "Protocol" in found["bases"]


def test_two_nouns_of_core_have_two_names() -> None:
    """Whoever reads one knows which is meant, whatever the file."""
    named = defaultdict(list)
    for name, path, _ in classes(SOURCE / "core"):
        named[name].append(path)
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


def test_no_other_room_has_a_noun_of_core_for_something_else() -> None:
    """What fulfils a protocol may have its name. The simulator is the other side of the wire, with nouns of its own."""
    nouns = {name for name, _, protocol in classes(SOURCE / "core") if not protocol}
    taken = defaultdict(list)
    for name, path, _ in classes(SOURCE):
        if name in nouns and not path.startswith(("core/", "simulator/")):
            taken[name].append(path)
    assert {name: paths for name, paths in taken.items() if name not in EXEMPT} == {}
    assert set(taken) == EXEMPT, "exemptions that are no longer needed"
