"""Models that the pages tell a reader to use have a price, so that nobody's first table of usage says "unpriced"."""

import re
from fnmatch import fnmatchcase

from penstock.catalog.catalog import shipped
from tests.docs.pages import ROOT, blocks

UNPRICED = {
    "llama3.3": "a model on one's own machine, which nobody charges",
    "llama-guard-3": "a judge on one's own machine",
    "qwen3": "a model on one's own machine, with its own row in the example",
}
"""Names in blocks of code that the catalog does not price, and why each is there all the same."""

_FAMILY = re.compile(
    r"(?<![\w.-])(?:claude-(?=[a-z]*-?\d|fable|haiku|opus|sonnet)|gpt-(?=\d)|gemini-(?=\d)|o(?=\d-))(?![\w.*-]*\\)[\w.*-]+"
)
_FIELD = re.compile(r"""\bmodel["']?\s*[:=]\s*["']?([a-z][\w./*-]+)|\s(?:-m|--model)[ =]["']?([a-z][\w./*-]+)""")


def named(code: str) -> set[str]:
    """Names of models in a block: of families that are known, and what stands with a digit where a model does."""
    fields = {name for match in _FIELD.findall(code) for name in match if re.search(r"\d", name)}
    return {name.rstrip(".-") for name in fields | set(_FAMILY.findall(code))}


def is_priced(name: str) -> bool:
    """A name, or a pattern that means at least one model with a price."""
    if "*" in name:
        return any(fnmatchcase(model.name, name) for model in shipped().models)
    return shipped().find(name) is not None


def unpriced() -> dict[str, str]:
    """Every name without a price, and where it stands last."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    every = [block for page in pages for block in blocks(str(page.relative_to(ROOT)))]
    return {
        name: block.place
        for block in every
        for name in named(block.code + (block.printed or ""))
        if not is_priced(name)
    }


def test_models_that_pages_name_are_priced() -> None:
    """Or stand above, with the reason."""
    found = unpriced()
    assert {name: place for name, place in found.items() if name not in UNPRICED} == {}
    assert sorted(UNPRICED) == sorted(found)


def test_names_of_models_are_seen() -> None:
    """In a body, a program, a setting, an option and a pattern."""
    assert named('{"model":"claude-sonnet-5-5+cut=3"}') == {"claude-sonnet-5-5"}
    assert named('model="gpt-9",\nmodel: "mine-2"') == {"gpt-9", "mine-2"}
    assert named("codex exec -m gpt-9 --model 'claude-haiku-*'") == {"gpt-9", "claude-haiku-*"}
    assert named("/v1beta/models/gemini-9-flash:generateContent?key=claude-cli") == {"gemini-9-flash"}
