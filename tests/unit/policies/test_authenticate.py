"""Whose key, whose money: every slot, every precedence, and what each refusal says."""

import pytest

from penstock.core.caller import KeyProfile, Secret, digest
from penstock.core.fault import FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.policies.authenticate import KeyRing, identify

GATEWAY, OTHER, OWN = "pk_live_gateway", "pk_live_other", "sk-own-credential"
PEPPER = b"p" * 32
PROFILES = {GATEWAY: KeyProfile("key_1", "laptop"), OTHER: KeyProfile("key_2", "phone", team="red")}


def ring() -> KeyRing:
    keys = KeyRing(PEPPER)
    keys.replace({digest(PEPPER, key): profile for key, profile in PROFILES.items()})
    return keys


def head(query: str = "", **headers: str) -> RequestHead:
    named = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return RequestHead("POST", b"/v1/messages" + (b"?" + query.encode() if query else b""), named)


@pytest.mark.parametrize(
    ("request_head", "name", "own", "slot"),
    [
        (head(x_api_key=GATEWAY), "laptop", None, None),
        (head(authorization=f"Bearer {GATEWAY}"), "laptop", None, None),
        (head(authorization=f"bearer  {GATEWAY}"), "laptop", None, None),
        (head(x_goog_api_key=GATEWAY), "laptop", None, None),
        (head(f"alt=sse&key={GATEWAY}"), "laptop", None, None),
        (head(x_penstock_key=GATEWAY), "laptop", None, None),
        # A second credential in another ordinary slot is dropped, whichever slot it is.
        (head(x_api_key=GATEWAY, authorization=f"Bearer {OWN}"), "laptop", None, None),
        (head(authorization=f"Bearer {GATEWAY}", x_api_key=OWN), "laptop", None, None),
        # Both slots hold a key of this gateway: the first slot counts.
        (head(x_api_key=GATEWAY, authorization=f"Bearer {OTHER}"), "laptop", None, None),
        # The caller's own provider credential.
        (head(x_api_key=GATEWAY, x_provider_key=OWN), "laptop", OWN, None),
        (head(x_api_key=GATEWAY, x_provider_key=f"Bearer {OWN}"), "laptop", OWN, None),
        (head(x_penstock_key=GATEWAY, authorization=f"Bearer {OWN}"), "laptop", OWN, b"authorization"),
        (head(x_penstock_key=GATEWAY, x_api_key=OWN), "laptop", OWN, b"x-api-key"),
        (head(f"key={OWN}", x_penstock_key=GATEWAY), "laptop", OWN, b"x-goog-api-key"),
        (head(x_penstock_key=GATEWAY, x_api_key=OWN, x_provider_key="sk-first"), "laptop", "sk-first", None),
        # A gateway key is never a provider credential, in whatever slot it stands.
        (head(x_api_key=GATEWAY, x_provider_key=OTHER), "laptop", None, None),
        (head(x_penstock_key=GATEWAY, authorization=f"Bearer {OTHER}"), "laptop", None, None),
        (head(x_penstock_key=GATEWAY, x_api_key=OTHER, authorization=f"Bearer {OWN}"), "laptop", OWN, b"authorization"),
    ],
)
def test_the_caller_is_found(request_head: RequestHead, name: str, own: str | None, slot: bytes | None) -> None:
    """The known key authenticates; the caller's own credential is found where the rules put it, and nowhere else."""
    caller = identify(request_head, ring().lookup)
    assert caller.key.name == name
    assert (caller.credential and caller.credential.secret.reveal()) == own
    assert (caller.credential and caller.credential.header) == slot


@pytest.mark.parametrize(
    ("request_head", "says"),
    [
        (head(), "No gateway key was sent"),
        (head(x_api_key=""), "No gateway key was sent"),
        (head(authorization=f"Basic {GATEWAY}"), "No gateway key was sent"),
        (head(x_provider_key=GATEWAY), "No gateway key was sent"),
        (head(x_api_key=OWN), "does not know the key"),
        (head(x_api_key=GATEWAY + "x"), "does not know the key"),
        (head(x_api_key=GATEWAY[:-1]), "does not know the key"),
        (head(x_api_key=digest(PEPPER, GATEWAY)), "does not know the key"),
        # A key that was named explicitly and is wrong is not forgiven because another slot holds a good one.
        (head(x_penstock_key="pk_live_wrong", x_api_key=GATEWAY), "does not know the key"),
    ],
)
def test_a_stranger_is_refused(request_head: RequestHead, says: str) -> None:
    """Without a known key: 401, never retried, in words that repeat nothing that was sent."""
    with pytest.raises(FaultError) as refused:
        identify(request_head, ring().lookup)
    fault = refused.value.fault
    assert (fault.kind, fault.status, fault.may_retry) == (FaultKind.UNAUTHENTICATED, 401, False)
    assert says in fault.words
    assert OWN not in fault.words
    assert GATEWAY not in fault.words


def test_the_tenant_is_the_team_or_the_key() -> None:
    """The tenant is the team, or without one the key's identity."""
    assert PROFILES[GATEWAY].tenant == "key:key_1"
    assert PROFILES[OTHER].tenant == "team:red"


def test_a_secret_never_prints_itself() -> None:
    """Whatever prints a credential prints dots."""
    secret = Secret(OWN)
    assert OWN not in f"{secret} {secret!r} {[secret]} {(PROFILES, secret)}"
    assert secret.reveal() == OWN
