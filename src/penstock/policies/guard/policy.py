"""Holds what goes through the gateway to the operator's content policies, as far as that can be decided here and now.

Behind ``permit`` and before everything that changes or costs: it sees the caller's own words. Of the answer it sees
what the client would. It keeps no word of either, and tells a caller what kind of thing was met, never the thing.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.dialect import Dialect
from penstock.core.document import Document, NotReadableError
from penstock.core.equipment import Equipment
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError
from penstock.core.finding import Matter
from penstock.core.policy import Visit
from penstock.core.route import Body, Match, Route
from penstock.core.ruling import Action, Destination, Ruling, Side, refusal
from penstock.core.text import Block
from penstock.policies.guard import request
from penstock.policies.guard.answers import Heard, Undo
from penstock.policies.guard.blocks import Memory, Verdict, counted, strictest, verdict
from penstock.policies.guard.checks import WordCheck, word_checks
from penstock.policies.guard.request import Contents, Raised
from penstock.policies.guard.rules import ContentPolicy
from penstock.policies.guard.spoken import CANARY, spoken_checks

Models = Callable[[Exchange], Iterable[str]]
"""Every model that a request names, in its path or in its body outside of what was said."""

_CANARY = b"CANARY-"

AT_ONCE = 64 * 1024
"""Bytes of a request that are new and are looked at on the spot; with more, others are served meanwhile."""


class Held(msgspec.Struct, frozen=True):
    """A key, and the policies that hold for it."""

    key: KeyProfile
    policies: tuple[ContentPolicy, ...]
    checks: tuple[WordCheck, ...]
    """Of all policies together."""
    masking: tuple[bool, ...]
    """Which of the checks may change a request."""
    ranges: tuple[tuple[int, int], ...]
    """Which of the checks are each policy's."""
    version: bytes

    def checks_of(self, number: int) -> list[tuple[int, WordCheck]]:
        """One policy's checks, each with its place among all."""
        start, end = self.ranges[number]
        return [(place, self.checks[place]) for place in range(start, end)]

    @property
    def reads_words(self) -> bool:
        """Whether any policy has to know what a request says."""
        return bool(self.checks) or self.canary or any(policy.attachments is not None for policy in self.policies)

    @property
    def canary(self) -> bool:
        """Whether any policy looks for tokens of the system text."""
        return any(policy.canary is not Action.ALLOW for policy in self.policies)


class Guard:
    """One installation's content policies."""

    def __init__(
        self,
        policies: Sequence[ContentPolicy],
        dialects: Mapping[str, Dialect],
        models: Models,
        undo: Undo,
    ) -> None:
        self._policies = policies
        self._dialects = dialects
        self._models = models
        self._undo = undo
        self.memory = Memory()
        """What is known of blocks that were seen before."""
        self._holders: dict[str, Held] = {}
        """As many as there are keys."""

    def concerns(self, route: Route) -> bool:
        """All of them, where there is any policy: which operations are allowed is asked on every route."""
        del route
        return bool(self._policies)

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Refuse, change or send elsewhere what the policies say; FaultError 400 with words for the caller."""
        if exchange.document is not None and self._new(exchange, exchange.document) > AT_ONCE:
            return await asyncio.to_thread(self.rule, exchange)
        return self.rule(exchange)

    def _new(self, exchange: Exchange, document: Document) -> int:
        """How many bytes of a long request have not been looked at before."""
        held = self._held(exchange)
        if held is None or not held.reads_words or len(document.raw) <= AT_ONCE:
            return 0
        match, body = exchange.match, _body(exchange, document)
        walking, new = self._dialects[match.route.dialect].walking, 0
        if not walking.carries(match.route.operation):
            return 0
        try:
            for block in walking.blocks(match, body):
                piece = body[block.start : block.end]
                if self.memory.recall(self.memory.mark(held.version, match.route.dialect, block, piece)) is None:
                    new += len(piece)
        except NotReadableError:
            return 0
        return new

    def _held(self, exchange: Exchange) -> Held | None:
        """What holds for an exchange's key, if anything does."""
        if exchange.caller is None:
            return None
        key = exchange.caller.key
        held = self._holders.get(key.id)
        if held is None or held.key is not key:
            held = self._holders[key.id] = _held(key, self._policies)
        return held if held.policies else None

    def rule(self, exchange: Exchange) -> Visit | None:
        """The same, for whoever can't wait: there is nothing to wait for."""
        held = self._held(exchange)
        if held is None:
            return None
        contents, met, masked = self._read(exchange, held)
        raised = [
            (policy, one)
            for number, policy in enumerate(held.policies)
            for one in _raised(policy, contents, held.checks_of(number), met)
            if one.action is not Action.ALLOW
        ]
        self._act(exchange, raised, masked)
        checks = [(policy, one) for policy in held.policies for one in spoken_checks(policy, held.key, contents.tokens)]
        if not checks or exchange.head.method == "HEAD":
            return None
        return Heard(exchange, self._dialects[exchange.match.route.dialect].hearing, checks, self._undo)

    # --- reading ----------------------------------------------------------------------------------------------

    def _read(self, exchange: Exchange, held: Held) -> tuple[Contents, Mapping[int, tuple[int, str]], bytes | None]:
        route, document = exchange.match.route, exchange.document
        body = b"" if document is None else _body(exchange, document)
        equipment: Equipment | None = Equipment()
        if document is not None and body and any(policy.tools or policy.mcp or policy.size for policy in held.policies):
            equipment = self._dialects[route.dialect].equipping.equipment(exchange.match, document.plain)
        contents = Contents(
            operations=(route.operation, f"{route.dialect}.{route.operation}"),
            models=tuple(self._models(exchange)) if any(policy.models for policy in held.policies) else (),
            size=exchange.bytes_in,
            equipment=equipment,
        )
        if not held.reads_words or not self._dialects[route.dialect].walking.carries(route.operation):
            return contents, {}, None
        if document is None:
            return msgspec.structs.replace(contents, readable=route.body is Body.NONE), {}, None
        if not body.strip():
            return contents, {}, None
        try:
            verdicts, masked, tokens = self._verdicts(exchange, held, body)
        except NotReadableError:
            return msgspec.structs.replace(contents, readable=False), {}, None
        met, sorts, largest = counted(verdicts)
        return msgspec.structs.replace(contents, sorts=sorts, largest=largest, tokens=tokens), met, masked

    def _verdicts(
        self, exchange: Exchange, held: Held, body: bytes
    ) -> tuple[list[Verdict], bytes | None, frozenset[str]]:
        """What is known of each block, or found out now; the body with its masks, if there are any; the canaries."""
        match, memory = exchange.match, self.memory
        walking = self._dialects[match.route.dialect].walking
        verdicts, parts, last = [], [], 0
        tokens: set[str] = set()
        for block in walking.blocks(match, body):
            piece = body[block.start : block.end]
            mark = memory.mark(held.version, match.route.dialect, block, piece)
            found = memory.recall(mark)
            if found is None:
                found = verdict(walking.texts(match, block, piece), piece, held.checks, held.masking)
                memory.keep(mark, found)
            verdicts.append(found)
            if held.canary and _CANARY in piece:
                tokens.update(self._tokens(match, block, piece))
            if found.masked is not None:
                parts += [body[last : block.start], found.masked]
                last = block.end
        return verdicts, b"".join((*parts, body[last:])) if parts else None, frozenset(tokens)

    def _tokens(self, match: Match, block: Block, piece: bytes) -> Iterator[str]:
        for text in self._dialects[match.route.dialect].walking.texts(match, block, piece).texts:
            if text.matter is Matter.SYSTEM:
                yield from CANARY.findall(text.value)

    # --- doing ------------------------------------------------------------------------------------------------

    def _act(self, exchange: Exchange, raised: Sequence[tuple[ContentPolicy, Raised]], masked: bytes | None) -> None:
        exchange.rulings += tuple(_ruling(policy, one) for policy, one in raised)
        doing = [(policy, one) for policy, one in raised if policy.enforced]
        action = strictest(one.action for _, one in doing)
        policy, first = next(((policy, one) for policy, one in doing if one.action is action), (None, None))
        if policy is None or first is None:
            return
        if action is Action.BLOCK:
            raise FaultError(refusal(policy.name, first.what, policy.contact))
        if masked is not None:
            if exchange.head.get(b"content-encoding") is not None:
                what = "it would change words of a compressed request; send it uncompressed"
                raise FaultError(refusal(policy.name, what, policy.contact))
            exchange.document = Document(masked, masked)
        if action is Action.ROUTE and policy.route_to is not None:
            exchange.destination = Destination(*policy.route_to, policy.name)
            self._rename(exchange, policy.route_to[1])

    def _rename(self, exchange: Exchange, model: str | None) -> None:
        document = exchange.document
        if model is None or document is None:
            return
        match, body = self._dialects[exchange.match.route.dialect].equipping.renamed(
            exchange.match, document.raw, model
        )
        exchange.match = match
        if body is not document.raw:
            exchange.document = Document(body, body)


def _held(key: KeyProfile, policies: Iterable[ContentPolicy]) -> Held:
    mine = tuple(policy for policy in policies if policy.bound.holds(key))
    checks: list[WordCheck] = []
    masking: list[bool] = []
    ranges = []
    for policy in mine:
        found = list(word_checks(policy, key))
        ranges.append((len(checks), len(checks) + len(found)))
        checks += found
        masking += [policy.enforced and check.action is Action.MASK for check in found]
    # Whom a term is spared for is a matter of the key.
    said = [(policy, [spared.bound.holds(key) for row in policy.terms for spared in row.spared]) for policy in mine]
    return Held(key, mine, tuple(checks), tuple(masking), tuple(ranges), _hash(said))


def _hash(said: object) -> bytes:
    return blake2b(msgspec.json.encode(said), digest_size=32).digest()


def _body(exchange: Exchange, document: Document) -> bytes:
    """What can be read, and put back: the very bytes that came, unless they are compressed."""
    return document.plain if exchange.head.get(b"content-encoding") is not None else document.raw


def _raised(
    policy: ContentPolicy,
    contents: Contents,
    checks: Sequence[tuple[int, WordCheck]],
    met: Mapping[int, tuple[int, str]],
) -> Iterable[Raised]:
    yield from request.by_name(policy, contents)
    if not contents.readable and request.reads_words(policy, checks):
        yield Raised("unreadable", policy.unreadable, "its words can't be read on this way in")
        return
    yield from request.by_words(checks, met)
    yield from request.by_attachments(policy, contents)


def _ruling(policy: ContentPolicy, one: Raised) -> Ruling:
    return Ruling(
        policy.name, policy.version, one.check, one.action, Side.REQUEST, one.count, policy.enforced, one.place
    )
