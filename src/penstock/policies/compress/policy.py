"""Puts words that ask for terser answers into a request, where its conversation was decided so.

Near the innermost policies: it adds the gateway's own fixed words to what will be sent. A decision is taken once for a
conversation and remembered; a request's own wish holds for that request alone. It reads no history, waits for nothing
(a long batch lets others have their turn), and leaves every other byte as it is.
"""

import asyncio
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import FaultError
from penstock.core.policy import Look
from penstock.core.route import Match, Route
from penstock.core.target import Attempt
from penstock.core.terseness import (
    LOWERED,
    Arm,
    Decided,
    Exemption,
    Foreseen,
    Intensity,
    Opening,
    Placement,
    Speaking,
    Terseness,
    Wanted,
)  # fmt: skip
from penstock.policies.compress.continuing import Naming
from penstock.policies.compress.deciding import Beginning, Conditions, is_off
from penstock.policies.compress.memory import Memory
from penstock.policies.compress.reasks import asks_again

COUNTS = frozenset({"messages.count_tokens", "responses.input_tokens", "models.countTokens"})
"""Operations that count what another call would send: they follow the conversation, and never begin one."""

CHATS = frozenset(
    {"messages.create", "chat.completions.create", "responses.create", "models.generateContent",
     "models.streamGenerateContent"}
)  # fmt: skip
"""Operations whose answers say in a header how terse they were to be."""

_STEP_BYTES = 64 * 1024
"""Of many requests in one body, so much is done in one go: a few milliseconds."""
_A_FORM = b"multipart/form-data; boundary=a"
COUNT_ALONE, BEGUN_BEFORE = "count-alone", "begun-before"
_FORMS = frozenset(one.value for one in Exemption)
_SUBSCRIPTION_TOKEN, _SUBSCRIPTION_BETA = "sk-ant-oat", b"oauth-"


class Compress:
    """One installation's terser answers."""

    def __init__(self, speaking: Mapping[str, Speaking], conditions: Conditions, memory: Memory) -> None:
        self._speaking = speaking
        self._set = conditions
        self._memory = memory
        self._asked = conditions.overrides.intensity
        self._holders: dict[str, _Holder] = {}
        """As many as there are keys."""
        for words in conditions.rules.values():
            memory.keep_words(words.version, words.text)
            memory.keep_words(words.version + LOWERED, words.text)

    def concerns(self, route: Route) -> bool:
        """Chats, counts of what a chat would send, batches of chats, and uploads that may be such."""
        match, speaking = Match(route, (), "", ""), self._speaking[route.dialect]
        return speaking.requests(match, b"{}") is not None or speaking.telling(match, _A_FORM) is not None

    def look(self, exchange: Exchange) -> Look | None:
        """A look at an upload that may hold chats, where terser answers are wanted; FaultError 400 as ``enter``."""
        match, head, caller = exchange.match, exchange.head, exchange.caller
        tells = self._speaking[match.route.dialect].telling(match, head.get(b"content-type"))
        if tells is None or caller is None or head.get(b"content-encoding") is not None:
            return None
        unwanted = self._asked(head) is None and self._hold(caller.key).idle
        return None if unwanted else _Upload(exchange, tells)

    async def enter(self, exchange: Exchange) -> Answer | Visit | None:
        """Put the words in, where there are any to put in; FaultError 400 for a wish that is none."""
        request = self._request(exchange)
        if request is None:
            return None
        if exchange.foreseen is not None and exchange.foreseen.sought is not None:
            await exchange.foreseen.sought
        for _ in self._steps(request):
            await asyncio.sleep(0)
        return self._naming(request)

    def foresee(self, exchange: Exchange) -> None:
        """Ask those who share the memory of the request's conversation, where this process does not know it. Before
        anybody changes the request: what is known of it then is the same for all."""
        document, route = exchange.document, exchange.match.route
        if document is None or document.encoded or route.operation not in CHATS | COUNTS:
            return
        try:
            request = self._request(exchange)
        except FaultError:
            # A wish that is none: told when it is its turn.
            return
        opening = None if request is None else self._speaking[route.dialect].opening(exchange.match, document.plain)
        if request is None or opening is None:
            return
        beginning, body = self._beginning(request, opening), document.plain
        known = self._memory.recall(beginning)
        anew = known is not None and known.reason in _FORMS
        propose = functools.partial(self._foreseen, body, request, opening, beginning, known)
        sought = self._memory.seek(beginning, request.key.tenant, propose, anew=anew)
        exchange.foreseen = Foreseen(body, opening, beginning, sought)

    def _foreseen(
        self, body: bytes, request: "_Request", opening: Opening, beginning: str, known: Decided | None
    ) -> Decided | None:
        """How this process would decide it; None where this request decides nothing."""
        if request.idle:
            return None
        request.beginning = beginning
        try:
            return self._proposed(body, request, opening, known, self._exemption(request, opening, known))
        except FaultError:
            # It can go nowhere.
            return None

    def steer(self, exchange: Exchange) -> Visit | None:
        """The same, for whoever can't wait: there is nothing to wait for."""
        request = self._request(exchange)
        if request is None:
            return None
        for _ in self._steps(request):
            pass
        return self._naming(request)

    def _request(self, exchange: Exchange) -> "_Request | None":
        """None where nothing is wanted, nor was."""
        asked = self._asked(exchange.head)
        caller = exchange.caller
        if caller is None or exchange.document is None:
            return None
        holder = self._holders.get(caller.key.id)
        if holder is None or holder.key is not caller.key:
            holder = self._hold(caller.key)
        idle = asked is None and holder.idle
        if idle and not self._memory.follows(holder.tenant):
            return None
        attempt = functools.partial(self._set.attempt, exchange)
        return _Request(exchange, caller.key, asked, holder.wanted, attempt, idle=idle)

    def _steps(self, request: "_Request") -> Iterator[None]:
        """Pauses where others may have their turn: a batch of thousands takes seconds, a chat has no pause."""
        exchange, document = request.exchange, request.exchange.document
        if document is None:
            return
        speaking = self._speaking[request.match.route.dialect]
        places = speaking.requests(request.match, document.plain, exchange.head.get(b"content-type"))
        if places and not document.encoded:
            yield from self._put(exchange, document, places, request)
        elif places is not None and not request.idle:
            exchange.terseness = _exempt(Exemption.UNREADABLE)

    def _hold(self, key: KeyProfile) -> "_Holder":
        """What holds for a key, worked out when it is first seen, or is another than before."""
        wanted = self._set.wishes.of(key)
        idle = is_off(wanted) and not self._set.rules_for(key)
        if idle:
            self._memory.idled(key.id)
        holder = self._holders[key.id] = _Holder(key, key.tenant, wanted, idle)
        return holder

    def _naming(self, request: "_Request") -> Naming | None:
        terseness, tenant = request.exchange.terseness, request.key.tenant
        if terseness is None or not terseness.rules or request.match.route.operation != Naming.OPERATION:
            return None
        following = functools.partial(self._set.beginnings.following, tenant)
        return Naming(self._memory, following, request.beginning, tenant)

    def _put(
        self, exchange: Exchange, document: Document, places: Sequence[tuple[int, int]], request: "_Request"
    ) -> Iterator[None]:
        body, parts, end, paused = document.plain, [], 0, places[0][0]
        for start, stop in places:
            if start - paused > _STEP_BYTES:
                yield
                paused = start
            one, terseness = self._one(body[start:stop], request)
            if exchange.terseness is None or (terseness is not None and terseness.added):
                exchange.terseness = terseness
            parts += [body[end:start], one]
            end = stop
        if exchange.terseness is not None and exchange.terseness.added:
            edited = document.edited(b"".join((*parts, body[end:])))
            if edited is None:
                exchange.terseness = _exempt(Exemption.UNREADABLE, exchange.terseness.conversation)
            else:
                exchange.document = edited

    def _one(self, body: bytes, request: "_Request") -> tuple[bytes, Terseness | None]:
        """One chat request with its words, and what was decided for it; None where there was nothing to decide."""
        foreseen = request.exchange.foreseen
        if foreseen is not None and foreseen.body is body:
            opening: Opening | None = foreseen.opening
        else:
            opening = self._speaking[request.match.route.dialect].opening(request.match, body)
        if opening is None:
            return body, None if request.idle else _exempt(Exemption.UNREADABLE)
        # What policies have changed since is not what a conversation is known by.
        beginning = request.beginning = foreseen.beginning if foreseen else self._beginning(request, opening)
        known = self._memory.recall(beginning)
        if request.idle and (known is None or not known.rules):
            self._memory.idled(request.key.id)
            return body, None
        exemption = self._exemption(request, opening, known)
        proposed = self._proposed(body, request, opening, known, exemption)
        if proposed is not None:
            self._keep(request, beginning, proposed)
        if exemption is not None:
            return body, _exempt(exemption, beginning)
        if request.asked is not None:
            placement = self._placed(request.match, body) if known is None or not known.rules else known.placement
            lowers = self._lowers(body, request, known)
            decided = self._set.forced(request.asked, opening, known, placement, lowers=lowers)
        elif proposed is not None:
            decided = proposed
        elif known is not None and _stays(known, opening):
            decided = known
        else:
            return body, Terseness(Arm.EXEMPT, COUNT_ALONE, conversation=beginning)
        return self._steered(body, request, opening, decided, known)

    def _proposed(
        self, body: bytes, request: "_Request", opening: Opening, known: Decided | None, exemption: Exemption | None
    ) -> Decided | None:
        """What the conversation is from now on; None where this request decides nothing."""
        if request.counts:
            return None
        if exemption is not None:
            first = known is None and exemption is opening.exemption
            return Decided(Intensity.OFF, Arm.EXEMPT, exemption.value) if first else None
        if request.asked is not None or (known is not None and _stays(known, opening)):
            return None
        return self._decided(body, request, opening)

    def _beginning(self, request: "_Request", opening: Opening) -> str:
        beginnings, tenant = self._set.beginnings, request.key.tenant
        if opening.continues:
            return beginnings.following(tenant, opening.continues)
        return beginnings.of(tenant, request.match.route.dialect, opening.fingerprint)

    def _exemption(self, request: "_Request", opening: Opening, known: Decided | None) -> Exemption | None:
        """Why nothing may be put in, whoever asks. Credential and cached content count on every request; the other
        forms on a conversation's first, for later turns keep what their conversation has."""
        if self._subscribed(request):
            return Exemption.SUBSCRIPTION
        if opening.exemption is Exemption.CACHED_CONTENT or known is None or not opening.answered:
            if opening.exemption is None and opening.continues and known is None:
                return Exemption.CONTINUED
            return opening.exemption
        return None

    def _decided(self, body: bytes, request: "_Request", opening: Opening) -> Decided:
        if opening.answered and self._memory.was_idle(request.key.id):
            # What the model has thought so far is bound to the system text that it had.
            return Decided(Intensity.OFF, Arm.EXEMPT, BEGUN_BEFORE)
        trusted = request.attempt.provider.auth != "none"
        lowers = self._lowers(body, request, None)
        found = Beginning(request.beginning, request.key, opening, request.model, trusted, lowers)
        return self._set.decided(found, request.wanted, self._placed(request.match, body))

    def _lowers(self, body: bytes, request: "_Request", known: Decided | None) -> bool:
        """The format's own measure of length is to be set low: as the conversation has it, else as it is wanted. At
        another intensity a conversation has nothing to say of it."""
        if known is not None and known.rules and known.intensity is request.asked:
            return known.rules.endswith(LOWERED)
        return bool(request.wanted.verbosity) and self._lowered(body, request) is not None

    def _lowered(self, body: bytes, request: "_Request") -> bytes | None:
        """With it; None for a model that is not known to have it: clients switch models in mid-conversation."""
        if not self._set.measures(request.model):
            return None
        return self._speaking[request.match.route.dialect].lowered(request.match, body)

    def _keep(self, request: "_Request", beginning: str, decided: Decided) -> None:
        if request.match.route.operation not in CHATS:
            # Tens of thousands of a batch's requests, of which few go on, would push out those that do.
            return
        self._memory.keep(beginning, decided, request.key.tenant)

    def _steered(
        self, body: bytes, request: "_Request", opening: Opening, decided: Decided, known: Decided | None
    ) -> tuple[bytes, Terseness]:
        beginning = (known.begun if known else "") or request.beginning
        text = self._memory.words(decided.rules) if decided.arm in {Arm.TREATED, Arm.FORCED} else None
        edited, match, rules = body, request.match, decided.rules
        low = self._lowered(body, request) if rules.endswith(LOWERED) else None
        if low is None:
            # In either arm: what this request can't have is not measured as if it had it.
            rules = rules.removesuffix(LOWERED)
        if text is not None:
            one = request.attempt.provider.one_system_message
            placement = Placement.WITHIN if one else decided.placement
            steered = self._speaking[match.route.dialect].steered(match, low or body, text, placement)
            if steered is None:
                return body, _exempt(Exemption.UNREADABLE, beginning)
            edited = steered
        kind = decided.intensity, rules, beginning, decided.group, bool(opening.tools)
        added, later = len(edited) - len(body), opening.answered or bool(opening.continues)
        reasked = decided is known and not request.counts and self._asks_again(match, opening, decided)
        return edited, Terseness(decided.arm, decided.reason, *kind, added, decided.holdout, later, reasked)

    def _asks_again(self, match: Match, opening: Opening, decided: Decided) -> bool:
        """Whether what the conversation's arm left out is asked for. Of others nobody has to know."""
        if not opening.latest or decided.arm not in {Arm.TREATED, Arm.CONTROL}:
            return False
        return asks_again(self._speaking[match.route.dialect].said(opening.latest))

    def _placed(self, match: Match, body: bytes) -> Placement:
        if self._set.placement is not Placement.AUTO:
            return self._set.placement
        return self._speaking[match.route.dialect].placed(match, body)

    def _subscribed(self, request: "_Request") -> bool:
        """The provider account is a person's subscription, whose traffic must look as its client made it."""
        beta, head = b"anthropic-beta", request.exchange.head
        if head.get(beta) is not None and any(
            name == beta and _SUBSCRIPTION_BETA in value for name, value in head.headers
        ):
            return True
        credential = request.attempt.credential
        return credential is not None and credential.secret.reveal().startswith(_SUBSCRIPTION_TOKEN)


class _Upload:
    """What is known of an upload while it arrives."""

    def __init__(self, exchange: Exchange, tells: Callable[[bytes], bool | None]) -> None:
        self._exchange = exchange
        self.see = tells

    def outgrown(self) -> None:
        """It goes as it came, and its answer says why."""
        self._exchange.terseness = _exempt(Exemption.TOO_LARGE)


class _Holder(msgspec.Struct, frozen=True):
    """A key, and what holds for it."""

    key: KeyProfile
    tenant: str
    wanted: Wanted
    idle: bool
    """Nothing is wanted."""


class _Request:
    """What is known of an exchange while its chat requests are looked at."""

    def __init__(
        self,
        exchange: Exchange,
        key: KeyProfile,
        asked: Intensity | None,
        wanted: Wanted,
        attempt: Callable[[], Attempt],
        *,
        idle: bool,
    ) -> None:
        self.exchange = exchange
        self.key = key
        self.match = exchange.match
        self.model = exchange.facts.model or ""
        self.counts = exchange.match.route.operation in COUNTS
        self.asked = asked
        self.beginning = ""
        """Of the conversation that was looked at last; of a chat there is one."""
        self.wanted = wanted
        self.idle = idle
        """Nothing is wanted now: only what is under way goes on."""
        self._attempt = attempt

    @functools.cached_property
    def attempt(self) -> Attempt:
        """Where it will go; FaultError where it can go nowhere."""
        return self._attempt()


def _stays(known: Decided, opening: Opening) -> bool:
    """It has been decided; but a form that allows no words may be gone when the first request is sent again."""
    return opening.answered or known.reason not in _FORMS


def _exempt(exemption: Exemption, beginning: str = "") -> Terseness:
    return Terseness(Arm.EXEMPT, exemption.value, conversation=beginning)
