"""Looks at one answer before its client does: at a whole one at once, at a stream event by event.

Of a stream, events are held only while the words in them may become something that is to be blocked; a block ends the
stream in its dialect's own way where the client stood, and the provider is left. Nothing is changed, and no word kept.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import Fault, FaultError
from penstock.core.head import first, passes_apart
from penstock.core.hearing import Hearing, Kind, Listening, Said
from penstock.core.ruling import Action, Ruling, Side, refusal
from penstock.policies.guard.rules import ContentPolicy
from penstock.policies.guard.spoken import SpokenCheck

MOST_HELD = 256 * 1024
"""Bytes of events that are held back; beyond it they go out."""

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""

_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")

Asked = tuple[ContentPolicy, SpokenCheck]


class Heard(Visit):
    """One answer."""

    holds = True
    rewrites = True

    def __init__(self, exchange: Exchange, hearing: Hearing, checks: Sequence[Asked], undo: Undo) -> None:
        self._exchange = exchange
        self._hearing = hearing
        self._checks = checks
        self._undo = undo
        self._window = max(check.window for _, check in checks)
        self._listening: Listening | None = None
        self._standing: object = None
        """Where the stream stood when the client was last given something."""
        self._lanes: dict[str, str] = {}
        """The end of what was said in each."""
        self._open: set[str] = set()
        """Lanes whose end may become something to block."""
        self._kept: list[bytes] = []
        self._size = 0
        self._met: set[tuple[int, str]] = set()
        self._cut = False

    async def answered(self, answer: Answer) -> Answer:
        """The answer as it is, or FaultError 400 in its place."""
        if not 200 <= answer.status < 300 or _passes_as_events(answer):
            return answer
        plain = self._undo(answer).body
        # Of a stream that could not be taken apart on its way, a compressed one say, all is here.
        events = answer.events or plain.startswith((b"data:", b"event:"))
        listening, match = self._hearing.listening, self._exchange.match
        said = _joined(listening(match).frames(plain)) if events else self._hearing.whole(match, plain)
        if said is None:
            said = [Said("", Kind.TEXT, plain.decode("utf-8", "replace"))]
        fault = self._ask([msgspec.structs.replace(one, ends=True) for one in said])
        if fault is not None:
            raise FaultError(fault)
        return answer

    def rewrite(self, frames: bytes) -> bytes:
        """The events that may go out by now; FaultError where one must not."""
        if self._cut:
            return b""
        if self._listening is None:
            self._listening = self._hearing.listening(self._exchange.match)
            self._standing = self._listening.standing()
        out: list[bytes] = []
        for event in _apart(frames):
            fault = self._ask(self._said(self._listening, event))
            if fault is not None:
                raise self._ended(fault, b"".join(out))
            self._kept.append(event)
            self._size += len(event)
            if not self._open or self._size > MOST_HELD:
                self._standing = self._listening.standing()
                out.append(self._released())
        return b"".join(out)

    def _said(self, listening: Listening, event: bytes) -> Sequence[Said]:
        # Among events it is none, but clients that asked for no stream read it all the same.
        is_json = event.lstrip()[:1] in {b"{", b"["}
        return (self._hearing.whole(self._exchange.match, event) if is_json else listening.frames(event)) or ()

    def flush(self) -> bytes:
        """What was held, unless it is to be blocked after all: a stream may stop in the middle of a word."""
        fault = self._ask([Said(lane, Kind.TEXT, "", ends=True) for lane in list(self._lanes)]) if self._kept else None
        if fault is not None:
            raise self._ended(fault, b"")
        return self._released()

    def _ended(self, fault: Fault, before: bytes) -> FaultError:
        """What could go out before goes out; without an ending of its own the dialect's error follows."""
        self._cut, self._kept = True, []
        ending = self._hearing.cut(self._exchange.match, self._standing, fault, self._exchange.id)
        return FaultError(msgspec.structs.replace(fault, before=before, ending=ending))

    def _released(self) -> bytes:
        frames, self._kept, self._size = b"".join(self._kept), [], 0
        return frames

    def _ask(self, said: Sequence[Said]) -> Fault | None:
        """Put all checks to these words; the fault of the first that blocks."""
        fault = None
        for one in said:
            before = self._lanes.get(one.lane, "")
            text = before + one.words
            if not text:
                continue
            for number, (policy, check) in enumerate(self._checks):
                known = (number, one.lane) in self._met
                if not known and check.met(text, len(before), ended=one.ends):
                    self._met.add((number, one.lane))
                    fault = fault or self._note(policy, check, one)
            self._lanes[one.lane] = text[-self._window :]
            self._open.discard(one.lane)
            if one.ends:
                self._lanes.pop(one.lane, None)
            elif any(_blocks(*asked) and asked[1].begins(text) for asked in self._checks):
                self._open.add(one.lane)
        return fault

    def _note(self, policy: ContentPolicy, check: SpokenCheck, said: Said) -> Fault | None:
        exchange, place = self._exchange, said.kind.value
        ruling = Ruling(policy.name, policy.version, check.name, check.action, Side.ANSWER, 1, policy.enforced, place)
        alike = [one for one in exchange.rulings if one == msgspec.structs.replace(ruling, count=one.count)]
        if alike:
            exchange.rulings = tuple(one for one in exchange.rulings if one not in alike)
            ruling = msgspec.structs.replace(ruling, count=alike[0].count + 1)
        exchange.rulings += (ruling,)
        if not _blocks(policy, check):
            return None
        return refusal(policy.name, check.what, policy.contact, Side.ANSWER)


def _passes_as_events(answer: Answer) -> bool:
    """It is a stream whose events are rewritten one by one."""
    return answer.events and passes_apart(answer.status, first(answer.headers, b"content-encoding"))


def _joined(said: Sequence[Said]) -> list[Said]:
    """What was said piece by piece, lane by lane."""
    lanes: dict[str, Said] = {}
    for one in said:
        before = lanes.get(one.lane)
        lanes[one.lane] = one if before is None else msgspec.structs.replace(before, words=before.words + one.words)
    return list(lanes.values())


def _apart(frames: bytes) -> list[bytes]:
    """Whole events, each by itself: nearly always it is one."""
    ends = [found.end() for found in _EVENT_END.finditer(frames)]
    if len(ends) < 2:
        return [frames]
    if ends[-1] < len(frames):
        ends.append(len(frames))
    return [frames[start:end] for start, end in pairwise((0, *ends))]


def _blocks(policy: ContentPolicy, check: SpokenCheck) -> bool:
    return policy.enforced and check.action is Action.BLOCK
