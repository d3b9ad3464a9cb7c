"""The policies, in their order, with the reasons: who sees a request before whom; and what becomes of one that is
only asked about.

Stop 3 of the path. The composition root hands it settings and stores; it starts nothing and keeps nothing.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from penstock import routes
from penstock.assembly import composing, governing, scrubbing
from penstock.assembly.composing import DIALECTS
from penstock.config.settings import Settings
from penstock.core.caller import KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.head import RequestHead
from penstock.core.policy import Policy
from penstock.core.target import Attempt, Origin
from penstock.core.terseness import Opening
from penstock.core.ticket import mint
from penstock.dialects.openai import asking
from penstock.explanation import NOBODY, Changing, Explanation, NotedDetection, explain
from penstock.pdf import extract
from penstock.policies.ask_usage import AskUsage
from penstock.policies.compress import Compress, Foresee, NoMemory, Suspended
from penstock.policies.compress.deciding import nothing_suspended
from penstock.policies.compress.reasons import Detected
from penstock.policies.guard import Guard
from penstock.policies.judge import Judge
from penstock.policies.limit import Bookless, Grown, Limit
from penstock.policies.list_models import ListModels
from penstock.policies.own import Own, tracing
from penstock.policies.permit import Permit, named
from penstock.policies.relink import Relink
from penstock.policies.scrub import Scrub
from penstock.policies.scrub.papers import Papers
from penstock.policies.scrub.services import Ask, nobody
from penstock.policies.scrub.vaulting import Vaulting
from penstock.questions import Questions
from penstock.route_rows import ROWS
from penstock.routing.plan import Table, plan
from penstock.stores.records import Records
from penstock.stores.vault import Vault
from penstock.wire.encoding import undone

# What the gateway holds of one answer when a policy must see it before the client does.
HELD_BYTES = 64 * 1024 * 1024

SPEAKING = {name: dialect.speaking for name, dialect in DIALECTS.items()}
WALKING = {name: dialect.walking for name, dialect in DIALECTS.items()}
RESTORING = {name: dialect.restoring for name, dialect in DIALECTS.items()}


def policies(
    settings: Settings,
    routing: Table,
    questions: Questions,
    records: Records,
    secret: bytes,
    suspended: Suspended,
    limit: Limit | None = None,
) -> Mapping[str, Sequence[Policy]]:
    """The policies after authentication, outermost first, for each route template that they concern. ``limit`` None:
    nobody with a quota gets anything, for no books are kept that it could be settled by."""
    undo = functools.partial(undone, limit=HELD_BYTES)

    going = functools.partial(attempt, routing)
    judging = functools.partial(Judge, governing.judges(settings), DIALECTS, governing.asking(routing, questions))

    def brought(exchange: Exchange) -> bool:
        if exchange.caller is None or exchange.caller.credential is None:
            return False
        credential = going(exchange).credential
        return credential is not None and credential.own

    compress = Compress(SPEAKING, composing.terseness(settings, going, secret, suspended), records.conversations)
    order: Sequence[Policy] = (
        # It refuses nothing and waits for nothing: what it asks other gateways leaves together with what limits ask.
        *((Foresee(compress),) if records.conversations.is_shared else ()),
        # Before anything that costs: who has used up a quota gets nothing of it. What others refuse is given back.
        Bookless() if limit is None else limit,
        # Before anything that costs or answers: what a key may not use is refused, whatever would become of it.
        Permit(undo),
        # As early: what may not be said is refused, masked or sent elsewhere before anything else reads it.
        _guard(settings),
        # A list of several providers' models has no provider of its own to go to.
        ListModels(routing.speaking, questions.calling.fetch),
        # Before anything that costs: an object of another tenant is answered 404, whatever else the request asks.
        Own(records.objects, brought, undo),
        # Judges in the house see private values; it is asked for before they are gone.
        judging(local=True),
        # Before anything that changes the request, but for what the operator's own documents bring: whatever follows
        # sees tokens and no private value.
        _scrub(settings, secret, scrubbing.asking(routing, questions), records.vault),
        # All other judges see what the provider will see, but for words of the gateway's own.
        judging(local=False),
        # After all that may refuse: these change the request, and only one that will be sent.
        compress,
        # After it: what is measured has to tell its usage.
        *_asking(settings),
        # After all that change what is sent: what they put in counts, and so does the model that they chose.
        *(() if limit is None else (Grown(limit),)),
        # Innermost: it mends the provider's own links, and what it adds concerns nobody else.
        Relink(settings.public_url, functools.partial(mint, secret), undo, clock=time.time),
    )
    concerned: dict[str, list[Policy]] = {row.template: [] for row in ROWS}
    for template, met in concerned.items():
        rows = [row for row in ROWS if row.template == template]
        met += [policy for policy in order if any(policy.concerns(row) for row in rows)]
    return concerned


def explain_request(
    settings: Settings,
    head: RequestHead,
    body: bytes,
    *,
    demo: bool,
    key: KeyProfile = NOBODY,
    suspended: Suspended = nothing_suspended,
) -> Explanation:
    """What would become of a request under these settings; nothing is sent."""
    simulator = Origin(secure=False, host="simulator", port=80) if demo else None
    routing = composing.table(settings, composing.simulators(DIALECTS, simulator))
    listening = NotedDetection(composing.detect)
    terseness = composing.terseness(settings, functools.partial(attempt, routing), b"", suspended, chance=False)
    terseness = msgspec.structs.replace(terseness, detect=listening)
    compress = Compress(SPEAKING, terseness, NoMemory())
    looking = _guard(settings), governing.judges(settings), _scrub(settings, b"")
    changing = Changing(*looking, compress, listening, _asking(settings), suspended)
    return explain(routing, DIALECTS, head, body, changing, key)


def detected(head: RequestHead, body: bytes) -> Detected:
    """What suits a conversation that begins with this request, as detection sees it."""
    match = routes.match(head)
    document = Document(body, body)
    facts = DIALECTS[match.route.dialect].facts(match, document.facts())
    opening = SPEAKING[match.route.dialect].opening(match, document.plain)
    found = Opening(fingerprint=b"") if opening is None else opening
    return composing.detect(found, facts.model or "", known=True, rules=())


def _guard(settings: Settings) -> Guard:
    """The operator's content policies."""
    undo = functools.partial(undone, limit=HELD_BYTES)
    return Guard(governing.content_policies(settings), DIALECTS, named, undo)


def attempt(routing: Table, exchange: Exchange) -> Attempt:
    """Where a request will go; FaultError where it can go nowhere."""
    if exchange.caller is None:
        raise RuntimeError("nobody is known to be asking")
    return plan(routing, exchange.match, exchange.facts, exchange.caller, exchange.destination)[0]


def _scrub(settings: Settings, secret: bytes, ask: Ask = nobody, vault: Vault | None = None) -> Scrub:
    undo, rules = functools.partial(undone, limit=HELD_BYTES), scrubbing.rules_of(settings)

    def begin() -> Callable[[], bool]:
        until = time.monotonic() + settings.scrub.seconds
        return lambda: time.monotonic() > until

    scrub = Scrub(WALKING, RESTORING, rules, secret, undo, begin, ask)
    scrub.wanted = functools.partial(scrubbing.wanted, settings)
    scrub.papers = Papers(functools.partial(extract, seconds=settings.scrub.seconds))
    if vault is not None and settings.scrub.vault is not None:
        scrub.vaulting = Vaulting(vault, tracing, settings.scrub.vault.days)
    return scrub


def _asking(settings: Settings) -> Sequence[AskUsage]:
    if settings.stream_usage == "estimate":
        return ()
    measured_only = settings.stream_usage is None
    return (AskUsage(asking.OPERATIONS, asking.asked, asking.untold, measured_only=measured_only),)
