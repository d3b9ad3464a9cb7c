"""Configuration files of many programs: what is secret in them is found, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from tests.support.secret_rules import find

FILES: dict[str, str] = tomllib.loads((Path(__file__).parent / "files.toml").read_text())


def unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and where the marked values stand."""
    plain, spans, start = "", [], 0
    for each in text:
        if each == "«":
            start = len(plain)
        elif each == "»":
            spans.append((start, len(plain)))
        else:
            plain += each
    return plain, spans


@pytest.mark.parametrize("name", FILES)
def test_the_secrets_of_a_file_are_found_and_nothing_else(name: str) -> None:
    """Each marked value is covered by what is found together, and each finding touches a marked value."""
    text, spans = unmarked(FILES[name])
    found = find(text)
    covered = {place for each in found for place in range(each.start, each.end)}
    assert [text[start:end] for start, end in spans if not covered >= set(range(start, end))] == []
    assert [
        text[each.start : each.end]
        for each in found
        if not any(each.start < end and start < each.end for start, end in spans)
    ] == []
