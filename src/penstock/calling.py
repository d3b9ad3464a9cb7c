"""Stop 5 as the gateway sees it: from a planned exchange to a relay whose head has arrived.

Puts the provider's request together (which headers, which deadlines) and sends it. The bytes are ``wire``'s, the rules
``providers``'.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import overload

import msgspec

from penstock.core.caller import Credential
from penstock.core.dialect import Dialect
from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import Fault, FaultKind, refuse
from penstock.core.forms import FormField, form_field
from penstock.core.head import RequestHead
from penstock.core.route import Body
from penstock.core.target import Attempt, Provider
from penstock.providers import deadline, headers
from penstock.wire.call import Upstream
from penstock.wire.incoming import Incoming
from penstock.wire.judge import judge, unclear
from penstock.wire.relay import Relay

_BY_PROVIDERS = frozenset((FaultKind.UNREACHABLE, FaultKind.BROKEN_ANSWER, FaultKind.TIMED_OUT))


def naming(fault: Fault, provider: str) -> Fault:
    """The same, said of the provider that the configuration calls so, with what to do next. Of its host nothing is
    told: whoever may know it finds it under the name."""
    if fault.kind is FaultKind.BROKEN_ANSWER:
        next_step = "If this happens again, ask"
    elif fault.may_retry:
        next_step = "Try again in a moment; if that does not help, ask"
    else:
        next_step = "It may have been paid for: send it again only if you need the answer. If this happens again, ask"
    words = f"{fault.words} The provider is {provider!r}. {next_step} your gateway's operator to run"
    return msgspec.structs.replace(fault, words=f"{words} `penstock providers check`.")


@overload
def of_provider(fault: Fault, exchange: Exchange | None) -> Fault: ...
@overload
def of_provider(fault: Fault | None, exchange: Exchange | None) -> Fault | None: ...
def of_provider(fault: Fault | None, exchange: Exchange | None) -> Fault | None:
    """The fault as its client is told it: what a provider did is said with its name."""
    if fault is None or fault.kind not in _BY_PROVIDERS or exchange is None or exchange.attempt is None:
        return fault
    return naming(fault, exchange.attempt.provider.name)


@dataclass
class Calling:
    """Calls the provider of an exchange's attempt."""

    dialects: Mapping[str, Dialect]
    upstream: Upstream
    crossing: headers.Sieve
    """The headers that a provider may see."""
    held_limit: int

    async def call(self, exchange: Exchange, incoming: Incoming) -> Relay:
        """Send the request; FaultError when no answer begins, or one that no client could make sense of."""
        exchange.attempt = exchange.plan[0]
        stored = exchange.match.route.stored
        if stored is not None and stored.lists is not None:
            exchange.again = functools.partial(self._again, exchange)
        document, head = exchange.document, exchange.head
        body = document.raw if document is not None else None
        if document is not None and document.undone:
            head = head.without(b"content-encoding")
        request = self._request(exchange, exchange.called, head, incoming.length if body is None else len(body))
        provider = exchange.called.provider
        timeouts = deadline.of(exchange.head, provider.timeouts)
        form = exchange.form = self._form(exchange)
        see = None if form is None else form.see
        if see is not None and body is not None:
            see(body)
        relay = await self.upstream.call(incoming, provider.origin, timeouts, request, body, see)
        # The request's bytes are out; a stream of an hour must not hold them.
        exchange.document = None
        exchange.waited = relay.waited
        try:
            await self._vet(exchange, relay)
        except BaseException:
            relay.close()
            raise
        return relay

    def _form(self, exchange: Exchange) -> FormField | None:
        """Who looks for the model of a form, where a model is paid for."""
        match = exchange.match
        if match.route.body is not Body.ANY or self.dialects[match.route.dialect].tally(match) is None:
            return None
        return form_field(exchange.head.get(b"content-type"), b"model")

    async def _vet(self, exchange: Exchange, relay: Relay) -> None:
        head, route = relay.response, exchange.match.route
        if head.status in {401, 403} and exchange.on_operators_account:
            raise refuse(FaultKind.CREDENTIAL_REFUSED, headers.credential_refused(exchange.called.provider))
        if unclear(relay, route, streams=exchange.facts.stream):
            await judge(relay, route)

    async def fetch(self, exchange: Exchange, provider: Provider, query: bytes) -> Answer:
        """What a provider answers to this request's operation, under the operator's credential.

        With none of the caller's headers: what is answered here others get too, and Google, for one, lets a header
        choose the answer's fields.
        """
        credential = None if provider.credential is None else Credential(provider.credential, own=False)
        attempt = Attempt(provider, credential, "the gateway's own question")
        question = RequestHead("GET", b"/?" + query if query else b"/", ())
        request = self._request(exchange, attempt, question, 0)
        return await self.upstream.fetch(provider.origin, provider.timeouts, request, self.held_limit)

    async def post(self, provider: Provider, path: str, body: bytes) -> Answer:
        """What a provider answers to a question of the gateway's own, under the operator's credential alone.

        ``path`` follows the provider's base path.
        """
        attempt = Attempt(provider, self.own(provider), "the gateway's own question")
        question = RequestHead("POST", b"/", ((b"content-type", b"application/json"),))
        dialect = self.dialects[provider.dialect]
        head = headers.request_head(question, path, attempt, dialect, length=len(body), sieve=self.crossing)
        return await self.upstream.fetch(provider.origin, provider.timeouts, head, self.held_limit, body)

    @staticmethod
    def own(provider: Provider) -> Credential | None:
        """The operator's credential for a provider that wants one."""
        if provider.credential is None or provider.auth == "none":
            return None
        return Credential(provider.credential, own=False)

    async def _again(self, exchange: Exchange, query: bytes) -> Answer:
        provider = exchange.called.provider
        request = self._request(exchange, exchange.called, exchange.head.asking(query), 0)
        return await self.upstream.fetch(provider.origin, provider.timeouts, request, self.held_limit)

    def _request(self, exchange: Exchange, attempt: Attempt, head: RequestHead, length: int | None) -> bytes:
        match = exchange.match
        dialect = self.dialects[match.route.dialect]
        return headers.request_head(head, match.path, attempt, dialect, length=length, sieve=self.crossing)
