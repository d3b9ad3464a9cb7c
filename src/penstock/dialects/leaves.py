"""The words of an answer of any shape: the strings that stand under names which models' words have. Knows no dialect.

For whoever searches all that a client will see: a little too much is better than a little too little, so the names are
those of every dialect together. What a client said itself is not among them, where an answer repeats it.
"""

import codecs
from collections.abc import Iterator

import msgspec

from penstock.core.hearing import Kind, Said
from penstock.core.legible import legible
from penstock.dialects.counting import plainly, read

_TEXT = frozenset(
    {"text", "content", "refusal", "output_text", "transcript", "value", "cited_text", "output", "result", "code",
     "revised_prompt", "stdout", "stderr", "delta", "snippet", "title", "url", "uri"}
)  # fmt: skip
_THINKING = frozenset({"thinking", "reasoning", "reasoning_content", "summary"})
_ARGUMENTS = frozenset({"arguments", "partial_json", "input", "args", "partialArgs"})
MOST_DEEP = 200


def decoded(text: bytes) -> object:
    """The JSON value; None where there is none. Half characters and bytes that are no UTF-8 read as unknown ones, as
    most clients read them, and numbers may be of any size."""
    found = plainly(msgspec.json.decode, text)
    if found is None:
        readable = text.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").encode()
        found = read(msgspec.json.decode, legible(readable))
    return found


def leaves(value: object, lane: str = "", *, ends: bool = True) -> Iterator[Said]:
    """Every word of it, each string a lane of its own below ``lane``."""
    for place, (kind, words) in enumerate(_words(value, None, 0)):
        yield Said(f"{lane}/{place}", kind, words, ends)


def inner(value: object, kind: Kind) -> Iterator[str]:
    """Every string of a value, whatever its names are."""
    for _, words in _words(value, kind, 0):
        yield words


def _words(value: object, kind: Kind | None, deep: int) -> Iterator[tuple[Kind, str]]:
    if isinstance(value, str):
        if kind is not None and value:
            yield kind, value
    elif deep == MOST_DEEP:
        return
    elif isinstance(value, list):
        for one in value:
            yield from _words(one, kind, deep + 1)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _words(one, _kind(name, value, kind), deep + 1)


def _kind(name: str, around: dict[str, object], kind: Kind | None) -> Kind | None:
    if kind is Kind.ARGUMENTS or name in _ARGUMENTS:
        return Kind.ARGUMENTS
    if name in _THINKING or around.get("thought") is True:
        return Kind.THINKING
    if name in _TEXT:
        # Below a list of parts the parts' own names decide; a string is words.
        return kind if kind is Kind.THINKING and name == "text" else Kind.TEXT
    return None
