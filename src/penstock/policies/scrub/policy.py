"""Keeps private values in the house: tokens go out in their places, and the values come back in the answer.

It sees the request when all that could be added to it from the house's own documents is in it, and before anything
that asks somebody else about it. What it can't look through it refuses, unless the rules say otherwise; what it can't
restore stays a token. It knows places and offsets, no wire format.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.document import NotReadableError
from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import FaultKind, refuse
from penstock.core.mask import Masks
from penstock.core.policy import Look, Visit
from penstock.core.restoring import Lanes, Restoring
from penstock.core.route import Body, Match, Route
from penstock.core.scrubbed import Count, Scrubbed
from penstock.core.text import Block, Line, Reading, Walking, spliced
from penstock.policies.scrub.known import Known, Value
from penstock.policies.scrub.masking import looked_through
from penstock.policies.scrub.memory import Memory, Seen
from penstock.policies.scrub.minting import Mint
from penstock.policies.scrub.rules import Action, Back, Rules
from penstock.policies.scrub.uploads import Held, refuse_unread

AT_ONCE = 64 * 1024
"""Bytes of a request that are new and are looked through on the spot; with more, others are served meanwhile."""

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""


class Scrub:
    """One installation's scrubbing."""

    def __init__(
        self,
        walking: Mapping[str, Walking],
        restoring: Mapping[str, Restoring],
        rules_of: Callable[[KeyProfile], Rules | None],
        secret: bytes,
        undo: Undo,
        clock: Callable[[], float],
        most_seconds: float,
    ) -> None:
        """``rules_of``: what holds for a key, or None. ``most_seconds``: how long one request may be looked through, by
        ``clock``."""
        self._walking = walking
        self._restoring = restoring
        self._rules_of = rules_of
        self._secret = secret
        self._undo = undo
        self._clock = clock
        self._most = most_seconds
        self._memory = Memory()
        self._holders: dict[str, tuple[KeyProfile, _Holder | None]] = {}
        """As many as there are keys."""

    def concerns(self, route: Route) -> bool:
        """Operations whose requests carry words."""
        return route.body is not Body.NONE and self._walking[route.dialect].carries(route.operation)

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Mask what the key's rules say; FaultError for what must not go out, or can't be looked through."""
        key = None if exchange.caller is None else exchange.caller.key
        if key is not None and not self._knows(key):
            # The first one of them loads the rules.
            await asyncio.to_thread(self._learn, key)
        holder = self._holder(exchange)
        if holder is None or not self.concerns(exchange.match.route):
            return None
        work = self._begun(exchange, holder)
        if work is None:
            return None
        if not work.go_on(AT_ONCE):
            await asyncio.to_thread(work.go_on, None)
        return self._done(exchange, holder.rules, work)

    def look(self, exchange: Exchange) -> Look | None:
        """A look at an upload that can be looked through once it is held."""
        holder, match = self._holder(exchange), exchange.match
        if holder is None or not self.concerns(match.route):
            return None
        reads = self._walking[match.route.dialect].reads(match, exchange.head)
        return Held(holder.rules) if reads else None

    def mask(self, exchange: Exchange) -> Masks | None:
        """The same on the spot, for whoever only wants to know what would go out."""
        holder = self._holder(exchange)
        if holder is None or not self.concerns(exchange.match.route):
            return None
        work = self._begun(exchange, holder)
        if work is None:
            return None
        work.go_on(None)
        visit = self._done(exchange, holder.rules, work)
        return None if visit is None else visit.masks

    def _knows(self, key: KeyProfile) -> bool:
        found = self._holders.get(key.id)
        return found is not None and found[0] is key

    def _learn(self, key: KeyProfile) -> None:
        rules = self._rules_of(key)
        holder = None if rules is None else _Holder(key.tenant, rules, Mint(self._secret, key.tenant))
        self._holders[key.id] = key, holder

    def _holder(self, exchange: Exchange) -> "_Holder | None":
        if exchange.caller is None:
            return None
        key = exchange.caller.key
        if not self._knows(key):
            self._learn(key)
        return self._holders[key.id][1]

    def _begun(self, exchange: Exchange, holder: "_Holder") -> "_Work | None":
        document, match, rules = exchange.document, exchange.match, holder.rules
        if document is None:
            refuse_unread(exchange, rules)
            return None
        if not document.plain.strip():
            return None
        walking = self._walking[match.route.dialect]
        upload = walking.reads(match, exchange.head)
        passes = upload and rules.unreadable is Action.ALLOW
        try:
            if upload:
                blocks = walking.uploaded(match, exchange.head, document.plain)
            else:
                blocks = walking.blocks(match, document.plain)
        except NotReadableError as error:
            if passes:
                return None
            raise _unreadable(str(error)) from None
        until = self._clock() + self._most
        late: Callable[[], bool] = lambda: self._clock() > until  # noqa: E731 - one of many arguments
        return _Work(walking, match, document.plain, blocks, holder, self._memory, late, passes=passes)

    def _done(self, exchange: Exchange, rules: Rules, work: "_Work") -> "_Restored | None":
        document = exchange.document
        exchange.scrubbed = Scrubbed(work.counts(), rules.version)
        if not work.edited or document is None:
            return None
        exchange.document = document.decoded().changed(work.masked)
        masks = work.masks(rules)
        restoring = self._restoring[exchange.match.route.dialect]
        return _Restored(exchange.match, restoring, masks, self._undo, stream=exchange.facts.stream)


def _unreadable(why: str) -> Exception:
    return refuse(FaultKind.MALFORMED, f"The request can't be looked through for private values: {why}.")


class _Holder(msgspec.Struct, frozen=True):
    """What holds for a key."""

    tenant: str
    rules: Rules
    mint: Mint


class _Work:
    """One request on its way through: block after block, each after what was learnt in those before it."""

    def __init__(
        self,
        walking: Walking,
        match: Match,
        body: bytes,
        blocks: Sequence[Block],
        holder: _Holder,
        memory: Memory,
        late: Callable[[], bool],
        *,
        passes: bool = False,
    ) -> None:
        """``passes``: what can't be read goes out as it is."""
        self._walking = walking
        self._match = match
        self._body = body
        self._blocks = blocks
        self._holder = holder
        self._memory = memory
        self._late = late
        self._passes = passes
        self._known: dict[tuple[int, Line], Known] = {}
        self._seen: list[tuple[Block, Seen]] = []
        self._salt = f"{holder.rules.version}\0{holder.tenant}\0{match.route.dialect}".encode()

    def go_on(self, most: int | None) -> bool:
        """Look through the blocks that follow, as long as no more bytes of them are new; whether that was all."""
        for block in self._blocks[len(self._seen) :]:
            known = self._line(block)
            piece = self._body[block.start : block.end]
            name = hashlib.blake2b(self._salt + block.kind.encode() + b"\0" + known.digest + piece, digest_size=16)
            seen = self._memory.get(name.digest())
            if seen is None:
                if most is not None:
                    most -= len(piece)
                    if most < 0:
                        return False
                seen = self._look(block, piece, known)
                self._memory.keep(name.digest(), seen)
            for value in seen.learnt:
                known.learn(value)
            self._seen.append((block, seen))
        return True

    def _line(self, block: Block) -> Known:
        """What is known when a block is reached: of its line, and of the system text that stands before all lines."""
        name = block.group, block.line
        known = self._known.get(name)
        if known is None:
            known = Known(self._known.get((block.group, Line.HEAD)))
            if block.line is not Line.APART:
                self._known[name] = known
        return known

    def _look(self, block: Block, piece: bytes, known: Known) -> Seen:
        if self._late():
            raise refuse(FaultKind.TOO_LARGE, "There is more new text in this request than can be looked through.")
        try:
            reading = self._walking.texts(self._match, block, piece)
        except NotReadableError as error:
            if not self._passes:
                raise _unreadable(str(error)) from None
            reading = Reading()
        return looked_through(piece, reading, known, self._holder.rules, self._holder.mint)

    @property
    def edited(self) -> bool:
        """Something of the body is to be masked."""
        return any(seen.splices for _, seen in self._seen)

    def masked(self, body: bytes) -> bytes:
        """The body with what stands in place of what was found; also one whose values stand at the same places."""
        return spliced(
            body,
            sorted(
                (block.start + start, block.start + end, put)
                for block, seen in self._seen
                for start, end, put in seen.splices
            ),
        )

    def counts(self) -> tuple[Count, ...]:
        """What was found."""
        numbers: Counter[tuple[str, str, str]] = Counter()
        for _, seen in self._seen:
            for count in seen.counts:
                numbers[count.kind, count.place, count.action] += count.number
        return tuple(Count(*what, number) for what, number in sorted(numbers.items()))

    def masks(self, rules: Rules) -> Masks:
        """What may come back."""
        anywhere: dict[str, str] = {}
        tools: dict[str, str] = {}
        numbers: dict[str, str] = {}
        for value in self._values():
            kind = rules.kinds[value.kind]
            if kind.action is Action.REDACT or kind.back is Back.NEVER:
                continue
            back = anywhere if kind.back is Back.ALWAYS else tools
            (numbers if value.number else back)[value.token] = value.value
        return Masks(anywhere, tools=tools, numbers=numbers)

    def _values(self) -> Sequence[Value]:
        return [value for _, seen in self._seen for value in seen.values]


class _Restored(Visit):
    rewrites = True

    def __init__(self, match: Match, restoring: Restoring, masks: Masks, undo: Undo, *, stream: bool) -> None:
        self.masks = masks
        self.holds = not stream
        """A stream's first frames wait for nothing."""
        self._match = match
        self._restoring = restoring
        self._undo = undo
        self._lanes: Lanes | None = None

    async def answered(self, answer: Answer) -> Answer:
        """A whole answer with its values."""
        answer = self._undo(answer)
        body = self._restoring.whole(self._match, answer.body, self.masks)
        headers = tuple(header for header in answer.headers if header[0] != b"content-length")
        return Answer(answer.status, headers, body)

    def rewrite(self, frames: bytes) -> bytes:
        """A stream's frames with their values."""
        if self._lanes is None:
            self._lanes = self._restoring.lanes(self._match, self.masks)
        return self._lanes.frames(frames)

    def flush(self) -> bytes:
        """What is held back, when nothing more comes."""
        return b"" if self._lanes is None else self._lanes.rest()

    def leave(self, exchange: Exchange) -> None:
        """Tell what became of the tokens."""
        scrubbed, masks = exchange.scrubbed, self.masks
        if scrubbed is not None:
            exchange.scrubbed = msgspec.structs.replace(
                scrubbed,
                restored=masks.restored,
                unresolved=masks.unresolved,
                miscopied=masks.miscopied,
                altered=masks.altered,
            )
