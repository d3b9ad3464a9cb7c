"""What a request asks, in one vocabulary for all dialects: readers fill it, ``compose`` answers it. Values only."""

from enum import Enum

import msgspec

from penstock.simulator.script import Script
from penstock.simulator.steering import Steering


class Tool(msgspec.Struct, frozen=True):
    """A tool that the client runs. ``schema`` is its arguments' JSON schema, empty for a tool of free text."""

    name: str
    description: str = ""
    schema: bytes = b"{}"
    free_text: bool = False
    group: str = ""
    """The namespace that holds it, where a dialect has such."""
    typed: str = ""
    """A tool that the provider defines (``bash_20250124``); it has no schema in the request."""


class Choice(Enum):
    """Whether a tool may, must or must not be called."""

    AUTO = "auto"
    ANY = "any"
    NONE = "none"


class Result(msgspec.Struct, frozen=True):
    """What a tool gave back."""

    text: str
    failed: bool = False


class Role(Enum):
    """Who speaks in a turn."""

    USER = "user"
    ASSISTANT = "assistant"


class Turn(msgspec.Struct, frozen=True):
    """One turn of the conversation."""

    role: Role
    texts: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    pictures: int = 0
    documents: int = 0


class Tools(msgspec.Struct, frozen=True):
    """The tools of a request and how they may be used."""

    offered: tuple[Tool, ...] = ()
    choice: Choice = Choice.AUTO
    only: tuple[str, ...] = ()
    """Names that the choice is restricted to; empty for all."""
    parallel: bool = True
    search: bool = False
    """The provider's own web search is among them."""


class Shape(msgspec.Struct, frozen=True):
    """An answer that must be JSON; valid for ``schema`` unless that is empty."""

    schema: bytes = b""


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer shall be: what the request says beside the conversation."""

    tools: Tools = Tools()
    shape: Shape | None = None
    thinking: int | None = None
    """The most tokens to think; None for no thinking."""
    limit: int | None = None
    """The most output tokens."""
    stops: tuple[str, ...] = ()


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What to answer."""

    model: str
    words: str
    """What the user asked last."""
    system: str
    steering: Steering
    wishes: Wishes
    script: Script | None
    step: int
    """Assistant turns since the user asked."""
    results: tuple[Result, ...]
    """The tool results that the conversation ends with."""
    pictures: int
    documents: int
