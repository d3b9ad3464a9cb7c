"""Mistake class: authentication that can be fooled by where, how often or how strangely a key is written; and
gateway keys that travel on to a provider in a place that nobody thought of (keys in URLs, headers and tracebacks of
other gateways: CVE-2026-35030, CVE-2026-42208, the leaks of March 2026).
"""

from collections.abc import Iterator

import pytest

from tests.path.attacker import KEYED, attack
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, json_answer

MESSAGES, GEMINI = "/v1/messages", "/gemini/v1beta/models/m:generateContent"
ESCAPED = KEY.replace("_", "%5f")
NAMED = f"X-Penstock-Key: {KEY}"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    # On its way out it fails if any request held the gateway key.
    with Provider(lambda _: json_answer(b'{"id":"x"}')) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    rows = {
        name: {"dialect": name, "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        for name in ("anthropic", "gemini")
    }
    with Gateway(settings(**rows), tmp_path_factory.mktemp("gateway")) as running:
        yield running


STRANGERS = [
    (MESSAGES, ()),
    (MESSAGES, ("x-api-key:",)),
    (MESSAGES, (f"x-api-key: {KEY.upper()}",)),
    (MESSAGES, (f"x-api-key: {KEY}x",)),
    (MESSAGES, (f"x-api-key: {KEY[:-1]}",)),
    (MESSAGES, (f"x-api-key: {KEY}\xa0",)),
    (MESSAGES, (f"x-api-key: \x85{KEY}",)),
    (MESSAGES, (f'x-api-key: "{KEY}"',)),
    (MESSAGES, (f"x-api-key: {KEY}, {KEY}",)),
    (MESSAGES, (f"x-api-key: Bearer {KEY}",)),
    # Of a header that comes twice the first counts, as for every other reader on the way.
    (MESSAGES, ("x-api-key: unknown", f"x-api-key: {KEY}")),
    (MESSAGES, ("X-Penstock-Key: unknown", NAMED)),
    (MESSAGES, ("X-Penstock-Key: unknown", *KEYED)),
    (MESSAGES, (f"authorization: {KEY}",)),
    (MESSAGES, (f"authorization: Basic {KEY}",)),
    (MESSAGES, (f"authorization: Bearer\t{KEY}",)),
    (MESSAGES, (f"authorization: Bearer Bearer {KEY}",)),
    (MESSAGES, (f"X-Provider-Key: {KEY}",)),
    (MESSAGES, (f"x_api_key: {KEY}",)),
    (MESSAGES, (f"cookie: x-api-key={KEY}",)),
    (MESSAGES, (f"proxy-authorization: Bearer {KEY}",)),
    (f"{MESSAGES}?Key={KEY}", ()),
    (f"{MESSAGES}?api_key={KEY}", ()),
    (f"{MESSAGES}?a=1;key={KEY}", ()),
    (f"{MESSAGES}?key%00={KEY}", ()),
    (f"{MESSAGES}?key%3d={KEY}", ()),
    (f"{MESSAGES}?key={KEY}%00", ()),
    (f"{MESSAGES}?key={KEY}+", ()),
]


@pytest.mark.parametrize(("target", "headers"), STRANGERS)
def test_what_looks_like_a_key_opens_nothing(
    gateway: Gateway, provider: Provider, target: str, headers: tuple[str, ...]
) -> None:
    """Denied by default: 401, no provider hears of it, and the answer repeats nothing of what was sent."""
    before = len(provider.received)
    got = attack(gateway, target, headers)
    assert (got.status, len(provider.received)) == (401, before), got
    assert KEY[:20].encode() not in got.content


KNOWN = [
    (MESSAGES, ("x-api-key:   " + KEY + " \t",)),
    (MESSAGES, (*KEYED, "x-api-key: unknown")),
    (MESSAGES, ("X-Penstock-Key:", *KEYED)),
    (MESSAGES, (f"authorization: bEaReR   {KEY}",)),
    (MESSAGES, ("x-api-key: unknown", f"authorization: Bearer {KEY}", "x-goog-api-key: unknown")),
    (f"{MESSAGES}?key={KEY}", ()),
    (f"{MESSAGES}?key={ESCAPED}", ()),
    (f"{MESSAGES}?%6bey={ESCAPED}", ()),
    (f"{MESSAGES}?key=unknown&key={KEY}&key=unknown", ()),
    (f"{MESSAGES}?key=&k%65y={KEY}&x=1", ()),
]


@pytest.mark.parametrize(("target", "headers"), KNOWN)
def test_a_known_key_opens_in_every_slot_and_stays_here(
    gateway: Gateway, provider: Provider, target: str, headers: tuple[str, ...]
) -> None:
    """However the slot is spelt, one credential goes up, and it is the operator's; of the query what is not ours."""
    assert attack(gateway, target, headers).status == 200
    request = provider.received[-1]
    sent = [value for name, value in request.headers if name in {"x-api-key", "authorization", "x-goog-api-key"}]
    assert sent == [OPERATOR_KEY]
    assert request.target in {MESSAGES, f"{MESSAGES}?x=1"}


COPIES = [
    (MESSAGES, (*KEYED, f"api-key: {KEY}")),
    (MESSAGES, (*KEYED, f"x-provider_key: {KEY}")),
    (MESSAGES, (*KEYED, f"openai-organization: a {KEY} b")),
    (MESSAGES, (*KEYED, f"X-Provider-Key: Bearer Bearer {KEY}")),
    (MESSAGES, (*KEYED, f'X-Provider-Key: "{KEY}"')),
    (MESSAGES, (NAMED, f"authorization: Bearer Bearer {KEY}")),
    (MESSAGES, (NAMED, f"authorization: Bearer {KEY},{CALLER_KEY}")),
    (MESSAGES, (NAMED, f"x-api-key: {KEY}, {CALLER_KEY}")),
    (f"{GEMINI}?Key={KEY}", KEYED),
    (f"{GEMINI}?access_token={ESCAPED}", KEYED),
    (f"{GEMINI}?key%3d={KEY}", KEYED),
    (f"{GEMINI}?+key={KEY}", KEYED),
    (f"{GEMINI}?{KEY}", KEYED),
    (f"{GEMINI}?key%00={KEY}&key={KEY}", ()),
    (f"{GEMINI}?key=a,{KEY}", (NAMED,)),
]


@pytest.mark.parametrize(("target", "headers"), COPIES)
def test_a_copy_of_the_key_does_not_go_up(
    gateway: Gateway, provider: Provider, target: str, headers: tuple[str, ...]
) -> None:
    """A known caller whose key also stands where it would go to the provider is told so; nothing is sent."""
    before = len(provider.received)
    got = attack(gateway, target, headers)
    assert (got.status, len(provider.received)) == (400, before), got
    assert KEY.encode() not in got.content


@pytest.mark.parametrize("spelt", ["bearer {}", "Bearer   {}", "BEARER {}", " {}"])
def test_a_gateway_key_is_no_provider_key(gateway: Gateway, provider: Provider, spelt: str) -> None:
    """In X-Provider-Key it is ignored, in whatever case its scheme is written."""
    assert attack(gateway, MESSAGES, (*KEYED, "X-Provider-Key: " + spelt.format(KEY))).status == 200
    assert provider.received[-1].header("x-api-key") == OPERATOR_KEY


def test_the_callers_key_in_the_query_goes_up_in_a_header(gateway: Gateway, provider: Provider) -> None:
    """Beside X-Penstock-Key the query's key is the caller's own; an escape in its name changes nothing."""
    assert attack(gateway, f"{GEMINI}?alt=sse&%6b%65%79={CALLER_KEY}", (NAMED,)).status == 200
    assert provider.received[-1].target == "/v1beta/models/m:generateContent?alt=sse"
    assert provider.received[-1].header("x-goog-api-key") == CALLER_KEY
