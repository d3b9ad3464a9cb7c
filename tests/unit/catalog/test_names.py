"""Which row a name means, and what is never taken for another."""

import pytest

from penstock.catalog.catalog import shipped

FOUND = [
    ("claude-sonnet-4-5", "claude-sonnet-4-5"),
    ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
    ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
    ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
    ("gpt-4o-2024-08-06", "gpt-4o"),
    ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
    ("gpt-5-nano-2025-08-07", "gpt-5-nano"),
    ("models/gemini-2.5-flash", "gemini-2.5-flash"),
    ("publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
    ("text-embedding-ada-002-v2", "text-embedding-ada-002"),
    ("davinci:2023-07-21-v2", "davinci-002"),
]

NOT_FOUND = [
    "", "gpt", "gpt-4o-", "gpt-4o-mini-", "gpt-5-nano-latest", "gpt-4oo", "GPT-4o", "gpt-4o ", "gpt-4o-2024-13-06",
    "gpt-4o-20240806-2024", "gpt-4o-2024-0806", "2024-08-06", "claude-sonnet", "claude-sonet-4-5",
    "claude-sonnet-4-5-20251345", "anthropic/claude-sonnet-4.5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "openai/gpt-4o", "gemini-2.5", "models/models/gemini-2.5-flash", "gpt-4o" * 100, "gpt-4o\n",
]  # fmt: skip


@pytest.mark.parametrize(("name", "row"), FOUND)
def test_a_name_means_one_row(name: str, row: str) -> None:
    """By its own spelling, an alias, or as a dated snapshot of its family."""
    found = shipped().find(name)
    assert found is not None
    assert found.name == row


@pytest.mark.parametrize("name", NOT_FOUND)
def test_a_likeness_is_no_match(name: str) -> None:
    """A price of a model that is only like it would be a wrong price."""
    assert shipped().find(name) is None
