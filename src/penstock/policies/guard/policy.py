"""Holds what goes through the gateway to the operator's content policies, as far as that can be decided here and now.

Behind ``permit`` and before everything that changes or costs: it sees the caller's own words. Of the answer it sees
what the client would. It keeps no word of either, and tells a caller what kind of thing was met, never the thing.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.cut import Cut
from penstock.core.dialect import Dialect
from penstock.core.equipment import Equipment
from penstock.core.exchange import Exchange, Visit
from penstock.core.fault import FaultError
from penstock.core.finding import Matter
from penstock.core.generations import Generations
from penstock.core.legible import NotReadableError
from penstock.core.policy import Look, WantedWhole
from penstock.core.rerouting import reroute
from penstock.core.route import Body, Route
from penstock.core.ruling import Action, Destination, Ruling, Side, refusal
from penstock.core.text import Line, Splice, Walking
from penstock.policies.guard import request
from penstock.policies.guard.answers import Heard, Undo
from penstock.policies.guard.blocks import MOST_REMEMBERED, BlockVerdict, counted, strictest, verdict
from penstock.policies.guard.checks import WordCheck, word_checks
from penstock.policies.guard.request import Contents, Raised
from penstock.policies.guard.rules import ContentPolicy
from penstock.policies.guard.spoken import CANARY, spoken_checks

Models = Callable[[Exchange], Iterable[str]]
"""Every model that a request names, in its path or in its body outside of what was said."""

_CANARY = b"CANARY-"

AT_ONCE = 64 * 1024
"""Bytes of a request that are new and are looked at on the spot; with more, others are served meanwhile."""
LARGE = 1024 * 1024
"""Bytes of a request that comes apart while others are served."""

Met = Mapping[int, tuple[int, str]]
"""The checks that were met, by their places: how often, and in which kind of words first."""
Splices = Mapping[int, Sequence[Splice]]
"""What is put into blocks, by their places."""


class HeldKey(msgspec.Struct, frozen=True):
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
    def reads_uploads(self) -> bool:
        """Whether a form or a file matters: for its words, or as a file of requests for its tools."""
        return self.reads_words or any(policy.tools or policy.mcp for policy in self.policies)

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
        self._memory: Generations[BlockVerdict] = Generations(MOST_REMEMBERED)
        self.worked_out = 0
        """Verdicts that were not known from before."""
        self._holders: dict[str, HeldKey] = {}
        """As many as there are keys."""

    def concerns(self, route: Route) -> bool:
        """All of them, where there is any policy: which operations are allowed is asked on every route."""
        del route
        return bool(self._policies)

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Refuse, change or send elsewhere what the policies say; FaultError 400 with words for the caller."""
        if self._takes_long(exchange):
            return await asyncio.to_thread(self.rule, exchange)
        return self.rule(exchange)

    def look(self, exchange: Exchange) -> Look | None:
        """An upload is held where any policy has to know what it says. What outgrows that can't be read."""
        held = self._held(exchange)
        if held is None or not held.reads_uploads or not self._carries(exchange):
            return None
        return WantedWhole() if self._walking(exchange).reads(exchange.match, exchange.head) else None

    def _takes_long(self, exchange: Exchange) -> bool:
        """Much of a request has not been looked at before, or all of it is so long that nobody knows yet."""
        held, document = self._held(exchange), exchange.document
        if held is None or document is None or not held.reads_words or len(document.plain) <= AT_ONCE:
            return False
        if len(document.plain) > LARGE:
            return True
        if not self._carries(exchange):
            return False
        try:
            found = document.cut(self._walking(exchange), exchange.match, exchange.head)
        except NotReadableError:
            return False
        salt = _salt(held, exchange)
        new = (
            block.end - block.start
            for block, name in zip(found.blocks, found.names, strict=True)
            if self._memory.get(salt + name) is None
        )
        return sum(new) > AT_ONCE

    def _walking(self, exchange: Exchange) -> Walking:
        return self._dialects[exchange.match.route.dialect].walking

    def _carries(self, exchange: Exchange) -> bool:
        return self._walking(exchange).carries(exchange.match.route.operation)

    def _held(self, exchange: Exchange) -> HeldKey | None:
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
        contents, met, masks = self._read(exchange, held)
        raised = [
            (policy, one)
            for number, policy in enumerate(held.policies)
            for one in _raised(policy, contents, held.checks_of(number), met)
            if one.action is not Action.ALLOW
        ]
        self._act(exchange, raised, masks)
        checks = [(policy, one) for policy in held.policies for one in spoken_checks(policy, held.key, contents.tokens)]
        if not checks or exchange.head.method == "HEAD":
            return None
        return Heard(exchange, self._dialects[exchange.match.route.dialect].hearing, checks, self._undo)

    # --- reading ----------------------------------------------------------------------------------------------

    def _read(self, exchange: Exchange, held: HeldKey) -> tuple[Contents, Met, Splices]:
        route, document = exchange.match.route, exchange.document
        contents = Contents(
            operations=(route.operation, f"{route.dialect}.{route.operation}"),
            models=tuple(self._models(exchange)) if any(policy.models for policy in held.policies) else (),
            size=exchange.bytes_in,
            equipment=self._equipment(exchange, held),
        )
        if not held.reads_words or not self._carries(exchange):
            return contents, {}, {}
        if document is None:
            return msgspec.structs.replace(contents, readable=route.body is Body.NONE), {}, {}
        try:
            found = document.cut(self._walking(exchange), exchange.match, exchange.head)
            verdicts = self._verdicts(exchange, held, found)
            tokens = self._tokens(exchange, found) if held.canary else frozenset()
        except NotReadableError:
            return msgspec.structs.replace(contents, readable=False), {}, {}
        met, sorts, largest = counted(verdicts)
        masks = {place: one.splices for place, one in enumerate(verdicts) if one.splices}
        return msgspec.structs.replace(contents, sorts=sorts, largest=largest, tokens=tokens), met, masks

    def _equipment(self, exchange: Exchange, held: HeldKey) -> Equipment | None:
        document, match = exchange.document, exchange.match
        wanted = any(policy.tools or policy.mcp or policy.size for policy in held.policies)
        if not wanted or document is None or not document.plain.strip():
            return Equipment()
        if not self._walking(exchange).reads(match, exchange.head):
            return self._dialects[match.route.dialect].equipping.equipment(match, document.plain)
        if not self._carries(exchange):
            return Equipment()
        try:
            found = document.cut(self._walking(exchange), match, exchange.head)
        except NotReadableError:
            return None
        # A file of requests may declare tools line by line; which ones, nobody has looked.
        return None if any(block.line is Line.TOOLS for block in found.blocks) else Equipment()

    def _verdicts(self, exchange: Exchange, held: HeldKey, found: Cut) -> list[BlockVerdict]:
        """What is known of each block, or found out now."""
        walking, salt, verdicts = self._walking(exchange), _salt(held, exchange), []
        for block, name in zip(found.blocks, found.names, strict=True):
            known = self._memory.get(salt + name)
            if known is None:
                piece = found.piece(block)
                known = verdict(walking.texts(exchange.match, block, piece), piece, held.checks, held.masking)
                self.worked_out += 1
                self._memory.keep(salt + name, known)
            verdicts.append(known)
        return verdicts

    def _tokens(self, exchange: Exchange, found: Cut) -> frozenset[str]:
        if _CANARY not in found.body:
            return frozenset()
        walking, tokens = self._walking(exchange), set[str]()
        for block in found.blocks:
            piece = found.piece(block)
            if _CANARY in piece:
                texts = walking.texts(exchange.match, block, piece).texts
                system = (text.value for text in texts if text.matter is Matter.SYSTEM)
                tokens.update(token for value in system for token in CANARY.findall(value))
        return frozenset(tokens)

    # --- doing ------------------------------------------------------------------------------------------------

    def _act(self, exchange: Exchange, raised: Sequence[tuple[ContentPolicy, Raised]], masks: Splices) -> None:
        exchange.rulings += tuple(_ruling(policy, one) for policy, one in raised)
        doing = [(policy, one) for policy, one in raised if policy.enforced]
        action = strictest(one.action for _, one in doing)
        policy, first = next(((policy, one) for policy, one in doing if one.action is action), (None, None))
        if policy is None or first is None:
            return
        if action is Action.BLOCK:
            raise FaultError(refusal(policy.name, first.what, policy.contact))
        document = exchange.document
        if masks and document is not None:
            found = document.cut(self._walking(exchange), exchange.match, exchange.head)
            exchange.document = document.decoded().changed(lambda body: found.masked(body, masks))
        if action is Action.ROUTE and policy.route_to is not None:
            destination = Destination(*policy.route_to, policy.name)
            reroute(exchange, self._dialects[exchange.match.route.dialect].equipping, destination)


def _held(key: KeyProfile, policies: Iterable[ContentPolicy]) -> HeldKey:
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
    return HeldKey(key, mine, tuple(checks), tuple(masking), tuple(ranges), _hash(said))


def _hash(said: object) -> bytes:
    return blake2b(msgspec.json.encode(said), digest_size=32).digest()


def _salt(held: HeldKey, exchange: Exchange) -> bytes:
    """What decides a verdict beside the block itself."""
    return held.version + exchange.match.route.dialect.encode()


def _raised(
    policy: ContentPolicy,
    contents: Contents,
    checks: Sequence[tuple[int, WordCheck]],
    met: Met,
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
