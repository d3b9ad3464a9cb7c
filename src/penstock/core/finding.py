"""Private values in a text, as whoever looks for them tells them: where, of what kind, by which rule.

The contract between those who find (``detection``, services over HTTP) and those who act on it (``policies``). A
finding never holds the value itself, so that it can be logged, counted and shown.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Protocol, TypeVar

import msgspec


class Matter(Enum):
    """What kind of words a text is. Names are looked for in prose alone; keys and code are full of look-alikes."""

    SYSTEM = "system"
    """The client's instructions."""
    USER = "user"
    ASSISTANT = "assistant"
    """What the model said before."""
    INPUT = "tool-input"
    """A leaf of what the model gave a tool."""
    RESULT = "tool-result"
    """What a tool gave back: files, pages, listings."""
    DOCUMENT = "document"
    """What somebody attached: documents, search results, texts to embed."""
    DEFINITION = "tool-definition"
    """A tool's description, and texts of its schema."""
    NAME = "name"
    """The name of a member in a JSON object, of a tool's input for instance."""
    IDENTIFIER = "identifier"
    """Says who asks: ``metadata.user_id``, ``user``, ``name``."""
    CREDENTIAL = "credential"
    """Given to the provider for its own use: the address of an MCP server, and the key for it."""
    OTHER = "other"
    """Stop sequences, predictions, prompts for images."""

    @property
    def prose(self) -> bool:
        """People's sentences are likely here."""
        return self in _PROSE


_PROSE = frozenset({Matter.SYSTEM, Matter.USER, Matter.ASSISTANT, Matter.RESULT, Matter.DOCUMENT, Matter.OTHER})


class Found(msgspec.Struct, frozen=True, order=True, gc=False):
    """One private value: ``text[start:end]``, in characters of the text as it was given."""

    start: int
    end: int
    kind: str
    """What it is: ``email``, ``card``, ``secret``, or a kind of the operator's own."""
    rule: str
    """What found it, such as ``secret.github-token`` or ``card.luhn``: for people who ask why."""


Pause = Callable[[], None]
"""Called every few milliseconds by what takes long. It may raise, and so end it."""


def unhurried() -> None:
    """The pause of those who let it take as long as it takes."""


T = TypeVar("T")


def paced(things: Iterable[T], pause: Pause) -> Iterator[T]:
    """The same things, with a pause before each few dozens of them."""
    for number, thing in enumerate(things):
        if not number % 64:
            pause()
        yield thing


class Detector(Protocol):
    """Finds private values. Pure: the same text and matter give the same findings while its ``version`` is the same; it
    remembers nothing of earlier texts."""

    @property
    def version(self) -> str:
        """A hash of all that decides what is found: rules, lists, patterns, settings."""

    def find(self, text: str, matter: Matter, pause: Pause = unhurried) -> Sequence[Found]:
        """What is private in the text: in order, none overlapping another, none empty. Takes time linear in the text,
        whatever the text is. Between two pauses other threads are never kept waiting for long."""
