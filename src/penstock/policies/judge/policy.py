"""Puts what is new in a request to the judges of the policies that hold for its key, and acts on what they say.

They are asked while the provider already answers; the answer waits for them, a stream before its first byte. A text is
judged once for a tenant: a turn costs a question about what is new in it, and a conversation that comes again none.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.dialect import Dialect
from penstock.core.equipment import Equipping
from penstock.core.exchange import Answer, Exchange, Outcome, Visit
from penstock.core.fault import FaultError
from penstock.core.generations import Generations
from penstock.core.legible import NotReadableError
from penstock.core.policy import Look, WantedWhole
from penstock.core.rerouting import reroute
from penstock.core.route import Body, Reply, Route
from penstock.core.ruling import Action, Destination, Ruling, Side, refusal
from penstock.policies.judge.forms import Judgement
from penstock.policies.judge.rules import Judging

MOST_REMEMBERED = 8192
"""Blocks of each generation."""
MOST_TEXT = 60_000
"""Characters that one question holds; a longer text takes several."""
LARGE = 1024 * 1024
"""Bytes of a request that comes apart while others are served."""
MOST_QUESTIONS = 8
"""What would take more gets no verdict."""

Ask = Callable[[Judging, str], Awaitable[Judgement | None]]
"""Asks a judge about a text; None or a FaultError where no verdict comes."""


class Judge:
    """One installation's judges: those that are local, or all others."""

    def __init__(self, judges: Sequence[Judging], dialects: Mapping[str, Dialect], ask: Ask, *, local: bool) -> None:
        self._judges = [judging for judging in judges if judging.rule.local is local]
        self._dialects = dialects
        self._ask = ask
        self._known: Generations[Judgement] = Generations(MOST_REMEMBERED)

    def concerns(self, route: Route) -> bool:
        """Operations whose requests hold words, where there is any judge."""
        words = route.body is not Body.NONE and self._dialects[route.dialect].walking.carries(route.operation)
        return bool(self._judges) and words

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Ask; FaultError 400 where a judge that is to be asked first, or has been asked before, says no."""
        caller = exchange.caller
        if caller is None or not self.concerns(exchange.match.route):
            return None
        mine = [judging for judging in self._judges if judging.bound.holds(caller.key)]
        asked: list[_Asked] = []
        visit = _Judged(exchange, asked, self._dialects[exchange.match.route.dialect].equipping)
        try:
            for judging in (one for one in mine if one.rule.action is not Action.ALLOW):
                one = await self._begun(exchange, caller.key, judging)
                asked.append(one)
            visit.holds = any(one.task is not None and not one.watches for one in asked)
            early = exchange.match.route.reply is Reply.BYTES
            at_once = [one for one in asked if one.judging.rule.first or early]
            await visit.decide([*(one for one in asked if one.task is None), *at_once])
        except BaseException:
            visit.leave(exchange)
            raise
        return visit if asked else None

    def look(self, exchange: Exchange) -> Look | None:
        """An upload is held where any judge is asked about it. One that outgrows that gets no verdict."""
        caller, match = exchange.caller, exchange.match
        if caller is None or not self.concerns(match.route):
            return None
        mine = any(judging.bound.holds(caller.key) for judging in self._judges)
        reads = mine and self._dialects[match.route.dialect].walking.reads(match, exchange.head)
        return WantedWhole() if reads else None

    async def _begun(self, exchange: Exchange, key: KeyProfile, judging: Judging) -> "_Asked":
        large = exchange.document is not None and len(exchange.document.plain) > LARGE
        try:
            if large:
                found = await asyncio.to_thread(self._blocks, exchange, judging, key.tenant)
            else:
                found = self._blocks(exchange, judging, key.tenant)
        except NotReadableError:
            return _Asked(judging, None, None)
        if found is None:
            return _Asked(judging, None, None)
        verdict, fresh = found
        verdict = verdict or self._known.get(_together(fresh))
        if verdict is not None or not fresh:
            return _Asked(judging, None, verdict or Judgement(violates=False))
        return _Asked(judging, asyncio.create_task(self._answer(judging, fresh)), None)

    def _blocks(
        self, exchange: Exchange, judging: Judging, tenant: str
    ) -> tuple[Judgement | None, list[tuple[bytes, str]]] | None:
        """What is known of a block that is objected to, and the words of those that nothing is known of; None where the
        request can't be read."""
        document, match = exchange.document, exchange.match
        if document is None:
            return None
        walking, objected, fresh = self._dialects[match.route.dialect].walking, None, []
        found = document.cut(walking, match, exchange.head)
        salt = judging.mark + f"{tenant} {match.route.dialect} ".encode()
        for block, name in zip(found.blocks, found.names, strict=True):
            known = self._known.get(salt + name)
            if known is not None:
                objected = objected or (known if known.violates else None)
                continue
            texts = walking.texts(match, block, found.piece(block)).texts
            said = [text.value for text in texts if text.matter in judging.rule.where and text.value.strip()]
            if said:
                fresh.append((salt + name, "\n\n".join(said)))
            else:
                self._known.keep(salt + name, Judgement(violates=False))
        return objected, fresh

    async def _answer(self, judging: Judging, fresh: Sequence[tuple[bytes, str]]) -> Judgement | None:
        text = "\n\n".join(text for _, text in fresh)
        pieces = [text[place : place + MOST_TEXT] for place in range(0, len(text), MOST_TEXT)]
        if len(pieces) > MOST_QUESTIONS:
            return None
        verdict = None
        try:
            async with asyncio.timeout(judging.rule.seconds):
                for piece in pieces:
                    verdict = await self._ask(judging, piece)
                    if verdict is None or verdict.violates:
                        break
        except (FaultError, TimeoutError):
            return None
        if verdict is not None:
            # Of several that were judged together nobody knows which it was.
            for mark in [_together(fresh)] if verdict.violates else [mark for mark, _ in fresh]:
                self._known.keep(mark, verdict)
        return verdict


def _together(fresh: Sequence[tuple[bytes, str]]) -> bytes:
    """What several texts are remembered by, asked about at once."""
    return blake2b(b"".join(mark for mark, _ in fresh), digest_size=20).digest() if len(fresh) != 1 else fresh[0][0]


class _Asked(msgspec.Struct):
    """A judge, and what it has said, or is about to say."""

    judging: Judging
    task: asyncio.Task[Judgement | None] | None
    verdict: Judgement | None
    told: bool = False

    @property
    def watches(self) -> bool:
        """It changes nothing, so nothing waits for it."""
        return not self.judging.enforced


class _Judged(Visit):
    """An exchange that judges have been asked about."""

    def __init__(self, exchange: Exchange, asked: Sequence[_Asked], equipping: Equipping) -> None:
        self.asked = asked
        self._exchange = exchange
        self._equipping = equipping

    async def answered(self, answer: Answer) -> Answer:
        """The answer, once the judges have spoken; FaultError 400 where one says no."""
        await self.decide([one for one in self.asked if not one.watches])
        return answer

    async def decide(self, asked: Sequence[_Asked]) -> None:
        """Wait for these, and act on what they say."""
        for one in asked:
            if not one.told:
                if one.task is not None:
                    one.verdict = await one.task
                self._tell(one)

    def leave(self, exchange: Exchange) -> None:
        """Note what those have said that nobody waited for; nobody waits any longer."""
        for one in self.asked:
            if one.told:
                continue
            if one.task is not None and not one.task.done():
                one.task.cancel()
            elif one.task is not None and not one.task.cancelled():
                one.verdict = one.task.result()
            if one.watches and exchange.outcome is not Outcome.REFUSED:
                self._note(one)

    def _tell(self, one: _Asked) -> None:
        action, words = self._note(one)
        if one.judging.enforced and action is Action.BLOCK:
            raise FaultError(refusal(one.judging.policy, words, one.judging.contact))
        if one.judging.enforced and action is Action.ROUTE and one.judging.route_to is not None:
            reroute(self._exchange, self._equipping, Destination(*one.judging.route_to, one.judging.policy))

    def _note(self, one: _Asked) -> tuple[Action, str]:
        one.told = True
        judging, verdict = one.judging, one.verdict
        if verdict is not None and not verdict.violates:
            return Action.ALLOW, ""
        check, action, words = f"judges.{judging.rule.name}", judging.rule.action, "its judge says no"
        if verdict is None:
            check, action, words = f"{check}.unavailable", judging.rule.unavailable, "its judge gives no verdict"
        if action is not Action.ALLOW:
            told = Ruling(judging.policy, judging.version, check, action, Side.REQUEST, 1, judging.enforced)
            self._exchange.rulings += (told,)
        return action, words
