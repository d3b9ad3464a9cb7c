"""Links in answers: which are moved, where to, and that nothing else changes."""

import asyncio
import gzip
import json

import pytest

from penstock.core.caller import Caller, Credential, KeyProfile, Secret
from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.core.route import Match, Route
from penstock.core.target import Attempt, Origin, Provider
from penstock.core.ticket import LIFETIME_SECONDS, Ticket
from penstock.policies.relink import Relink, origin

PROVIDER = Provider("p", "anthropic", Origin(secure=True, host="api.example.com", port=443), base_path="/base")
HOST = ((b"host", b"gw.example.org:8080"),)


def unzipped(answer: Answer) -> Answer:
    if (b"content-encoding", b"gzip") not in answer.headers:
        return answer
    headers = tuple(header for header in answer.headers if header[0] != b"content-encoding")
    return Answer(answer.status, headers, gzip.decompress(answer.body))


def spelt(ticket: Ticket, upload: str) -> str:
    return f"{ticket.key_id}/{'own' if ticket.own else 'gateway'}/{ticket.expires}/{upload}"


def answer(
    sent: Answer,
    *links: str,
    prefix: str = "/anthropic",
    dialect: str = "anthropic",
    provider: Provider = PROVIDER,
    public_url: str | None = None,
    credential: Credential | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = HOST,
) -> Answer:
    """What the client gets for what the provider sent."""
    route = Route("GET", "/v1/x", dialect, "x", links=links)
    exchange = Exchange("x", RequestHead("GET", b"/x", headers), Match(route, (), "/v1/x", prefix), 0.0)
    exchange.caller = Caller(KeyProfile("key_1", "a"), credential)
    exchange.attempt = Attempt(provider, None, "")
    relink = Relink(public_url, spelt, unzipped, clock=lambda: 1000.5)

    async def main() -> Answer:
        visit = await relink.enter(exchange)
        return sent if visit is None else await visit.answered(sent)

    return asyncio.run(main())


def moved(link: str, **how: object) -> str:
    body = json.dumps({"url": link}).encode()
    got = json.loads(answer(Answer(200, (), body), "url", **how).body)  # type: ignore[arg-type]
    url: str = got["url"]
    return url


HERE = "http://gw.example.org:8080/anthropic"
LINKS = {
    "https://api.example.com/base/v1/batches/b1/results": f"{HERE}/v1/batches/b1/results",
    "https://API.example.com:443/base/v1/b?x=1&y=%2F": f"{HERE}/v1/b?x=1&y=%2F",
    "http://api.example.com/base/v1/b": None,
    "https://api.example.com:444/base/v1/b": None,
    "https://api.example.com.evil.org/base/v1/b": None,
    "https://api.example.com@evil.org/base/v1/b": None,
    "https://user@api.example.com/base/v1/b": None,
    "https://evil.org/base/v1/b": None,
    "https://api.example.com/v1/b": None,
    "https://api.example.com/baseless/v1/b": None,
    "https://api.example.com:port/base/v1/b": None,
    "/base/v1/b": None,
    "not a link": None,
}


@pytest.mark.parametrize(("link", "there"), LINKS.items())
def test_only_links_below_the_providers_base_url_move(link: str, there: str | None) -> None:
    """Scheme, host, port and base path must be the called provider's; path and query stay what they were."""
    assert moved(link) == (there or link)


def test_where_a_link_leads() -> None:
    """The client's own prefix, the operator's public URL, an ingress's scheme, and OpenAI's base path."""
    link = "https://api.example.com/base/v1/b"
    assert moved(link, prefix="") == "http://gw.example.org:8080/v1/b"
    assert moved(link, public_url="https://llm.example.org/x/") == "https://llm.example.org/x/anthropic/v1/b"
    assert moved(link, headers=(*HOST, (b"x-forwarded-proto", b"https"))).startswith("https://gw.example.org:8080/")
    openai = Provider("p", "openai", PROVIDER.origin, base_path="/v1")
    assert moved("https://api.example.com/v1/b", provider=openai, dialect="openai", prefix="/openai") == (
        "http://gw.example.org:8080/openai/v1/b"
    )


@pytest.mark.parametrize("host", [None, b"", b"a b", b"a/b", b"evil.org#", b"a\\b", b"user@host", b"[::1", b"a:b"])
def test_a_host_that_no_url_can_hold_is_refused(host: bytes | None) -> None:
    """A Host header must not become the start of somebody else's URL."""
    with pytest.raises(FaultError) as caught:
        origin(RequestHead("GET", b"/", () if host is None else ((b"host", host),)), None)
    assert caught.value.fault.kind is FaultKind.MALFORMED


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:8080", b"[::1]:8080", b"a-b.example.org", b"x_y"])
def test_hosts_that_urls_hold(host: bytes) -> None:
    """Names, addresses and ports as clients send them."""
    assert origin(RequestHead("GET", b"/", ((b"host", host),)), None) == "http://" + host.decode()


def test_nothing_but_the_links_changes() -> None:
    """Spaces, escapes, numbers and order stay; a link may itself be written with escapes."""
    link = rb"https:\/\/api.example.com\/base\/v1\/b\u0031"
    body = b'{ "data" : [ {"url" :\t"%b", "n": 1.0, "t": "\\"url\\": \\"%b\\"" }, {"url":null} ],"url":"%b" }' % (
        (link,) * 3
    )
    got = answer(Answer(200, ((b"x", b"y"),), body), "data.*.url")
    here = f"{HERE}/v1/b1".encode()
    expected = b'{ "data" : [ {"url" :\t"%b", "n": 1.0, "t": "\\"url\\": \\"%b\\"" }, {"url":null} ],"url":"%b" }'
    assert got == Answer(200, ((b"x", b"y"),), expected % (here, link, here))


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"url": 7}', b'{"url": "https://example.com"}'])
def test_answers_without_such_links_stay(body: bytes) -> None:
    """Errors, other shapes and what is no JSON pass as they are."""
    assert answer(Answer(200, (), body), "url").body == body


def test_errors_keep_their_links() -> None:
    """Law 1: only a good answer's links are named as an exception."""
    body = json.dumps({"url": "https://api.example.com/base/v1/b"}).encode()
    assert answer(Answer(404, (), body), "url").body == body


def test_a_compressed_answer_is_opened_for_its_links() -> None:
    """A provider that compresses unasked does not hide a link."""
    body = gzip.compress(json.dumps({"url": "https://api.example.com/base/v1/b"}).encode())
    got = answer(Answer(200, ((b"content-encoding", b"gzip"),), body), "url")
    assert (json.loads(got.body)["url"], got.headers) == (f"{HERE}/v1/b", ())


@pytest.mark.parametrize(("own", "paid"), [(None, "gateway"), (Credential(Secret("x"), own=True), "own")])
def test_an_uploads_url_gets_a_ticket(own: Credential | None, paid: str) -> None:
    """Header links too, by the header's name; the ticket says whose the upload is and whose credential began it."""
    url = b"https://api.example.com/base/upload/v1/files?upload_id=u%2F1&upload_protocol=resumable"
    got = answer(Answer(200, ((b"x-url", url), (b"y-url", url)), b""), "header:x-url", prefix="/gemini", credential=own)
    ticket = f"key_1%2F{paid}%2F{1000 + LIFETIME_SECONDS}%2Fu%2F1"
    expected = f"http://gw.example.org:8080/gemini/upload/v1/files?upload_id=u%2F1&upload_protocol=resumable&penstock_ticket={ticket}"
    assert got.headers == ((b"x-url", expected.encode()), (b"y-url", url))
