"""Sends a made-up question twice, as it is and with words that ask for a terser answer, for somebody to compare.

The calls go the way that requests go: the same connector, proxies, certificates and credential. Two answers are no
measurement; what each used and cost is told, nothing is concluded, and nothing of it is kept.
"""

import asyncio
import time
from urllib.parse import quote

import msgspec

from penstock import routes
from penstock.assembly import bookkeeping, composing
from penstock.config.settings import Settings
from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document, Facts
from penstock.core.exchange import Answer
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.target import Attempt, Origin
from penstock.core.usage import Usage
from penstock.providers.headers import Wording, request_head
from penstock.routing.plan import plan
from penstock.wire.call import Upstream
from penstock.wire.pool import Pool
from penstock.wire.sweep import Sweep

HELD_BYTES = 8 * 1024 * 1024
_CROSSING = Wording(()).crossing
MODELS = {"anthropic": "claude-haiku-4-5", "openai": "gpt-5-mini", "gemini": "gemini-2.5-flash"}
"""Whom a question goes to that names nobody: cheap ones."""


class Question(msgspec.Struct, frozen=True):
    """A request that nobody but the operator asks."""

    dialect: str
    path: str
    body: bytes

    @property
    def head(self) -> RequestHead:
        """As a client would send it."""
        return RequestHead("POST", self.path.encode(), ((b"content-type", b"application/json"),))


class Answered(msgspec.Struct, frozen=True, rename={"cost": "cost_micro_dollars"}):
    """What became of one call."""

    status: int
    text: str
    """What the model says, or what the provider says went wrong."""
    usage: Usage
    cost: int | None
    """At list prices; None: unpriced."""
    seconds: float


def question(dialect: str, model: str, prompt: str, system: str | None) -> Question:
    """A question in a dialect's own words."""
    said = {"role": "user", "content": prompt}
    if dialect == "gemini":
        body: dict[str, object] = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        if system is not None:
            body = {"systemInstruction": {"parts": [{"text": system}]}, **body}
        return Question(
            dialect, f"/gemini/v1beta/models/{quote(model, safe='+=')}:generateContent", msgspec.json.encode(body)
        )
    if dialect == "openai":
        leading = [] if system is None else [{"role": "system", "content": system}]
        body = {"model": model, "messages": [*leading, said]}
        return Question(dialect, "/openai/v1/chat/completions", msgspec.json.encode(body))
    body = {"model": model, "max_tokens": 4096, "messages": [said]}
    if system is not None:
        body = {"model": model, "max_tokens": 4096, "system": system, "messages": [said]}
    return Question(dialect, "/v1/messages", msgspec.json.encode(body))


async def ask_both(
    settings: Settings, asked: Question, terser: bytes, simulator: Origin | None = None
) -> tuple[Answered, Answered]:
    """The answers to the question as it is and to its terser form, asked side by side; FaultError where no call can be
    made."""
    match = routes.match(asked.head)
    dialect = composing.DIALECTS[match.route.dialect]
    table = composing.table(settings, composing.simulators(composing.DIALECTS, simulator))
    facts = dialect.facts(match, _model(asked))
    attempt = plan(table, match, facts, Caller(KeyProfile("try", "try")))[0]
    sweep = Sweep()
    pool = Pool(composing.ways(settings).connector(), sweep)
    upstream = Upstream(pool, sweep, upload_limit=0)
    try:
        calls = (_call(upstream, settings, asked, match, attempt, body) for body in (asked.body, terser))
        plain, shorter = await asyncio.gather(*calls)
        return plain, shorter
    finally:
        pool.close()
        sweep.close()


async def _call(
    upstream: Upstream, settings: Settings, asked: Question, match: Match, attempt: Attempt, body: bytes
) -> Answered:
    dialect, provider = composing.DIALECTS[match.route.dialect], attempt.provider
    head = request_head(asked.head, match.path, attempt, dialect, length=len(body), sieve=_CROSSING)
    began = time.monotonic()
    relay = await upstream.call(None, provider.origin, provider.timeouts, head, body)
    try:
        answer = Answer(relay.response.status, relay.response.headers, await relay.whole(HELD_BYTES))
    finally:
        relay.close()
    seconds = round(time.monotonic() - began, 3)
    tally = dialect.tally(match)
    if tally is None or answer.status != 200:
        return Answered(answer.status, _said(answer.body), Usage(), 0, seconds)
    tally.piece(answer.body)
    consumption = tally.consumed()
    model = dialect.facts(match, _model(asked)).model or ""
    _, cost = bookkeeping.value(composing.catalog(settings), consumption, model, provider)
    return Answered(answer.status, _said(answer.body), consumption.usage, cost, seconds)


def _model(asked: Question) -> Facts:
    return Document(asked.body, asked.body).facts()


class _Part(msgspec.Struct):
    text: str = ""
    thought: bool = False
    """Gemini's: the text is what the model thinks, not what it says."""


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message = msgspec.field(default_factory=_Message)


class _Content(msgspec.Struct):
    parts: list[_Part] = []


class _Candidate(msgspec.Struct):
    content: _Content = msgspec.field(default_factory=_Content)


class _Said(msgspec.Struct):
    content: list[_Part] = []
    choices: list[_Choice] = []
    candidates: list[_Candidate] = []


def _said(body: bytes) -> str:
    """The words of an answer in any dialect; of anything else the first of its characters."""
    try:
        said = msgspec.json.decode(body, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _Said()
    parts = [part.text for part in said.content]
    parts += [choice.message.content or "" for choice in said.choices]
    parts += [part.text for one in said.candidates for part in one.content.parts if not part.thought]
    return "".join(parts) or body[:1000].decode("utf-8", "replace")
