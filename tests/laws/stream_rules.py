"""The hard rules of the stream formats, as pure functions: the bytes of a whole body in, the broken rules out.

They judge what the gateway itself writes: simulator streams, error endings, rewritten frames. What a provider wrote is
relayed even where it breaks them. Every rule has a name and says what clients do when it is broken.
"""

from tests.laws.stream_judges.anthropic import AnthropicJudge
from tests.laws.stream_judges.gemini import GeminiArrayJudge, GeminiJudge
from tests.laws.stream_judges.judge import Broken, Judge
from tests.laws.stream_judges.openai_chat import ChatJudge
from tests.laws.stream_judges.openai_responses import ResponsesJudge

JUDGES: dict[str, type[Judge]] = {
    "anthropic": AnthropicJudge,
    "chat": ChatJudge,
    "responses": ResponsesJudge,
    "gemini": GeminiJudge,
    "gemini-array": GeminiArrayJudge,
}
RULES = {f"{dialect}.{rule}": why for dialect, judge in JUDGES.items() for rule, why in judge.WHY.items()}
"""Every rule as ``dialect.rule``, and why it is one."""


def anthropic_messages(body: bytes) -> list[Broken]:
    """A stream of ``/v1/messages``."""
    return AnthropicJudge().run(body)


def openai_chat(body: bytes, *, usage_asked: bool | None = None) -> list[Broken]:
    """A stream of ``/v1/chat/completions``; ``usage_asked`` None leaves the rules about asking for usage out."""
    return ChatJudge(usage_asked=usage_asked).run(body)


def openai_responses(body: bytes) -> list[Broken]:
    """A stream of ``/v1/responses``."""
    return ResponsesJudge().run(body)


def gemini_events(body: bytes) -> list[Broken]:
    """A stream of ``:streamGenerateContent?alt=sse``."""
    return GeminiJudge().run(body)


def gemini_array(body: bytes) -> list[Broken]:
    """A stream of ``:streamGenerateContent`` without ``alt=sse``: one JSON array."""
    return GeminiArrayJudge().run(body)
