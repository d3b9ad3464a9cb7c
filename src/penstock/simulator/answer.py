"""A composed answer, in one vocabulary for all dialects: ``compose`` makes it, the voices spell it. Values only."""

from enum import Enum

import msgspec


class Source(msgspec.Struct, frozen=True):
    """A page that a web search found."""

    url: str
    title: str
    excerpt: str


class Thought(msgspec.Struct, frozen=True):
    """Thinking before the answer."""

    text: str


class Speech(msgspec.Struct, frozen=True):
    """Words for the user; ``source`` where they cite a page."""

    text: str
    source: Source | None = None


class Call(msgspec.Struct, frozen=True):
    """A tool to be run by the client. ``arguments`` as a model would write them: nearly always a JSON object."""

    name: str
    arguments: str
    group: str = ""
    free_text: bool = False


class Search(msgspec.Struct, frozen=True):
    """A web search that the provider ran itself."""

    query: str
    found: tuple[Source, ...]


Piece = Thought | Speech | Call | Search


class Finish(Enum):
    """Why the answer ends."""

    END = "end"
    LENGTH = "length"
    STOP = "stop"
    TOOLS = "tools"
    REFUSAL = "refusal"
    PAUSE = "pause"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to say, why it ends, and what it weighs. ``output_tokens`` includes ``thinking_tokens``."""

    pieces: tuple[Piece, ...]
    finish: Finish
    stop: str | None = None
    """The stop sequence that was met."""
    output_tokens: int = 0
    thinking_tokens: int = 0

    @property
    def searches(self) -> int:
        """How many web searches were run."""
        return sum(isinstance(piece, Search) for piece in self.pieces)

    @property
    def text(self) -> str:
        """All words for the user."""
        return "".join(piece.text for piece in self.pieces if isinstance(piece, Speech))


REFUSAL_WORDS = "I would rather not: this refusal was asked for, and the simulator is obliging."
