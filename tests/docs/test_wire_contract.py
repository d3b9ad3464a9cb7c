"""The wire contract has a section for every citation in the code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "wire.md"

_NUMBER = r"\d+(?:\.\d+)?"
# "wire contract 2.9", "wire contract 2.6, 2.7", "wire contract 3.4 and 3.5", also where a comment breaks the line.
_CITED = re.compile(rf"wire[\s#]+contract[\s#]+({_NUMBER}(?:(?:,\s*(?:and\s+)?|\s+and\s+|\s+to\s+)[\s#]*{_NUMBER})*)")


def citations() -> dict[str, str]:
    """Each section that is cited, and a file that cites it."""
    found: dict[str, str] = {}
    for folder in ("src", "tests", "bench", "docs"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for citation in _CITED.findall(path.read_text()):
                for number in re.findall(_NUMBER, citation):
                    found.setdefault(number, str(path.relative_to(ROOT)))
    return found


def test_every_citation_leads_to_a_section() -> None:
    """A comment that cites a wire fact can be followed."""
    headings = set(re.findall(rf"^###? ({_NUMBER})\.? ", PAGE.read_text(), re.MULTILINE))
    cited = citations()
    assert len(cited) > 10
    assert {number: path for number, path in cited.items() if number not in headings} == {}


def test_no_section_is_given_twice() -> None:
    """A number means one thing."""
    numbers = re.findall(rf"^###? ({_NUMBER})\.? ", PAGE.read_text(), re.MULTILINE)
    assert sorted(set(numbers)) == sorted(numbers)
