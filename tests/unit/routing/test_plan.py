"""Where requests go, with which credential, and what the refusals say."""

import msgspec
import pytest

from penstock.core.caller import Caller, Credential, KeyProfile, Secret
from penstock.core.document import Facts
from penstock.core.fault import FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.target import Origin, Provider
from penstock.routes import match
from penstock.routing.plan import ModelRule, Table, plan


def provider(name: str, dialect: str, credential: str | None = "operators", auth: str = "default") -> Provider:
    secret = Secret(credential) if credential else None
    return Provider(name, dialect, Origin(True, f"{name}.example", 443), "", auth=auth, credential=secret)


ROWS = (
    provider("anthropic", "anthropic"),
    provider("openai", "openai"),
    provider("gemini", "gemini", credential=None),
    provider("local", "openai", credential=None, auth="none"),
)
RULES = (ModelRule("llama*", "local"), ModelRule("claude-x?", "anthropic"), ModelRule("gpt-local", "local"))
SIMULATOR = provider("simulator", "gemini", credential=None, auth="none")
TABLE = Table({row.name: row for row in ROWS}, RULES)
DEMO = msgspec.structs.replace(TABLE, simulators={"gemini": SIMULATOR, "anthropic": SIMULATOR})
ANYONE = Caller(KeyProfile("key_1", "laptop"))
OWNER = Caller(KeyProfile("key_1", "laptop"), Credential(Secret("own"), own=True))
STRICT = Caller(KeyProfile("key_1", "laptop", require_provider_key=True))
STRICT_OWNER = msgspec.structs.replace(STRICT, credential=Credential(Secret("own"), own=True))


def met(path: str, method: str = "POST", **headers: str) -> Match:
    named = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return match(RequestHead(method, path.encode(), named))


MESSAGES = met("/v1/messages")
CHAT = met("/v1/chat/completions")
GENERATE = met("/gemini/v1beta/models/g:generateContent")
FILES = met("/v1/files", "GET")


@pytest.mark.parametrize(
    ("route", "model", "caller", "table", "name", "credential"),
    [
        (MESSAGES, "claude-opus", ANYONE, TABLE, "anthropic", "operators"),
        (MESSAGES, None, ANYONE, TABLE, "anthropic", "operators"),
        (CHAT, "gpt-4o", ANYONE, TABLE, "openai", "operators"),
        (CHAT, "unheard-of", ANYONE, TABLE, "openai", "operators"),
        (CHAT, "llama3:8b", ANYONE, TABLE, "local", None),
        (CHAT, "Llama3", ANYONE, TABLE, "openai", "operators"),
        (CHAT, "gpt-local", ANYONE, TABLE, "local", None),
        (CHAT, "gpt-4o", OWNER, TABLE, "openai", "own"),
        # What was meant for another provider is not shown to a server that asks for nothing.
        (CHAT, "llama3", OWNER, TABLE, "local", None),
        (CHAT, "llama3", STRICT, TABLE, "local", None),
        (CHAT, "gpt-4o", STRICT_OWNER, TABLE, "openai", "own"),
        (GENERATE, "g", OWNER, TABLE, "gemini", "own"),
        # The simulator stands in for a missing credential in the demo, and for nothing else.
        (GENERATE, "g", ANYONE, DEMO, "simulator", None),
        (GENERATE, "g", OWNER, DEMO, "gemini", "own"),
        (MESSAGES, "m", ANYONE, DEMO, "anthropic", "operators"),
        # Operations that name no model go to the dialect's default, whatever the rules say.
        (FILES, "llama3", ANYONE, TABLE, "openai", "operators"),
    ],
)
def test_rule_and_credential_decide_the_destination(
    route: Match, model: str | None, caller: Caller, table: Table, name: str, credential: str | None
) -> None:
    """The rule's provider, else the dialect's first; the caller's credential, else the operator's."""
    (attempt,) = plan(table, route, Facts(model=model), caller)
    assert attempt.provider.name == name
    assert (attempt.credential and attempt.credential.secret.reveal()) == credential
    assert attempt.reason


@pytest.mark.parametrize(
    ("route", "model", "caller", "table", "kind", "says"),
    [
        (GENERATE, "g", ANYONE, TABLE, FaultKind.CREDENTIAL_MISSING, "X-Provider-Key"),
        (CHAT, "gpt-4o", STRICT, TABLE, FaultKind.CREDENTIAL_MISSING, "X-Provider-Key"),
        (GENERATE, "g", STRICT, DEMO, FaultKind.CREDENTIAL_MISSING, "X-Provider-Key"),
        (MESSAGES, "llama3", ANYONE, TABLE, FaultKind.MISROUTED, "/openai/v1/chat/completions"),
        (CHAT, "claude-x1", ANYONE, TABLE, FaultKind.MISROUTED, "/anthropic/v1/messages"),
        (CHAT, "gpt-4o", ANYONE, Table({}), FaultKind.MISROUTED, "speaks openai"),
    ],
)
def test_a_request_that_can_go_nowhere_is_told_what_to_do(
    route: Match, model: str, caller: Caller, table: Table, kind: FaultKind, says: str
) -> None:
    """A request that can go nowhere gets a 400 that says what to do; nobody gets a made-up answer by mistake."""
    with pytest.raises(FaultError) as refused:
        plan(table, route, Facts(model=model), caller)
    fault = refused.value.fault
    assert (fault.kind, fault.status) == (kind, 400)
    assert says in fault.words


def test_a_wrong_dialect_is_named() -> None:
    """The words for a model of another dialect hold the model, both dialects and the route to use."""
    with pytest.raises(FaultError, match=r"'llama3' .* openai and not anthropic"):
        plan(TABLE, MESSAGES, Facts(model="llama3"), ANYONE)
